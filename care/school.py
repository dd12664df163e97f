"""One school at run time: settings, clock, keys and database. Everything hangs on it; nothing is module state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event, func, select
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from care.changes import CHANGED, Changes
from care.clock import Clock
from care.day.now import day_now
from care.keys import Keys
from care.permissions import NOBODY, Actor
from care.prepared import say
from care.sqlite import writer_engine
from care.work import POSTED, UnitOfWork

STANDS_STILL_S = 5
"""PostgreSQL: how long a transaction may wait for its own process, which was paused, or cut off by the network: what it
has locked keeps others waiting."""
READERS_HAVE_MS = 2000
"""SQLite: how long the emptying of its log waits for those who read."""
ASKED_AFTER_S = 1.0
"""PostgreSQL: a connection that has rested for so long is asked whether it still lives before it is used."""
ANSWERS_WITHIN_S = 60
"""PostgreSQL: a statement that is not answered for so long was sent into a network that is cut."""
TELL_OTHERS = {
    (True, False): f"SELECT pg_notify('{POSTED}', '')",
    (False, True): f"SELECT pg_notify('{CHANGED}', '')",
    (True, True): f"SELECT pg_notify('{POSTED}', ''), pg_notify('{CHANGED}', '')",
}
"""PostgreSQL: by whether letters were posted, and whether something in the day was changed."""
POINTS = (
    "received",  # updates are here, and nowhere else
    "stored",  # written down, not committed
    "handled",  # an update is handled, not committed
    "settled",  # fates of letters are written down, not committed
    "taken",  # all of a round is done, not committed
    "committed",  # nothing confirmed, no letter sent
    "calling",  # a letter is marked, its call not begun
    "called",  # the call is answered, which nobody else knows
    "posting",  # a tick has posted letters, not committed
    "posted",  # and committed
)
"""Moments between two durable steps. What a kill at each of them leads to stands in docs/reliability.md."""


@dataclass
class School:
    """The house: ``work`` opens a transaction that commits at the end, ``look`` one that only reads."""

    name: str
    zone: ZoneInfo
    language: str
    clock: Clock
    keys: Keys
    writer: AsyncEngine
    reader: AsyncEngine
    address: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """The school's name by language, where it has several."""
    bot_name: str = ""
    """The Telegram bot's user name, once it is known."""
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Called after a commit that posted letters; the wire wakes by it."""
    changes: Changes = field(default_factory=Changes)
    """Tells who watches the day, after a commit that changed something in it."""
    reached: Callable[[str], None] = lambda point: None
    """Called at each of ``POINTS``: does nothing, unless a test ends the process there."""

    def called(self, language: str) -> str:
        """The school's name in a language."""
        return self.names.get(language, self.name)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @asynccontextmanager
    async def work(self, actor: Actor = NOBODY) -> AsyncIterator[UnitOfWork]:
        """A transaction. Leaves no trace when the block raises."""
        async with self.writer.begin() as connection:
            uow = UnitOfWork(self, connection, actor)
            uow.day = await day_now(uow)
            yield uow
            await uow.write()
            if (uow.posted or uow.changed) and not self.is_sqlite:
                await say(connection, TELL_OTHERS[uow.posted, uow.changed])
        if uow.posted:
            self.wake()
        if uow.changed:
            self.changes.tell()

    @asynccontextmanager
    async def look(self, actor: Actor = NOBODY) -> AsyncIterator[UnitOfWork]:
        """A transaction that is rolled back: for pages and letters that only read."""
        async with self.reader.connect() as connection:
            uow = UnitOfWork(self, connection, actor, autoflush=False)
            uow.day = await day_now(uow)
            yield uow

    async def clear_log(self) -> None:
        """SQLite: moves the write-ahead log into the database and empties it, as far as readers allow."""
        async with self.writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            for pragma in (f"busy_timeout={READERS_HAVE_MS}", "wal_checkpoint(TRUNCATE)", "busy_timeout=0"):
                await asyncio.to_thread(driver.execute, f"PRAGMA {pragma}")

    def wake(self) -> None:
        for listener in self.listeners:
            listener()

    async def close(self) -> None:
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


async def take_turn(uow: UnitOfWork, lock: int) -> None:
    """Waits until no other process is at the same large piece of work (an import), which may then take its time
    between two statements."""
    if not uow.school.is_sqlite:  # there one process has the file
        unhurried = func.set_config("idle_in_transaction_session_timeout", "0", True)
        await uow.connection.execute(select(func.pg_advisory_xact_lock(lock), unhurried))


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """WAL, foreign keys, and every commit on the disk before it returns."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        if connection.isolation_level is not None:
            connection.isolation_level = None  # its own BEGIN would come too late, and fail
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _ask_rested(engine: AsyncEngine) -> None:
    """As ``pool_pre_ping``, whose question takes three trips, but not for a connection that was used a moment ago."""

    @event.listens_for(engine.sync_engine, "checkin")
    def _rests(_: object, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def _ask(connection: Any, record: Any, _: object) -> None:
        since = record.info.get("rests_since")  # none: it has just been made
        if since is not None and time.monotonic() - since > ASKED_AFTER_S:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:  # whatever it says, a new one takes its place
                raise InvalidatePoolError() from error


def open_engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """(writer, reader). SQLite has one writing connection, which orders all writers, and some for reading. PostgreSQL
    undoes what a writer began that then stands still; a reader holds up nobody."""
    if url.startswith("sqlite"):
        writer = writer_engine(url, hide_parameters=True)
        reader = create_async_engine(url, pool_size=4, max_overflow=0, pool_timeout=60, hide_parameters=True)
        _prepare_sqlite(writer)
        _prepare_sqlite(reader)
        event.listen(reader.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return writer, reader
    alive = {"command_timeout": ANSWERS_WITHIN_S}
    brief = {**alive, "server_settings": {"idle_in_transaction_session_timeout": f"{STANDS_STILL_S}s"}}
    writer = create_async_engine(url, pool_size=5, max_overflow=10, connect_args=brief, hide_parameters=True)
    reader = create_async_engine(url, pool_size=10, max_overflow=5, connect_args=alive, hide_parameters=True)
    _ask_rested(writer)
    _ask_rested(reader)
    return writer, reader
