"""An afternoon at the gate, as its stories need it: classes whose children are all here, and who belongs to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from databases import Databases
from sqlalchemy import delete, select, update
from stage import USERS_FROM, Player, Stage, care_runs_in, homeroom_id, open_stage

from afterbell import demo
from care.custody.ledger import Verified, verify
from care.people import actor_for
from care.permissions import SYSTEM, Actor
from care.pickup.codes import code_for
from care.records import (
    Adult,
    Alarm,
    Application,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    Guardianship,
    Person,
    PickupPerson,
    Role,
    SchoolClass,
    StaffRole,
    State,
    StopListEntry,
    Student,
)
from care.rollcall import all_others_present, sign_in
from care.school import School
from scheduler import due

ZONE: ZoneInfo = demo.START.tzinfo  # type: ignore[assignment]
DAY = date(2026, 11, 24)
CLASSES = ("2(3)", "3(6)", "2(5)")
FEW = 4
PARTS = ("王梓涵", "许沐言")
"""Two of one name, and the child of a restricted father."""
WAIT = "请稍等，学校会派人到门口。"
STALE = "情况已有变化，请查看最新状态后再决定。"
NOT_YOURS = "没有找到，或者您无权查看。"


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of the day that is played."""
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, second, tzinfo=ZONE)


def labels(player: Player) -> list[str]:
    """The buttons of the newest message."""
    assert player.last is not None
    return [str(button["text"]) for row in player.last.buttons() for button in row]


class GateStage:
    """A stage with all children of some classes here, a teacher signed in for each."""

    def __init__(self, stage: Stage, database: str) -> None:
        self.stage = stage
        self.database = database
        self.teachers: dict[str, Player] = {}

    async def open(self, *classes: str) -> None:
        await self.stage.calm()
        for name in classes:
            self.teachers[name] = await self.stage.homeroom_of(name)

    async def session(self, name: str) -> int:
        return await session_of(self.stage.school, name)

    async def children(self, name: str) -> list[DayChild]:
        """The class's list, by number."""
        query = select(DayChild).where(DayChild.session_id == await self.session(name)).order_by(DayChild.number)
        return await self.stage.ask(query)

    async def child(self, name: str) -> DayChild:
        """The first child of this name on today's list."""
        query = select(DayChild).join(Student).where(Student.name == name, DayChild.date == DAY).order_by(DayChild.id)
        return (await self.stage.ask(query))[0]

    async def name(self, child: DayChild) -> str:
        (found,) = await self.stage.ask(select(Student.name).where(Student.id == child.student_id))
        return str(found)

    async def fresh(self, child: DayChild) -> DayChild:
        (found,) = await self.stage.ask(select(DayChild).where(DayChild.id == child.id))
        return found  # type: ignore[no-any-return]

    async def links(self, child: DayChild) -> list[CustodyEvent]:
        query = select(CustodyEvent).where(CustodyEvent.day_child_id == child.id).order_by(CustodyEvent.seq)
        return await self.stage.ask(query)

    async def last(self, child: DayChild) -> CustodyEvent:
        return (await self.links(child))[-1]

    async def guardians(self, child: DayChild) -> list[Person]:
        query = (
            select(Person)
            .join(Guardianship, Guardianship.person_id == Person.id)
            .where(Guardianship.student_id == child.student_id, Guardianship.restricted.is_(False))
            .order_by(Guardianship.id)
        )
        return await self.stage.ask(query)

    async def players(self, child: DayChild) -> list[Player]:
        return [self.stage.persona(person.id) for person in await self.guardians(child)]

    async def code(self, adult: Adult, adult_id: int, day: date = DAY) -> str:
        async with self.stage.school.work(SYSTEM) as uow:
            return await code_for(uow, adult, adult_id, day)

    async def alarms(self, child: DayChild) -> list[Alarm]:
        return await self.stage.ask(select(Alarm).where(Alarm.day_child_id == child.id).order_by(Alarm.id))

    async def lead(self) -> Player:
        (person,) = await self.stage.ask(select(CareDay.duty_lead_id).where(CareDay.date == DAY))
        return self.stage.persona(person)

    async def actor(self, player: Player) -> Actor:
        return await self.stage.act_as(player)

    async def speaks(self, language: str, *people: int) -> None:
        async with self.stage.school.work(SYSTEM) as uow:
            await uow.session.execute(update(Person).where(Person.id.in_(people)).values(language=language))

    async def listed(self, child: DayChild, name: str, relation: Any, phone: str) -> int:
        """Names an adult in the child's application; the row's id."""
        async with self.stage.school.work(SYSTEM) as uow:
            query = select(Application.id).where(
                Application.student_id == child.student_id, Application.state == State.ENROLLED
            )
            application_id = (await uow.session.scalars(query)).one()
            row = PickupPerson(application_id=application_id, ordinal=9, name=name, relation=relation, phone=phone)
            uow.session.add(row)
            await uow.session.flush()
            return row.id

    async def stop(self, child: DayChild, name: str, phone: str | None = None) -> None:
        async with self.stage.school.work(SYSTEM) as uow:
            entry = StopListEntry(
                student_id=child.student_id, name=name, phone=phone, reason="court order", added_at=uow.now
            )
            uow.session.add(entry)

    async def only_homeroom(self, player: Player) -> None:
        """Takes the duty of a care teacher, which reaches the whole school, from a homeroom teacher."""
        async with self.stage.school.work(SYSTEM) as uow:
            who = player.user_id - USERS_FROM
            await uow.session.execute(
                delete(StaffRole).where(StaffRole.person_id == who, StaffRole.role == Role.CARE_TEACHER)
            )

    async def proves(self) -> None:
        """The whole ledger fits."""
        async with self.stage.school.look() as uow:
            assert isinstance(await verify(uow), Verified)


