"""Kill tests, as many as fit into two minutes; ``make reliability`` makes hundreds and writes the account down."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import Databases

from bot.chat.letters import again
from care.school import POINTS
from reliability.account import account
from reliability.books import read_books
from reliability.driver import RANDOM, Plan, run_hour, stopped_at, unreached

COMMANDS = {"sqlite": ("run",), "postgres": ("bot", "scheduler")}


@pytest.mark.parametrize("kind", COMMANDS)
async def test_a_busy_hour_with_a_kill_at_every_point(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite in one process, as shipped; PostgreSQL with a bot and a scheduler, each killed by itself."""
    databases: Databases = request.getfixturevalue(kind)
    kills = (RANDOM, *POINTS[:6], RANDOM, *POINTS[6:])
    hour = await run_hour(await databases.fresh(), tmp_path, Plan(COMMANDS[kind], kills, seed=1, at_once=10))
    assert hour.stuck == [], "\n".join(hour.stuck)
    assert unreached(hour) == [], "points that no process ever passed"
    assert {point: hour.kills[point] for point in POINTS} == dict.fromkeys(POINTS, 1)
    school = stopped_at(hour)
    books = await read_books(school, hour.witness, hour.town.stories)
    await school.close()
    found = account(books, again)
    assert found.problems == (), "\n".join(found.problems)
    assert len(books.stories) >= 10 and found.figures["updates"] > 300, found.figures
