"""A part of a transaction leaves no trace when it raises, and the rest is kept; also one in another."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from care.records.office import Event
from care.school import School
from care.work import UnitOfWork

SUBJECT = 987654


class Wrong(Exception):
    pass


async def put(uow: UnitOfWork, action: str) -> None:
    uow.record(action, "student", SUBJECT)
    await uow.write()  # at once, so that the database has to undo it


async def fails(uow: UnitOfWork, action: str, inner: str = "") -> None:
    """A part that does something, has parts of its own do something, and raises."""
    async with uow.part() as part:
        await put(part, action)
        if inner:
            with pytest.raises(Wrong):
                await fails(part, inner)
            async with part.part() as within:
                await put(within, inner)
        raise Wrong


async def is_cut_off(uow: UnitOfWork) -> None:
    async with uow.part() as part:
        await put(part, "cut off")
        async with asyncio.timeout(0):
            await asyncio.sleep(1)


async def loses_the_database(school: School) -> None:
    async with school.work() as uow:
        await put(uow, "before")
        driver = (await uow.connection.get_raw_connection()).driver_connection
        assert driver is not None
        waiting = driver.close()
        if waiting is not None:
            await waiting
        with pytest.raises(OperationalError):
            await fails(uow, "never begun")


async def kept(school: School) -> list[str]:
    async with school.look() as uow:
        query = select(Event.action).where(Event.subject_id == SUBJECT).order_by(Event.id)
        return list(await uow.session.scalars(query))


async def test_the_part_that_fails_alone_is_undone(school: School) -> None:
    async with school.work() as uow:
        async with uow.part() as part:  # the first statement of its transaction
            await put(part, "first")
        with pytest.raises(Wrong):
            await fails(uow, "second")
        await put(uow, "third")
    assert await kept(school) == ["first", "third"]


async def test_a_part_within_another_is_undone_with_it(school: School) -> None:
    async with school.work() as uow:
        await put(uow, "before")
        with pytest.raises(Wrong):
            await fails(uow, "outer", "inner")
    assert await kept(school) == ["before"]


async def test_a_part_that_is_cut_off_is_undone(school: School) -> None:
    async with school.work() as uow:
        await put(uow, "before")
        with pytest.raises(TimeoutError):
            await is_cut_off(uow)
        await put(uow, "after")
    assert await kept(school) == ["before", "after"]


async def test_a_lost_database_is_named_as_such(school: School) -> None:
    with pytest.raises(DBAPIError):  # of the commit, which cannot be either
        await loses_the_database(school)
