"""SQLite for the writer: called on the event loop's own thread, and only the flush to disk on another.

A statement takes some ten microseconds; handing it to another thread and back, as aiosqlite does four times for each,
takes a hundred. Only the commit waits for the disk, and BEGIN for other programs: neither of them stops the loop. The
one writing connection is made so; pages that read much use aiosqlite.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util.concurrency import await_, in_greenlet

BUSY_TIMEOUT_S = 15.0
"""How long a transaction waits for another program that writes."""
LOOK_AGAIN_S = 0.02
TURN_S = 0.005
"""After so long without a pause, a statement lets the loop's other tasks have their turn."""


def writer_url(url: str) -> URL:
    """The same database, opened by this module's driver."""
    return make_url(url).set(drivername="sqlite+onloop")


async def _pause(seconds: float | None) -> None:
    if seconds is not None:
        await asyncio.sleep(seconds)


class Cursor(sqlite3.Cursor):
    """A plain cursor that pauses between statements where the loop has waited for long."""

    def execute(self, *statement: Any) -> Cursor:
        super().execute(*statement)
        self._breathe()
        return self

    def executemany(self, *statement: Any) -> Cursor:
        super().executemany(*statement)
        self._breathe()
        return self

    def _breathe(self) -> None:
        """Awaits in any case: SQLAlchemy holds a driver that never does for one that is not asynchronous."""
        if in_greenlet():
            connection = self.connection
            assert isinstance(connection, Connection)
            await_(_pause(connection.pause_due()))

    async def _async_soft_close(self) -> None:
        """Rows are in memory or one call away: there is nothing to close early."""


class Connection(sqlite3.Connection):
    """Knows when the loop last had its turn."""

    breathed = 0.0
    before = 0
    """Rows changed before the transaction began."""

    def pause_due(self) -> float | None:
        """Seconds to pause now; None while the loop has not waited for long."""
        now = time.monotonic()
        if now - self.breathed < TURN_S:
            return None
        self.breathed = now
        return 0.0


class Adapted(AdaptedConnection):
    """What SQLAlchemy takes for a connection: statements here, commits on a thread of its own."""

    __slots__ = ("_thread",)
    _connection: Any

    isolation_level = None
    """None: transactions are begun by this module alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")

    def cursor(self, server_side: bool = False) -> Cursor:
        cursor: Cursor = self._connection.cursor(Cursor)
        return cursor

    def execute(self, statement: str, parameters: Any = ()) -> Cursor:
        return self.cursor().execute(statement, parameters)

    def begin(self) -> None:
        """Takes the write lock, so that nothing read in the transaction can be old when it is written."""
        until = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            else:
                self._connection.breathed = time.monotonic()
                self._connection.before = self._connection.total_changes
                return
            await_(_pause(LOOK_AGAIN_S))

    def commit(self) -> None:
        if self._connection.total_changes == self._connection.before or not in_greenlet():
            self._connection.commit()  # nothing to flush, or nobody to keep waiting
        else:
            await_(_uncut(asyncio.get_running_loop().run_in_executor(self._thread, self._connection.commit)))

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._connection.rollback()  # a cursor that somebody still holds would keep the lock beyond the close
        self._connection.close()

    def create_function(self, *function: Any, **how: Any) -> None:
        self._connection.create_function(*function, **how)


async def _uncut(work: asyncio.Future[None]) -> None:
    """Waits to the end even when cancelled: a commit half-way must not share its connection with a rollback."""
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise
    work.result()


class OnLoopDialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's SQLite with the connections of this module."""

    driver = "onloop"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[AsyncAdaptedQueuePool]:
        return AsyncAdaptedQueuePool

    def connect(self, *place: Any, **how: Any) -> Any:
        how |= {"factory": Connection, "isolation_level": None, "timeout": 0, "check_same_thread": False}
        return Adapted(sqlite3.connect(*place, **how))

    def do_begin(self, dbapi_connection: Any) -> None:
        dbapi_connection.begin()

    def do_savepoint(self, connection: Any, name: str) -> None:
        connection.connection.execute(f"SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: Any, name: str) -> None:
        connection.connection.execute(f"ROLLBACK TO SAVEPOINT {name}")

    def do_release_savepoint(self, connection: Any, name: str) -> None:
        connection.connection.execute(f"RELEASE SAVEPOINT {name}")

    def get_driver_connection(self, connection: Any) -> Any:
        return connection._connection


registry.register("sqlite.onloop", "care.sqlite", "OnLoopDialect")
