"""Steps of changing a date: the clock, the letters about it, whom it touches."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import select

from afterbell import demo
from care.calendar_telling import what_to_say
from care.clock import MovableClock
from care.people import actor_for
from care.permissions import Actor, Duty
from care.records import Application, Guardianship, Letter, Person, Role, SchoolClass, State, Student, Wave
from care.school import School
from care.work import UnitOfWork

ZONE = demo.START.tzinfo

TODAY = demo.START.date()

FRIDAY, SUNDAY = date(2026, 11, 27), date(2026, 12, 6)

OFFICE = Actor(None, "office", (Duty(Role.OFFICE),))

LATE, EARLY = (time(14, 35), time(16, 0)), (time(14, 35), time(16, 30))


def jump(school: School, *at: int) -> None:
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime(*at, tzinfo=ZONE))  # type: ignore[arg-type]


async def letters(school: School, day: date = FRIDAY) -> list[Letter]:
    async with school.look() as uow:
        query = select(Letter).where(Letter.kind == "calendar_changed", Letter.unique_key.contains(str(day)))
        return list(await uow.session.scalars(query.order_by(Letter.id)))


async def wave_ids(uow: UnitOfWork) -> list[int]:
    return list(await uow.session.scalars(select(Wave.id).order_by(Wave.ordinal)))


async def in_care(uow: UnitOfWork, weekday: int, *grades: int) -> dict[int, set[int]]:
    """Enrolled children of a weekday and of these grades (all, without any), with their guardians."""
    query = (
        select(Application.weekdays, Guardianship.student_id, Guardianship.person_id)
        .select_from(Application)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Guardianship, Guardianship.student_id == Student.id)
        .where(Application.state == State.ENROLLED, Guardianship.restricted.is_(False))
        .where(SchoolClass.grade.in_(grades or (1, 2, 3, 4)), Application.leaves_on.is_(None))
    )
    found: dict[int, set[int]] = {}
    for weekdays, student, person in await uow.session.execute(query):
        if weekday in weekdays:
            found.setdefault(student, set()).add(person)
    return found


async def stayers(uow: UnitOfWork, weekday: int) -> set[int]:
    """Children whom an early end of their class's wave does not touch: they stay until the end of extended care."""
    rows = await uow.session.execute(select(Application.student_id, Application.extended_weekdays))
    return {student for student, days in rows if weekday in days}


async def says(school: School, letter: Letter) -> bool:
    async with school.look() as uow:
        uow.actor = await actor_for(uow, await uow.session.get_one(Person, letter.person_id))
        return await what_to_say(uow, letter.params) is not None
