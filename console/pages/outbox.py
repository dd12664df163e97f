"""Letters that did not arrive and messages that could not be handled: try again, or drop. And what holds up all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from care.channels import ChannelTrouble, channel_troubles
from care.outbox import (
    DeadUpdate,
    LetterRow,
    MissedReminder,
    dead_updates,
    drop_letter,
    drop_update,
    missed_reminders,
    retry_letter,
    retry_update,
    troubled_letters,
)
from care.permissions import Permission
from care.work import UnitOfWork
from console.door import Handler, Page, Visit, number, query_string

PAGE_SIZE = 50
DONE = frozenset({"letter_retried", "letter_dropped", "update_retried", "update_dropped"})


@dataclass(frozen=True)
class Wanted:
    def query(self, page: int | None = None) -> str:
        return query_string(page=page)


@dataclass(frozen=True)
class OutboxView:
    letters: tuple[LetterRow, ...]
    total: int
    page: int
    pages: int
    wanted: Wanted
    dead: tuple[DeadUpdate, ...]
    troubles: tuple[ChannelTrouble, ...]
    missed: tuple[MissedReminder, ...]
    missed_total: int
    done: str


async def show(visit: Visit) -> Response:
    page = number(visit.request.query_params.get("page"), 1, 100_000) or 1
    async with visit.looking() as uow:
        letters, total = await troubled_letters(uow, (page - 1) * PAGE_SIZE, PAGE_SIZE)
        dead = await dead_updates(uow)
        troubles = await channel_troubles(uow)
        missed, missed_total = await missed_reminders(uow)
    done = visit.request.query_params.get("done", "")
    view = OutboxView(
        letters=tuple(letters),
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        wanted=Wanted(),
        dead=tuple(dead),
        troubles=tuple(troubles),
        missed=tuple(missed),
        missed_total=missed_total,
        done=done if done in DONE else "",
    )
    return visit.page("outbox/list.html", view)


def _deed(deed: Callable[[UnitOfWork, int], Awaitable[None]], done: str) -> Handler:
    async def carry_out(visit: Visit) -> Response:
        async with visit.working() as uow:
            await deed(uow, visit.id)
        return visit.go(f"/outbox?done={done}")

    return carry_out


RIGHT = Permission.SEE_OUTBOX
PAGES = [
    Page("/outbox", get=show, right=RIGHT),
    Page("/outbox/{id:int}/retry", post=_deed(retry_letter, "letter_retried"), right=RIGHT),
    Page("/outbox/{id:int}/drop", post=_deed(drop_letter, "letter_dropped"), right=RIGHT),
    Page("/inbox/{id:int}/retry", post=_deed(retry_update, "update_retried"), right=RIGHT),
    Page("/inbox/{id:int}/drop", post=_deed(drop_update, "update_dropped"), right=RIGHT),
]
