"""The demonstration school, loaded once into a file, and read by the tests through a plain session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from databases import Databases
from demo_house import open_school
from sqlalchemy import create_engine
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


@pytest.fixture
async def empty_on_postgres(postgres: Databases) -> AsyncIterator[School]:
    async with open_school(await postgres.fresh(loaded=False)) as school:
        yield school
