"""What came in, what goes out, and where a conversation stands. All three survive a kill at any moment."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from care.records.base import Record, key, word


class InboxState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


WAITS: Any = literal_column("'waiting'")
DEAD: Any = literal_column("'dead'")
"""States as they are written in the indexes of what waits: a value filled in later would not find them."""


def _index(name: str, *columns: str, where: str) -> Index:
    """Of the few rows for which ``where`` holds: what is done is neither read nor kept in order. A query finds it only
    where the same words stand in it."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Update(Record):
    """An update as it came from a channel; its chat's older ones are handled first."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "update_id"),
        _index("ix_inbox_waiting", "channel", "chat_id", "id", where="state = 'waiting'"),
        _index("ix_inbox_queue", "id", where="state = 'waiting'"),
        _index("ix_inbox_dead", "id", where="state = 'dead'"),
    )
    id: Mapped[int] = key()
    channel: Mapped[str] = mapped_column(String(20))
    update_id: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    state: Mapped[InboxState] = mapped_column(word(InboxState), default=InboxState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")


class Class(IntEnum):
    """Order of sending. Broadcasts never take the last third of the budget."""

    ANSWER = 0
    REPLY = 1
    ALARM = 2
    REMINDER = 3
    BROADCAST = 4


class LetterState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SUPERSEDED = "superseded"
    LAPSED = "lapsed"
    REVIEW = "review"
    FAILED = "failed"


TOO_LATE = "its time was over"
"""The error of a letter that lapsed because it could not go out while it was of use."""


class Letter(Record):
    """One message waiting in the outbox.

    Either a reply, already rendered (``chat_id``, ``method``, ``payload``), or a fact for a person (``person_id``,
    ``kind``, ``params``), rendered in the person's language when it is sent. ``slot`` names what a newer letter
    replaces (an edit of the same message).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _index("ix_outbox_due", "state", "klass", "id", where="sent_at IS NULL"),
        _index("ix_outbox_slot", "slot", "state", where="sent_at IS NULL"),
        _index("ix_outbox_tried", "channel", "chat_id", "klass", "id", where="state = 'waiting' AND attempts > 0"),
        _index("ix_outbox_person_id", "person_id", where="person_id IS NOT NULL"),
    )
    id: Mapped[int] = key()
    kind: Mapped[str] = mapped_column(String(40))
    klass: Mapped[Class] = mapped_column(Integer)
    unique_key: Mapped[str | None] = mapped_column(String(160), unique=True)
    slot: Mapped[str | None] = mapped_column(String(80))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str | None] = mapped_column(String(20))
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    method: Mapped[str | None] = mapped_column(String(32))
    payload: Mapped[str | None] = mapped_column(Text)
    params: Mapped[dict[str, Any]]
    state: Mapped[LetterState] = mapped_column(word(LetterState), default=LetterState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    posted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(Text, default="")


class Form(Record):
    """The saved state of one conversation. A chat may have one of each flow; the last opened one hears what is typed.

    An empty ``step`` means that the conversation is over; answers may be kept so that it can go on later. ``version``
    grows with every new question, so that an old keyboard is known as old.
    """

    __tablename__ = "form"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    flow: Mapped[str] = mapped_column(String(20), primary_key=True)
    step: Mapped[str] = mapped_column(String(24))
    answers: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime]
