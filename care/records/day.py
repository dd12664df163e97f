"""The school day (S8–S14): what was planned when it opened, and the custody of each child through it."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from care.records.base import BigId, Record, key, word
from care.records.enrolment import Application
from care.records.people import Person, SchoolClass, Student


class SessionKind(StrEnum):
    """What a group of children does together. There is no kind for new lessons (S15)."""

    CLASS = "class"
    EXTENDED = "extended"


class Step(StrEnum):
    """A link of the custody chain. Which may follow which is the table in ``care/custody/steps.py``."""

    EXPECTED = "expected"
    LEAVE = "leave"
    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    MOVED = "moved"
    BACK = "back"
    LINED_OUT = "lined_out"
    HANDED_OVER = "handed_over"
    RELEASED = "released"
    UNDONE = "undone"
    EXPLAINED = "explained"
    WITHDRAWN = "withdrawn"
    """Out of after-school care since today's lists were made."""


class Holder(StrEnum):
    """What kind of side answers for the child."""

    SCHOOL = "school"
    TEACHER = "teacher"
    ADULT = "adult"
    FAMILY = "family"
    NOBODY = "nobody"


class Proof(StrEnum):
    """How a step was confirmed."""

    PLAN = "plan"
    TAP = "tap"
    CODE = "code"
    SIGNATURE = "signature"
    LIST = "list"
    PAPER = "paper"


class AlarmKind(StrEnum):
    """What somebody must look after until it is closed with a reason."""

    MISSING = "missing"
    REFUSED = "refused"
    DISPUTED = "disputed"
    UNCOLLECTED = "uncollected"
    STOP_LISTED = "stop_listed"
    OFF_LIST = "not_authorised"
    ALONE = "not_alone"


class Answer(StrEnum):
    """What a family says to "is the child with you?": by a button, or by a leave given afterwards. ``AGREED``: what the
    other guardian says is right. Of a hand-over: that it is NOT_RIGHT, or that saying so was a MISTAKE."""

    WITH_ME = "with_me"
    AGREED = "agreed"
    NOT_HERE = "not_here"
    ON_LEAVE = "on_leave"
    NOT_RIGHT = "not_right"
    MISTAKE = "mistake"


CONTRADICTED = "contradicted"
"""The answers to an alarm, taken together: one guardian has the child, or says why it is away, and another has not."""


class DayRules(Record):
    """The afternoon's settings of a term. Minutes count from the start or the end of a wave; times are local."""

    __tablename__ = "day_rules"
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"), primary_key=True)
    opens_at: Mapped[time] = mapped_column(default=time(12, 0))
    leave_until: Mapped[time] = mapped_column(default=time(12, 0))
    roll_minutes: Mapped[int] = mapped_column(default=20)
    missing_minutes: Mapped[int] = mapped_column(default=10)
    remind_minutes: Mapped[int] = mapped_column(default=30)
    sheet_minutes: Mapped[int] = mapped_column(default=40)
    late_minutes: Mapped[list[int]] = mapped_column(default=lambda: [10, 20, 30])
    closes_at: Mapped[time] = mapped_column(default=time(20, 0))
    extended_until_ask: Mapped[time] = mapped_column(default=time(16, 0))
    extended_automatic: Mapped[bool] = mapped_column(default=True)


class CareDay(Record):
    """A date on which care runs, from its opening to its close. ``planned_at``: all its sessions are made. ``root``
    seals the heads of all its custody chains over ``previous_root``, that of the day closed before."""

    __tablename__ = "care_day"
    date: Mapped[date] = mapped_column(primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    opened_at: Mapped[datetime]
    planned_at: Mapped[datetime | None]
    duty_lead_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    previous_root: Mapped[str | None] = mapped_column(String(64))
    root: Mapped[str | None] = mapped_column(String(64))
    duty_lead: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[duty_lead_id])


