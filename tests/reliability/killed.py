"""The program as an operator starts it, except that it may be told to die: ``python -m reliability.killed run``.

Each time the program passes one of the points that ``care.school.POINTS`` names, this is counted in a file that
survives the death. When the chosen point is passed for the chosen time, the process ends by SIGKILL, there and then.
The variables that choose are read here and nowhere else; without them the program runs as it is, only that its messages
go out at a quicker pace, and nothing is tidied away.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from afterbell.command import main
from bot.wire.budget import Limits
from care import tidy
from care.school import POINTS, School

DIE_AT = "RELIABILITY_DIE_AT"
"""Where to die: a point and the how-manieth time it is passed in this process, like ``stored:3``."""
COUNTS = "RELIABILITY_COUNTS"
"""The file in which passed points are counted, made by ``make_counts``."""
_CELL = struct.Struct("<Q")


def make_counts(path: Path) -> None:
    """An empty count of every point."""
    path.write_bytes(bytes(_CELL.size * len(POINTS)))


def read_counts(path: Path) -> dict[str, int]:
    """How often each point has been passed, in all processes that counted in this file."""
    content = path.read_bytes()
    return {point: _CELL.unpack_from(content, i * _CELL.size)[0] for i, point in enumerate(POINTS)}


def death(counts: str, die_at: str) -> Callable[[str], None]:
    """What is called at each point: counts it, and dies at the chosen one."""
    with open(counts, "r+b") as file:
        cells = mmap.mmap(file.fileno(), 0)
    where, _, times = die_at.partition(":")
    left = {where: int(times)} if where else {}

    def reached(point: str) -> None:
        place = POINTS.index(point) * _CELL.size
        _CELL.pack_into(cells, place, _CELL.unpack_from(cells, place)[0] + 1)
        if point in left:
            left[point] -= 1
            if left[point] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


def install(reached: Callable[[str], None]) -> None:
    """Gives the hook to every school that this process opens."""
    plain = School.__init__

    def made(school: School, *args: Any, **settings: Any) -> None:
        plain(school, *args, **settings)
        school.reached = reached

    setattr(School, "__init__", made)  # noqa: B010 - a plain assignment to a method is what the type checker forbids


def hurry(overall_per_s: float = 1000.0, chat_per_s: float = 100.0) -> None:
    """Lifts the pace that Telegram asks for: these people talk much faster than real ones."""
    Limits.__init__.__defaults__ = (overall_per_s, chat_per_s, chat_per_s)


def keep_books() -> None:
    """Nothing that has been handled is tidied away, though the days go by: it is to be accounted for."""
    tidy.INBOX_KEPT = timedelta(days=365)


if __name__ == "__main__":
    hurry()
    keep_books()
    if COUNTS in os.environ:
        install(death(os.environ[COUNTS], os.environ.get(DIE_AT, "")))
    main()
