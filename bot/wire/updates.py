"""The statements of the worker: which updates may be handled and who sent them, and writing down that they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Integer, Select, Table, and_, bindparam, literal_column, or_, select, update

from bot.wire.sql import names
from care.people import Known, who_is, with_person
from care.permissions import Actor
from care.prepared import Prepared
from care.records.delivery import WAITS, InboxState, Update
from care.records.people import StaffRole

INBOX = cast(Table, Update.__table__)
_older = INBOX.alias()
_first_of_its_chat = ~(
    select(_older.c.id)
    .where(
        _older.c.state == WAITS,
        _older.c.channel == INBOX.c.channel,
        _older.c.chat_id == INBOX.c.chat_id,
        _older.c.id < INBOX.c.id,
    )
    .exists()
)
_failed_before = and_(
    INBOX.c.attempts > literal_column("0"),
    INBOX.c.retry_at <= bindparam("now", type_=INBOX.c.retry_at.type),
)


class Waiting(NamedTuple):
    """An update that may be handled, and who sent it, with the duties they hold as the round begins."""

    id: int
    channel: str
    chat_id: int
    payload: str
    person: Known | None
    actor: Actor


def waiting(rows: Sequence[Any]) -> list[Waiting]:
    """The updates of what ``fresh`` or ``again`` has found, the oldest first."""
    found = [list(of_one) for _, of_one in groupby(rows, lambda row: row.id)]
    return [Waiting(of[0].id, of[0].channel, of[0].chat_id, of[0].payload, *who_is(of)) for of in found]


def _ready(channels: tuple[str, ...], which: ColumnElement[bool]) -> Select[Any]:
    ready = (
        select(INBOX.c.id, INBOX.c.channel, INBOX.c.chat_id, INBOX.c.payload)
        .where(INBOX.c.state == WAITS, INBOX.c.channel.in_(names(channels)), _first_of_its_chat, which)
        .order_by(INBOX.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=INBOX, skip_locked=True)
        .subquery()
    )
    return with_person(ready).order_by(ready.c.id, StaffRole.id)


@cache
def fresh(channels: tuple[str, ...], doubting: bool = False) -> Prepared:
    """Of these channels the first ``most`` updates that have not been tried, of each chat the oldest;
    ``doubting``: without the ``doubtful``."""
    which = INBOX.c.attempts == literal_column("0")
    if doubting:
        which &= INBOX.c.id.not_in(bindparam("doubtful", expanding=True))
    return Prepared(_ready(channels, which))


@cache
def again(channels: tuple[str, ...]) -> Select[Any]:
    """Those whose time to be tried again has come by ``now``, and the ``doubtful``."""
    return _ready(channels, or_(_failed_before, INBOX.c.id.in_(bindparam("doubtful", expanding=True))))


DONE = Prepared(
    update(INBOX)
    .where(INBOX.c.id == bindparam("update"))
    .values(state=InboxState.DONE, done_at=bindparam("now", type_=INBOX.c.done_at.type), payload="")
)
