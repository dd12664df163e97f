"""The term: its dates, waves, venues, texts and calendar (S4, S6–S9)."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from care.records.base import Record, key, word


class VenueKind(StrEnum):
    CLASSROOM = "classroom"
    SPECIAL = "special"
    EXTENDED = "extended"


class TextKind(StrEnum):
    """Texts of a term, written by the office, versioned, never changed once published."""

    SERVICE = "service"
    SAFETY = "safety"
    CRITERIA = "criteria"
    AGREEMENT = "agreement"


class Venue(Record):
    __tablename__ = "venue"
    id: Mapped[int] = key()
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[VenueKind] = mapped_column(word(VenueKind))


class Term(Record):
    """A term of care. ``grades`` may apply (S6); extended care has its own venue, end and places (S11).
    ``plan_version`` grows with each change of its dates, waves or extended care that people are told of."""

    __tablename__ = "term"
    id: Mapped[int] = key()
    name: Mapped[str] = mapped_column(String(80), unique=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    apply_from: Mapped[date]
    apply_until: Mapped[date]
    grades: Mapped[list[int]]
    extended_venue_id: Mapped[int | None] = mapped_column(ForeignKey("venue.id"))
    extended_until: Mapped[time | None]
    extended_capacity: Mapped[int | None]
    plan_version: Mapped[int] = mapped_column(default=0)
    extended_venue: Mapped[Venue | None] = relationship(lazy="raise")


class Wave(Record):
    """A dismissal wave (S9): the grades that leave together, from when to when, by which gate. Times are local."""

    __tablename__ = "wave"
    __table_args__ = (UniqueConstraint("term_id", "ordinal"),)
    id: Mapped[int] = key()
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    ordinal: Mapped[int]
    grades: Mapped[list[int]]
    starts_at: Mapped[time]
    ends_at: Mapped[time]
    gate: Mapped[str] = mapped_column(String(40))
    guidance_venue: Mapped[str] = mapped_column(String(80))
    course_venue: Mapped[str] = mapped_column(String(80))


class TermText(Record):
    """One version of one text in one language. ``sha256`` is over the body as shown."""

    __tablename__ = "term_text"
    __table_args__ = (UniqueConstraint("term_id", "kind", "version", "language"),)
    id: Mapped[int] = key()
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    kind: Mapped[TextKind] = mapped_column(word(TextKind))
    version: Mapped[int]
    language: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class CalendarDay(Record):
    """A date that is not what its weekday says (S8): a holiday, a make-up day that follows a weekday's timetable (1 is
    Monday), or a day without care. ``version`` grows with each change that people are told of."""

    __tablename__ = "calendar_day"
    date: Mapped[date] = mapped_column(primary_key=True)
    school: Mapped[bool]
    care: Mapped[bool]
    follows_weekday: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(120), default="")
    version: Mapped[int] = mapped_column(default=0)


class WaveDay(Record):
    """Other times of a dismissal wave on one date, such as an early end. Times are local."""

    __tablename__ = "wave_day"
    date: Mapped[date] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    starts_at: Mapped[time]
    ends_at: Mapped[time]


class CalendarYear(Record):
    """A year whose official holidays are known here; any other reads "not yet announced", and nothing is guessed."""

    __tablename__ = "calendar_year"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entered_at: Mapped[datetime]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
