"""PostgreSQL: a connection that has rested, and was cut off meanwhile, is replaced before anybody works with it."""

from __future__ import annotations

import pytest
from databases import Databases, make_school
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from care import school as house
from care.school import School

PID = text("SELECT pg_backend_pid()")


async def one_after_another(school: School) -> list[int]:
    """Who serves two pieces of work, the first of whom is shut down between them."""
    pids = []
    for _ in range(2):
        async with school.work() as uow:
            pids.append((await uow.connection.execute(PID)).scalar_one())
        if len(pids) == 1:
            async with school.look() as uow:  # another connection
                await uow.connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pids[0]})
    return pids


async def test_a_connection_that_was_cut_off_while_it_rested_is_replaced(
    postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "ASKED_AFTER_S", 0.0)
    school = make_school(await postgres.fresh())
    first, second = await one_after_another(school)
    assert first != second
    await school.close()


async def test_one_that_was_used_a_moment_ago_is_not_asked(
    postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "ASKED_AFTER_S", 3600.0)
    school = make_school(await postgres.fresh())
    with pytest.raises(DBAPIError):
        await one_after_another(school)
    async with school.work() as uow:  # that it is lost is known now
        assert (await uow.connection.execute(PID)).scalar_one()
    await school.close()
