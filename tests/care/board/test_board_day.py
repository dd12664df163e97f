"""The day around the board: who leads it, before and after it, who is told of a change, and what it costs."""

from __future__ import annotations

import asyncio

import pytest
from board_afternoon import children_in, class_id, holder_of, homeroom, open_afternoon, session_of
from board_seen import seen, sides
from databases import Databases, make_school
from sqlalchemy import event, func, select, update

from care.board import children
from care.board.today import board, next_care
from care.calendar import load_calendar
from care.changes import hear_others
from care.clock import MovableClock
from care.custody.chain import Link, append
from care.day.lead import candidates, set_duty_lead
from care.errors import Conflict, Invalid, NotAllowed
from care.permissions import SYSTEM
from care.records import CareDay, Event, Letter, Role, Step
from care.rollcall import mark, sign_in
from care.school import School
from scheduler import afternoon


async def test_the_duty_lead_changes_and_is_told(both: School) -> None:
    school = both
    head, member = await holder_of(school, Role.HEAD), await holder_of(school, Role.MEMBER)
    finance = await holder_of(school, Role.FINANCE)
    async with school.look(head) as uow:
        able = {one.person_id for one in await candidates(uow)}
    assert member.person_id in able
    assert finance.person_id not in able
    with pytest.raises(Invalid):
        async with school.work(head) as uow:
            await set_duty_lead(uow, finance.person_id or 0)
    with pytest.raises(NotAllowed):
        async with school.work(await homeroom(school, "2(3)")) as uow:
            await set_duty_lead(uow, member.person_id or 0)
    for _ in range(2):  # the same tap twice
        async with school.work(head) as uow:
            await set_duty_lead(uow, member.person_id or 0)
    assert (await seen(school, head)).duty_lead == member.name
    async with school.look() as uow:
        told = (await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "duty_lead"))).all()
        assert told[1:] == [member.person_id]
        written = await uow.session.scalar(select(func.count()).where(Event.action == "duty_lead_set"))
        assert written == 1
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(CareDay).values(closed_at=uow.now))
    with pytest.raises(Conflict):
        async with school.work(head) as uow:
            await set_duty_lead(uow, head.person_id or 0)


async def test_before_and_after_a_care_day(sqlite: Databases) -> None:
    school = make_school(await sqlite.fresh())
    head = await holder_of(school, Role.HEAD)
    async with school.look(head) as uow:
        assert await board(uow) is None
        today = uow.today
        coming = await next_care(uow, await load_calendar(uow))
        assert coming is not None
        assert coming.day == today, "nothing has opened it yet"
    await open_afternoon(school, ("2(3)",))
    clock = school.clock
    assert isinstance(clock, MovableClock)
    async with school.look(head) as uow:
        coming = await next_care(uow, await load_calendar(uow))
        assert coming is not None
        assert (coming.day - today).days == 1
    clock.jump(clock.now().replace(day=27))
    async with school.look(head) as uow:
        assert await board(uow) is None
        assert (await next_care(uow, await load_calendar(uow))).day.isoformat() == "2026-11-27"  # type: ignore[union-attr]
    clock.jump(clock.now().replace(day=28))
    async with school.look(head) as uow:
        assert (await next_care(uow, await load_calendar(uow))).day.isoformat() == "2026-11-30"  # type: ignore[union-attr]
    await afternoon.tick(school)
    async with school.look(head) as uow:
        assert await board(uow) is None, "a Saturday"
    await school.close()


async def test_who_watches_is_told_of_what_changes_the_day_and_of_nothing_else(school: School) -> None:
    told: list[None] = []
    stop = school.changes.watch(lambda: told.append(None))
    teacher = await homeroom(school, "2(3)")
    session, (first, *_) = await session_of(school, "2(3)"), await children_in(school, "2(3)")
    async with school.work(teacher) as uow:
        await sign_in(uow, session)
        assert told == [], "nothing is committed yet"
    assert len(told) == 1
    async with school.work(teacher) as uow, uow.part() as part:
        await mark(part, first.id, Step.PRESENT)
    assert len(told) == 2
    async with school.work(teacher) as uow:
        uow.record("signed_in", "person", 1)
    with pytest.raises(Conflict):
        async with school.work(teacher) as uow:
            await append(uow, first.id, Link(Step.UNDONE, sides(Step.UNDONE, teacher)))
    assert len(told) == 2
    stop()
    async with school.work(teacher) as uow:
        await mark(uow, first.id, Step.ABSENT)
    assert len(told) == 2


async def test_what_another_process_changes_is_heard_within_a_moment(postgres: Databases) -> None:
    url = await postgres.fresh()
    acting, watching = make_school(url), make_school(url)
    await open_afternoon(acting, ("2(3)",))
    heard = asyncio.Event()
    watching.changes.watch(heard.set)
    ear = asyncio.create_task(hear_others(watching))
    async with asyncio.timeout(5):
        await heard.wait()  # it listens now
    heard.clear()
    teacher, session = await homeroom(acting, "2(3)"), await session_of(acting, "2(3)")
    async with acting.work(teacher) as uow:
        await sign_in(uow, session)
    async with asyncio.timeout(0.3):
        await heard.wait()
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)
    await acting.close()
    await watching.close()


async def test_statements_do_not_grow_with_children(sqlite: Databases) -> None:
    costs = []
    for classes in (("2(3)",), ("1(1)", "2(3)", "2(5)", "3(5)", "4(2)")):
        school = make_school(await sqlite.fresh())
        await open_afternoon(school, classes)
        office = await holder_of(school, Role.OFFICE)
        statements: list[str] = []

        def count(_c: object, _cursor: object, statement: str, *_: object, to: list[str] = statements) -> None:
            to.append(statement)

        event.listen(school.reader.sync_engine, "before_cursor_execute", count)
        async with school.look(office) as uow:
            assert await board(uow) is not None
            await children.find(uow, children.Wanted())
        costs.append(len([one for one in statements if one != "BEGIN"]))
        await school.close()
    assert costs[0] == costs[1] < 10, costs


async def test_class_ids_are_those_of_the_children(school: School) -> None:
    """The list narrows by class as the cards do."""
    office = await holder_of(school, Role.OFFICE)
    place = await class_id(school, "3(5)")
    async with school.look(office) as uow:
        found, total = await children.find(uow, children.Wanted(class_id=place), limit=100)
        _, wave = await children.find(uow, children.Wanted(wave=2))
    assert {child.school_class for child in found} == {"3(5)"}
    assert total == wave == len(await children_in(school, "3(5)"))
