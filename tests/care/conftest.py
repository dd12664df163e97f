"""Schools on which several files of rules begin."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
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
