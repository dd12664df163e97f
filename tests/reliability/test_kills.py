"""Kills of a bot and a scheduler on PostgreSQL, as many as fit into a minute; ``make reliability`` makes hundreds."""

from __future__ import annotations

from pathlib import Path

from databases import Databases

from bot.chat.letters import again
from care.school import POINTS
from reliability import account, books
from reliability.driver import RANDOM
from reliability.hour import run_hour
from reliability.short import AT_ONCE, planned, went_as_planned


async def test_a_busy_hour_with_a_kill_at_every_point(postgres: Databases, tmp_path: Path) -> None:
    """Each process is killed by itself."""
    hour = await run_hour(await postgres.fresh(), tmp_path, planned("postgres", (RANDOM, *POINTS)), AT_ONCE)
    went_as_planned(hour.run, POINTS)
    school = hour.run.school()
    found = account.account(await books.read_books(school, hour.run.witness, hour.stories), again)
    await school.close()
    assert found.problems == (), "\n".join(found.problems)
    assert len(hour.stories) >= AT_ONCE and found.figures["updates"] > 300, found.figures
