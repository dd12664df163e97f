"""Fixtures for all tests: real databases, and a stage on which people talk to the bot over HTTP."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from databases import Databases, make_school, postgres_databases, sqlite_databases, start_postgres
from leftovers import PREFIX, SHARED, clear_away, own
from stage import Stage, open_stage

from afterbell.log import configure_log
from care.school import School

CLASSES = ("2(3)", "3(5)", "2(5)")
"""Whose afternoon the tests play: the class of the demonstration's teacher, one with an English family, and one with
two children of one name."""


LONG = ("reliability", "replicas", "simulate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders whose tests take longest come first: none of them is left for one core alone at the end."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: to look through it for garbage again and again takes a seventh of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    configure_log()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """For databases: in memory where the machine allows it, so that tests do not wait for the disk."""
    shared = SHARED if os.access(SHARED, os.W_OK) else None
    if shared:
        clear_away(shared)
    with tempfile.TemporaryDirectory(dir=shared, prefix=PREFIX) as name:
        os.chmod(name, 0o755)  # PostgreSQL runs as a user of its own when the tests run as root
        own(Path(name))
        yield Path(name)


@pytest.fixture(scope="session")
def kinds() -> list[Databases]:
    """What makes databases in this process."""
    return []


@pytest.fixture(scope="session")
def sqlite(folder: Path, kinds: list[Databases]) -> Databases:
    kinds.append(sqlite_databases(folder))
    return kinds[-1]


@pytest.fixture(scope="session")
def postgres(folder: Path, kinds: list[Databases]) -> Iterator[Databases]:
    address, end = start_postgres(folder)
    kinds.append(postgres_databases(address))
    yield kinds[-1]
    end()


@pytest.fixture(autouse=True)
def _let_go(kinds: list[Databases]) -> Iterator[None]:
    """The databases of a test end with it."""
    for kind in kinds:
        kind.keep()
    yield
    for kind in kinds:
        kind.let_go()


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Both kinds of database, one after the other."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def school(databases: Databases) -> AsyncIterator[School]:
    """The demonstration school on a database of its own, on both kinds of database."""
    school = make_school(await databases.fresh())
    yield school
    await school.close()


@pytest.fixture
async def stage(databases: Databases) -> AsyncIterator[Stage]:
    """The demonstration school with its bot at work, on both kinds of database."""
    async with open_stage(await databases.fresh()) as stage:
        yield stage


@pytest.fixture
async def afternoon(databases: Databases) -> AsyncIterator[Stage]:
    """A stage on which care runs in 2(3), 3(5) and 2(5), on both kinds of database. It is 16:40: no tick yet, so the
    day is not open."""
    async with open_stage(await databases.fresh(), afternoon=CLASSES) as stage:
        yield stage


@pytest.fixture
async def small_afternoon(sqlite: Databases) -> AsyncIterator[Stage]:
    """The same on SQLite only."""
    async with open_stage(await sqlite.fresh(), afternoon=CLASSES) as stage:
        yield stage


@pytest.fixture
async def small_stage(sqlite: Databases) -> AsyncIterator[Stage]:
    """The same on SQLite only, for what does not depend on the database."""
    async with open_stage(await sqlite.fresh()) as stage:
        yield stage
