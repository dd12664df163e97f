"""The program's processes, killed and started again and again beside people who go on as if nothing had happened."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from databases import KEY, make_school
from sqlalchemy import func, or_, select

from afterbell import demo
from care.clock import stopped_clock
from care.records import InboxState, Letter, LetterState, Mark, Update
from care.school import POINTS, School
from reliability import killed
from reliability.clock import SharedClock, make_clock
from reliability.people import Pace
from reliability.programs import Program, free_port
from reliability.witness import TOKEN, Witness, open_witness
from webchat.server import create_app, serve

RANDOM = "any moment"
TICK_POINTS = ("posting", "posted")
MOST_PASSES = {"received": 4, "stored": 4, "posting": 3, "posted": 3}
"""A process dies when it passes its point for the n-th time; n is drawn up to this, or to ``PASSES``."""
PASSES = 25
RANDOM_LIFE_S = (0.02, 2.5)
"""A process killed at any moment lives so long: it may not even have started."""
POINT_S = 40
"""So long a process may take to come to the point where it is to die."""
QUIET_S = 90


@dataclass(frozen=True)
class Plan:
    """What is done in one run. ``commands``: the processes, ``run`` alone or ``bot`` beside ``scheduler``, which is
    last. ``kills``: points, or ``RANDOM``, in order."""

    commands: tuple[str, ...]
    kills: tuple[str, ...]
    seed: int
    pace: Pace = field(default_factory=Pace)


@dataclass
class Run:
    """What came of it. ``reached``: how often each point was passed; ``stuck``: what went wrong on the way."""

    plan: Plan
    witness: Witness
    database: str
    kills: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)
    ends_at: datetime = demo.START

    def school(self) -> School:
        """The database as the run left it; its clock stands at the run's end."""
        return make_school(self.database, stopped_clock(demo.START.tzinfo, self.ends_at))  # type: ignore[arg-type]

    def unreached(self) -> list[str]:
        """The points that no process has passed."""
        return [point for point in POINTS if not self.reached[point]]


class Scene:
    """The processes, how they are killed, and what they leave."""

    def __init__(self, run: Run, school: School, clock: SharedClock, programs: Sequence[Program]) -> None:
        self.run, self.school, self.clock, self.programs = run, school, clock, programs
        self.rng = Random(run.plan.seed)

    async def arm(self, kill: str, most: int = PASSES) -> Program:
        """Chooses who dies, and starts every process that is dead; the victim of a point dies there by itself, when it
        passes it for the ``most``-th time at the latest."""
        victim = self.programs[-1] if kill in TICK_POINTS else self.programs[0]
        if kill == RANDOM:
            victim = self.rng.choice(self.programs)
        else:
            await self._kill(victim)
        times = self.rng.randint(1, min(most, MOST_PASSES.get(kill, PASSES)))
        await self.start(victim, f"{kill}:{times}" if kill != RANDOM else "")
        return victim

    async def start(self, victim: Program | None = None, die_at: str = "") -> None:
        """Starts every process that is dead."""
        for program in self.programs:
            if not program.alive:
                await program.start(die_at if program is victim else "")

    async def falls(self, victim: Program, kill: str) -> None:
        """Waits until the victim has died as it should."""
        if kill == RANDOM:
            if await victim.dies(self.rng.uniform(*RANDOM_LIFE_S)) is not None:
                self._fell(victim)
            await self._kill(victim)
        elif (status := await victim.dies(POINT_S)) == -signal.SIGKILL:
            self.run.kills[kill] += 1
        elif status is None:
            self.run.stuck.append(f"process {victim.name} never came to “{kill}”\n{victim.last_words()}")
        else:
            self._fell(victim)

    async def _kill(self, program: Program) -> None:
        if program.alive:
            await program.kill()
            self.run.kills[RANDOM] += 1

    def _fell(self, program: Program) -> None:
        self.run.stuck.append(f"process {program.name} ended by itself\n{program.last_words()}")

    async def to_the_end(self, people: Awaitable[list[str]]) -> None:
        """A last life without a kill: ``people`` come to their end (what they are stuck in is returned), everything
        waiting is done, the program stops in peace."""
        await self.start()
        self.run.stuck += await people
        if not self.run.stuck:
            self.run.stuck += await self.until_quiet()
        for program in self.programs:
            if (status := await program.end()) != 0:
                self.run.stuck.append(f"process {program.name} ended with status {status}\n{program.last_words()}")
            self.run.reached.update(killed.read_counts(program.counts))
        self.run.ends_at = self.clock.now()

    async def until_quiet(self, ticks: bool = True) -> list[str]:
        """Waits until nothing waits any more, and (``ticks``) the clock has ticked from now on."""
        since, deadline = self.clock.now(), time.monotonic() + QUIET_S
        left: tuple[int, ...] = ()
        ended = set[str]()
        """The moments at which ticks have ended since; the first of them may have begun before."""
        while time.monotonic() < deadline:
            async with self.school.look() as uow:
                mark = await uow.session.get(Mark, "clock")
                updates = select(func.count()).where(Update.state == InboxState.WAITING)
                moving = or_(Letter.state == LetterState.WAITING, Letter.state == LetterState.SENDING)
                letters = select(func.count()).where(moving)
                left = (await uow.session.scalar(updates) or 0, await uow.session.scalar(letters) or 0)
            if mark is not None and datetime.fromisoformat(mark.value) > since:
                ended.add(mark.value)
            if left == (0, 0) and not self.run.witness.unconfirmed and len(ended) >= (2 if ticks else 0):
                return []
            await asyncio.sleep(0.05)
        return [f"after {QUIET_S} s of quiet {left[0]} updates and {left[1]} letters still wait"]


@asynccontextmanager
async def open_scene(database: str, folder: Path, plan: Plan) -> AsyncIterator[Scene]:
    """A scene on a database that holds the demonstration school; an SQLite file is copied to where the program has its
    own. No process runs yet; all are ended with the scene."""
    database, settings = _settings(database, folder)
    school = make_school(database)
    witness = open_witness()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(school.close)
        settings["AFTERBELL_TELEGRAM_API"] = await stack.enter_async_context(serve(create_app(witness.world)))
        at = folder / "clock"
        clock = make_clock(at, demo.START)
        programs = [Program(c, f"{c}-{n}", folder, settings, at) for n, c in enumerate(plan.commands, 1)]
        for program in programs:
            await program.open()
            stack.push_async_callback(program.close)
        yield Scene(Run(plan, witness, database), school, clock, programs)


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
