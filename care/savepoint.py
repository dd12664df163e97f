"""A part of a transaction that is undone by itself, said to the driver directly: SQLAlchemy builds and compiles
SAVEPOINT and RELEASE anew each time, which cost more than the statements between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.prepared import has_begun, say

BEGIN = text("SELECT 1")
SAVE, KEEP, UNDO = "SAVEPOINT part", "RELEASE SAVEPOINT part", "ROLLBACK TO SAVEPOINT part"
"""One name for all of them, also one in another: the newest is meant, and none outlives its block."""


@asynccontextmanager
async def savepoint(connection: AsyncConnection) -> AsyncIterator[None]:
    """What is done in the block stays in the transaction, or leaves no trace when it raises. Raises OperationalError
    where the database is in trouble."""
    if not has_begun(connection):
        await connection.execute(BEGIN)
    await say(connection, SAVE)
    try:
        yield
    except BaseException:
        if not connection.invalidated:  # cut off half-way, all of its transaction is gone
            await say(connection, UNDO)
            await say(connection, KEEP)
        raise
    await say(connection, KEEP)
