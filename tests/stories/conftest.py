"""What stories of the afternoon share: a gate after the roll, families on their way home."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from databases import Databases
from gate import CLASSES, GateStage, open_gate
from stage import Stage
from way_home import nobody_attends


@pytest.fixture
async def gate(sqlite: Databases) -> AsyncIterator[GateStage]:
    """Tuesday at 17:00, all of 2(3), 3(6) and 2(5) are here."""
    async with open_gate(sqlite, *CLASSES) as gate:
        yield gate


@pytest.fixture
async def both(databases: Databases) -> AsyncIterator[GateStage]:
    """2(3) alone, on both kinds of database."""
    async with open_gate(databases, "2(3)") as gate:
        yield gate


@pytest.fixture
async def home(afternoon: Stage) -> Stage:
    await nobody_attends(afternoon.school)
    return afternoon


@pytest.fixture
async def small_home(small_afternoon: Stage) -> Stage:
    await nobody_attends(small_afternoon.school)
    return small_afternoon
