"""What the demonstration's Monday begins with: who is expected where, by which teacher, until when."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from afterbell.demo.loading import MARK
from care.day.plan import register_numbers, term_on, times_on
from care.people import holders
from care.records import (
    Application,
    Guardianship,
    Mark,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Student,
    Term,
    Venue,
    VenueKind,
)
from care.work import UnitOfWork

Place = tuple[int, int]
Who = tuple[int | None, str]


@dataclass(frozen=True)
class Pupil:
    student_id: int
    application_id: int
    place: Place
    number: int


@dataclass(frozen=True)
class Group:
    """A class with care today. ``pupils`` stand in the order of its list."""

    class_id: int
    place: Place
    pupils: tuple[Pupil, ...]
    teacher: Who
    venue: str
    gate: str
    wave: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Morning:
    """``kept``: children of the stars, to whom nothing unusual happens. ``course_teachers`` have no class of their
    own."""

    term_id: int
    duty_lead_id: int
    groups: tuple[Group, ...]
    kept: frozenset[int]
    course_teachers: tuple[str, ...]


async def read_morning(uow: UnitOfWork, day: date) -> Morning | None:
    """The plan that a tick would make for ``day``, an ordinary day of the week; None without the demonstration."""
    mark, term = await uow.session.get(Mark, MARK), await term_on(uow, day)
    if mark is None or term is None:
        return None
    stars = set(json.loads(mark.value)["stars"].values())
    kept = select(Guardianship.student_id).where(Guardianship.person_id.in_(stars))
    leads = await holders(uow, Role.DEPUTY)
    return Morning(
        term.id,
        leads[day.toordinal() % len(leads)],
        await _groups(uow, term, day),
        frozenset(await uow.session.scalars(kept)),
        await _course_teachers(uow),
    )


async def _groups(uow: UnitOfWork, term: Term, day: date) -> tuple[Group, ...]:
    pupils = await _pupils(uow, term, day)
    times = {grade: one for one in await times_on(uow, term.id, day) for grade in one.wave.grades}
    rooms = list(await uow.session.scalars(select(Venue.name).where(Venue.kind == VenueKind.CLASSROOM)))
    teachers = (
        select(SchoolClass, Person.id, Person.name)
        .join(StaffRole, StaffRole.school_class_id == SchoolClass.id)
        .join(Person, Person.id == StaffRole.person_id)
        .where(StaffRole.role == Role.HOMEROOM)
        .order_by(SchoolClass.id)
    )
    found = []
    for school_class, person_id, name in await uow.session.execute(teachers):
        when = times[school_class.grade]
        found.append(
            Group(
                class_id=school_class.id,
                place=(school_class.grade, school_class.number),
                pupils=tuple(pupils[school_class.id]),
                teacher=(person_id, name),
                venue=next(room for room in rooms if room.startswith(school_class.name)),
                gate=when.wave.gate,
                wave=when.wave.ordinal,
                starts_at=when.starts_at,
                ends_at=when.ends_at,
            )
        )
    return tuple(found)


async def _pupils(uow: UnitOfWork, term: Term, day: date) -> dict[int, list[Pupil]]:
    """The enrolled children of this weekday, by class and in the order of its list."""
    query = (
        select(Student.id, Application.id, Application.weekdays, SchoolClass.id, SchoolClass.grade, SchoolClass.number)
        .select_from(Application)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            Application.term_id == term.id,
            Application.state == State.ENROLLED,
            or_(Application.leaves_on.is_(None), Application.leaves_on > day),
        )
        .order_by(Student.student_no, Student.id)
    )
    found: defaultdict[int, list[Pupil]] = defaultdict(list)
    numbers: dict[int, int] = {}
    for class_id in await uow.session.scalars(select(SchoolClass.id)):
        numbers |= await register_numbers(uow, term, class_id)
    for student_id, application_id, weekdays, class_id, *place in await uow.session.execute(query):
        if day.isoweekday() in weekdays:
            found[class_id].append(Pupil(student_id, application_id, (place[0], place[1]), numbers[student_id]))
    return found


async def _course_teachers(uow: UnitOfWork) -> tuple[str, ...]:
    with_others = select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)
    query = (
        select(Person.name)
        .join(StaffRole, StaffRole.person_id == Person.id)
        .where(StaffRole.role == Role.CARE_TEACHER, Person.id.not_in(with_others))
        .order_by(Person.id)
    )
    return tuple(await uow.session.scalars(query))


async def guardians_of(uow: UnitOfWork, student_ids: Collection[int]) -> dict[int, list[Who]]:
    """The unrestricted guardians of some children, by student id."""
    query = (
        select(Guardianship.student_id, Person.id, Person.name)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Guardianship.student_id.in_(list(student_ids)), Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    found: defaultdict[int, list[Who]] = defaultdict(list)
    for student_id, person_id, name in await uow.session.execute(query):
        found[student_id].append((person_id, name))
    return found
