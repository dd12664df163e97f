"""The town's one clock: it runs on while every process is dead, and all who live see at once that it was moved."""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from care.clock import MovableClock

_CELL = struct.Struct("<d")
"""How far the school's time is ahead of the machine's monotonic one, in seconds."""


class SharedClock(MovableClock):
    """Reads a file that all processes have open. Whoever moves it, moves it for all."""

    def __init__(self, zone: ZoneInfo, path: Path) -> None:
        with path.open("r+b") as file:
            self._cell = mmap.mmap(file.fileno(), 0)
        super().__init__(zone, self.now())

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.monotonic() + _CELL.unpack_from(self._cell)[0], UTC)

    def jump(self, to: datetime) -> None:
        if to < self.now():
            raise ValueError("the clock only moves ahead")
        _CELL.pack_into(self._cell, 0, to.timestamp() - time.monotonic())


def make_clock(path: Path, start: datetime) -> SharedClock:
    """A clock in a new file; ``start`` is aware."""
    path.write_bytes(_CELL.pack(start.timestamp() - time.monotonic()))
    return SharedClock(start.tzinfo, path)  # type: ignore[arg-type]
