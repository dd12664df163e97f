"""``afterbell doctor``: looks at settings, data folder, database, key, clock, Telegram and address, and says in one
line each what is well and how to mend what is not. Changes nothing, and never prints a secret."""

from __future__ import annotations

from collections.abc import AsyncIterator

import typer

from afterbell.doctor.address import address, telegram
from afterbell.doctor.machine import Finding, clock, folder, fonts, key
from afterbell.doctor.records import database
from afterbell.settings import Settings


async def examine(settings: Settings) -> bool:
    """Prints one line per check; True when nothing needs mending."""
    well = True
    async for ok, words in _findings(settings):
        well = well and ok
        typer.echo(f"{'ok' if ok else '!!'}  {words}")
    return well


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for finding in (*folder(settings), *key(settings), *clock(settings), *address(settings), *fonts()):
        yield finding
    async for finding in telegram(settings):
        yield finding
    async for finding in database(settings):
        yield finding
