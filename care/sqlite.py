"""SQLite for the writer: called on the event loop's own thread, and a slow disk's flush on another.

A statement takes some ten microseconds; handing it to another thread and back, as aiosqlite does four times for each,
takes a hundred, and a greenlet for it twenty. Only the commit waits for the disk, and BEGIN for other programs: neither
of them stops the loop for long. The one writing connection is made so; pages that read much use aiosqlite.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self

from sqlalchemy import URL, CursorResult, Engine, Executable, create_engine, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import StaticPool
from sqlalchemy.util.concurrency import await_, greenlet_spawn, in_greenlet

BUSY_TIMEOUT_S = 15.0
"""How long a transaction waits for another program that writes."""
LOOK_AGAIN_S = 0.02
QUICK_S = 0.002
"""A disk whose last flush took no longer is waited for on the spot; a slower one on a thread, which costs a tenth of a
millisecond and stops nobody."""
TURN_WITHIN_S = 60.0
"""How long one waits for the writing connection."""
LET_GO_S = 2.0
"""How long closing waits for who has it."""
TURN_S = 0.005
"""After so long without a pause, a statement lets the loop's other tasks have their turn."""


def writer_engine(url: str, **how: Any) -> AsyncEngine:
    """The same database, opened by this module's driver."""
    return OnLoopEngine(create_engine(make_url(url).set(drivername="sqlite+onloop"), **how))


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
    """What SQLAlchemy takes for a connection. A commit has a thread of its own, unless the disk is quick."""

    __slots__ = ("_flush_s", "_thread")
    _connection: Any

    isolation_level = None
    """None: transactions are begun by this module alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._flush_s = QUICK_S  # not known yet
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")

    def cursor(self, server_side: bool = False) -> Cursor:
        return self._connection.cursor(Cursor)  # type: ignore[no-any-return]

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Without a pause: who calls it sees to that (``care/prepared.py``)."""
        return self._connection.execute(statement, values).fetchall()  # type: ignore[no-any-return]

    def execute_each(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(statement, values)

    async def breathe(self) -> None:
        """Lets others have their turn, where they have waited for long."""
        pause = self._connection.pause_due()
        if pause is not None:
            await asyncio.sleep(pause)

    @property
    def has_begun(self) -> bool:
        return bool(self._connection.in_transaction)

    async def take(self) -> None:
        """Begins with the write lock, so that nothing read in the transaction can be old when it is written."""
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
            await asyncio.sleep(LOOK_AGAIN_S)

    async def keep(self) -> None:
        """Commits."""
        if self._connection.total_changes == self._connection.before:
            self._connection.commit()  # nothing to flush
        elif self._flush_s < QUICK_S:
            self._flush()
        else:
            await _uncut(asyncio.get_running_loop().run_in_executor(self._thread, self._flush))

    def begin(self) -> None:
        """For who goes SQLAlchemy's way; within ``OnLoopEngine.begin`` it is begun already, and ended."""
        if not self.has_begun:
            await_(self.take())

    def commit(self) -> None:
        if self.has_begun:
            await_(self.keep()) if in_greenlet() else self._connection.commit()

    def _flush(self) -> None:
        """Commits, and notes how long the disk took. Where it raises, the next one goes to the thread."""
        began, self._flush_s = time.monotonic(), QUICK_S
        self._connection.commit()
        self._flush_s = time.monotonic() - began

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
    def get_pool_class(cls, url: URL) -> type[StaticPool]:
        return StaticPool

    def connect(self, *place: Any, **how: Any) -> Any:
        how |= {"factory": Connection, "isolation_level": None, "timeout": 0, "check_same_thread": False}
        return Adapted(sqlite3.connect(*place, **how))

    def do_begin(self, dbapi_connection: Any) -> None:
        dbapi_connection.begin()

    def get_driver_connection(self, connection: Any) -> Any:
        return connection._connection


class OnLoopConnection(AsyncConnection):
    """Runs statements where it is called: there is nothing to wait for, and a greenlet for each costs twice as much as
    the statement. There is one at a time."""

    engine: OnLoopEngine

    async def start(self, is_ctxmanager: bool = False) -> Self:
        await self.engine.take_turn()
        connect = self.sync_engine.connect
        try:
            made = connect() if self.engine.is_open else await greenlet_spawn(connect)  # the first is made by steps
            self.sync_connection = self._assign_proxied(made)
            self.engine.is_open = True
        except BaseException:
            self.engine.turn.release()
            raise
        return self

    async def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> CursorResult[Any]:
        assert self.sync_connection is not None
        adapted = self.adapted
        if not adapted.has_begun:
            if self.sync_connection.in_transaction():
                raise _undone()
            await adapted.take()
        await adapted.breathe()
        return self.sync_connection.execute(statement, parameters, execution_options=execution_options)

    @property
    def adapted(self) -> Adapted:
        assert self.sync_connection is not None
        adapted = self.sync_connection.connection.dbapi_connection
        assert isinstance(adapted, Adapted)
        return adapted

    async def close(self) -> None:
        """What is not committed is undone. A second time does nothing."""
        if self.sync_connection is not None and not self.sync_connection.closed:
            try:
                self.sync_connection.close()
            finally:
                self.engine.turn.release()

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class OnLoopEngine(AsyncEngine):
    """One connection, which its users have in the order in which they asked."""

    _connection_cls = OnLoopConnection

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.turn = asyncio.Lock()
        self.is_open = False

    async def take_turn(self) -> None:
        """Raises TimeoutError when nobody lets go of the connection for ``TURN_WITHIN_S``."""
        async with asyncio.timeout(TURN_WITHIN_S):
            await self.turn.acquire()

    async def dispose(self, close: bool = True) -> None:
        """Closes the connection, once whoever has it is done, or after ``LET_GO_S``. The next one opens it again."""
        is_mine = False
        with suppress(TimeoutError):
            async with asyncio.timeout(LET_GO_S):
                is_mine = await self.turn.acquire()
        try:
            await super().dispose(close)
            self.is_open = False
        finally:
            if is_mine:
                self.turn.release()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[OnLoopConnection]:
        """A transaction, begun and committed by the driver: SQLAlchemy's way there and back costs a tenth of a tap that
        is alone. Raises OperationalError where the database is locked for long, or cannot be written."""
        connection = await OnLoopConnection(self).start()
        assert connection.sync_connection is not None
        try:
            with _named("BEGIN"):
                await connection.adapted.take()
            with connection.sync_connection.begin() as whole:
                yield connection
                if not (whole.is_active and connection.adapted.has_begun):
                    raise _undone()
                with _named("COMMIT"):
                    await connection.adapted.keep()
        finally:
            await connection.close()


def _undone() -> OperationalError:
    """A full disk, or a record that could not be written, undoes a transaction in the middle: nothing may be done as if
    it were there."""
    return OperationalError("COMMIT", None, sqlite3.OperationalError("the transaction has been undone"))


@contextmanager
def _named(statement: str) -> Iterator[None]:
    """The driver's errors as SQLAlchemy raises them."""
    try:
        yield
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error


registry.register("sqlite.onloop", "care.sqlite", "OnLoopDialect")
