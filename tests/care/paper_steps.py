"""Steps of entering what stands on paper: a page, its lines, what became of them."""

from __future__ import annotations

from datetime import time

import pytest
from afternoon_school import at, opened, session_of, teacher_of
from sqlalchemy import select

from care.custody.ledger import Flaw, Verified, verify
from care.paper.enter import Collector, Entry, PaperRefused, enter
from care.paper.sheet import PaperChild, paper_children, paper_session
from care.permissions import SYSTEM, Actor
from care.records import Alarm, AlarmKind, CustodyEvent, Letter, StopListEntry
from care.school import School

CLASS = "2(3)"

ROLL = time(14, 40)


async def untapped(school: School) -> None:
    async with opened(school, CLASS):
        await at(school, 18, 0)


async def page(school: School, who: Actor | None = None, class_name: str = CLASS) -> tuple[int, list[PaperChild]]:
    session = await session_of(school, class_name)
    async with school.look(who or await teacher_of(school, class_name)) as uow:
        return session.id, await paper_children(uow, await paper_session(uow, session.id))


async def enters(school: School, *entries: Entry, who: Actor | None = None, roll: time = ROLL) -> int:
    session = await session_of(school, CLASS)
    async with school.work(who or await teacher_of(school, CLASS)) as uow:
        return await enter(uow, session.id, entries, roll)


async def refused(school: School, *entries: Entry, roll: time = ROLL) -> list[str]:
    with pytest.raises(PaperRefused) as error:
        await enters(school, *entries, roll=roll)
    return [problem.code for problem in error.value.problems.values()]


async def chain(school: School, day_child_id: int) -> list[CustodyEvent]:
    async with school.look() as uow:
        query = select(CustodyEvent).where(CustodyEvent.day_child_id == day_child_id).order_by(CustodyEvent.seq)
        return list(await uow.session.scalars(query))


async def alarms(school: School) -> list[Alarm]:
    """Without those the clock has raised in the dark, for no roll had been called."""
    async with school.look() as uow:
        query = select(Alarm).where(Alarm.kind != AlarmKind.UNCOLLECTED)
        return list(await uow.session.scalars(query.order_by(Alarm.id)))


async def letters(school: School, kind: str) -> list[Letter]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)))


async def verified(school: School) -> Verified:
    async with school.look(SYSTEM) as uow:
        found = await verify(uow)
    assert not isinstance(found, Flaw), found
    return found


async def stop(school: School, student_id: int, name: str) -> None:
    async with school.work(SYSTEM) as uow:
        uow.session.add(StopListEntry(student_id=student_id, name=name, reason="法院", added_at=uow.now))


def collected(child: PaperChild, hour: int = 17, minute: int = 5, number: int = 0) -> Entry:
    """Collected by one of the child's adults."""
    one = child.adults.authorised[number]
    return Entry(child.id, child.seq, collector=Collector(one.adult, one.id), left_at=time(hour, minute))
