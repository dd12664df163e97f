"""The clock door: APScheduler only ticks; what is due is derived in ``due.py``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from care.clock import Clock, MovableClock
from care.marks import note
from care.school import School
from care.tidy import tidy
from scheduler import due
from scheduler.parts import by_itself

EVERY_S = 5
FIRST_AFTER_S = 1.0
"""What came due while nothing ran waits no longer than this after a start."""
CLEAR_LOG_EVERY = 12
"""Ticks between two clearings of SQLite's write-ahead log: once a minute."""


class Ticker:
    """Ticks every few seconds, never two at once; a part that fails is logged, and the next tick tries it again.
    ``first``: what else is done at each tick, before what is due is looked for."""

    def __init__(
        self, school: School, every_s: float = EVERY_S, first: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.school = school
        self._first = first
        self._ticks = 0
        self._in_hand = asyncio.Lock()
        self._scheduler = AsyncIOScheduler(timezone=school.zone)
        self._every_s = every_s

    @property
    def running(self) -> bool:
        return bool(self._scheduler.running)

    def start(self) -> None:
        machine = Clock(self.school.zone)  # APScheduler goes by its time, whatever the school's clock shows
        first = machine.now() + timedelta(seconds=min(self._every_s, FIRST_AFTER_S))
        how = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None, "next_run_time": first}
        self._scheduler.add_job(self.tick, "interval", seconds=self._every_s, **how)
        self._scheduler.start()

    async def stop(self, within_s: float) -> None:
        """No tick begins any more; the one in hand has so many seconds to come to its end, and is cut off then."""
        self._scheduler.pause()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._in_hand:
                pass
        self._scheduler.shutdown(wait=False)

    async def tick(self) -> None:
        async with self._in_hand:
            if self._first is not None:
                await by_itself("first", self._first())
            await due.tick(self.school)
            await by_itself("tidy", tidy(self.school))
            await by_itself("clock", save_clock(self.school))
            await by_itself("log", self._clear_log())

    async def _clear_log(self) -> None:
        """SQLite: empties the write-ahead log now and then, so that words already deleted do not linger in it."""
        self._ticks += 1
        if self.school.is_sqlite and self._ticks % CLEAR_LOG_EVERY == 0:
            await self.school.clear_log()


async def save_clock(school: School) -> None:
    """Remembers where a movable clock stands, so that a restart goes on from there and never back."""
    if isinstance(school.clock, MovableClock):
        async with school.work() as uow:
            await note(uow, "clock", uow.now.isoformat())
