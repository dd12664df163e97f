"""A school on whose extended care the rules are tried: who stays is set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from afternoon_school import TUESDAY, actor, at, session_of, teacher_of
from sqlalchemy import select, update
from stage import care_runs_in

from care import rollcall
from care.errors import CareError
from care.extended import roll
from care.permissions import SYSTEM, Actor
from care.records import (
    Application,
    CareSession,
    CustodyEvent,
    DayChild,
    DayRules,
    ExtendedRequest,
    Guardianship,
    Letter,
    Role,
    SchoolClass,
    SessionKind,
    StaffRole,
    State,
    Student,
    Term,
)
from care.school import School
from care.work import UnitOfWork

CLASS, OTHER = "2(3)", "3(5)"
DAY = 2
"""Tuesday."""

Work = Callable[[UnitOfWork], Awaitable[Any]]


async def attending(school: School, class_name: str = CLASS) -> list[Application]:
    """The enrolled applications of a class whose child comes on the weekday, by student number."""
    grade, number = int(class_name[0]), int(class_name[2:-1])
    async with school.look() as uow:
        query = (
            select(Application)
            .join(Student)
            .join(SchoolClass)
            .where(SchoolClass.grade == grade, SchoolClass.number == number, Application.state == State.ENROLLED)
            .order_by(Student.student_no)
        )
        return [one for one in await uow.session.scalars(query) if DAY in one.weekdays]


async def begin(school: School, stay: int = 3, places: int = 120, other: int = 0, opened: bool = True) -> None:
    """Tuesday with care in two classes; the first ``stay`` children of 2(3) and ``other`` of 3(5) stay on Tuesdays.
    The day is open at 12:30, or it is 08:00 of a day that is not."""
    await care_runs_in(school, CLASS, OTHER)
    staying = (await attending(school))[:stay] + (await attending(school, OTHER))[:other]
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
        await uow.session.execute(update(Term).values(extended_capacity=places))
        ids = [one.id for one in staying]
        await uow.session.execute(update(Application).where(Application.id.in_(ids)).values(extended_weekdays=[DAY]))
    await at(school, 12 if opened else 8, 30 if opened else 0)


async def guardian(school: School, application: Application) -> Actor:
    async with school.look() as uow:
        person_id = (await uow.session.get_one(Guardianship, application.guardianship_id)).person_id
    return await actor(school, person_id)


async def with_role(school: School, role: Role, number: int = 0) -> Actor:
    """Somebody whose only duty this is."""
    async with school.look() as uow:
        several = select(StaffRole.person_id).where(StaffRole.role != role)
        query = select(StaffRole.person_id).where(StaffRole.role == role, StaffRole.person_id.not_in(several))
        people = list(await uow.session.scalars(query.order_by(StaffRole.id)))
    return await actor(school, people[number])


async def does(school: School, who: Actor, work: Work) -> Any:
    async with school.work(who) as uow:
        return await work(uow)


async def tries(school: School, who: Actor, work: Work) -> str:
    """ "done", or the code of the refusal."""
    try:
        await does(school, who, work)
    except CareError as error:
        return error.code
    return "done"


async def at_once(school: School, *deeds: tuple[Actor, Work]) -> list[str]:
    """All at the same time, each in a transaction of its own."""
    ready = asyncio.Barrier(len(deeds))

    async def one(who: Actor, work: Work) -> str:
        await ready.wait()
        return await tries(school, who, work)

    return list(await asyncio.gather(*(one(who, work) for who, work in deeds)))


async def roll_taken(school: School, class_name: str = CLASS) -> tuple[Actor, CareSession]:
    """The class's teacher has signed in, and everybody is there."""
    teacher, session = await teacher_of(school, class_name), await session_of(school, class_name)
    await does(school, teacher, lambda uow: rollcall.sign_in(uow, session.id))
    await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session.id))
    return teacher, session


async def at_the_academy(school: School, number: int = 0) -> Actor:
    """A care teacher who has signed in for extended care."""
    teacher = await with_role(school, Role.CARE_TEACHER, number)
    await does(school, teacher, roll.sign_in)
    return teacher


async def extended_session(school: School) -> list[CareSession]:
    async with school.look() as uow:
        query = select(CareSession).where(CareSession.date == TUESDAY, CareSession.kind == SessionKind.EXTENDED)
        return list(await uow.session.scalars(query))


async def day_child(school: School, application: Application) -> DayChild:
    async with school.look() as uow:
        query = select(DayChild).where(DayChild.date == TUESDAY, DayChild.student_id == application.student_id)
        return (await uow.session.scalars(query)).one()


async def last_link(school: School, application: Application) -> CustodyEvent:
    child = await day_child(school, application)
    async with school.look() as uow:
        query = select(CustodyEvent).where(CustodyEvent.day_child_id == child.id, CustodyEvent.seq == child.last_seq)
        return (await uow.session.scalars(query)).one()


async def letters(school: School, *kinds: str) -> list[Letter]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter).where(Letter.kind.in_(kinds)).order_by(Letter.id)))


async def wishes(school: School, applications: Sequence[Application]) -> list[str]:
    """How the requests of these children stand, sorted."""
    async with school.look() as uow:
        ids = [one.student_id for one in applications]
        query = select(ExtendedRequest.state).where(ExtendedRequest.student_id.in_(ids))
        return sorted(state.value for state in await uow.session.scalars(query))


async def by_approval(school: School) -> None:
    """Nothing is granted by itself."""
    async with school.work(SYSTEM) as uow:
        term_id = await uow.session.scalar(select(Term.id))
        row = await uow.session.get(DayRules, term_id) or DayRules(term_id=term_id)
        row.extended_automatic = False
        uow.session.add(row)
