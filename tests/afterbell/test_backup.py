"""A backup is whole, private and comes back; anything else is refused and leaves the data folder as it was."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from afterbell_house import settings_in
from alembic.script import ScriptDirectory
from sqlalchemy import select

from afterbell.backup import backup, restore
from afterbell.build import open_school
from afterbell.settings import Settings, SettingsError
from afterbell.staff import add_from_command_line
from care.migrate import alembic_config
from care.permissions import SYSTEM
from care.records import Person, Role, Slip
from care.school import School


async def _somebody(school: School, name: str) -> None:
    async with school.work(SYSTEM) as uow:
        uow.session.add(Person(name=name, created_at=uow.now))


async def _names(settings: Settings) -> list[str]:
    school = await open_school(settings)
    try:
        async with school.look() as uow:
            return list(await uow.session.scalars(select(Person.name).order_by(Person.id)))
    finally:
        await school.close()


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def _members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {entry.name: content.read() for entry in tar if (content := tar.extractfile(entry))}


def _pack(file: Path, members: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if name == "secret.key":
                entry.type = kind
                entry.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
                entry.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(entry, io.BytesIO(content))
    return file


async def test_a_backup_of_a_running_school_comes_back(school: School, settings: Settings, tmp_path: Path) -> None:
    await _somebody(school, "苏婉晴")
    await add_from_command_line(school, "乔月蓉", Role.OFFICE, "", None, "")
    with closing(sqlite3.connect(settings.data_dir / "webchat.sqlite")) as chat:
        chat.execute("CREATE TABLE message (words TEXT)")
        chat.execute("INSERT INTO message VALUES ('您好')")
        chat.commit()
    file = tmp_path / "backup.tar.gz"
    await backup(settings, file)
    await _somebody(school, "later")

    elsewhere = settings_in(tmp_path / "elsewhere")
    await restore(elsewhere, file)

    assert await _names(elsewhere) == ["苏婉晴", "乔月蓉"]
    with closing(sqlite3.connect(elsewhere.data_dir / "webchat.sqlite")) as chat:
        assert chat.execute("SELECT words FROM message").fetchall() == [("您好",)]
    assert (elsewhere.data_dir / "secret.key").read_text().strip() == (settings.data_dir / "secret.key").read_text()
    assert sorted(path.name for path in elsewhere.data_dir.iterdir()) == [
        "afterbell.sqlite",
        "secret.key",
        "webchat.sqlite",
    ]


async def test_codes_on_paper_are_good_after_a_restore(school: School, settings: Settings, tmp_path: Path) -> None:
    await add_from_command_line(school, "乔月蓉", Role.OFFICE, "", None, "")
    await backup(settings, tmp_path / "backup.tar.gz")
    await restore(settings_in(tmp_path / "elsewhere"), tmp_path / "backup.tar.gz")
    again = await open_school(settings_in(tmp_path / "elsewhere"))
    try:
        async with again.look() as uow:
            slip = (await uow.session.scalars(select(Slip))).one()
        assert again.keys.fingerprint("slip", again.keys.code("slip", slip.id)) == slip.code_hash
    finally:
        await again.close()


async def test_everything_is_for_its_owner_only(school: School, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    await backup(settings, file)
    elsewhere = settings_in(tmp_path / "elsewhere")
    await restore(elsewhere, file)
    assert _mode(file) == 0o600
    assert _mode(elsewhere.data_dir) == 0o700
    assert {_mode(path) for path in elsewhere.data_dir.iterdir()} == {0o600}
    with tarfile.open(file) as tar:
        assert {entry.mode for entry in tar} == {0o600}


async def test_the_manifest_names_program_schema_and_hashes(school: School, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    await backup(settings, file)
    members = _members(file)
    manifest = json.loads(members.pop("manifest.json"))
    assert manifest["program"]
    assert manifest["schema"] == ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert set(manifest["members"]) == set(members) == {"afterbell.sqlite", "secret.key"}
    for name, content in members.items():
        assert manifest["members"][name]["sha256"] == hashlib.sha256(content).hexdigest()


async def test_a_copy_taken_amid_writing_is_consistent(school: School, settings: Settings, tmp_path: Path) -> None:
    """Each transaction writes two people; a copy with an odd number would be torn."""
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            async with school.work(SYSTEM) as uow:
                uow.session.add(Person(name="one", created_at=uow.now))
                await uow.session.flush()
                uow.session.add(Person(name="two", created_at=uow.now))

    writing = asyncio.create_task(write())
    try:
        for n in range(5):
            await backup(settings, tmp_path / f"{n}.tar.gz")
    finally:
        stop.set()
        await writing
    sizes = []
    for n in range(5):
        copy = tmp_path / "copy.sqlite"
        copy.write_bytes(_members(tmp_path / f"{n}.tar.gz")["afterbell.sqlite"])
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            sizes.append(connection.execute("SELECT count(*) FROM person").fetchone()[0])
    assert all(size % 2 == 0 for size in sizes)
    assert sizes == sorted(sizes)


async def test_a_backup_is_never_written_over(school: School, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_text("older")
    with pytest.raises(SettingsError, match="never written over"):
        await backup(settings, file)
    assert file.read_text() == "older"


async def test_there_must_be_something_to_back_up_and_a_place_for_it(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no school in"):
        await backup(settings, tmp_path / "backup.tar.gz")
    assert not settings.data_dir.exists()
    await (await open_school(settings)).close()
    with pytest.raises(SettingsError, match="does not exist: make it"):
        await backup(settings, tmp_path / "no" / "backup.tar.gz")


async def test_a_school_on_postgresql_is_told_what_to_do(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database_url="postgresql://u:p@localhost/x")
    for call in (backup, restore):
        with pytest.raises(SettingsError, match=r"pg_dump.*secret key"):
            await call(settings, tmp_path / "backup.tar.gz")


async def test_restore_never_touches_a_school_that_is_there(school: School, settings: Settings, tmp_path: Path) -> None:
    await _somebody(school, "苏婉晴")
    await backup(settings, tmp_path / "backup.tar.gz")
    with pytest.raises(SettingsError, match="exists already: stop the program"):
        await restore(settings, tmp_path / "backup.tar.gz")
    assert await _names(settings) == ["苏婉晴"]


Spoil = Callable[[dict[str, bytes]], dict[str, bytes]]


def _manifest(packed: dict[str, bytes], **change: object) -> dict[str, bytes]:
    manifest = json.loads(packed["manifest.json"]) | change
    return {**packed, "manifest.json": json.dumps(manifest).encode()}


def _smuggle(name: str) -> Spoil:
    def spoil(members: dict[str, bytes]) -> dict[str, bytes]:
        manifest = json.loads(members["manifest.json"])
        manifest["members"][name] = {"sha256": hashlib.sha256(b"x").hexdigest(), "size": 1}
        return {**members, "manifest.json": json.dumps(manifest).encode(), name: b"x"}

    return spoil


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda m: {**m, "secret.key": b"another key of the same length"}, "does not belong in it"),
        (lambda m: {**m, "secret.key": bytes(len(m["secret.key"]))}, "is damaged"),
        (lambda m: {name: m[name] for name in m if name != "afterbell.sqlite"}, "lacks afterbell.sqlite"),
        (lambda m: {name: m[name] for name in m if name != "manifest.json"}, "manifest is missing"),
        (lambda m: {**m, "manifest.json": b"{"}, "manifest is missing"),
        (lambda m: {**m, "manifest.json": b"[]"}, "manifest is missing"),
        (lambda m: _manifest(m, members={}), "manifest is missing"),
        (lambda m: _manifest(m, format=2), "newer AfterBell"),
        (lambda m: _manifest(m, schema="9999"), "newer AfterBell"),
        (lambda m: {**m, "extra": b"x"}, "'extra' does not belong"),
        (_smuggle("../outside"), "manifest is missing"),
        (_smuggle("/etc/afterbell-test"), "manifest is missing"),
    ],
)
async def test_a_spoilt_archive_is_refused_whole(
    school: School, settings: Settings, tmp_path: Path, spoil: Spoil, says: str
) -> None:
    await backup(settings, tmp_path / "good.tar.gz")
    spoilt = _pack(tmp_path / "spoilt.tar.gz", spoil(_members(tmp_path / "good.tar.gz")))
    await _refused(tmp_path, spoilt, says)


async def _refused(tmp_path: Path, file: Path, says: str) -> None:
    elsewhere = settings_in(tmp_path / "elsewhere")
    with pytest.raises(SettingsError) as refused:
        await restore(elsewhere, file)
    assert says in str(refused.value)
    assert not elsewhere.data_dir.exists() or list(elsewhere.data_dir.iterdir()) == []
    assert not (tmp_path / "outside").exists()


async def test_a_link_in_the_archive_is_refused(school: School, settings: Settings, tmp_path: Path) -> None:
    await backup(settings, tmp_path / "good.tar.gz")
    members = _members(tmp_path / "good.tar.gz")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
        await _refused(tmp_path, _pack(tmp_path / "link.tar.gz", members, kind), "does not belong")


async def test_files_that_are_no_archive_are_refused(school: School, settings: Settings, tmp_path: Path) -> None:
    await backup(settings, tmp_path / "good.tar.gz")
    whole = (tmp_path / "good.tar.gz").read_bytes()
    for content in (b"", b"hello", gzip.compress(b"hello" * 500), whole[: len(whole) // 2]):
        (tmp_path / "bad.tar.gz").write_bytes(content)
        await _refused(tmp_path, tmp_path / "bad.tar.gz", "bad.tar.gz")
    await _refused(tmp_path, tmp_path / "missing.tar.gz", "There is no file")


async def test_a_database_that_is_none_never_gets_into_place(
    school: School, settings: Settings, tmp_path: Path
) -> None:
    await backup(settings, tmp_path / "good.tar.gz")
    members = _members(tmp_path / "good.tar.gz")
    members["afterbell.sqlite"] = b"not a database at all" * 100
    manifest = json.loads(members["manifest.json"])
    manifest["members"]["afterbell.sqlite"] = {
        "sha256": hashlib.sha256(members["afterbell.sqlite"]).hexdigest(),
        "size": len(members["afterbell.sqlite"]),
    }
    members["manifest.json"] = json.dumps(manifest).encode()
    await _refused(tmp_path, _pack(tmp_path / "bad.tar.gz", members), "cannot be used")


async def test_the_key_must_be_that_of_the_backup(school: School, settings: Settings, tmp_path: Path) -> None:
    await backup(settings, tmp_path / "backup.tar.gz")
    other = settings_in(tmp_path / "elsewhere", secret_key="x" * 40)
    with pytest.raises(SettingsError, match="AFTERBELL_SECRET_KEY is not the key"):
        await restore(other, tmp_path / "backup.tar.gz")
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "secret.key").write_text("y" * 40)
    with pytest.raises(SettingsError, match="move it away first"):
        await restore(settings_in(tmp_path / "third"), tmp_path / "backup.tar.gz")
    assert (tmp_path / "third" / "secret.key").read_text() == "y" * 40


async def test_a_key_from_the_settings_is_in_the_backup(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data", secret_key="k" * 40)
    await (await open_school(settings)).close()
    await backup(settings, tmp_path / "backup.tar.gz")
    assert _members(tmp_path / "backup.tar.gz")["secret.key"] == b"k" * 40 + b"\n"
    await restore(settings_in(tmp_path / "elsewhere", secret_key="k" * 40), tmp_path / "backup.tar.gz")


async def test_a_full_disk_is_said_before_anything_is_unpacked(
    school: School, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backup(settings, tmp_path / "backup.tar.gz")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("afterbell.backup.shutil.disk_usage", lambda path: usage)
    await _refused(tmp_path, tmp_path / "backup.tar.gz", "too full")