class CareSession(Record):
    """One group, one venue, one time span on one date. ``teacher_id`` is who was planned; who signed in answers. A date
    has one session of extended care at most; it is of no class. ``paper_since``: its hand-over goes on paper, as
    ``paper_by`` (a name as it was then) has said."""

    __tablename__ = "care_session"
    __table_args__ = (
        UniqueConstraint("date", "kind", "school_class_id"),
        Index(
            "uq_care_session_extended",
            "date",
            unique=True,
            sqlite_where=text("kind = 'extended'"),
            postgresql_where=text("kind = 'extended'"),
        ),
    )
    id: Mapped[int] = key()
    date: Mapped[date] = mapped_column(ForeignKey("care_day.date"))
    kind: Mapped[SessionKind] = mapped_column(word(SessionKind))
    school_class_id: Mapped[int | None] = mapped_column(ForeignKey("school_class.id"))
    wave: Mapped[int]
    venue: Mapped[str] = mapped_column(String(80))
    gate: Mapped[str] = mapped_column(String(40))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    signed_in_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    signed_in_at: Mapped[datetime | None]
    roll_done_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    roll_done_at: Mapped[datetime | None]
    paper_since: Mapped[datetime | None]
    paper_by: Mapped[str | None] = mapped_column(String(80))
    school_class: Mapped[SchoolClass | None] = relationship(lazy="raise")
    teacher: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[teacher_id])
    signed_in: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[signed_in_id])


class DayChild(Record):
    """A child who is planned for a date: in which session, and under which number of its class's register, so that a
    day's list has gaps. ``last_seq`` points to the last link of the child's custody chain; where the child is, that
    link alone says. ``extended_at``: when extended care took the child over; from then on it leaves from there."""

    __tablename__ = "day_child"
    __table_args__ = (
        UniqueConstraint("date", "student_id"),
        UniqueConstraint("session_id", "number"),
    )
    id: Mapped[int] = key()
    date: Mapped[date] = mapped_column(ForeignKey("care_day.date"))
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), index=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("care_session.id"))
    number: Mapped[int]
    last_seq: Mapped[int]
    extended_at: Mapped[datetime | None]
    student: Mapped[Student] = relationship(lazy="raise")
    application: Mapped[Application] = relationship(lazy="raise")
    session: Mapped[CareSession] = relationship(lazy="raise")


class CustodyEvent(Record):
    """One link of a child's custody chain for a date: who gave, who received, when, by whose tap and with which proof.
    ``sha256`` is over all of it and over the link before. Rows are appended, never changed."""

    __tablename__ = "custody"
    __table_args__ = (UniqueConstraint("day_child_id", "seq"),)
    id: Mapped[int] = key()
    day_child_id: Mapped[int] = mapped_column(ForeignKey("day_child.id"))
    seq: Mapped[int]
    step: Mapped[Step] = mapped_column(word(Step))
    giver: Mapped[Holder] = mapped_column(word(Holder))
    giver_id: Mapped[int | None] = mapped_column(BigId)
    giver_name: Mapped[str] = mapped_column(String(80))
    holder: Mapped[Holder] = mapped_column(word(Holder))
    holder_id: Mapped[int | None] = mapped_column(BigId)
    holder_name: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(BigId)
    by_name: Mapped[str] = mapped_column(String(80))
    proof: Mapped[Proof] = mapped_column(word(Proof))
    remark: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


class Alarm(Record):
    """Something about a child that stays on the board until somebody closes it with a reason. At most one of a kind is
    open for a child and day. ``answer``: what all answers say together, an Answer or CONTRADICTED, or empty; the last
    of them came from ``answered_by``."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_open",
            "day_child_id",
            "kind",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_alarm_day_child_id", "day_child_id"),
    )
    id: Mapped[int] = key()
    day_child_id: Mapped[int] = mapped_column(ForeignKey("day_child.id"))
    kind: Mapped[AlarmKind] = mapped_column(word(AlarmKind))
    opened_at: Mapped[datetime]
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    remark: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(String(24), default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]
    lead_told_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    day_child: Mapped[DayChild] = relationship(lazy="raise")


class AlarmAnswer(Record):
    """What a guardian has said to an alarm, or by one. Rows are appended, never changed; the last one counts."""

    __tablename__ = "alarm_answer"
    __table_args__ = (Index("ix_alarm_answer_alarm_id", "alarm_id"),)
    id: Mapped[int] = key()
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarm.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[Answer] = mapped_column(word(Answer))
    at: Mapped[datetime]


class LeaveReason(StrEnum):
    """Reasons for a leave that may be tapped; any other is written in the guardian's own words."""

    ILL = "ill"
    FAMILY = "family"


class Leave(Record):
    """A child does not attend from ``first`` to ``last``, both included. ``reason``: a LeaveReason, own words, or
    empty."""

    __tablename__ = "leave"
    __table_args__ = (Index("ix_leave_student", "student_id", "last"),)
    id: Mapped[int] = key()
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"))
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str] = mapped_column(String(120), default="")
    given_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    student: Mapped[Student] = relationship(lazy="raise")
