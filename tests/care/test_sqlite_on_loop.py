"""SQLite on the loop's thread: other tasks have their turn, and only a quick disk is waited for on the spot."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest
from databases import Databases, make_school
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, OperationalError

from care.records.office import Event, Mark
from care.school import School
from care.sqlite import Adapted
from care.work import UnitOfWork

SUBJECT = 987654
SLOW = text("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n")


async def test_other_tasks_have_their_turn_between_long_statements(sqlite: Databases) -> None:
    school = make_school(await sqlite.fresh())
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    async with school.work() as uow:
        await asyncio.sleep(0)
        before = turns
        for _ in range(4):
            await uow.connection.execute(SLOW)
    other.cancel()
    await school.close()
    assert turns - before >= 3


@pytest.mark.parametrize("quick_s", [1000.0, 0.0])
async def test_a_commit_waits_for_a_quick_disk_where_it_stands(
    sqlite: Databases, monkeypatch: pytest.MonkeyPatch, quick_s: float
) -> None:
    school = make_school(await sqlite.fresh())
    monkeypatch.setattr("care.sqlite.QUICK_S", quick_s)
    threads: list[int] = []
    flush = Adapted._flush

    def flushes(connection: Adapted) -> None:
        threads.append(threading.get_ident())
        flush(connection)

    monkeypatch.setattr(Adapted, "_flush", flushes)
    for _ in range(3):
        async with school.work() as uow:
            uow.record("tried", "student", SUBJECT)
    here = threading.get_ident()
    assert [one == here for one in threads[1:]] == [quick_s > 0, quick_s > 0]
    async with school.look() as uow:
        query = select(func.count()).where(Event.subject_id == SUBJECT)
        assert await uow.session.scalar(query) == 3
    await school.close()


async def actions(school: School) -> list[str]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Event.action).where(Event.subject_id == SUBJECT)))


async def test_who_writes_waits_for_who_asked_before(small_school: School) -> None:
    order: list[str] = []

    async def writes(name: str) -> None:
        async with small_school.work() as uow:
            order.append(f"{name} begins")
            await asyncio.sleep(0.01)
            uow.record(name, "student", SUBJECT)
            order.append(f"{name} ends")

    await asyncio.gather(*(writes(name) for name in "abc"))
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]
    assert await actions(small_school) == ["a", "b", "c"]


async def test_nobody_waits_for_ever_for_the_connection(small_school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("care.sqlite.TURN_WITHIN_S", 0.05)

    async def wants_it() -> None:
        async with small_school.work():
            pytest.fail("two write at once")

    async with small_school.work() as uow:
        uow.record("first", "student", SUBJECT)
        for waiting in [asyncio.create_task(wants_it()) for _ in range(2)]:
            with pytest.raises(TimeoutError):
                await waiting
    async with small_school.work() as uow:
        uow.record("second", "student", SUBJECT)
    assert await actions(small_school) == ["first", "second"]


async def test_a_connection_is_given_back_once(small_school: School) -> None:
    async with small_school.writer.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await connection.close()
        await connection.close()
        assert not small_school.writer.turn.locked()  # type: ignore[attr-defined]
        async with small_school.work() as uow:
            uow.record("meanwhile", "student", SUBJECT)
    assert await actions(small_school) == ["meanwhile"]


async def test_a_commit_that_fails_is_undone_and_named(small_school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Adapted) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Adapted, "_flush", full)
        with pytest.raises(OperationalError, match="disk is full"):
            async with small_school.work() as uow:
                uow.record("lost", "student", SUBJECT)
    async with small_school.work() as uow:
        uow.record("kept", "student", SUBJECT)
    assert await actions(small_school) == ["kept"]


async def test_a_lock_that_another_program_keeps_is_named(
    small_school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("care.sqlite.BUSY_TIMEOUT_S", 0.1)
    other = sqlite3.connect(small_school.writer.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        async with small_school.work():
            pytest.fail("two write at once")
    other.close()
    async with small_school.work() as uow:
        uow.record("afterwards", "student", SUBJECT)
    assert await actions(small_school) == ["afterwards"]


async def _is_undone(school: School, then: str) -> None:
    async with school.work() as uow:
        uow.record("first", "student", SUBJECT)
        await uow.write()
        (await uow.connection.get_raw_connection()).driver_connection.rollback()  # type: ignore[union-attr]
        if then == "nothing":
            return
        with pytest.raises(OperationalError, match="undone"):
            await THEN[then](uow)


async def _a_part(uow: UnitOfWork) -> None:
    async with uow.part():
        pytest.fail("it has begun anew")


async def _prepared(uow: UnitOfWork) -> None:
    uow.record("second", "student", SUBJECT)
    await uow.write()


async def _plain(uow: UnitOfWork) -> None:
    await uow.connection.execute(select(Event.id))


THEN = {"a part": _a_part, "prepared": _prepared, "plain": _plain}


@pytest.mark.parametrize("then", ["nothing", *THEN])
async def test_what_is_undone_in_the_middle_is_never_committed_in_part(small_school: School, then: str) -> None:
    """A full disk, or a flush that fails, undoes everything before it as well."""
    with pytest.raises(OperationalError, match="undone"):
        await _is_undone(small_school, then)
    assert await actions(small_school) == []
    async with small_school.work() as uow:
        uow.record("afterwards", "student", SUBJECT)
    assert await actions(small_school) == ["afterwards"]


async def _flushes_what_is_refused(uow: UnitOfWork) -> None:
    async with uow.part() as part:
        part.session.add_all([Mark(name="twice", value=""), Mark(name="twice", value="")])


async def _goes_on_after_it(school: School) -> None:
    async with school.work() as uow:
        uow.record("first", "student", SUBJECT)
        await uow.write()
        with pytest.raises(DBAPIError):
            await _flushes_what_is_refused(uow)
        uow.record("second", "student", SUBJECT)


async def test_after_a_flush_that_fails_nothing_of_the_whole_is_kept(small_school: School) -> None:
    with pytest.raises((DBAPIError, InvalidRequestError)):
        await _goes_on_after_it(small_school)
    assert await actions(small_school) == []


async def test_closing_waits_for_who_writes_and_the_next_one_opens_again(small_school: School) -> None:
    closing: list[asyncio.Task[None]] = []
    async with small_school.work() as uow:
        closing.append(asyncio.create_task(small_school.writer.dispose()))
        await asyncio.sleep(0.01)
        uow.record("before", "student", SUBJECT)
    await closing[0]
    async with small_school.work() as uow:
        uow.record("after", "student", SUBJECT)
    assert await actions(small_school) == ["before", "after"]


async def test_closing_does_not_wait_for_ever(small_school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("care.sqlite.LET_GO_S", 0.05)
    async with small_school.writer.connect():
        await small_school.writer.dispose()
    async with small_school.work() as uow:
        uow.record("after", "student", SUBJECT)
    assert await actions(small_school) == ["after"]
