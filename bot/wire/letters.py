"""The statements of the sender: which letters may go, marking them, and writing down that they went."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Integer, Row, Table, bindparam, func, literal_column, or_, select, update

from bot.wire.sql import names
from care.prepared import Prepared
from care.records.delivery import TOO_LATE, WAITS, Class, Letter, LetterState
from care.records.people import Contact
from care.work import LETTERS

CONTACTS = cast(Table, Contact.__table__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter on its way to a chat; ``attempts`` counts this one."""

    id: int
    kind: str
    klass: Class
    person_id: int | None
    method: str | None
    payload: str | None
    params: dict[str, Any]
    channel: str
    chat_id: int
    attempts: int


def mark(letter: Outgoing) -> dict[str, Any]:
    """The parameters of ``MARK``."""
    return {
        "letter": letter.id,
        "tries": letter.attempts,
        "to_channel": letter.channel,
        "to_chat": letter.chat_id,
    }


def outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(
        row.id,
        row.kind,
        Class(row.klass),
        row.person_id,
        row.method,
        row.payload,
        row.params,
        row.to_channel,
        row.to_chat,
        row.attempts + 1,
    )


_newer = LETTERS.alias()
_now: Any = bindparam("now", type_=Letter.due_at.type)
_older = LETTERS.alias()
_channel: Any = func.coalesce(CONTACTS.c.channel, LETTERS.c.channel)
_chat: Any = func.coalesce(CONTACTS.c.chat_id, LETTERS.c.chat_id)
_nobody = LETTERS.c.person_id.is_not(None) & CONTACTS.c.id.is_(None)
_replaced = (
    select(_newer.c.id)
    .where(
        _newer.c.slot == LETTERS.c.slot,
        _newer.c.state == WAITS,
        _newer.c.sent_at.is_(None),
        _newer.c.id > LETTERS.c.id,
    )
    .correlate(LETTERS)
    .exists()
)
_behind_one_that_is_tried_again = (
    select(_older.c.id)
    .where(
        _older.c.state == WAITS,
        _older.c.attempts > literal_column("0"),
        _older.c.klass > literal_column(str(int(Class.ANSWER))),
        _older.c.channel == _channel,
        _older.c.chat_id == _chat,
        _older.c.klass == LETTERS.c.klass,
        _older.c.id < LETTERS.c.id,
    )
    .correlate(LETTERS, CONTACTS)
    .exists()
)


def _newest_chat(channels: tuple[str, ...]) -> Any:
    """The chat in which a letter's person can be written to, the last linked of several."""
    mine = CONTACTS.alias()
    return (
        select(mine.c.id)
        .where(
            mine.c.person_id == LETTERS.c.person_id,
            mine.c.reach == literal_column("'reachable'"),
            mine.c.channel.in_(names(channels)),
        )
        .order_by(mine.c.linked_at.desc(), mine.c.id.desc())
        .limit(literal_column("1"))
        .correlate(LETTERS)
        .scalar_subquery()
    )


@cache
def ready(channels: tuple[str, ...], speaking: tuple[str, ...], skipping: bool = False) -> Prepared:
    """The next letters that are due by ``now``, or replaced by a later edit, ``most`` of them, down to the class
    ``last``; each with the chat it goes to: its own, or the person's newest in ``channels``. Only of channels
    ``speaking`` now; with ``skipping``, not those to the chats in ``skip``, except answers to taps."""
    query = (
        select(
            LETTERS.c.id,
            LETTERS.c.kind,
            LETTERS.c.klass,
            LETTERS.c.person_id,
            LETTERS.c.method,
            LETTERS.c.payload,
            LETTERS.c.params,
            LETTERS.c.attempts,
            LETTERS.c.valid_until,
            _channel.label("to_channel"),
            _chat.label("to_chat"),
            _nobody.label("nobody"),
            _replaced.label("replaced"),
        )
        .select_from(LETTERS.outerjoin(CONTACTS, CONTACTS.c.id == _newest_chat(channels)))
        .where(
            LETTERS.c.state == WAITS,
            LETTERS.c.sent_at.is_(None),
            LETTERS.c.klass <= bindparam("last", type_=Integer),
            or_(LETTERS.c.due_at <= _now, _replaced),
            or_(_nobody, _channel.in_(names(speaking))),
            ~_behind_one_that_is_tried_again,
        )
        .order_by(LETTERS.c.klass, LETTERS.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=LETTERS, skip_locked=True)
    )
    if skipping:
        answer = LETTERS.c.klass == literal_column(str(int(Class.ANSWER)))
        query = query.where(or_(answer, _nobody, _chat.not_in(bindparam("skip", expanding=True))))
    return Prepared(query)


MARK = Prepared(
    update(LETTERS)
    .where(LETTERS.c.id == bindparam("letter"))
    .values(
        state=LetterState.SENDING,
        attempts=bindparam("tries"),
        channel=bindparam("to_channel"),
        chat_id=bindparam("to_chat"),
    )
)

GIVE_UP = (
    update(LETTERS).where(LETTERS.c.id == bindparam("letter")).values(state=LetterState.FAILED, error=bindparam("why"))
)

LAPSE = (
    update(LETTERS)
    .where(LETTERS.c.id.in_(bindparam("letters", expanding=True)))
    .values(state=LetterState.LAPSED, payload=None, error=TOO_LATE)
)

SUPERSEDE = (
    update(LETTERS)
    .where(LETTERS.c.id.in_(bindparam("letters", expanding=True)))
    .values(state=LetterState.SUPERSEDED, payload=None)
)

SENT = Prepared(
    update(LETTERS)
    .where(
        LETTERS.c.id == bindparam("letter"),
        LETTERS.c.state == LetterState.SENDING,
        LETTERS.c.attempts == bindparam("tries"),
    )
    .values(
        state=LetterState.SENT,
        sent_at=_now,
        message_id=bindparam("message"),
        payload=None,
        error="",
    )
)
