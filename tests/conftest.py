"""Fixtures for all tests: real databases, and a stage on which people talk to the bot over HTTP."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from databases import Databases, make_school, postgres_databases, sqlite_databases, start_postgres
from stage import Stage, open_stage

from care.school import School


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """In memory-backed files where the machine has them: a test does not wait for the disk."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield sqlite_databases(tmp_path_factory.mktemp("sqlite"))
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="afterbell-tests-") as folder:
        yield sqlite_databases(Path(folder))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    address, end = start_postgres(tmp_path_factory.mktemp("pg"))
    yield postgres_databases(address)
    end()


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
async def small_stage(sqlite: Databases) -> AsyncIterator[Stage]:
    """The same on SQLite only, for what does not depend on the database."""
    async with open_stage(await sqlite.fresh()) as stage:
        yield stage
