"""A part of a transaction that is undone by itself, said to the driver directly: SQLAlchemy builds and compiles
SAVEPOINT and RELEASE anew each time, which cost more than the statements between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from care.prepared import has_begun, say

BEGIN = text("SELECT 1")


@asynccontextmanager
async def savepoint(connection: AsyncConnection, depth: int = 0) -> AsyncIterator[None]:
    """What is done in the block stays in the transaction, or leaves no trace when it raises. ``depth``: in how many
    others it stands. Raises OperationalError where the database is in trouble."""
    name = f"part{depth}"  # of several the newest is meant, and what stands in it goes with it
    if not has_begun(connection):
        await connection.execute(BEGIN)
    await say(connection, f"SAVEPOINT {name}")
    try:
        yield
    except BaseException:
        if not connection.invalidated:  # cut off half-way, all of its transaction is gone
            await say(connection, f"ROLLBACK TO SAVEPOINT {name}")
            await _release(connection, name)
        raise
    await _release(connection, name)


async def _release(connection: AsyncConnection, name: str) -> None:
    """SQLite would save its pages anew for each that stays. PostgreSQL lets them go with the transaction: one trip less
    for every chat of a round."""
    if connection.dialect.name == "sqlite":
        await say(connection, f"RELEASE SAVEPOINT {name}")
