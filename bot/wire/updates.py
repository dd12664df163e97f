"""The statements of the worker: which updates may be handled, and writing down that they are."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from sqlalchemy import Integer, Select, Table, and_, bindparam, literal_column, or_, select, update

from bot.wire.sql import names
from care.prepared import Prepared
from care.records.delivery import WAITS, InboxState, Update

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


def _ready(channels: tuple[str, ...]) -> Select[Any]:
    return (
        select(INBOX.c.id, INBOX.c.channel, INBOX.c.chat_id, INBOX.c.payload)
        .where(INBOX.c.state == WAITS, INBOX.c.channel.in_(names(channels)), _first_of_its_chat)
        .order_by(INBOX.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=INBOX, skip_locked=True)
    )


@cache
def fresh(channels: tuple[str, ...], doubting: bool = False) -> Prepared:
    """Of these channels the first ``most`` updates that have not been tried, of each chat the oldest;
    ``doubting``: without the ``doubtful``."""
    query = _ready(channels).where(INBOX.c.attempts == literal_column("0"))
    if doubting:
        query = query.where(INBOX.c.id.not_in(bindparam("doubtful", expanding=True)))
    return Prepared(query)


@cache
def again(channels: tuple[str, ...]) -> Select[Any]:
    """Those whose time to be tried again has come by ``now``, and the ``doubtful``."""
    return _ready(channels).where(or_(_failed_before, INBOX.c.id.in_(bindparam("doubtful", expanding=True))))


DONE = Prepared(
    update(INBOX)
    .where(INBOX.c.id == bindparam("update"))
    .values(state=InboxState.DONE, done_at=bindparam("now", type_=INBOX.c.done_at.type), payload="")
)
