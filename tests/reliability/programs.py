"""The program under test as real processes: started, killed at a point or at any moment, ended in peace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from reliability import killed

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One process of the program, and the one that bears it (see ``killed.py``). ``command`` is ``run``, ``bot`` or
    ``scheduler``; ``name`` tells two bots apart."""

    def __init__(self, command: str, name: str, folder: Path, settings: Mapping[str, str], clock: Path) -> None:
        self.command = command
        self.name = name
        self.counts = folder / f"{name}.counts"
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._pid = 0
        self._ended: asyncio.Task[int] | None = None
        killed.make_counts(self.counts)

    async def open(self) -> None:
        """Loads the code. No process runs yet."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AFTERBELL_")}
        self._environment = {**clean, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
        with self.log.open("ab") as log:
            self._mother = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "reliability.killed",
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )

    async def close(self) -> None:
        """Nothing is left running."""
        await self.kill()
        self._mother.kill()
        await self._mother.wait()

    @property
    def alive(self) -> bool:
        return self._ended is not None and not self._ended.done()

    async def start(self, die_at: str = "") -> None:
        """Starts it; ``die_at``: where it will kill itself (see ``killed.py``)."""
        environment = {**self._environment, **self._settings}
        birth = killed.Birth(self.command, environment, str(self.log), str(self.counts), str(self._clock), die_at)
        assert self._mother.stdin is not None
        self._mother.stdin.write(birth.line())
        self._pid = await self._told()
        self._ended = asyncio.create_task(self._told())

    async def _told(self) -> int:
        assert self._mother.stdout is not None
        return int(await self._mother.stdout.readline())

    async def kill(self) -> None:
        """SIGKILL, at once; does nothing to a process that has died already."""
        if self._ended is not None and not self._ended.done():
            self._signal(signal.SIGKILL)
            await self._ended

    async def end(self, seconds: float = 30) -> int:
        """SIGTERM; the exit status."""
        assert self._ended is not None
        if not self._ended.done():
            self._signal(signal.SIGTERM)
        return await asyncio.wait_for(self._ended, seconds)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has just died, and that is about to be told
            os.kill(self._pid, number)

    async def dies(self, seconds: float) -> int | None:
        """How it died by itself within so many seconds, as a negative signal number; None when it lives on."""
        assert self._ended is not None
        await asyncio.wait([self._ended], timeout=seconds)
        return self._ended.result() if self._ended.done() else None

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]
