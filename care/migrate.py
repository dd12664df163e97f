"""Migrations: brings a database to the newest schema, and says whether it is there. One that holds nothing gets the
tables as the records describe them, which is where the migrations end but for columns' defaults (a test compares the
two)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from care.records import Record
from care.records.base import Instant

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent / "migrations"
LOCK = 0x6D696772
"""Advisory lock: of several processes that start at once, one migrates (PostgreSQL)."""
VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As alembic makes it."""


def newest() -> str:
    """The last migration this program knows."""
    return max(path.name for path in (HERE / "versions").glob("[0-9]*.py"))[:4]


def alembic_config(connection: Connection | None = None) -> Config:
    from alembic.config import Config  # slow to load, and needed only where there is something to migrate

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def _render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def configure(context: Any) -> None:
    """Runs migrations on the connection that was handed over."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Record.metadata,
        render_item=_render,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
    )
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET lock_timeout = '10s'"))
    context.run_migrations()


async def migrate(engine: AsyncEngine, to: str = "head") -> None:
    """Upgrades (or downgrades, ``to`` an older revision) in one transaction."""
    if to == "head" and await is_current(engine):
        return
    async with engine.begin() as connection:
        await connection.run_sync(_migrate, to)


def _migrate(connection: Connection, to: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if to == "head" and not inspect(connection).get_table_names():
        Record.metadata.create_all(connection)
        VERSION.create(connection)
        connection.execute(VERSION.insert().values(version_num=newest()))
        return
    from alembic import command

    config = alembic_config(connection)
    if to == "head":
        command.upgrade(config, to)
    else:
        command.downgrade(config, to)


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database has every migration this program knows."""

    def at(connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version

    async with engine.connect() as connection:
        return await connection.run_sync(at) == newest()


async def drift(engine: AsyncEngine) -> list[Any]:
    """What a migrated database and the models disagree about; empty when nothing."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), Record.metadata))

    async with engine.connect() as connection:
        return await connection.run_sync(compare)
