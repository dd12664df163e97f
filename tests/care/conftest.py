"""Schools on which several files of rules begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from custody_town import Town, build, town_clock
from databases import Databases, make_school
from paper_steps import untapped

from care.school import School


@pytest.fixture
async def dark(databases: Databases) -> AsyncIterator[School]:
    """Tuesday, 18:00: the network was away all afternoon, nobody has tapped anything."""
    school = make_school(*await databases.after(untapped))
    yield school
    await school.close()


@pytest.fixture
async def small_school(sqlite: Databases) -> AsyncIterator[School]:
    """The demonstration school on SQLite, for what does not depend on the database."""
    school = make_school(await sqlite.fresh())
    yield school
    await school.close()


@pytest.fixture
async def built(sqlite: Databases, tmp_path: Path) -> tuple[Path, Town]:
    """A town in a file that can be copied."""
    url = await sqlite.fresh(loaded=False)
    school = make_school(url, town_clock())
    town = await build(school)
    await school.clear_log()
    await school.close()
    path = Path(url.removeprefix("sqlite+aiosqlite:///"))
    return path, town
