"""The program as an operator starts it, except that it may be told to die, and starts from memory.

``python -m reliability.killed`` loads the code, and waits. For each line that it reads, which is a ``Birth``, it forks:
the child is the program, in a process of its own, that opens and does everything anew. So a start costs a tenth of what
it costs to read the code, and there is time for more kills.

Each time the program passes one of the points that ``care.school.POINTS`` names, this is counted in a file that
survives the death. When the chosen point is passed for the chosen time, the process ends by SIGKILL, there and then.
Beside that the messages go out, the clock ticks and the lead changes hands at a quicker pace, and nothing is tidied
away.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop  # noqa: F401 - loaded here, once

from afterbell.command import main
from bot.wire import lead
from bot.wire.budget import Limits
from care import tidy
from care.school import POINTS, School
from reliability.clock import SharedClock
from scheduler.tick import Ticker

TICK_S = 0.2
BEAT_S, LEASE_S = 0.2, 0.8
"""Of the lead: less than half of what a school has, so that less of a run is spent on waiting for a new one."""
_CELL = struct.Struct("<Q")


@dataclass(frozen=True)
class Birth:
    """What a process is told. ``counts``: the file in which passed points are counted, made by ``make_counts``;
    ``clock``: the file in which the town's clock stands (see ``clock.py``); ``die_at``: a point and the how-manieth
    time it is passed in this process, like ``stored:3``, or nothing."""

    command: str
    environment: Mapping[str, str]
    log: str
    counts: str
    clock: str
    die_at: str = ""

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


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


def install(reached: Callable[[str], None], clock: Path) -> None:
    """Gives the hook and the town's clock to every school that this process opens."""
    plain = School.__init__

    def made(school: School, *args: Any, **settings: Any) -> None:
        plain(school, *args, **settings)
        school.reached = reached
        school.clock = SharedClock(school.zone, clock)

    setattr(School, "__init__", made)  # noqa: B010 - a plain assignment to a method is what the type checker forbids


def hurry(overall_per_s: float = 1000.0, chat_per_s: float = 100.0) -> None:
    """Lifts the pace that Telegram asks for, and those of the clock's ticks and of the lead: these people live much
    faster than real ones."""
    Limits.__init__.__defaults__ = (overall_per_s, chat_per_s, chat_per_s)
    Ticker.__init__.__defaults__ = (TICK_S, None)
    lead.BEAT_S, lead.LEASE_S = BEAT_S, LEASE_S


def keep_books() -> None:
    """Nothing that has been handled is tidied away, though the days go by: it is to be accounted for."""
    tidy.INBOX_KEPT = timedelta(days=365)


def live(birth: Birth) -> None:
    """This process is the program from now on."""
    with open(os.devnull) as nothing, open(birth.log, "ab") as log:
        for old, new in ((0, nothing.fileno()), (1, log.fileno()), (2, log.fileno())):
            os.dup2(new, old)
    os.environ.clear()
    os.environ.update(birth.environment)
    sys.argv = ["afterbell", birth.command]
    hurry()
    keep_books()
    install(death(birth.counts, birth.die_at), Path(birth.clock))
    main()


def give_birth() -> None:
    """One process after the other: its number, and when it has ended, its exit status, each on a line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live(Birth(**json.loads(line)))
            return
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    give_birth()
