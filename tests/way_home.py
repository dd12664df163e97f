"""Steps that stories of the way home share: a family whose child is in care, who is here, who has been collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from stage import USERS_FROM, Player, Stage, homeroom_id

from afterbell import demo
from care.custody.chain import Link, Side, append
from care.people import actor_for
from care.permissions import Actor
from care.records import (
    Application,
    CareSession,
    Contact,
    DayChild,
    Guardianship,
    Person,
    PickupPerson,
    Relation,
    SchoolClass,
    State,
    StopListEntry,
    Student,
)
from care.records.day import Holder, Proof, Step
from care.rollcall import mark, sheet, sign_in
from care.school import School


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    """In the week of the demonstration; the 24th of November is a Tuesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=demo.START.tzinfo)


@dataclass(frozen=True)
class Family:
    """A child in care and its two guardians, who both have a chat."""

    student_id: int
    child: str
    people: tuple[int, int]


async def families(school: School, class_name: str) -> list[Family]:
    """Enrolled children of a class with two guardians who have no other child."""
    grade, number = int(class_name[0]), int(class_name[2:-1])
    async with school.look() as uow:
        query = select(Student).join(SchoolClass).join(Application, Application.student_id == Student.id)
        query = query.where(SchoolClass.grade == grade, SchoolClass.number == number)
        students = list(
            await uow.session.scalars(query.where(Application.state == State.ENROLLED).order_by(Student.id))
        )
        found = []
        for student in students:
            ties = select(Guardianship).where(Guardianship.student_id == student.id).order_by(Guardianship.id)
            adults = [tie.person_id for tie in await uow.session.scalars(ties) if not tie.restricted]
            children = select(Guardianship.id).where(Guardianship.person_id.in_(adults))
            chats = select(Contact.id).where(Contact.person_id.in_(adults))
            alone = len(list(await uow.session.scalars(children))) == 2
            if len(adults) == 2 and alone and len(list(await uow.session.scalars(chats))) == 2:
                found.append(Family(student.id, student.name, (adults[0], adults[1])))
        return found


async def nobody_attends(school: School) -> None:
    """Whoever a story is not about has no care: no other class's roll is late, no other child is missing."""
    async with school.work() as uow:
        await uow.session.execute(update(Application).values(weekdays=[]))


async def attend_every_day(school: School, *student_ids: int) -> None:
    async with school.work() as uow:
        theirs = update(Application).where(Application.student_id.in_(student_ids))
        await uow.session.execute(theirs.values(weekdays=[1, 2, 3, 4, 5]))


async def family(stage: Stage, class_name: str = "2(3)", number: int = 0) -> tuple[Family, Player, Player]:
    """A family of a class, with both its guardians at their phones. The child attends every day."""
    found = (await families(stage.school, class_name))[number]
    await attend_every_day(stage.school, found.student_id)
    one, other = found.people
    return found, stage.persona(one), stage.persona(other)


async def actor_of(school: School, person_id: int) -> Actor:
    async with school.look() as uow:
        return await actor_for(uow, await uow.session.get_one(Person, person_id))


async def day_child(school: School, student_id: int) -> DayChild:
    async with school.look() as uow:
        query = select(DayChild).where(DayChild.date == uow.today, DayChild.student_id == student_id)
        return (await uow.session.scalars(query)).one()


async def marked(school: School, student_id: int, step: Step = Step.PRESENT) -> None:
    """The homeroom teacher, signed in, says of a child that it is here (late, absent)."""
    child = await day_child(school, student_id)
    async with school.look() as uow:
        session = await uow.session.get_one(CareSession, child.session_id)
        school_class = await uow.session.get_one(SchoolClass, session.school_class_id)
        teacher = await homeroom_id(uow, school_class.name)
    async with school.work(await actor_of(school, teacher)) as uow:
        if (await sheet(uow, child.session_id)).teacher_id != teacher:
            await sign_in(uow, child.session_id)
        await mark(uow, child.id, step)


async def not_there(school: School, student_id: int) -> None:
    """The plan expects the child, and nobody has seen it; no alarm is raised here."""
    child = await day_child(school, student_id)
    async with school.work() as uow:
        await append(uow, child.id, Link(Step.ABSENT, Side(Holder.NOBODY, None, "")))


async def released(school: School, student_id: int, name: str = "林秀英") -> None:
    child = await day_child(school, student_id)
    async with school.work() as uow:
        await append(uow, child.id, Link(Step.RELEASED, Side(Holder.ADULT, None, name), Proof.LIST))


async def with_adult(school: School, student_id: int, name: str = "钱秀英", phone: str = "19900007777") -> int:
    """A grandmother is named in the child's application. Returns her row's id."""
    async with school.work() as uow:
        query = select(Application.id).where(Application.student_id == student_id, Application.state == State.ENROLLED)
        application_id = (await uow.session.scalars(query)).one()
        row = PickupPerson(
            application_id=application_id, ordinal=9, name=name, relation=Relation.GRANDMOTHER, phone=phone
        )
        uow.session.add(row)
        await uow.session.flush()
        return row.id


async def stopped(school: School, student_id: int, name: str, phone: str | None = None) -> None:
    async with school.work() as uow:
        entry = StopListEntry(student_id=student_id, name=name, phone=phone, reason="法院判决", added_at=uow.now)
        uow.session.add(entry)


async def brother_of(school: School, family: Family, student_id: int) -> None:
    """Another child gets the same guardians, and no others."""
    async with school.work() as uow:
        for tie in await uow.session.scalars(select(Guardianship).where(Guardianship.student_id == student_id)):
            tie.restricted = True
        for person_id in family.people:
            uow.session.add(Guardianship(student_id=student_id, person_id=person_id, relation=Relation.GUARDIAN))


async def speaks_english(school: School, *people: int) -> None:
    async with school.work() as uow:
        for person_id in people:
            (await uow.session.get_one(Person, person_id)).language = "en"


def id_of(player: Player) -> int:
    return player.user_id - USERS_FROM


def count(player: Player, text: str) -> int:
    return sum(text in message.text for message in player.messages)
