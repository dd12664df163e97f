"""The statements of the sender: which letters may go, marking them, and writing down that they went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Row, bindparam, func, literal_column, or_, select, update

from care.records.delivery import Class, Letter, LetterState
from care.records.people import Contact, Reach
from care.work import LETTERS


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


_waits: Any = literal_column("'waiting'")  # written out, so that the indexes of what waits can be used
_now: Any = bindparam("now", type_=Letter.due_at.type)
_older = LETTERS.alias()
_newest_chat = (
    select(Contact.id)
    .where(
        Contact.person_id == LETTERS.c.person_id,
        Contact.reach == Reach.REACHABLE,
        Contact.channel.in_(bindparam("channels", expanding=True)),
    )
    .order_by(Contact.linked_at.desc(), Contact.id.desc())
    .limit(1)
    .correlate(LETTERS)
    .scalar_subquery()
)
_channel: Any = func.coalesce(Contact.channel, LETTERS.c.channel)
_chat: Any = func.coalesce(Contact.chat_id, LETTERS.c.chat_id)
_nobody = LETTERS.c.person_id.is_not(None) & Contact.id.is_(None)
_behind_one_that_is_tried_again = (
    select(_older.c.id)
    .where(
        _older.c.state == _waits,
        _older.c.attempts > literal_column("0"),
        _older.c.channel == _channel,
        _older.c.chat_id == _chat,
        _older.c.klass == LETTERS.c.klass,
        _older.c.id < LETTERS.c.id,
    )
    .correlate(LETTERS, Contact.__table__)
    .exists()
)

READY = (
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
    )
    .select_from(LETTERS.outerjoin(Contact, Contact.id == _newest_chat))
    .where(
        LETTERS.c.state == _waits,
        LETTERS.c.klass <= bindparam("last", type_=Integer),
        LETTERS.c.due_at <= _now,
        or_(_nobody, _channel.in_(bindparam("speaking", expanding=True))),
        or_(LETTERS.c.klass == Class.ANSWER, _nobody, _chat.not_in(bindparam("skip", expanding=True))),
        ~_behind_one_that_is_tried_again,
    )
    .order_by(LETTERS.c.klass, LETTERS.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=LETTERS, skip_locked=True)
)
"""The next letters, each with the chat it goes to: its own, or the person's newest that can be written to."""

MARK = (
    update(LETTERS)
    .where(LETTERS.c.id == bindparam("letter"))
    .values(
        state=LetterState.SENDING,
        attempts=bindparam("tries"),
        channel=bindparam("to_channel"),
        chat_id=bindparam("to_chat"),
    )
)

LAPSE = (
    update(LETTERS)
    .where(LETTERS.c.id.in_(bindparam("letters", expanding=True)))
    .values(state=LetterState.LAPSED, payload=None)
)

SENT = (
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
