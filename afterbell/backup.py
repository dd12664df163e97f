"""Backups of the embedded default: one archive with the databases, the key and a manifest; and the way back."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from afterbell.build import key_that_is_there, make_data_dir, must_be_there, open_database
from afterbell.settings import Settings, SettingsError
from care.migrate import alembic_config

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE, WEBCHAT, KEY = "afterbell.sqlite", "webchat.sqlite", "secret.key"
MANIFEST_MOST = 64 * 1024
SPARE = 50 * 1024 * 1024
"""Bytes that must stay free on the disk beside what is restored."""


async def backup(settings: Settings, file: Path) -> None:
    """Writes ``file`` (.tar.gz), also while the program runs. Raises SettingsError."""
    database = sqlite_file(settings)
    must_be_there(settings)
    _must_be_possible(file)
    try:
        await asyncio.to_thread(_pack, settings, database, file)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"The backup could not be written: {error}") from error


def _must_be_possible(file: Path) -> None:
    if file.exists():
        raise SettingsError(f"{file} exists already; a backup is never written over: choose another name.")
    if not file.parent.is_dir():
        raise SettingsError(f"The folder {file.parent} does not exist: make it first.")


def sqlite_file(settings: Settings) -> Path:
    """Where the SQLite database is. Raises SettingsError when the school uses PostgreSQL."""
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise SettingsError(
            "This school uses PostgreSQL: back it up with pg_dump and bring it back with pg_restore, and keep the "
            "secret key (AFTERBELL_SECRET_KEY or secret.key in the data folder) with it, because the codes on paper "
            "and the health notes are lost without it."
        )
    return Path(url.database)


def _pack(settings: Settings, database: Path, file: Path) -> None:
    """The web chat is copied first: a message that comes in between is then still waiting there, not lost."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".afterbell-backup-") as name:
        folder = Path(name)
        members = []
        if (settings.data_dir / WEBCHAT).exists():
            _copy_sqlite(settings.data_dir / WEBCHAT, folder / WEBCHAT)
            members.append(WEBCHAT)
        _copy_sqlite(database, folder / DATABASE)
        (folder / KEY).write_text(key_that_is_there(settings) + "\n")
        members += [DATABASE, KEY]
        manifest = {
            "format": FORMAT,
            "program": version("afterbell"),
            "schema": _revision(folder / DATABASE),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "members": {
                member: {"sha256": _sha256(folder / member), "size": (folder / member).stat().st_size}
                for member in members
            },
        }
        packed = folder / "packed"
        _write_tar(packed, folder, members, json.dumps(manifest, indent=1).encode())
        os.replace(packed, file)


