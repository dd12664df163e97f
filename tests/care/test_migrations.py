"""Migrations, walked up, down and up again on both databases; the models agree with where they end."""

from __future__ import annotations

from alembic.script import ScriptDirectory
from databases import Databases
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from care.migrate import alembic_config, drift, is_current, migrate
from care.school import open_engines


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda c: inspect(c).get_table_names()))


async def test_up_down_up_without_drift(databases: Databases) -> None:
    writer, reader = open_engines(await databases.fresh(loaded=False))
    try:
        full = await tables(writer)
        assert await is_current(writer)
        assert await drift(writer) == []
        for revision in list(ScriptDirectory.from_config(alembic_config()).walk_revisions()):
            await migrate(writer, revision.down_revision or "base")
        assert await tables(writer) == {"alembic_version"}
        assert not await is_current(writer)
        await migrate(writer)
        assert await tables(writer) == full
        assert await drift(writer) == []
    finally:
        await writer.dispose()
        await reader.dispose()


async def test_migrating_twice_changes_nothing(databases: Databases) -> None:
    writer, reader = open_engines(await databases.fresh(loaded=False))
    try:
        await migrate(writer)
        assert await is_current(writer)
    finally:
        await writer.dispose()
        await reader.dispose()
