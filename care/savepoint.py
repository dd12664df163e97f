"""A part of a transaction that is undone by itself, said to the driver directly: SQLAlchemy builds and compiles
SAVEPOINT and RELEASE anew each time, which cost more than the statements between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from care.sqlite import Adapted

SAVE, KEEP, UNDO = "SAVEPOINT part", "RELEASE SAVEPOINT part", "ROLLBACK TO SAVEPOINT part"
"""One name for all of them, also one in another: the newest is meant, and none outlives its block."""


@asynccontextmanager
async def savepoint(connection: AsyncConnection) -> AsyncIterator[None]:
    """What is done in the block stays in the transaction, or leaves no trace when it raises. Raises OperationalError
    where the database is in trouble."""
    await _say(connection, SAVE)
    try:
        yield
    except BaseException:
        if not connection.invalidated:  # cut off half-way, all of its transaction is gone
            await _say(connection, UNDO)
            await _say(connection, KEEP)
        raise
    await _say(connection, KEEP)


async def _say(connection: AsyncConnection, words: str) -> None:
    assert connection.sync_connection is not None
    adapted = connection.sync_connection.connection.dbapi_connection
    assert adapted is not None
    try:
        if isinstance(adapted, Adapted):
            adapted.execute(words)
            return
        driver = adapted.driver_connection
        if not driver.is_in_transaction():  # which the driver begins with the first statement
            await connection.exec_driver_sql("SELECT 1")
        await driver.execute(words)
    except OperationalError:
        raise
    except Exception as error:
        raise OperationalError(words, None, error) from error
