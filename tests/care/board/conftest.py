"""The afternoon on which the board's rules begin."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from board_afternoon import open_afternoon
from databases import Databases, make_school

from care.school import School


@pytest.fixture
async def school(sqlite: Databases) -> AsyncIterator[School]:
    """SQLite, with the day open in two classes; what differs on PostgreSQL asks for ``both``."""
    school = make_school(*await sqlite.after(open_afternoon))
    yield school
    await school.close()


@pytest.fixture
async def both(databases: Databases) -> AsyncIterator[School]:
    school = make_school(*await databases.after(open_afternoon))
    yield school
    await school.close()
