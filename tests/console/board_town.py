"""The small school on an afternoon: children in care in its three classes, and the day open."""

from __future__ import annotations

from dataclasses import dataclass

from console_town import HOSTILE, Town, child
from sqlalchemy import select

from care.people import actor_for
from care.permissions import SYSTEM, Actor
from care.records import Alarm, AlarmKind, CareSession, DayChild, Person, Role, State, Student
from care.records.people import SchoolClass
from care.rollcall import sign_in
from care.school import School
from scheduler import afternoon

IN_CARE = {
    "1(1)": ("Ida", "Jon", "Kim"),
    "1(2)": (f"Lou {HOSTILE}", "Max"),
    "3(1)": ("Ned", "Ola"),
}


@dataclass(frozen=True)
class Afternoon:
    """Ids by name: children as planned for today, sessions by class."""

    children: dict[str, int]
    sessions: dict[str, int]


async def open_day(school: School, town: Town) -> Afternoon:
    async with school.work(SYSTEM) as uow:
        for place, names in IN_CARE.items():
            for name in names:
                await child(uow, town, name, place, State.ENROLLED)
    await afternoon.tick(school)
    async with school.look() as uow:
        planned = select(Student.name, DayChild.id).join(DayChild, DayChild.student_id == Student.id)
        opened = select(SchoolClass, CareSession.id).join(CareSession, CareSession.school_class_id == SchoolClass.id)
        return Afternoon(
            {name: number for name, number in await uow.session.execute(planned)},
            {place.name: number for place, number in await uow.session.execute(opened)},
        )


async def actor_of(school: School, town: Town, role: Role) -> Actor:
    async with school.look() as uow:
        return await actor_for(uow, await uow.session.get_one(Person, town.staff[role]))


async def take_over(
    school: School, town: Town, opened: Afternoon, place: str = "1(1)", role: Role = Role.MEMBER
) -> Actor:
    """Whoever holds this duty signs in for a class: a member of the leading group."""
    actor = await actor_of(school, town, role)
    async with school.work(actor) as uow:
        await sign_in(uow, opened.sessions[place])
    return actor


async def raise_alarm(school: School, opened: Afternoon, name: str, kind: AlarmKind = AlarmKind.DISPUTED) -> int:
    async with school.work(SYSTEM) as uow:
        alarm = Alarm(day_child_id=opened.children[name], kind=kind, opened_at=uow.now)
        uow.session.add(alarm)
        await uow.session.flush()
        return alarm.id
