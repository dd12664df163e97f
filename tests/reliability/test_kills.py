"""Kill tests, as many as fit into a minute; ``make reliability`` makes hundreds and writes the account down."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import Databases

from bot.chat.letters import again
from care.school import POINTS
from reliability.account import account
from reliability.books import read_books
from reliability.driver import RANDOM, Plan
from reliability.hour import run_hour
from reliability.people import Pace

COMMANDS = {"sqlite": ("run",), "postgres": ("bot", "scheduler")}
QUICK, AT_ONCE = Pace(think=(0.01, 0.05)), 8


@pytest.mark.parametrize("kind", COMMANDS)
async def test_a_busy_hour_with_a_kill_at_every_point(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite in one process, as shipped; PostgreSQL with a bot and a scheduler, each killed by itself."""
    databases: Databases = request.getfixturevalue(kind)
    kills = (RANDOM, *POINTS)
    hour = await run_hour(await databases.fresh(), tmp_path, Plan(COMMANDS[kind], kills, seed=1, pace=QUICK), AT_ONCE)
    run = hour.run
    assert run.stuck == [], "\n".join(run.stuck)
    assert run.unreached() == [], "points that no process ever passed"
    assert {point: run.kills[point] for point in POINTS} == dict.fromkeys(POINTS, 1)
    school = run.school()
    books = await read_books(school, run.witness, hour.stories)
    await school.close()
    found = account(books, again)
    assert found.problems == (), "\n".join(found.problems)
    assert len(books.stories) >= AT_ONCE and found.figures["updates"] > 300, found.figures
