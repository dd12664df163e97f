"""Who watches the school day hears that something in it has changed: here at once, from other processes by the
database. It is not said what: who hears it looks at the records again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from care.school import School

CHANGED = "afterbell_changed"
"""PostgreSQL's channel by which a process hears that another has changed something in the day."""
BEAT_S = 2.0
ANSWERS_WITHIN_S = 5.0
STILL_THERE = text("SELECT 1")

log = structlog.get_logger()


class Changes:
    """Those who watch, each by a function that is called after a commit that changed the day. It must be quick."""

    def __init__(self) -> None:
        self._watchers: set[Callable[[], None]] = set()
        self.closed = False
        """The house is being shut: there is nothing more to wait for."""

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Calls ``told`` after each change; returns how to stop that."""
        self._watchers.add(told)
        return lambda: self._watchers.discard(told)

    def tell(self) -> None:
        for told in tuple(self._watchers):
            told()

    def close(self) -> None:
        """Wakes all who watch, for the last time."""
        self.closed = True
        self.tell()


async def on_notice(connection: AsyncConnection, channel: str, heard: Callable[[], None]) -> None:
    """PostgreSQL: calls ``heard`` for each notice of a channel, as long as the connection lives."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.add_listener(channel, lambda *_: heard())


async def hear_others(school: School) -> None:
    """Passes on what other processes have changed, until cancelled. After the database was away, everybody looks again:
    nobody knows what was missed. SQLite has one process, which knows."""
    while not school.is_sqlite:
        try:
            async with school.reader.connect() as connection:
                try:
                    await on_notice(connection, CHANGED, school.changes.tell)
                    school.changes.tell()
                    while True:
                        async with asyncio.timeout(ANSWERS_WITHIN_S):
                            await connection.execute(STILL_THERE)
                            await connection.rollback()
                        await asyncio.sleep(BEAT_S)
                finally:  # it listens: never give it back to the pool
                    await connection.invalidate()
        except Exception as error:  # noqa: BLE001 - the database is away: another try when it may be back
            log.warning("changes made elsewhere cannot be heard", error=type(error).__name__)
        await asyncio.sleep(BEAT_S)