def _copy_sqlite(source: Path, copy: Path) -> None:
    """A consistent copy in one file, whatever is being written at the moment."""
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=60)) as old,
        closing(sqlite3.connect(copy)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
    copy.chmod(0o600)


def _revision(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            row = None
    return str(row[0]) if row else ""


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _write_tar(packed: Path, folder: Path, members: list[str], manifest: bytes) -> None:
    descriptor = os.open(packed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz") as tar:
            entry = tarfile.TarInfo(MANIFEST)
            entry.size, entry.mode, entry.mtime = len(manifest), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(manifest))
            for member in members:
                entry = tarfile.TarInfo(member)
                entry.size, entry.mode = (folder / member).stat().st_size, 0o600
                entry.mtime = int(time.time())
                with (folder / member).open("rb") as content:
                    tar.addfile(entry, content)
        raw.flush()
        os.fsync(raw.fileno())


# The way back


@dataclass(frozen=True)
class Manifest:
    schema: str
    program: str
    sizes: dict[str, int]
    hashes: dict[str, str]


async def restore(settings: Settings, file: Path) -> None:
    """Puts a backup into an empty data folder and migrates it. Raises SettingsError, and then nothing is changed."""
    database = sqlite_file(settings)
    _must_be_restorable(settings, database, file)
    with contextlib.suppress(OSError):  # the check below says what is wrong
        os.makedirs(settings.data_dir, mode=0o700, exist_ok=True)
    make_data_dir(settings.data_dir)
    make_data_dir(database.parent)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restoring-") as name:
        folder = Path(name)
        try:
            await asyncio.to_thread(_unpack, file, folder)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise SettingsError(f"{file} cannot be read as a backup ({error}): it may be cut short.") from error
        _must_fit_key(settings, folder)
        await _migrate(settings, folder)
        _put(settings, database, folder)


def _must_be_restorable(settings: Settings, database: Path, file: Path) -> None:
    if not file.is_file():
        raise SettingsError(f"There is no file {file}.")
    for there in (database, settings.data_dir / WEBCHAT):
        if there.exists():
            raise SettingsError(
                f"{there} exists already: stop the program and move the data folder away first, then restore again."
            )


def _unpack(file: Path, folder: Path) -> None:
    with tarfile.open(file, "r:gz") as tar:
        manifest = _read_manifest(file, tar)
        if sum(manifest.sizes.values()) + SPARE > shutil.disk_usage(folder).free:
            raise SettingsError(f"The disk under {folder.parent} is too full for this backup: make room first.")
        seen: set[str] = set()
        for entry in tar:
            if entry.name == MANIFEST and entry.name not in seen:
                seen.add(entry.name)
                continue
            if not entry.isreg() or entry.name in seen or entry.size != manifest.sizes.get(entry.name):
                raise SettingsError(f"{file} is no backup of AfterBell: {entry.name[:80]!r} does not belong in it.")
            seen.add(entry.name)
            tar.extract(entry, folder, filter="data")
            (folder / entry.name).chmod(0o600)
            if _sha256(folder / entry.name) != manifest.hashes[entry.name]:
                raise SettingsError(f"{file} is damaged: {entry.name} is not what was backed up. Use another backup.")
    lost = set(manifest.sizes) - seen
    if lost:
        raise SettingsError(f"{file} is damaged: it lacks {', '.join(sorted(lost))}. Use another backup.")


def _read_manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    foreign = SettingsError(f"{file} is no backup of AfterBell: its manifest is missing or cannot be read.")
    first = tar.next()
    content = tar.extractfile(first) if first and first.name == MANIFEST and first.size <= MANIFEST_MOST else None
    if content is None:
        raise foreign
    try:
        written = json.loads(content.read())
        if written["format"] != FORMAT:
            raise SettingsError(f"{file} was made by a newer AfterBell ({written['program']}): upgrade this one first.")
        members = written["members"]
        sizes = {str(name): int(member["size"]) for name, member in members.items()}
        hashes = {str(name): str(member["sha256"]) for name, member in members.items()}
        manifest = Manifest(str(written["schema"]), str(written["program"]), sizes, hashes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise foreign from error
    if not {DATABASE, KEY} <= set(sizes) <= {DATABASE, KEY, WEBCHAT}:
        raise foreign
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if manifest.schema and manifest.schema not in known:
        raise SettingsError(f"{file} was made by a newer AfterBell ({manifest.program}): upgrade this one first.")
    return manifest


def _must_fit_key(settings: Settings, folder: Path) -> None:
    key = (folder / KEY).read_text().strip()
    if settings.secret_key and settings.secret_key != key:
        raise SettingsError(
            "AFTERBELL_SECRET_KEY is not the key of this backup: set it to the key of that time, or leave it empty."
        )
    present = settings.data_dir / KEY
    if not settings.secret_key and present.exists() and present.read_text().strip() != key:
        raise SettingsError(f"{present} is not the key of this backup: move it away first, then restore again.")


async def _migrate(settings: Settings, folder: Path) -> None:
    """Before anything is put in its place: a database that cannot be used never gets there."""
    unpacked = settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{folder / DATABASE}"})
    try:
        writer, reader = await open_database(unpacked, upgrade=True)
    except (SettingsError, SQLAlchemyError) as error:
        raise SettingsError(f"The database in this backup cannot be used: {error}") from error
    await writer.dispose()
    await reader.dispose()


def _put(settings: Settings, database: Path, folder: Path) -> None:
    """The database comes last: it is what tells a whole data folder from an unfinished one."""
    os.replace(folder / KEY, settings.data_dir / KEY)
    if (folder / WEBCHAT).exists():
        os.replace(folder / WEBCHAT, settings.data_dir / WEBCHAT)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    shutil.move(folder / DATABASE, database)
    database.chmod(0o600)
