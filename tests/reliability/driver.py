"""One busy hour: the town talks, the program is killed and started again and again, until all is done."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from databases import KEY, make_school
from sqlalchemy import func, or_, select

from afterbell import demo
from care.calendar import load_calendar
from care.clock import stopped_clock
from care.records import InboxState, Letter, LetterState, Mark, Update
from care.school import POINTS, School
from reliability import cast, killed
from reliability.people import Pace
from reliability.programs import Program, free_port
from reliability.town import Town
from reliability.witness import TOKEN, Witness, open_witness
from webchat.server import create_app, serve

RANDOM = "any moment"
TICK_POINTS = ("posting", "posted")
MOST_PASSES = {"received": 4, "stored": 4, "posting": 3, "posted": 3}
"""A process dies when it passes its point for the n-th time; n is drawn up to this, or to ``PASSES``."""
PASSES = 25
RANDOM_LIFE_S = 6.5
"""A process killed at any moment lives up to this long: it may not even have started."""
POINT_S = 40
"""So long a process may take to come to the point where it is to die."""
FINISH_S = 120
QUIET_S = 90


@dataclass(frozen=True)
class Plan:
    """What is done in one hour. ``commands``: the processes, ``run`` alone or ``bot`` beside ``scheduler``, which is
    last. ``kills``: points, or ``RANDOM``, in order."""

    commands: tuple[str, ...]
    kills: tuple[str, ...]
    seed: int
    at_once: int = 14
    pace: Pace = field(default_factory=Pace)


@dataclass
class Hour:
    """What came of it. ``reached``: how often each point was passed; ``stuck``: what went wrong on the way."""

    plan: Plan
    witness: Witness
    town: Town
    database: str
    kills: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)
    ends_at: datetime = demo.START


class SchoolTime:
    """The clock that each started process is given: it runs on while nobody is there, and can be moved ahead."""

    def __init__(self) -> None:
        self._origin, self._since = demo.START, time.monotonic()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=time.monotonic() - self._since)

    def jump(self, to: datetime) -> None:
        self._origin, self._since = max(to, self.now()), time.monotonic()


async def run_hour(database: str, folder: Path, plan: Plan) -> Hour:
    """Runs one hour on a database that holds the demonstration school; an SQLite file is copied to where the program
    has its own. The processes are ended when this returns, however it returns."""
    database, settings = _settings(database, folder)
    school = make_school(database)
    chosen = await cast.choose(school, plan.seed)
    await cast.make_ready(school)
    async with school.look() as uow:
        calendar = await load_calendar(uow)
    witness = open_witness()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(school.close)
        api = await stack.enter_async_context(serve(create_app(witness.world)))
        settings["AFTERBELL_TELEGRAM_API"] = api
        programs = [Program(c, f"{c}-{n}", folder, settings) for n, c in enumerate(plan.commands, 1)]
        for program in programs:
            stack.push_async_callback(program.kill)
        town = Town(witness, chosen, plan.pace, plan.at_once, plan.seed)
        town.open()
        stack.push_async_callback(town.close)
        hour = Hour(plan, witness, town, database)
        clock = SchoolTime()
        days = [day for n in range(1, 13) if calendar.is_school_day(day := (demo.START + timedelta(days=n)).date())]
        await _Executioner(hour, programs, clock, [datetime.combine(d, demo.START.timetz()) for d in days]).all_kills()
        await _to_the_end(hour, programs, clock, school)
    return hour


def _settings(database: str, folder: Path) -> tuple[str, dict[str, str]]:
    data = folder / "data"
    data.mkdir(mode=0o700)
    settings = {
        "AFTERBELL_DATA_DIR": str(data),
        "AFTERBELL_SECRET_KEY": KEY,
        "AFTERBELL_TELEGRAM_TOKEN": TOKEN,
        "AFTERBELL_PORT": str(free_port()),
    }
    if not database.startswith("sqlite"):
        return database, {**settings, "AFTERBELL_DATABASE_URL": database}
    own = data / "afterbell.sqlite"
    shutil.copyfile(database.partition(":///")[2], own)
    return f"sqlite+aiosqlite:///{own}", settings


class _Executioner:
    """Kills as the plan says."""

    def __init__(self, hour: Hour, programs: Sequence[Program], clock: SchoolTime, days: list[datetime]) -> None:
        self.hour = hour
        self.programs = programs
        self.clock = clock
        self.days = days
        self.rng = Random(hour.plan.seed)

    async def all_kills(self) -> None:
        for kill in self.hour.plan.kills:
            await self._one(kill)
            if self.hour.stuck:
                return

    async def _one(self, kill: str) -> None:
        victim = self.programs[-1] if kill in TICK_POINTS else self.programs[0]
        if kill == RANDOM:
            victim = self.rng.choice(self.programs)
        if kill in TICK_POINTS and self.days:  # another day: something is due, and all processes must know the day
            self.clock.jump(self.days.pop(0))
            for other in self.programs:
                await self._kill(other)
        elif kill != RANDOM:
            await self._kill(victim)
        for program in self.programs:
            if not program.alive:
                times = self.rng.randint(1, MOST_PASSES.get(kill, PASSES))
                die_at = f"{kill}:{times}" if program is victim and kill != RANDOM else ""
                await program.start(self.clock.now().isoformat(), die_at)
        if kill == RANDOM:
            if await victim.dies(self.rng.uniform(0.1, RANDOM_LIFE_S)) is not None:
                self._fell(victim)
            await self._kill(victim)
        elif (status := await victim.dies(POINT_S)) == -signal.SIGKILL:
            self.hour.kills[kill] += 1
        elif status is None:
            self.hour.stuck.append(f"process {victim.name} never came to “{kill}”\n{victim.last_words()}")
        else:
            self._fell(victim)

    async def _kill(self, program: Program) -> None:
        if program.alive:
            await program.kill()
            self.hour.kills[RANDOM] += 1

    def _fell(self, program: Program) -> None:
        self.hour.stuck.append(f"process {program.name} ended by itself\n{program.last_words()}")


async def _to_the_end(hour: Hour, programs: Sequence[Program], clock: SchoolTime, school: School) -> None:
    """A last life without a kill: the town comes to its end, everything waiting is done, the program stops in peace."""
    for program in programs:
        if not program.alive:
            await program.start(clock.now().isoformat())
    since = clock.now()
    if not hour.stuck:
        hour.stuck += await hour.town.finish(FINISH_S)
    if not hour.stuck:
        hour.stuck += await _until_quiet(hour, school, since)
    await hour.town.close()
    for program in programs:
        if (status := await program.end()) != 0:
            hour.stuck.append(f"process {program.name} ended with status {status}\n{program.last_words()}")
        hour.reached.update(killed.read_counts(program.counts))
    hour.ends_at = clock.now()


async def _until_quiet(hour: Hour, school: School, since: datetime) -> list[str]:
    """Waits until nothing waits any more and the clock has ticked in this life."""
    deadline = time.monotonic() + QUIET_S
    left: tuple[int, ...] = ()
    while time.monotonic() < deadline:
        async with school.look() as uow:
            mark = await uow.session.get(Mark, "clock")
            updates = select(func.count()).where(Update.state == InboxState.WAITING)
            moving = or_(Letter.state == LetterState.WAITING, Letter.state == LetterState.SENDING)
            letters = select(func.count()).where(moving)
            left = (await uow.session.scalar(updates) or 0, await uow.session.scalar(letters) or 0)
        ticked = mark is not None and datetime.fromisoformat(mark.value) > since
        if left == (0, 0) and not hour.witness.unconfirmed and ticked:
            return []
        await asyncio.sleep(0.3)
    return [f"after {QUIET_S} s of quiet {left[0]} updates and {left[1]} letters still wait"]


def stopped_at(hour: Hour) -> School:
    """The school's database as the hour left it; its clock stands at the hour's end."""
    return make_school(hour.database, stopped_clock(demo.START.tzinfo, hour.ends_at))  # type: ignore[arg-type]


def unreached(hour: Hour) -> list[str]:
    """The points that no process of the hour has passed."""
    return [point for point in POINTS if not hour.reached[point]]
