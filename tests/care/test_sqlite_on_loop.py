"""SQLite on the loop's thread: other tasks have their turn, and only a quick disk is waited for on the spot."""

from __future__ import annotations

import asyncio
import threading

import pytest
from databases import Databases, make_school
from sqlalchemy import func, select, text

from care.records.office import Event
from care.sqlite import Adapted

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
