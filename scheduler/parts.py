"""A tick is made of parts: each fails by itself, and writes in small transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from care.permissions import SYSTEM
from care.school import School
from care.work import UnitOfWork

Item = TypeVar("Item")

log = structlog.get_logger()


async def by_itself(part: str, doing: Awaitable[object], **about: int) -> None:
    """Does one part of a tick: when it fails, that is logged, and the parts after it are done all the same.

    Only the kind of the error is logged, for its words may hold people's."""
    try:
        await doing
    except Exception as error:  # noqa: BLE001 - the parts after it must have their turn; the next tick tries again
        log.error("a part of a tick failed", part=part, error=type(error).__name__, **about)


async def together(school: School, act: Callable[[UnitOfWork, Item], Awaitable[object]], items: Iterable[Item]) -> None:
    """Does something about each of these in one transaction. All that a tick writes is written here."""
    async with school.work(SYSTEM) as uow:
        for item in items:
            await act(uow, item)
        school.reached("posting")
    school.reached("posted")
    await asyncio.sleep(0)  # who waits for the writer has it before the next transaction
