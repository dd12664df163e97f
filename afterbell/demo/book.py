"""The rows of the demonstration school while they are being made: each gets its id here, many go in at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Table, func, insert, select

from care.keys import Keys
from care.records import Record
from care.work import UnitOfWork

ZONE = ZoneInfo("Asia/Shanghai")
SEED = "afterbell-demo-1"
START = datetime(2026, 11, 23, 16, 40, tzinfo=ZONE)
"""Where the demonstration's clock begins: a Monday, a school day, with both waves still in the house."""
TOGETHER = 500
"""Rows of one insert."""


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of the school's own day, as an instant."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def draw(purpose: str) -> Random:
    """A source of chance of its own for each part, so that a change in one part leaves the others as they were."""
    return Random(f"{SEED}/{purpose}")


class Book:
    """Rows by table. ``add`` gives the new row's id; rows of one table must all name the same columns."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._rows: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
        self._given: Counter[str] = Counter()
        """The last id given, by table."""

    def add(self, record: type[Record], **values: object) -> int:
        number = self.next_id(record)
        self._given[record.__tablename__] = number
        self._rows[record.__tablename__].append({"id": number, **values})
        return number

    def next_id(self, record: type[Record]) -> int:
        return self._given[record.__tablename__] + 1

    def note(self, record: type[Record], **values: object) -> None:
        """A row whose primary key is not a number of ours."""
        self._rows[record.__tablename__].append(dict(values))

    async def write(self, uow: UnitOfWork) -> None:
        """Inserts what has been added since it was last called, parents first, and moves PostgreSQL's sequences behind
        the ids given here. All rows of a school at once in memory would be the most that the program ever needs."""
        for table in Record.metadata.sorted_tables:
            rows = self._rows.pop(table.name, [])
            for at in range(0, len(rows), TOGETHER):
                await uow.session.execute(insert(table), rows[at : at + TOGETHER])
            if rows and not uow.school.is_sqlite and "id" in rows[0]:
                await _move_sequence(uow, table, self._given[table.name])


async def _move_sequence(uow: UnitOfWork, table: Table, last: int) -> None:
    await uow.session.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
