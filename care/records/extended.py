"""Extended care (S11): what a family asks for one date, and the hand-over of a class's children to its teacher."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from care.records.base import Record, key, word
from care.records.day import CareSession
from care.records.people import Student


class Wish(StrEnum):
    """How a request for one date stands. It goes before the child's standing weekdays: only an approved one means that
    the child stays on that date. One that nobody has decided while it could be has lapsed."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ExtendedRequest(Record):
    """What holds for a child on one date, where that is not what its standing weekdays say. ``version`` grows with each
    change; ``remark`` is a person's reason for declining."""

    __tablename__ = "extended_request"
    __table_args__ = (UniqueConstraint("date", "student_id"),)
    id: Mapped[int] = key()
    date: Mapped[date]
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    state: Mapped[Wish] = mapped_column(word(Wish))
    version: Mapped[int] = mapped_column(default=1)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(String(200), default="")
    student: Mapped[Student] = relationship(lazy="raise")


class Passing(StrEnum):
    """How a hand-over to extended care stands: given by the class's teacher, counted with a difference, or counted and
    taken over."""

    GIVEN = "given"
    DIFFERS = "differs"
    TAKEN = "taken"


class ExtendedHandover(Record):
    """A class's teacher gives the children who stay; the teacher of extended care counts them. ``given`` and
    ``counted`` are day-child ids. At most one of a class is open."""

    __tablename__ = "extended_handover"
    __table_args__ = (
        Index(
            "uq_extended_handover_open",
            "class_session_id",
            unique=True,
            sqlite_where=text("state IN ('given', 'differs')"),
            postgresql_where=text("state IN ('given', 'differs')"),
        ),
        Index("ix_extended_handover_session", "session_id"),
    )
    id: Mapped[int] = key()
    session_id: Mapped[int] = mapped_column(ForeignKey("care_session.id"))
    class_session_id: Mapped[int] = mapped_column(ForeignKey("care_session.id"))
    state: Mapped[Passing] = mapped_column(word(Passing))
    version: Mapped[int] = mapped_column(default=1)
    given: Mapped[list[int]]
    counted: Mapped[list[int]]
    giver_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    taker_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime | None]
    class_session: Mapped[CareSession] = relationship(lazy="raise", foreign_keys=[class_session_id])
