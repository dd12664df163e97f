"""One process of the program as an operator runs it: its output, its signals, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(eq=False)
class Process:
    """One ``afterbell bot``, ``console`` or ``scheduler``. What it prints goes into two files."""

    role: str
    port: int
    out: Path
    log: Path
    os_process: asyncio.subprocess.Process

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lives(self) -> bool:
        return self.os_process.returncode is None

    def says(self, words: str) -> int:
        """How often it logged this."""
        return self.log.read_text().count(words)

    @property
    def errors(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if '"level": "error"' in line or "Traceback" in line]

    async def is_ready(self) -> None:
        await until(lambda: not self.lives or "AfterBell is running" in self.out.read_text(), 60, "the start")
        assert self.lives, self.log.read_text()

    def pause(self) -> None:
        self.os_process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.os_process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        self.os_process.kill()
        await self.os_process.wait()

    async def stop(self) -> float:
        """Asks it to end, as a service manager does; seconds until it had, with exit code 0."""
        began = time.monotonic()
        self.os_process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.os_process.wait(), 10)
        assert code == 0, self.log.read_text()
        return time.monotonic() - began


async def until(holds: Callable[[], bool], seconds: float = 10, what: str = "what was awaited") -> float:
    """Waits until this holds; returns the seconds it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + seconds, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
