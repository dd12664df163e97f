"""Loading: once, into an empty database, the same everywhere, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest
from demo_house import open_school
from sqlalchemy import Table, func, select

from afterbell.demo import START, NotEmpty, load
from care.permissions import SYSTEM
from care.records import Contact, Event, Person, Record, Slip
from care.school import School

log = logging.getLogger(__name__)


async def counts(school: School) -> dict[str, int]:
    async with school.look() as uow:
        return {
            table.name: await uow.session.scalar(select(func.count()).select_from(table)) or 0
            for table in Record.metadata.sorted_tables
        }


async def rows(school: School) -> dict[str, list[tuple[object, ...]]]:
    """Everything there is, health notes opened (they are sealed with chance of their own)."""
    async with school.look() as uow:
        found = {}
        for table in Record.metadata.sorted_tables:
            order = select(table).order_by(*table.primary_key)
            found[table.name] = [_opened(school, table, tuple(row)) for row in await uow.session.execute(order)]
        return found


def _opened(school: School, table: Table, row: tuple[object, ...]) -> tuple[object, ...]:
    assert table.name
    return tuple(school.keys.open(value) if isinstance(value, bytes) else value for value in row)


async def test_a_second_load_does_nothing(empty: School) -> None:
    assert await load(empty) is True
    before = await rows(empty)
    assert await load(empty) is False
    assert await rows(empty) == before


async def test_two_loads_at_once_load_once(empty: School) -> None:
    assert sorted(await asyncio.gather(load(empty), load(empty))) == [False, True]


async def test_two_databases_get_the_same_rows(empty: School, tmp_path: Path) -> None:
    await load(empty)
    async with open_school(f"sqlite+aiosqlite:///{tmp_path / 'other.sqlite'}") as other:
        await load(other)
        assert await rows(other) == await rows(empty)


async def test_a_real_school_is_left_alone(empty: School) -> None:
    async with empty.work(SYSTEM) as uow:
        uow.session.add(Person(name="Somebody", phone=None, language=None, created_at=uow.now))
    with pytest.raises(NotEmpty, match="empty one"):
        await load(empty)
    assert (await counts(empty))["person"] == 1
    assert (await counts(empty))["student"] == 0


async def test_a_load_that_fails_leaves_nothing(empty: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the lights went out")

    monkeypatch.setattr("afterbell.demo.loading.write_links", fail)
    with pytest.raises(RuntimeError):
        await load(empty)
    assert set((await counts(empty)).values()) == {0}


async def test_postgres_holds_the_same_rows_and_goes_on_counting(empty: School, empty_on_postgres: School) -> None:
    await load(empty)
    assert await load(empty_on_postgres)
    assert await load(empty_on_postgres) is False
    assert await rows(empty_on_postgres) == await rows(empty)
    async with empty_on_postgres.work(SYSTEM) as uow:
        person = Person(name="New", phone=None, language=None, created_at=uow.now)
        uow.session.add(person)
        await uow.session.flush()
        uow.session.add(Contact(person_id=person.id, channel="web", chat_id=7, linked_at=START, linked_by="slip"))
        uow.session.add(Slip(person_id=person.id, issued_at=START, expires_at=START))
        uow.record("submitted", "application", 1)
        await uow.session.flush()
        for record in (Person, Contact, Slip, Event):
            newest = await uow.session.scalar(select(func.max(record.id)))
            assert newest == await uow.session.scalar(select(func.count()).select_from(record))


async def test_two_loads_at_once_on_postgres_load_once(empty_on_postgres: School) -> None:
    assert sorted(await asyncio.gather(load(empty_on_postgres), load(empty_on_postgres))) == [False, True]


async def test_all_of_it_on_sqlite(empty: School) -> None:
    await timed(empty, "SQLite")


async def test_all_of_it_on_postgres(empty_on_postgres: School) -> None:
    await timed(empty_on_postgres, "PostgreSQL")


async def timed(school: School, database: str) -> None:
    """Logs how long it takes (-o log_cli=true --log-level=INFO); what is asserted is only that it is all there."""
    began = time.perf_counter()
    await load(school)
    log.info("%s: loaded in %.2f s", database, time.perf_counter() - began)
    found = await counts(school)
    assert (found["student"], found["application"], found["agreement"]) == (1440, 936, 872)
