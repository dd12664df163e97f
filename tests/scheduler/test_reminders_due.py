"""The reminders before a wave at the school's full size: found by reading, posted in small transactions, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from databases import Databases, make_school
from sqlalchemy import delete, event, select, update
from stage import care_runs_in
from structlog.testing import capture_logs
from way_home import at, attend_every_day, families, marked

from care.custody.chain import CHAIN
from care.day.rules import Rules
from care.permissions import Actor, Duty
from care.records import Application, CareSession, DayChild, DayRules, Guardianship, Letter, Role, SessionKind
from care.records.day import Step
from care.records.people import Relation
from care.rollcall import all_others_present, sign_in
from care.school import School
from scheduler import afternoon, reminders


def jump(school: School, to: datetime) -> None:
    school.clock.jump(to)  # type: ignore[attr-defined]


HEAD = Actor(1, "校长", (Duty(Role.HEAD),))


async def everybody_is_here(school: School) -> None:
    jump(school, at(12, 30))
    await afternoon.tick(school)
    async with school.look() as uow:
        of_classes = select(CareSession.id).where(CareSession.kind == SessionKind.CLASS)
        sessions = list(await uow.session.scalars(of_classes))
    for session_id in sessions:
        async with school.work(HEAD) as uow:
            await sign_in(uow, session_id)
            await all_others_present(uow, session_id)


@pytest.fixture
async def town(databases: Databases) -> AsyncIterator[School]:
    """Two classes whose children are all here."""
    school = make_school(await databases.fresh())
    await care_runs_in(school, "2(3)", "2(5)")
    await everybody_is_here(school)
    yield school
    await school.close()


async def keys(school: School) -> list[str]:
    query = select(Letter.unique_key).where(Letter.kind == "dismissal").order_by(Letter.id)
    async with school.look() as uow:
        return [key for key in await uow.session.scalars(query) if key]


async def expected(school: School, wave: int = 1) -> set[str]:
    """By the rule, child by child."""
    query = (
        select(Guardianship.person_id)
        .join(DayChild, DayChild.student_id == Guardianship.student_id)
        .join(CareSession, CareSession.id == DayChild.session_id)
        .join(CHAIN, (CHAIN.c.day_child_id == DayChild.id) & (CHAIN.c.seq == DayChild.last_seq))
        .where(CareSession.wave == wave, Guardianship.restricted.is_(False), CHAIN.c.step == Step.PRESENT)
    )
    async with school.look() as uow:
        return {f"dismissal:{uow.today}:{wave}:{person}" for person in await uow.session.scalars(query)}


@contextmanager
def writing(school: School) -> Iterator[list[str]]:
    """Notes each writing transaction; on PostgreSQL, where all use one engine, each that commits."""
    noted: list[str] = []
    when = "begin" if school.is_sqlite else "commit"

    def note(*_: object) -> None:
        noted.append(when)

    event.listen(school.writer.sync_engine, when, note)
    yield noted
    event.remove(school.writer.sync_engine, when, note)


@contextmanager
def asking(school: School) -> Iterator[list[str]]:
    """Notes each statement."""
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        noted.append(statement)

    for engine in {school.reader.sync_engine, school.writer.sync_engine}:
        event.listen(engine, "before_cursor_execute", note)
    yield noted
    for engine in {school.reader.sync_engine, school.writer.sync_engine}:
        event.remove(engine, "before_cursor_execute", note)


async def test_the_whole_school(sqlite: Databases) -> None:
    """870 children, both waves, at most a hundred letters in a transaction."""
    school = make_school(await sqlite.fresh())
    async with school.work() as uow:
        await uow.session.execute(delete(DayRules))  # the day opens, for all classes
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
    await everybody_is_here(school)
    jump(school, at(16, 55))
    with writing(school) as noted:
        await reminders.remind(school, Rules())
    found = await keys(school)
    first, second = await expected(school, 1), await expected(school, 2)
    assert set(found) == first | second and len(found) == len(set(found)) > 1000
    assert len(noted) == -(-len(found) // reminders.TOGETHER)
    noted.clear()
    with writing(school) as noted:
        await reminders.remind(school, Rules())
    assert noted == []
    await school.close()


async def test_before_the_hour_it_only_looks(town: School) -> None:
    jump(town, at(16, 39))
    with writing(town) as noted, asking(town) as asked:
        await reminders.remind(town, Rules())
    assert noted == []
    assert len([one for one in asked if one.startswith("SELECT")]) == 1, asked
    jump(town, at(16, 40))
    await afternoon.tick(town)
    assert set(await keys(town)) == await expected(town)
    with writing(town) as noted:
        await reminders.remind(town, Rules())
    assert noted == [], "all is posted"


async def test_a_restart_between_two_parts(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    url = await databases.fresh()
    school = make_school(url)
    await care_runs_in(school, "2(3)", "2(5)")
    await everybody_is_here(school)
    jump(school, at(16, 40))
    monkeypatch.setattr(reminders, "TOGETHER", 10)
    post, count = reminders._post, 0

    async def interrupted(uow: Any, one: Any) -> None:
        nonlocal count
        count += 1
        if count == 15:
            raise asyncio.CancelledError
        await post(uow, one)

    with monkeypatch.context() as killed:
        killed.setattr(reminders, "_post", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await afternoon.tick(school)
    assert len(await keys(school)) == 10
    wanted = await expected(school)
    await school.close()
    again = make_school(url)
    jump(again, at(16, 41))
    await afternoon.tick(again)
    found = await keys(again)
    assert set(found) == wanted and len(found) == len(wanted)
    await again.close()


async def test_two_schedulers_at_the_same_moment(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    url = await databases.fresh()
    schools = [make_school(url), make_school(url)]
    await care_runs_in(schools[0], "2(3)", "2(5)")
    await everybody_is_here(schools[0])
    for school in schools:
        jump(school, at(16, 40))
    monkeypatch.setattr(reminders, "TOGETHER", 10)
    ready = asyncio.Barrier(2)
    find = reminders.due_reminders

    async def find_at_once(*args: Any) -> Any:
        found = await find(*args)
        await ready.wait()
        return found

    monkeypatch.setattr(reminders, "due_reminders", find_at_once)
    with capture_logs() as logs:
        await asyncio.gather(*(reminders.remind(school, Rules()) for school in schools))
    found = await keys(schools[0])
    assert logs == []
    assert set(found) == await expected(schools[0]) and len(found) == len(set(found))
    for school in schools:
        await school.close()


async def test_a_part_that_fails_holds_up_no_other(town: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "TOGETHER", 10)
    jump(town, at(16, 40))
    post, count = reminders._post, 0

    async def broken(uow: Any, one: Any) -> None:
        nonlocal count
        count += 1
        if count == 15:
            raise RuntimeError("the name of a child")
        await post(uow, one)

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(reminders, "_post", broken)
        await reminders.remind(town, Rules())
    wanted = await expected(town)
    assert len(await keys(town)) == len(wanted) - 10
    assert [(entry["part"], entry["error"]) for entry in logs] == [("dismissal", "RuntimeError")]
    await reminders.remind(town, Rules())
    assert set(await keys(town)) == wanted


async def test_the_clock_jumps_past_the_end_of_the_day(town: School) -> None:
    """A jump over midnight: yesterday's reminders are of no use to anybody, and are not posted."""
    jump(town, at(9, day=25))
    await afternoon.tick(town)
    assert await keys(town) == []


