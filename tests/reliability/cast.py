"""Who takes part in the hour: chosen from the demonstration school, whose database is made ready for a real bot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy import delete, select, update

from afterbell import demo
from care.enrolment.answers import COLLECTED_ONLY_GRADES
from care.enrolment.places import places_taken
from care.records import Application, Contact, Guardianship, Mark, Person, SchoolClass, StaffRole, Student
from care.records.enrolment import LeaveMode, Need
from care.records.people import Relation, Role
from care.records.term import Term
from care.school import School
from care.work import UnitOfWork
from reliability.families import Adult, Story, Wish, corrected
from reliability.people import Somebody

CHANNEL = "telegram"
PER_CLASS = 5
"""Families of one class at most: not more than there are places."""
NAMES = ("钱秀英", "孙桂兰", "周德福", "吴玉梅", "郑国强")
RELATIONS = (Relation.GRANDMOTHER, Relation.GRANDFATHER, Relation.AUNT, Relation.NANNY)


@dataclass(frozen=True)
class Cast:
    """The families in the order in which they come, the teachers by class, the leading group, and all who have a
    chat with the bot already."""

    stories: tuple[Story, ...]
    teachers: dict[int, Somebody]
    heads: tuple[Somebody, ...]
    known: tuple[Somebody, ...]


async def choose(school: School, seed: int) -> Cast:
    """The cast of one hour; the same for the same seed."""
    rng = Random(seed)
    everybody = {person.user_id: person for person in await demo.people(school)}
    async with school.look() as uow:
        linked = list(await uow.session.scalars(select(Contact)))
        names = {person.id: person.name for person in await uow.session.scalars(select(Person))}
        duties = list(await uow.session.scalars(select(StaffRole)))
        stories = await _stories(uow, everybody, duties, rng)
    somebody = {c.person_id: Somebody(c.chat_id, c.person_id, names[c.person_id]) for c in linked}
    return Cast(
        stories=tuple(stories),
        teachers={
            duty.school_class_id: somebody[duty.person_id]
            for duty in duties
            if duty.role is Role.HOMEROOM and duty.school_class_id is not None
        },
        heads=tuple(somebody[duty.person_id] for duty in duties if duty.role in (Role.HEAD, Role.OFFICE, Role.DEPUTY)),
        known=tuple(somebody.values()),
    )


async def make_ready(school: School) -> None:
    """The demonstration's people have their chats with a Telegram bot, and the school is a real one from now on."""
    async with school.work() as uow:
        await uow.session.execute(update(Contact).values(channel=CHANNEL))
        await uow.session.execute(delete(Mark).where(Mark.name == "demo"))


async def _stories(
    uow: UnitOfWork, everybody: dict[int, demo.DemoPerson], duties: Sequence[StaffRole], rng: Random
) -> list[Story]:
    """Only children of a name of their own, whose one guardian has one child, works elsewhere and reads Chinese."""
    staff = {duty.person_id for duty in duties}
    teachers = {duty.school_class_id: duty.person_id for duty in duties if duty.role is Role.HOMEROOM}
    term = (await uow.session.scalars(select(Term))).one()
    classes = {row.id: row for row in await uow.session.scalars(select(SchoolClass))}
    room = {n: min(PER_CLASS, c.capacity - await places_taken(uow, term.id, n) - 2) for n, c in classes.items()}
    applied = select(Application.student_id)
    query = (
        select(Student, Guardianship.person_id)
        .join(Guardianship, Guardianship.student_id == Student.id)
        .where(Student.id.not_in(applied), Student.left_on.is_(None), Guardianship.restricted.is_(False))
        .order_by(Student.id, Guardianship.id)
    )
    rows = list(await uow.session.execute(query))
    children = Counter(person_id for _student, person_id in rows)
    names = Counter(await uow.session.scalars(select(Student.name)))
    families = Counter(await uow.session.scalars(select(Guardianship.person_id)))
    busy = set(await uow.session.scalars(select(Guardianship.student_id).where(Guardianship.person_id.in_(staff))))
    found: dict[int, tuple[Student, Somebody, str]] = {}
    for student, person_id in rows:
        person = everybody.get(1_000_000_000 + person_id)
        one_child = children[person_id] == families[person_id] == names[student.name] == 1
        if student.id in found or student.id in busy or not one_child or person_id in staff or person is None:
            continue
        if person.start_payload is None or person.language != "zh-hans" or room[student.school_class_id] <= 0:
            continue
        room[student.school_class_id] -= 1
        who = Somebody(person.user_id, person_id, person.name, person.phone)
        found[student.id] = (student, who, person.start_payload)
    drawn = list(found.values())
    rng.shuffle(drawn)
    return [
        _story(n, student, classes[student.school_class_id], teachers[student.school_class_id], who, slip, rng)
        for n, (student, who, slip) in enumerate(drawn)
    ]


def _story(
    number: int, student: Student, row: SchoolClass, teacher: int, who: Somebody, slip: str, rng: Random
) -> Story:
    wish = _wish(row.grade, rng)
    if number % 9 == 4:
        decision, remark = "refused", f"名额只留给双职工家庭（{number}）"
    elif number % 4 == 1:
        decision, remark = "returned", f"请核对上课日（{number}）"
    else:
        decision, remark = "passed", ""
    after = corrected(wish) if decision == "returned" else None
    return Story(student.name, row.name, student.id, row.id, teacher, who, slip, wish, decision, remark, after)


def _some(rng: Random, things: Sequence[int], most: int) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(things, rng.randint(1, min(most, len(things))))))


def _wish(grade: int, rng: Random) -> Wish:
    days = _some(rng, range(1, 6), 4)
    needs = tuple(sorted(rng.sample([Need.WORK_HOURS, Need.NOBODY_HOME, Need.DISTANCE], rng.randint(1, 2))))
    alone = grade not in COLLECTED_ONLY_GRADES and rng.random() < 0.5
    adult = Adult(rng.choice(NAMES), rng.choice(RELATIONS).value, f"1990000{rng.randrange(1000, 9999)}")
    return Wish(
        weekdays=days,
        needs=needs,
        extended=_some(rng, days, 2) if rng.random() < 0.4 else (),
        adult=adult if rng.random() < 0.6 else None,
        health=f"对花生过敏{rng.randrange(1000)}" if rng.random() < 0.4 else "",
        courses=f"书法{rng.randrange(1000)}" if rng.random() < 0.5 else "",
        leave=LeaveMode.ALONE if alone else LeaveMode.COLLECTED,
    )
