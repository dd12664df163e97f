"""The short runs of ``make test``: how the processes are made up, how quick people are, what must come of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from databases import make_school
from sqlalchemy import text

from care.clock import stopped_clock
from care.school import School
from reliability.driver import Plan, Run
from reliability.people import Pace

COMMANDS = {"sqlite": ("run",), "postgres": ("bot", "scheduler")}
QUICK = Pace(think=(0.0, 0.03), patience=(1.0, 2.0), idle=(0.1, 0.3))
AT_ONCE = 8
"""Families at a time."""


def planned(kind: str, kills: tuple[str, ...]) -> Plan:
    """SQLite in one process, as shipped; PostgreSQL with a bot and a scheduler, each killed by itself."""
    return Plan(COMMANDS[kind], kills, seed=1, pace=QUICK)


def went_as_planned(run: Run, points: tuple[str, ...]) -> None:
    """Nothing went wrong on the way, and a process died once at each of these points."""
    assert run.stuck == [], "\n".join(run.stuck)
    assert run.unreached() == [], "points that no process ever passed"
    assert {point: run.kills[point] for point in points} == dict.fromkeys(points, 1)


async def forged(run: Run, folder: Path, *forgeries: str) -> School:
    """A copy of what the run left, in which something was done; each forgery changes one row."""
    copy = folder / "copy.sqlite"
    shutil.copyfile(run.database.partition(":///")[2], copy)
    clock = stopped_clock(run.ends_at.tzinfo, run.ends_at)  # type: ignore[arg-type]
    school = make_school(f"sqlite+aiosqlite:///{copy}", clock)
    for forgery in forgeries:
        async with school.work() as uow:
            result = await uow.session.execute(text(forgery))
            assert result.rowcount == 1, forgery  # type: ignore[attr-defined]
    return school
