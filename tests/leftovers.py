"""What an interrupted run leaves in memory, a PostgreSQL server and its folder, is cleared away by the next one.

Each run writes its process into its folder. Only a folder whose process is gone is touched, and only the server that
wrote itself into that folder is stopped.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

SHARED = Path("/dev/shm")
"""In memory; only Linux has it."""
PREFIX = "afterbell-tests-"
OWNER = "owner.pid"
STOPPED_WITHIN_S = 10.0


def own(folder: Path) -> None:
    """This process uses the folder."""
    (folder / OWNER).write_text(f"{os.getpid()}\n")


def clear_away(place: Path) -> None:
    """Stops the servers and removes the folders of runs whose process is gone."""
    for folder in place.glob(f"{PREFIX}*"):
        owner = _process_in(folder / OWNER)
        if owner is not None and not _lives(owner):
            _stop_server(folder / "data")
            shutil.rmtree(folder, ignore_errors=True)


def _process_in(file: Path) -> int | None:
    """The process in a file's first line; None where there is none (yet)."""
    try:
        return int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _lives(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def _stop_server(data: Path) -> None:
    server = _process_in(data / "postmaster.pid")
    if server is None or not _serves(server, data):
        return
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGQUIT)  # at once: nobody wants what is in it
    until = time.monotonic() + STOPPED_WITHIN_S
    while _serves(server, data) and time.monotonic() < until:
        time.sleep(0.02)


def _serves(process: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL server, and this its folder."""
    with suppress(OSError):
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return words[0].endswith(b"postgres") and os.fsencode(data) in words
    return False
