"""One school at run time: settings, clock, keys and database. Everything hangs on it; nothing is module state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from care.clock import Clock
from care.keys import Keys
from care.permissions import NOBODY, Actor
from care.work import UnitOfWork

BUSY_TIMEOUT_S = 15


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
    """Called after a commit that posted letters; the sender wakes by it."""

    def called(self, language: str) -> str:
        """The school's name in a language."""
        return self.names.get(language, self.name)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @asynccontextmanager
    async def work(self, actor: Actor = NOBODY) -> AsyncIterator[UnitOfWork]:
        """A transaction. Leaves no trace when the block raises."""
        async with AsyncSession(self.writer, expire_on_commit=False) as session:
            uow = UnitOfWork(self, session, actor)
            async with session.begin():
                yield uow
        if uow.posted:
            self.wake()

    @asynccontextmanager
    async def look(self, actor: Actor = NOBODY) -> AsyncIterator[UnitOfWork]:
        """A transaction that is rolled back: for pages and letters that only read."""
        async with AsyncSession(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield UnitOfWork(self, session, actor)

    async def clear_log(self) -> None:
        """SQLite: moves the write-ahead log into the database and empties it, as far as readers allow."""
        async with self.writer.connect() as connection:
            await connection.rollback()
            driver = await connection.get_raw_connection()
            assert driver.driver_connection is not None
            await driver.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def wake(self) -> None:
        for listener in self.listeners:
            listener()

    async def close(self) -> None:
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


def _prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    """WAL, foreign keys, and our own BEGIN: the driver's would start a write only at the first write, and then fail."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def open_engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """(writer, reader). SQLite has one writing connection, which orders all writers, and some for reading."""
    if url.startswith("sqlite"):
        writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=60, hide_parameters=True)
        reader = create_async_engine(url, pool_size=4, max_overflow=0, pool_timeout=60, hide_parameters=True)
        _prepare_sqlite(writer, "BEGIN IMMEDIATE")
        _prepare_sqlite(reader, "BEGIN")
        return writer, reader
    engine = create_async_engine(url, pool_size=10, max_overflow=5, pool_pre_ping=True, hide_parameters=True)
    return engine, engine
