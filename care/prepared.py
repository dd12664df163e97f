"""Statements that every tap needs, given to the driver as they are.

SQLAlchemy writes their SQL and says how each value is stored and read, once for each database; its way through a
statement and back, which costs several times what the statement itself does, is left out. What is not run at every tap
has no need of this.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Executable, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from care.sqlite import Adapted

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]
REFUSED = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, ValueError)
REFUSED_BY = ("22", "23")
"""Errors about what is written, not about the database: SQLite's, and PostgreSQL's classes of them."""


class Prepared:
    """One statement of Core. Each time it is run it gets values of the same names."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._rendered: dict[str, Rendered | None] = {}

    async def rows(self, connection: AsyncConnection, values: Values) -> Sequence[Any]:
        """What a SELECT finds: tuples with the columns' names. Raises OperationalError where the database is in
        trouble."""
        rendered = self._for(connection.dialect, values)
        if rendered is None or not has_begun(connection):
            return (await connection.execute(self._statement, values)).all()
        return rendered.read(await say(connection, rendered.sql, rendered.fill(values)))

    async def run(self, connection: AsyncConnection, values: Sequence[Values]) -> None:
        """Writes, once for each of ``values``. Raises OperationalError where the database is in trouble, and another
        DBAPIError for what it refuses."""
        rendered = self._for(connection.dialect, values[0])
        if rendered is None or not has_begun(connection):
            await connection.execute(self._statement, values)
        elif len(values) == 1:
            await say(connection, rendered.sql, rendered.fill(values[0]))
        else:
            await say_each(connection, rendered.sql, [rendered.fill(one) for one in values])

    def _for(self, dialect: Dialect, values: Values) -> Rendered | None:
        """None for a statement with lists to fill in: its words differ each time."""
        if dialect.name not in self._rendered:
            self._rendered[dialect.name] = _render(self._statement, dialect, values)
        return self._rendered[dialect.name]


class Rendered(NamedTuple):
    """A statement as one database hears it."""

    sql: str
    names: int
    """How many values are given each time."""
    fixed: list[Any]
    """What stands at each place; None where it is given each time."""
    given: list[tuple[int, str, Convert | None]]
    """Place, name and conversion of each value that is given."""
    row: Callable[[Iterable[Any]], Any]
    read_by: list[tuple[int, Convert]]
    """Columns that are converted when they are read."""

    def fill(self, values: Values) -> list[Any]:
        assert len(values) == self.names, "each time the same values"
        filled = self.fixed.copy()
        for place, name, convert in self.given:
            filled[place] = values[name] if convert is None else convert(values[name])
        return filled

    def read(self, rows: Sequence[Any]) -> list[Any]:
        if self.read_by:
            rows = [list(row) for row in rows]
            for row in rows:
                for place, convert in self.read_by:
                    row[place] = convert(row[place])
        return [self.row(row) for row in rows]


def _render(statement: Executable, dialect: Dialect, values: Values) -> Rendered | None:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(values))  # type: ignore[attr-defined]
    assert not compiled.prefetch, "a column is left to a default that SQLAlchemy would fill in"
    binds = [(name, compiled.binds[name]) for name in compiled.positiontup]
    if any(bind.expanding for _, bind in binds):
        return None
    converts = [bind.type.dialect_impl(dialect).bind_processor(dialect) for _, bind in binds]
    fixed = [
        None if bind.required else convert(bind.value) if convert else bind.value
        for convert, (_, bind) in zip(converts, binds, strict=True)
    ]
    given = [(place, name, converts[place]) for place, (name, bind) in enumerate(binds) if bind.required]
    assert {name for _, name, _ in given} == values.keys(), "a value that the statement does not take, or has already"
    columns = list(statement.selected_columns) if isinstance(statement, Select) else []
    readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    row = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc] # the statement names them
    read_by: list[tuple[int, Convert]] = [(place, reader) for place, reader in enumerate(readers) if reader]
    return Rendered(str(compiled), len(values), fixed, given, row._make, read_by)


# to the driver


def has_begun(connection: AsyncConnection) -> bool:
    """Whether the driver can be spoken to: PostgreSQL's begins a transaction with SQLAlchemy's first statement, and
    SQLite's readers are on a thread of their own."""
    adapted = _adapted(connection)
    if connection.dialect.name == "sqlite":
        return isinstance(adapted, Adapted) and adapted.has_begun
    return bool(adapted.driver_connection.is_in_transaction())


async def say(connection: AsyncConnection, sql: str, values: Sequence[Any] | None = None) -> Sequence[Any]:
    """One statement in a transaction that has begun. Returns its rows; one without ``values`` has none, and PostgreSQL
    does not prepare it. Raises OperationalError where the database is in trouble, and another DBAPIError for what it
    refuses."""
    adapted = await _after_others(connection)
    try:
        if isinstance(adapted, Adapted):
            return adapted.execute(sql, values or ())
        if values is None:
            await adapted.driver_connection.execute(sql)
            return ()
        rows: Sequence[Any] = await adapted.driver_connection.fetch(sql, *values)
        return rows
    except BaseException as error:
        raise _failure(connection, sql, error) from error


async def say_each(connection: AsyncConnection, sql: str, values: Sequence[Sequence[Any]]) -> None:
    """The same statement with each of ``values``."""
    adapted = await _after_others(connection)
    try:
        if isinstance(adapted, Adapted):
            adapted.execute_each(sql, values)
        else:
            await adapted.driver_connection.executemany(sql, values)
    except BaseException as error:
        raise _failure(connection, sql, error) from error


def _adapted(connection: AsyncConnection) -> Any:
    assert connection.sync_connection is not None
    return connection.sync_connection.connection.dbapi_connection


async def _after_others(connection: AsyncConnection) -> Any:
    """The driver's connection, once others have had their turn where they have waited for long."""
    adapted = _adapted(connection)
    if isinstance(adapted, Adapted):
        await adapted.breathe()
    return adapted


def _failure(connection: AsyncConnection, sql: str, error: BaseException) -> BaseException:
    """What is raised for it. Cut off half-way, a connection is not used again: its answer may still come."""
    if isinstance(error, REFUSED) or str(getattr(error, "sqlstate", "")).startswith(REFUSED_BY):
        return DBAPIError(sql, None, error)
    if isinstance(error, Exception):
        return OperationalError(sql, None, error)
    assert connection.sync_connection is not None
    connection.sync_connection.invalidate(error)
    return error
