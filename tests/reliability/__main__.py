"""The long run: ``python -m tests.reliability --kills 200`` kills so often in each town on each kind of database, and
accounts."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from databases import Databases, postgres_databases, sqlite_databases, start_postgres  # noqa: E402

from bot.chat.letters import again  # noqa: E402
from care.school import POINTS  # noqa: E402
from reliability import account, books  # noqa: E402
from reliability.afternoon import account as afternoon_account  # noqa: E402
from reliability.afternoon import books as afternoon_books  # noqa: E402
from reliability.afternoon.day import run_afternoon  # noqa: E402
from reliability.driver import RANDOM, Plan, Run  # noqa: E402
from reliability.hour import run_hour  # noqa: E402
from reliability.report import AFTERNOON, HOUR, Total, write  # noqa: E402
from reliability.wire_account import Account  # noqa: E402

SQLITE, POSTGRES = "SQLite, one process", "PostgreSQL, several processes"
TWO_BOTS = ("bot", "bot", "scheduler")
COMMANDS: dict[str, list[tuple[str, ...]]] = {SQLITE: [("run",)], POSTGRES: [("bot", "scheduler"), TWO_BOTS]}
RANDOM_KILLS = 10
CLASSES = ("2(3)", "1(6)", "3(5)", "4(4)")
SHARED = ("taken", "committed")
"""Points that a bot surely comes to although another one leads, that is, polls and sends."""


def planned(commands: tuple[str, ...], seed: int) -> Plan:
    """Each point once or twice and as many random moments, in an order of its own."""
    rng = Random(seed)
    points = SHARED if commands == TWO_BOTS else POINTS
    kills = [*points, *rng.choices(points, k=5), *[RANDOM] * RANDOM_KILLS]
    rng.shuffle(kills)
    return Plan(commands, tuple(kills), seed)


async def one_hour(database: str, folder: Path, plan: Plan) -> tuple[Run, Account]:
    """A busy hour, and its account."""
    hour = await run_hour(database, folder, plan)
    school = hour.run.school()
    read = await books.read_books(school, hour.run.witness, hour.stories)
    await school.close()
    return hour.run, account.account(read, again)


async def one_afternoon(database: str, folder: Path, plan: Plan) -> tuple[Run, Account]:
    """An afternoon of four classes, and its account."""
    afternoon = await run_afternoon(database, folder, plan, CLASSES)
    school = afternoon.run.school()
    read = await afternoon_books.read_books(school, afternoon.run.witness, afternoon.cast)
    await school.close()
    return afternoon.run, afternoon_account.account(read, again)


TOWNS: dict[str, Callable[[str, Path, Plan], Awaitable[tuple[Run, Account]]]] = {
    HOUR: one_hour,
    AFTERNOON: one_afternoon,
}


async def all_runs(databases: Databases, total: Total, folder: Path, kills: int, seed: int) -> list[str]:
    """One run after the other until there were so many kills; ends with the first one that does not fit, and says
    what."""
    while total.kills.total() < kills:
        commands = COMMANDS[total.name][total.runs % len(COMMANDS[total.name])]
        plan, place = planned(commands, seed + total.runs), folder / f"{total.runs}"
        place.mkdir(parents=True)
        run, found = await TOWNS[total.town](await databases.fresh(), place, plan)
        total.add(run, found)
        problems = [*run.stuck, *found.problems]
        so_far = ", ".join(f"{n} {what}" for what, n in total.figures.items())
        where = f"{total.town}, {total.name}"
        done = f"{total.runs} runs, {total.kills.total()} kills, {len(problems)} problems"
        print(f"{where}: {done}; {so_far}", flush=True)  # noqa: T201
        if problems:
            return [f"{where}, processes {' '.join(commands)}, seed {plan.seed}:", *problems]
    missed = [point for point in POINTS if not total.reached[point]]
    return [f"{total.town}, {total.name}: no process ever passed {', '.join(missed)}"] if missed else []


async def run(kills: int, seed: int, only: str, town: str) -> int:
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
                for total in [Total(one, kind) for one in TOWNS if one.endswith(town)]:
                    problems = await all_runs(databases, total, place / total.town, kills, seed)
                    if problems:
                        print("\n".join(problems), file=sys.stderr)  # noqa: T201
                        return 1
                    totals.append(total)
            finally:
                end()
    if not only and not town:
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
    parser.add_argument("--kills", type=int, default=200, help="at least so many in each town on each kind of database")
    parser.add_argument("--seed", type=int, default=1, help="draws families, moments and orders")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), default="", help="only this one; writes nothing")
    parser.add_argument("--town", choices=("hour", "afternoon"), default="", help="only this one; writes nothing")
    given = parser.parse_args()
    sys.exit(asyncio.run(run(given.kills, given.seed, given.only, given.town)))


if __name__ == "__main__":
    main()
