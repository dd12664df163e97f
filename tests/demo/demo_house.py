"""A school over an empty database, straight from the tables: only until the shared fixtures exist."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from afterbell.demo import START
from afterbell.demo.book import ZONE
from care.clock import stopped_clock
from care.keys import Keys
from care.records import Record
from care.school import School, open_engines

KEYS = Keys("a key for the tests of the demonstration")


@asynccontextmanager
async def open_school(url: str) -> AsyncIterator[School]:
    """A school over an empty database with its tables."""
    writer, reader = open_engines(url)
    zone = ZONE
    school = School("Test", zone, "zh_CN", stopped_clock(zone, START), KEYS, writer, reader)
    async with writer.begin() as connection:
        await connection.run_sync(Record.metadata.create_all)
    try:
        yield school
    finally:
        await school.close()
