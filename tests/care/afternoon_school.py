"""A school on whose afternoon the rules are tried: the clock is moved by hand, the chat is not needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time

from sqlalchemy import select
from stage import care_runs_in, homeroom_id

from care.clock import MovableClock
from care.people import actor_for
from care.permissions import Actor
from care.records import CareSession, DayChild, Person, SchoolClass, Student
from care.school import School
from scheduler import afternoon

TUESDAY = date(2026, 11, 24)


async def at(school: School, hour: int, minute: int = 0, day: date = TUESDAY) -> None:
    """Moves the clock and lets the afternoon tick once."""
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(day, time(hour, minute), school.zone))
    await afternoon.tick(school)


async def actor(school: School, person_id: int) -> Actor:
    async with school.look() as uow:
        return await actor_for(uow, await uow.session.get_one(Person, person_id))


async def teacher_of(school: School, class_name: str) -> Actor:
    """The class's homeroom teacher."""
    async with school.look() as uow:
        person_id = await homeroom_id(uow, class_name)
    return await actor(school, person_id)


async def session_of(school: School, class_name: str, day: date = TUESDAY) -> CareSession:
    grade, number = int(class_name[0]), int(class_name[2:-1])
    async with school.look() as uow:
        query = (
            select(CareSession)
            .join(SchoolClass)
            .where(CareSession.date == day, SchoolClass.grade == grade, SchoolClass.number == number)
        )
        return (await uow.session.scalars(query)).one()


async def children_of(school: School, session_id: int) -> list[tuple[DayChild, str]]:
    """The session's children by number, each with the name."""
    async with school.look() as uow:
        query = select(DayChild, Student.name).join(Student).where(DayChild.session_id == session_id)
        rows = await uow.session.execute(query.order_by(DayChild.number))
        return [(child, name) for child, name in rows]


@asynccontextmanager
async def opened(school: School, *classes: str) -> AsyncIterator[School]:
    """The school on Tuesday at 12:30, with the day of these classes open."""
    await care_runs_in(school, *classes)
    await at(school, 12, 30)
    yield school
