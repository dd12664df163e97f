"""What came in, what goes out, and where a conversation stands. All three survive a kill at any moment."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from care.records.base import Record, key, word


class InboxState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


_WAITING = text("state = 'waiting'")
_TRIED = text("state = 'waiting' AND attempts > 0")


class Update(Record):
    """An update as it came from a channel; its chat's older ones are handled first."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "update_id"),
        Index("ix_inbox_waiting", "state", "channel", "chat_id", "id"),
        Index("ix_inbox_queue", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
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


class Letter(Record):
    """One message waiting in the outbox.

    Either a reply, already rendered (``chat_id``, ``method``, ``payload``), or a fact for a person (``person_id``,
    ``kind``, ``params``), rendered in the person's language when it is sent. ``slot`` names what a newer letter
    replaces (an edit of the same message).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "state", "klass", "id"),
        Index("ix_outbox_slot", "slot", "state"),
        Index("ix_outbox_tried", "channel", "chat_id", "klass", "id", sqlite_where=_TRIED, postgresql_where=_TRIED),
    )
    id: Mapped[int] = key()
    kind: Mapped[str] = mapped_column(String(40))
    klass: Mapped[Class] = mapped_column(Integer)
    unique_key: Mapped[str | None] = mapped_column(String(160), unique=True)
    slot: Mapped[str | None] = mapped_column(String(80))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
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