async def test_who_comes_late_has_a_key_of_its_own(sqlite: Databases) -> None:
    """Only where the guardian's letter of the wave does not name the child already."""
    school = make_school(await sqlite.fresh())
    await care_runs_in(school, "2(3)")
    first, second = (await families(school, "2(3)"))[:2]
    async with school.work() as uow:
        mum = Guardianship(student_id=second.student_id, person_id=first.people[0], relation=Relation.GUARDIAN)
        uow.session.add(mum)
    await attend_every_day(school, first.student_id, second.student_id)
    jump(school, at(12, 30))
    await afternoon.tick(school)
    await marked(school, first.student_id)
    jump(school, at(16, 40))
    await afternoon.tick(school)
    base = [f"dismissal:2026-11-24:1:{number}" for number in first.people]
    assert await keys(school) == base
    await marked(school, second.student_id, Step.LATE)
    for minute in (45, 46):
        jump(school, at(16, minute))
        await afternoon.tick(school)
    new = [f"{base[0]}:{second.student_id}", *(f"dismissal:2026-11-24:1:{number}" for number in second.people)]
    assert sorted(await keys(school)) == sorted(base + new)
    async with school.look() as uow:
        (late,) = await uow.session.scalars(select(Letter).where(Letter.unique_key == new[0]))
    assert datetime.fromisoformat(late.params["at"]) == at(16, 40), "here since the roll, not late by our fault"
    await school.close()
