"""Assembling one school from its settings: database, keys, clock."""

from __future__ import annotations

import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import IO

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from afterbell.settings import KEY_LENGTH, Settings, SettingsError
from care.clock import Clock, MovableClock
from care.keys import Keys
from care.marks import first_note, note
from care.migrate import is_current, migrate
from care.records.office import Mark
from care.school import School, open_engines

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

SCHOOL_NAME = "AfterBell"
NAME_MARK = "school_name"
BOT_MARK = "telegram_bot"
KEY_MARK = "key"


def secret_key(settings: Settings) -> str:
    """The school's secret: from the settings, or made once and kept in the data folder, readable by its owner only."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret.key"
    if not path.exists():
        new = path.with_suffix(".new")
        new.touch(0o600)
        new.write_text(secrets.token_urlsafe(48))
        new.rename(path)  # whole or not at all
    key = path.read_text().strip()
    if len(key) < KEY_LENGTH:
        raise SettingsError(f"{path} is damaged: put it back from a backup; no other key opens slips and health notes.")
    return key


def make_data_dir(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"AFTERBELL_DATA_DIR: cannot make the folder {path}: {error.strerror}") from error
    if not os.access(path, os.W_OK):
        raise SettingsError(f"AFTERBELL_DATA_DIR: the folder {path} cannot be written to")


def hold_data_dir(path: Path) -> IO[str]:
    """Keeps a second program away from an embedded database. Raises SettingsError when one is at work already.

    The hold ends with the process, however it ends; keep what is returned until then.
    """
    file = (path / "afterbell.lock").open("w")
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise SettingsError(
            f"Another AfterBell is at work on the data folder {path}. Stop it first; several processes at once need "
            "PostgreSQL (AFTERBELL_DATABASE_URL)."
        ) from error
    return file


async def open_database(settings: Settings, upgrade: bool) -> tuple[AsyncEngine, AsyncEngine]:
    """Connects, and brings the schema up to date (``upgrade``) or checks that it is. Raises SettingsError."""
    writer, reader = open_engines(settings.database)
    try:
        if upgrade:
            await migrate(writer)
        elif not await is_current(reader):
            raise SettingsError("The database lacks migrations: run `afterbell migrate` first.")
    except (SQLAlchemyError, OSError) as error:
        await writer.dispose()
        await reader.dispose()
        detail = str(error).splitlines()[0][:200]
        raise SettingsError(f"AFTERBELL_DATABASE_URL: the database cannot be used: {detail}") from error
    except SettingsError:
        await writer.dispose()
        await reader.dispose()
        raise
    return writer, reader


def has_database(settings: Settings) -> bool:
    """Whether the embedded database is there; of PostgreSQL the first connection tells."""
    url = make_url(settings.database)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def must_be_there(settings: Settings) -> None:
    """Raises SettingsError where there is no school, so that a mistyped folder does not become an empty one."""
    if not has_database(settings):
        raise SettingsError(
            f"There is no school in {settings.data_dir}: check AFTERBELL_DATA_DIR. A new school begins with "
            "`afterbell migrate`."
        )


def key_that_is_there(settings: Settings) -> str:
    """The school's secret, never a new one beside records that are there already. Raises SettingsError."""
    file = settings.data_dir / "secret.key"
    if not settings.secret_key and not file.exists():
        raise SettingsError(
            f"{file} is missing: bring it back from a backup, or set AFTERBELL_SECRET_KEY; slips and health notes open "
            "with no other key."
        )
    return secret_key(settings)


async def find_school(settings: Settings) -> School:
    """The school that is there; no folder, database or key is made and nothing is migrated. Raises SettingsError."""
    must_be_there(settings)
    return await open_school(settings, upgrade=False)


async def begin_or_migrate(settings: Settings) -> bool:
    """Brings the schema up to date, and begins a school that has no key yet with one; True where the embedded database
    was made. Raises SettingsError."""
    new = not has_database(settings)
    school = await open_school(settings, upgrade=True)
    await school.close()
    return new


async def _key_of(settings: Settings, reader: AsyncEngine) -> str:
    """The secret of the school in this database: a new one only where none has been used yet. Raises SettingsError."""
    async with reader.connect() as connection:
        used = await connection.scalar(select(Mark.name).where(Mark.name == KEY_MARK)) is not None
    if used:
        return key_that_is_there(settings)
    make_data_dir(settings.data_dir)
    return secret_key(settings)


async def open_school(settings: Settings, *, upgrade: bool = True, start: datetime | None = None) -> School:
    """One school, ready for work. ``start`` is where a movable clock begins when the settings name none."""
    if upgrade:
        make_data_dir(settings.data_dir)
    writer, reader = await open_database(settings, upgrade)
    try:
        key = await _key_of(settings, reader)
    except SettingsError:
        await writer.dispose()
        await reader.dispose()
        raise
    start = settings.clock or start
    school = School(
        name=SCHOOL_NAME,
        zone=settings.zone,
        language=settings.language,
        clock=MovableClock(settings.zone, start) if start else Clock(settings.zone),
        keys=Keys(key),
        writer=writer,
        reader=reader,
        address=settings.address,
    )
    await _check_key(school)
    await _resume_clock(school)
    await _read_name(school)
    return school


async def _check_key(school: School) -> None:
    """The database knows the key it was made with: another one would open no slip and no health note."""
    fingerprint = school.keys.fingerprint("installation", "key")
    async with school.work() as uow:
        known = await first_note(uow, KEY_MARK, fingerprint)
    if known != fingerprint:
        await school.close()
        raise SettingsError(
            "AFTERBELL_SECRET_KEY (or secret.key in the data folder) is not the key of this database. Put the right "
            "one back: slips and health notes open with no other."
        )


async def _read_name(school: School) -> None:
    async with school.look() as uow:
        mark = await uow.session.get(Mark, NAME_MARK)
        bot = await uow.session.get(Mark, BOT_MARK)
    school.bot_name = bot.value if bot is not None else ""
    if mark is not None:
        school.names = json.loads(mark.value)
        school.name = school.names.get(school.language, school.name)


async def remember_bot(school: School, name: str) -> None:
    """Keeps the Telegram bot's user name, so that a console in another process can print slips that lead to it."""
    school.bot_name = name
    async with school.work() as uow:
        await note(uow, BOT_MARK, name)


async def name_school(school: School, names: dict[str, str]) -> None:
    """Gives the school its name, by language."""
    async with school.work() as uow:
        await note(uow, NAME_MARK, json.dumps(names, ensure_ascii=False))
    await _read_name(school)


async def _resume_clock(school: School) -> None:
    """A movable clock goes on from where it stood: time never runs back over what happened."""
    if not isinstance(school.clock, MovableClock):
        return
    async with school.look() as uow:
        mark = await uow.session.get(Mark, "clock")
    if mark is not None:
        stood = datetime.fromisoformat(mark.value)
        if stood > school.clock.now():
            school.clock.jump(stood)
