"""Kills of a bot and a scheduler on PostgreSQL, in both towns. Those of one process on SQLite are in ``test_account``
and ``test_afternoon_account``; ``make reliability`` makes hundreds and writes the account down."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import Databases

from bot.chat.letters import again
from care.school import POINTS
from reliability import account, books
from reliability.afternoon import account as afternoon_account
from reliability.afternoon import books as afternoon_books
from reliability.afternoon.day import run_afternoon, spread
from reliability.afternoon.story import DUE, Part
from reliability.driver import RANDOM, TICK_POINTS
from reliability.hour import run_hour
from reliability.short import AT_ONCE, planned, went_as_planned

SOME = ("committed", "called", *TICK_POINTS)


async def test_a_busy_hour_with_a_kill_at_every_point(postgres: Databases, tmp_path: Path) -> None:
    """Each process is killed by itself."""
    hour = await run_hour(await postgres.fresh(), tmp_path, planned("postgres", (RANDOM, *POINTS)), AT_ONCE)
    went_as_planned(hour.run, POINTS)
    school = hour.run.school()
    found = account.account(await books.read_books(school, hour.run.witness, hour.stories), again)
    await school.close()
    assert found.problems == (), "\n".join(found.problems)
    assert len(hour.stories) >= AT_ONCE and found.figures["updates"] > 300, found.figures


async def test_an_afternoon_from_noon_to_the_seal(postgres: Databases, tmp_path: Path) -> None:
    """With kills at some points: ``make reliability`` has them all."""
    afternoon = await run_afternoon(await postgres.fresh(), tmp_path, planned("postgres", SOME))
    run = afternoon.run
    went_as_planned(run, SOME)
    school = run.school()
    found = afternoon_account.account(await afternoon_books.read_books(school, run.witness, afternoon.cast), again)
    await school.close()
    assert found.problems == (), "\n".join(found.problems)


@pytest.mark.parametrize("seed", range(20))
def test_every_kill_of_an_afternoon_has_its_part(seed: int) -> None:
    """Those of a tick where something is due, one in a part, before any other."""
    kills = (*POINTS, *["called"] * 20, RANDOM, "posting", "posted")
    found = spread(kills, seed)
    assert sorted(kill for part in Part for kill in found[part]) == sorted(kills)
    for part in Part:
        ticks = [kill for kill in found[part] if kill in TICK_POINTS]
        assert not ticks or (part in DUE and found[part] == ticks and len(ticks) == 1)
