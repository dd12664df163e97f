"""The network between us and PostgreSQL is cut without a word: what is sent vanishes, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from databases import Databases
from fault_scene import asks, copies, states
from sqlalchemy import make_url
from stage import open_stage

from care.records import InboxState

SOCKET = ".s.PGSQL.5432"


class Cable:
    """Carries connections to PostgreSQL; ``cut`` makes those that are open swallow everything."""

    def __init__(self, far: Path) -> None:
        self.far = far
        self.taken = 0
        self._cut = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """Those open now carry nothing more; new ones work."""
        self._cut.set()
        self._cut = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        there_reader, there_writer = await asyncio.open_unix_connection(str(self.far / SOCKET))
        for source, target in ((reader, there_writer), (there_reader, writer)):
            self._writers.append(target)
            self._tasks.append(asyncio.create_task(self._carry(source, target, self._cut)))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65536):
                if not cut.is_set():
                    target.write(piece)
                    await target.drain()
            if not cut.is_set():
                target.close()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def cabled(url: str, folder: Path) -> AsyncIterator[tuple[str, Cable]]:
    """The same database at an address of its own, by a cable that can be cut."""
    real = make_url(url)
    place = str(real.query["host"])
    cable = Cable(Path(place))
    folder.mkdir(exist_ok=True)
    server = await asyncio.start_unix_server(cable.take, str(folder / SOCKET))
    ours = real.update_query_dict({"host": str(folder)})
    yield ours.render_as_string(hide_password=False), cable
    server.close()
    await cable.end()


async def test_the_network_to_postgresql_is_cut(
    postgres: Databases, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People: the answer comes once a new connection is made, once. Office: nothing to do. Ends by itself: a statement
    that is not answered for a minute (here: two seconds) is given up with its connection, and so is the lead."""
    monkeypatch.setattr("care.school.ANSWERS_WITHIN_S", 2)
    async with cabled(await postgres.fresh(), folder / "cable") as (url, cable), open_stage(url) as stage:
        head = await stage.star("head")
        await asks(head)
        await head.waits_until(lambda: copies(head) == 1, seconds=10)
        before = cable.taken
        cable.cut()
        await asks(head)
        await head.waits_until(lambda: copies(head) == 2, seconds=40)
        assert cable.taken > before
        await stage.calm(30)
        assert copies(head) == 2
        assert await states(stage) == [InboxState.DONE] * 2
