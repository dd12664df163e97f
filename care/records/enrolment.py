"""Applications, the agreement, consent and the fee waiver (S1, S5, S7, S16, S21)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from care.records.base import Record, key, word
from care.records.people import Guardianship, Person, Relation, Student
from care.records.term import Term


class State(StrEnum):
    """Where an application stands (S1). The moves between states are in ``care/enrolment/states.py``."""

    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    REFUSED = "refused"
    WAITING = "waiting"
    APPROVED = "approved"
    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"


class Need(StrEnum):
    """Why care is needed, as the survey of the plan asks (S3)."""

    WORK_HOURS = "work_hours"
    NOBODY_HOME = "nobody_home"
    DISTANCE = "distance"
    SIBLING = "sibling"
    HARDSHIP = "hardship"
    OTHER = "other"


class LeaveMode(StrEnum):
    """How the child leaves at the end of care."""

    COLLECTED = "collected"
    ALONE = "alone"


class Application(Record):
    """One child's application for one term; one that is neither refused nor withdrawn may exist at a time."""

    __tablename__ = "application"
    __table_args__ = (
        Index(
            "uq_application_open",
            "term_id",
            "student_id",
            unique=True,
            sqlite_where=text("state NOT IN ('refused', 'withdrawn')"),
            postgresql_where=text("state NOT IN ('refused', 'withdrawn')"),
        ),
        Index("ix_application_state", "term_id", "state"),
    )
    id: Mapped[int] = key()
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    guardianship_id: Mapped[int] = mapped_column(ForeignKey("guardianship.id"), index=True)
    state: Mapped[State] = mapped_column(word(State))
    version: Mapped[int] = mapped_column(default=1)
    state_since: Mapped[datetime]
    submitted_at: Mapped[datetime]
    weekdays: Mapped[list[int]]
    needs: Mapped[list[str]]
    need_words: Mapped[str] = mapped_column(Text, default="")
    extended_weekdays: Mapped[list[int]]
    leave_mode: Mapped[LeaveMode] = mapped_column(word(LeaveMode))
    health_note: Mapped[bytes | None] = mapped_column(LargeBinary)
    courses_wished: Mapped[str] = mapped_column(Text, default="")
    criteria_version: Mapped[int]
    leaves_on: Mapped[date | None]
    term: Mapped[Term] = relationship(lazy="raise")
    student: Mapped[Student] = relationship(lazy="raise")
    guardianship: Mapped[Guardianship] = relationship(lazy="raise")
    pickup: Mapped[list[PickupPerson]] = relationship(
        lazy="raise", order_by="PickupPerson.ordinal", cascade="all, delete-orphan"
    )


class PickupPerson(Record):
    """An authorised pick-up person named in the application."""

    __tablename__ = "pickup_person"
    __table_args__ = (UniqueConstraint("application_id", "ordinal"),)
    id: Mapped[int] = key()
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    ordinal: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    relation: Mapped[Relation] = mapped_column(word(Relation))
    phone: Mapped[str] = mapped_column(String(20))


class Agreement(Record):
    """A signed agreement: which text (version, hash, language), who, when and how (S7)."""

    __tablename__ = "agreement"
    id: Mapped[int] = key()
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    term_text_id: Mapped[int] = mapped_column(ForeignKey("term_text.id"))
    text_version: Mapped[int]
    text_sha256: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    signer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    typed_name: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(20))
    signed_at: Mapped[datetime]
    signer: Mapped[Person] = relationship(lazy="raise")


class ConsentKind(StrEnum):
    MINOR_DATA = "minor_data"
    HEALTH = "health"


class Consent(Record):
    """A consent a guardian gave for a child, and when it was taken back."""

    __tablename__ = "consent"
    id: Mapped[int] = key()
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    kind: Mapped[ConsentKind] = mapped_column(word(ConsentKind))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Waiver(Record):
    """A recorded fee waiver: seen by finance, no money is handled here (S16)."""

    __tablename__ = "waiver"
    id: Mapped[int] = key()
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
