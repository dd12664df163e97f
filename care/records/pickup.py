"""Who comes for a child today (S10, S14): the family's plan, one-day delegates, pick-up codes, drawn signatures."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from care.records.base import BigId, Record, key, word
from care.records.people import Relation


class Adult(StrEnum):
    """On which list an adult stands: a guardian, an authorised pick-up person of the application, or a delegate."""

    GUARDIAN = "guardian"
    LISTED = "listed"
    DELEGATE = "delegate"


class PickupPlan(Record):
    """Who the family says will come for a child on a date. ``adult_id`` is the row's id on the list ``adult``."""

    __tablename__ = "pickup_plan"
    date: Mapped[date] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), primary_key=True)
    adult: Mapped[Adult] = mapped_column(word(Adult))
    adult_id: Mapped[int] = mapped_column(BigId)
    name: Mapped[str] = mapped_column(String(80))
    said_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    said_at: Mapped[datetime]


class Delegate(Record):
    """An adult whom a guardian authorises for one date and some of the guardian's own children."""

    __tablename__ = "delegate"
    id: Mapped[int] = key()
    date: Mapped[date] = mapped_column(index=True)
    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    student_ids: Mapped[list[int]]
    name: Mapped[str] = mapped_column(String(80))
    relation: Mapped[Relation] = mapped_column(word(Relation))
    phone: Mapped[str] = mapped_column(String(20))
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class PickupCode(Record):
    """An adult's code of a date. The code itself is not stored: it is made from the school's key and this row's id."""

    __tablename__ = "pickup_code"
    __table_args__ = (UniqueConstraint("date", "code_hash"), UniqueConstraint("date", "adult", "adult_id"))
    id: Mapped[int] = key()
    date: Mapped[date]
    adult: Mapped[Adult] = mapped_column(word(Adult))
    adult_id: Mapped[int] = mapped_column(BigId)
    code_hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


class Signature(Record):
    """A signature drawn on the teacher's phone, as SVG; the custody links it confirms name its id."""

    __tablename__ = "signature"
    id: Mapped[int] = key()
    date: Mapped[date]
    name: Mapped[str] = mapped_column(String(80))
    teacher_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    drawn: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]
