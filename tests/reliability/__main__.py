"""The long run: ``python -m tests.reliability --kills 200`` kills so often on each kind of database, and accounts."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from databases import Databases, postgres_databases, sqlite_databases, start_postgres  # noqa: E402

from bot.chat.letters import again  # noqa: E402
from care.school import POINTS  # noqa: E402
from reliability.account import account  # noqa: E402
from reliability.books import read_books  # noqa: E402
from reliability.driver import RANDOM, Plan  # noqa: E402
from reliability.hour import run_hour  # noqa: E402
from reliability.report import Total, write  # noqa: E402

SQLITE, POSTGRES = "SQLite, one process", "PostgreSQL, several processes"
TWO_BOTS = ("bot", "bot", "scheduler")
COMMANDS: dict[str, list[tuple[str, ...]]] = {SQLITE: [("run",)], POSTGRES: [("bot", "scheduler"), TWO_BOTS]}
RANDOM_KILLS = 10
SHARED = ("taken", "committed")
"""Points that a bot surely comes to although another one leads, that is, polls and sends."""


def planned(commands: tuple[str, ...], seed: int) -> Plan:
    """Each point once or twice and as many random moments, in an order of its own."""
    rng = Random(seed)
    points = SHARED if commands == TWO_BOTS else POINTS
    kills = [*points, *rng.choices(points, k=5), *[RANDOM] * RANDOM_KILLS]
    rng.shuffle(kills)
    return Plan(commands, tuple(kills), seed)


async def one_hour(databases: Databases, folder: Path, plan: Plan, total: Total) -> list[str]:
    """Runs and accounts for one hour; what does not fit."""
    folder.mkdir()
    hour = await run_hour(await databases.fresh(), folder, plan)
    school = hour.run.school()
    found = account(await read_books(school, hour.run.witness, hour.stories), again)
    await school.close()
    total.hours += 1
    total.kills.update(hour.run.kills)
    total.reached.update(hour.run.reached)
    total.figures.update(found.figures)
    total.doubles.update(found.doubles.kinds)
    return [*hour.run.stuck, *found.problems]


async def all_hours(databases: Databases, name: str, folder: Path, kills: int, seed: int) -> tuple[Total, list[str]]:
    """One hour after the other until there were so many kills; ends with the first hour that does not fit."""
    total = Total(name)
    while total.kills.total() < kills:
        commands = COMMANDS[name][total.hours % len(COMMANDS[name])]
        plan = planned(commands, seed + total.hours)
        problems = await one_hour(databases, folder / f"hour-{total.hours}", plan, total)
        so_far = ", ".join(f"{n} {what}" for what, n in total.figures.items())
        kills_so_far = total.kills.total()
        print(f"{name}: hour {total.hours}, {kills_so_far} kills, {len(problems)} problems; {so_far}", flush=True)  # noqa: T201
        if problems:
            return total, [f"{name}, processes {' '.join(commands)}, seed {plan.seed}:", *problems]
    missed = [point for point in POINTS if not total.reached[point]]
    return total, [f"{name}: no process ever passed {', '.join(missed)}"] if missed else []


async def run(kills: int, seed: int, only: str) -> int:
    """Runs everything and writes the account; the exit status."""
    totals: list[Total] = []
    with tempfile.TemporaryDirectory(prefix="afterbell-reliability-") as name:
        folder = Path(name)
        os.chmod(folder, 0o755)  # PostgreSQL runs as a user of its own when this runs as root
        for kind in [kind for kind in (SQLITE, POSTGRES) if kind.lower().startswith(only)]:
            place = folder / kind.split(",")[0]
            place.mkdir()
            end: Callable[[], None] = lambda: None  # noqa: E731
            if kind == SQLITE:
                databases = sqlite_databases(place)
            else:
                server, end = start_postgres(place)
                databases = postgres_databases(server)
            try:
                total, problems = await all_hours(databases, kind, place, kills, seed)
            finally:
                end()
            if problems:
                print("\n".join(problems), file=sys.stderr)  # noqa: T201
                return 1
            totals.append(total)
    if only:
        return 0
    write(totals, _when(kills, seed))
    return 0


def _when(kills: int, seed: int) -> str:
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return (
        f"Run {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at commit {commit or 'unknown'} by "
        f"`python -m tests.reliability --kills {kills} --seed {seed}`."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="at least so many on each kind of database")
    parser.add_argument("--seed", type=int, default=1, help="draws families, moments and orders")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), default="", help="only this one; writes nothing")
    given = parser.parse_args()
    sys.exit(asyncio.run(run(given.kills, given.seed, given.only)))


if __name__ == "__main__":
    main()
