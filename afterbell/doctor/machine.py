"""The computer: data folder, disk, key, clock and fonts."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime

from afterbell.settings import Settings
from papers.typeface import FONTS, Glyphs

FREE_LEAST = 500 * 1024 * 1024

Finding = tuple[bool, str]
"""(whether it is well, what was seen and how to mend it)."""


def folder(settings: Settings) -> Iterator[Finding]:
    place = settings.data_dir
    if not place.is_dir():
        told = "check AFTERBELL_DATA_DIR; for a new school `afterbell migrate` makes it"
        yield False, f"data folder: {place} does not exist: {told}"
        return
    try:
        with tempfile.TemporaryFile(dir=place):
            yield True, f"data folder: {place} can be written to"
    except OSError as error:
        yield False, f"data folder: {place} cannot be written to ({error.strerror}): give it to this user"
    if stat.S_IMODE(place.stat().st_mode) & 0o007:
        yield False, f"data folder: everybody on this computer can read the children's data: chmod 700 {place}"
    free = shutil.disk_usage(place).free
    size = f"{free / 1024**3:.1f} GB free"
    yield (True, f"disk: {size}") if free >= FREE_LEAST else (False, f"disk: only {size}: make room")


def key(settings: Settings) -> Iterator[Finding]:
    file = settings.data_dir / "secret.key"
    if settings.secret_key:
        yield True, "secret key: from AFTERBELL_SECRET_KEY (keep a copy outside this computer)"
    elif not file.exists():
        yield False, "secret key: not there yet: the first `afterbell run` makes it"
    elif not file.read_text().strip():
        yield False, f"secret key: {file} is empty: bring it back from a backup"
    elif stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield False, f"secret key: others on this computer can read {file}: chmod 600 {file}"
    else:
        yield True, f"secret key: {file}, readable by its owner only"


def clock(settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    here = f"{now.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    yield True, f"time zone: {settings.timezone}; it is {here} at the school"
    if settings.clock is not None:
        yield False, "clock: AFTERBELL_CLOCK is set, so the school's time is not the real time: leave it empty"
    else:
        yield True, "clock: the school runs on the computer's clock"


def fonts() -> Iterator[Finding]:
    try:
        readable = all(Glyphs(path).find(ord("A")) is not None or path is not FONTS[0] for path in FONTS)
    except (OSError, ValueError, KeyError):
        readable = False
    yield readable, "fonts: " + ("readable" if readable else "a file is missing or damaged: install AfterBell again")
