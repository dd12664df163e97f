"""Who leads, that is, polls and sends: one process of all that serve a school. SQLite has one process, which leads.

PostgreSQL: an advisory lock on a connection of its own makes one process the leader, and goes to another when that
process or its connection ends. A leader that only stands still loses the lock by the server's clock, and knows by its
own that it no longer leads. By the same connection a process hears that another one has posted letters.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.changes import on_notice
from care.school import School
from care.work import POSTED

LOCK = 0x6166746265
BEAT_S = 0.5
LEASE_S = 2.0
"""A leader that has not reached the database for so long does nothing more as the leader."""
SERVER_WAITS_S = 4
"""The server ends a silent leader's connection after so long; later than the lease, so that a leader that stood still
knows it first. Only one whose connection is ended from outside may lead for another beat beside its successor."""
KEEP_BRIEF = text(f"SET idle_session_timeout = '{SERVER_WAITS_S}s'")
TRY = text("SELECT pg_try_advisory_lock(:key)")
BEAT = text("SELECT 1")

log = structlog.get_logger()


def elapsed() -> float:
    """Seconds of a clock that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Leader:
    """Whether this process leads now. ``wake`` is called when it begins to, and when something was posted elsewhere."""

    def __init__(self, school: School, wake: Callable[[], None]) -> None:
        self.school = school
        self._wake = wake
        self._until = float("inf") if school.is_sqlite else 0.0
        self.since = elapsed()

    def leads(self) -> bool:
        return elapsed() < self._until

    def may_judge(self) -> bool:
        """Whether a leader before this one has surely stopped: what it was sending has a fate that nobody knows."""
        return self.leads() and (self.school.is_sqlite or elapsed() > self.since + LEASE_S)

    async def run(self) -> None:
        """Tries to lead, and stays in touch, until cancelled."""
        while not self.school.is_sqlite:
            try:
                async with self.school.writer.connect() as connection:
                    try:
                        await self._hold(connection)
                    finally:  # the lock lives as long as its connection: never give it back to the pool
                        self._until = 0.0
                        await connection.invalidate()
            except Exception as error:  # noqa: BLE001 - the database is away: another try when it may be back
                log.warning("the lead is lost or cannot be asked for", error=type(error).__name__)
            await asyncio.sleep(BEAT_S)

    async def _hold(self, connection: AsyncConnection) -> None:
        await connection.execute(KEEP_BRIEF)
        await connection.commit()
        await on_notice(connection, POSTED, self._wake)
        mine = False
        while True:
            began = elapsed()
            async with asyncio.timeout(LEASE_S):  # an answer that does not come is no answer: the network may be cut
                if mine:
                    await connection.execute(BEAT)
                elif await connection.scalar(TRY, {"key": LOCK}):
                    mine = True
                    self.since = began
                    log.info("this process sends now")
                await connection.commit()
            if mine:
                was_leading = self.leads()
                self._until = began + LEASE_S
                if not was_leading:
                    self._wake()
            await asyncio.sleep(BEAT_S)
