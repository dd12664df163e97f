"""The program under test as real processes: started, killed at a point or at any moment, ended in peace."""

from __future__ import annotations

import asyncio
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
    """One process of the program. ``command`` is ``run``, ``bot`` or ``scheduler``; ``name`` tells two bots apart."""

    def __init__(self, command: str, name: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.command = command
        self.name = name
        self.counts = folder / f"{name}.counts"
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        killed.make_counts(self.counts)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, clock: str, die_at: str = "") -> None:
        """Starts it; ``clock`` is the school's time now, ``die_at`` where it will kill itself (see ``killed.py``)."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AFTERBELL_")}
        own = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
            "AFTERBELL_CLOCK": clock,
            killed.COUNTS: str(self.counts),
            killed.DIE_AT: die_at,
        }
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "reliability.killed",
                self.command,
                cwd=self._folder,
                env={**clean, **self._settings, **own},
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """SIGKILL, at once; does nothing to a process that has died already."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self, seconds: float = 30) -> int:
        """SIGTERM; the exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), seconds)

    async def dies(self, seconds: float) -> int | None:
        """How it died by itself within so many seconds, as a negative signal number; None when it lives on."""
        assert self._process is not None
        try:
            return await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            return None

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]