async def session_of(school: School, name: str) -> int:
    grade, number = int(name[0]), int(name[2:-1])
    query = (
        select(CareSession.id)
        .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .where(CareSession.date == DAY, SchoolClass.grade == grade, SchoolClass.number == number)
    )
    async with school.look() as uow:
        return (await uow.session.scalars(query)).one()


async def few_children(school: School) -> None:
    """A handful of each class is enough for a story: the first of its list, and those with a part of their own. Nobody
    stays for extended care unless a story says so."""
    query = select(Application.id, Student).join(Student).where(Application.state == State.ENROLLED)
    async with school.work(SYSTEM) as uow:
        rows = (await uow.session.execute(query.order_by(Student.school_class_id, Student.student_no))).all()
        places: dict[int, int] = {}
        away = []
        for application_id, student in rows:
            places[student.school_class_id] = places.get(student.school_class_id, 0) + 1
            if places[student.school_class_id] > FEW and student.name not in PARTS:
                away.append(application_id)
        await uow.session.execute(update(Application).where(Application.id.in_(away)).values(weekdays=[]))
        await uow.session.execute(update(Application).values(extended_weekdays=[]))


async def roll_called(school: School, *classes: str) -> None:
    """12:30: the day has opened, and in these classes everybody is here."""
    await care_runs_in(school, *classes)
    await few_children(school)
    school.clock.jump(at(12, 30))  # type: ignore[attr-defined]
    await due.tick(school)
    for name in classes:
        session_id = await session_of(school, name)
        async with school.look() as uow:
            teacher = await actor_for(uow, await uow.session.get_one(Person, await homeroom_id(uow, name)))
        async with school.work(teacher) as uow:
            await sign_in(uow, session_id)
            await all_others_present(uow, session_id)


@asynccontextmanager
async def open_gate(databases: Databases, *classes: str, moment: datetime | None = None) -> AsyncIterator[GateStage]:
    """A gate stage at 17:00 (or ``moment``), after a roll at which everybody was here."""
    classes = classes or CLASSES
    database, clock = await databases.after(roll_called, *classes)
    async with open_stage(database, clock=clock) as stage:
        gate = GateStage(stage, database)
        await gate.open(*classes)
        await stage.at(moment or at(17))
        yield gate
        await gate.proves()
