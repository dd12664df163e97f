"""The scene of every measurement: a database with teachers, lists of children and families, the same for all bots."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from care.clock import Clock
from care.keys import Keys
from care.migrate import migrate, newest
from care.records.people import Contact, Person, Role, SchoolClass, StaffRole
from care.school import School, open_engines

HERE = Path(__file__).parent
DATA = HERE / ".data"
TOKEN = "1:token-of-the-bench"
CHANNEL = "telegram"
TEACHERS = 200
FAMILIES = 2000
CHILDREN = 45
PER_ROW = 3
FIRST_CHAT = 1_000_000_000
ZONE = ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 14:+d}")
"""Where it is early afternoon now: at night each transaction also asks whether the day before is still open."""

PRESENCE = """
CREATE TABLE bench_presence (
    child_id BIGINT PRIMARY KEY, class_id BIGINT NOT NULL, name VARCHAR(40) NOT NULL, present INTEGER NOT NULL
)
"""
PRESENCE_INDEX = "CREATE INDEX ix_bench_presence_class ON bench_presence (class_id, child_id)"


def teacher_chat(number: int) -> int:
    """The chat of a teacher; teachers are numbered from 1, and teacher n has class n."""
    return FIRST_CHAT + number


def family_chat(number: int) -> int:
    """The chat of a family, numbered from 1."""
    return FIRST_CHAT + TEACHERS + number


def child_id(class_id: int, place: int) -> int:
    """``place`` is where the child stands on the list, from 0."""
    return class_id * 100 + place


def child_name(place: int) -> str:
    return f"王小{'甲乙丙丁戊己庚辛壬癸'[place % 10]}{place + 1}"


def label(name: str, present: bool) -> str:
    return f"{'✓' if present else '○'} {name}"


def keyboard(class_id: int) -> list[list[dict[str, str]]]:
    """The list as it stands before the first tap: nobody present."""
    buttons = [
        {"text": label(child_name(place), False), "callback_data": f"bp:{class_id}:{child_id(class_id, place)}"}
        for place in range(CHILDREN)
    ]
    return [buttons[at : at + PER_ROW] for at in range(0, CHILDREN, PER_ROW)]


def open_school(url: str) -> School:
    """The product's school on a database that is there; its clock is the machine's."""
    writer, reader = open_engines(url)
    return School("Bench", ZONE, "zh_CN", Clock(ZONE), Keys("a secret for the bench"), writer, reader)


async def fill(url: str) -> None:
    """Migrates an empty database and puts the people and the lists into it."""
    school = open_school(url)
    await migrate(school.writer)
    now = datetime.now(UTC)
    async with school.work() as uow:
        add = uow.session.add_all
        add([SchoolClass(id=n, grade=1 + n % 4, number=n, capacity=60) for n in range(1, TEACHERS + 1)])
        add([Person(name=f"人{n}", created_at=now) for n in range(1, TEACHERS + FAMILIES + 1)])
        await uow.session.flush()
        add(
            [
                Contact(person_id=n, channel=CHANNEL, chat_id=FIRST_CHAT + n, linked_at=now, linked_by="slip")
                for n in range(1, TEACHERS + FAMILIES + 1)
            ]
        )
        add([StaffRole(person_id=n, role=Role.HOMEROOM, school_class_id=n, since=now) for n in range(1, TEACHERS + 1)])
        connection = await uow.session.connection()
        await connection.exec_driver_sql(PRESENCE)
        await connection.exec_driver_sql(PRESENCE_INDEX)
        for class_id, place in itertools.product(range(1, TEACHERS + 1), range(CHILDREN)):
            row = f"{child_id(class_id, place)}, {class_id}, '{child_name(place)}', 0"
            await connection.exec_driver_sql(f"INSERT INTO bench_presence VALUES ({row})")
    await school.close()


def _old_events(count: int) -> Iterator[tuple[object, ...]]:
    for n in range(count):
        person = n % TEACHERS + 1
        subject = child_id(person, n // TEACHERS % CHILDREN)
        yield ("2026-09-01 08:00:00.000000", person, f"人{person}", "bench", "student", subject, "", "{}")


def age(path: Path, events: int) -> None:
    """Gives a database a long past."""
    connection = sqlite3.connect(path)
    columns = "at, actor_id, actor_name, action, subject, subject_id, remark, data"
    with connection:
        connection.executemany(f"INSERT INTO event ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _old_events(events))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def database(name: str, events: int = 0) -> Path:
    """A fresh SQLite database for one run, copied from one that was filled once."""
    DATA.mkdir(exist_ok=True)
    template = DATA / f"template-{newest()}-{events}.sqlite"
    if not template.exists():
        making = DATA / "making.sqlite"
        remove(making)
        asyncio.run(fill(f"sqlite+aiosqlite:///{making}"))
        if events:
            age(making, events)
        making.rename(template)
    path = DATA / f"{name}.sqlite"
    remove(path)
    shutil.copyfile(template, path)
    return path


def remove(path: Path) -> None:
    """Deletes a database with what SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
