"""The roll call (S13): who signed in for a session, and which child is there. The chain of custody is the roll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row as DbRow
from sqlalchemy import bindparam, select, update

from care.custody.chain import CHAIN, CHILDREN, Link, Side, append
from care.custody.steps import HERE
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.missing import arrived, open_missing
from care.permissions import Permission
from care.records.day import CareSession, DayChild, Holder, SessionKind, Step
from care.records.people import Person, SchoolClass, Student
from care.work import UnitOfWork

MARKS = frozenset({Step.PRESENT, Step.LATE, Step.ABSENT, Step.MOVED, Step.BACK})
"""What a teacher may say about a child at the roll."""
WITH_COURSE = "course"


@dataclass(frozen=True)
class RollChild:
    """A child on the list: ``seq`` is how far its chain had grown when it was read."""

    id: int
    student_id: int
    number: int
    name: str
    step: Step
    seq: int
    holder_name: str
    at: datetime
    holder_id: int | None = None

    @property
    def is_here(self) -> bool:
        return self.step in HERE


@dataclass(frozen=True)
class RollSheet:
    """One session's list with its children by number. ``teacher`` is who signed in, or nobody yet."""

    session_id: int
    date: date
    school_class: str
    grade: int
    school_class_id: int
    venue: str
    starts_at: datetime
    ends_at: datetime
    planned: str
    teacher_id: int | None
    teacher: str
    done_at: datetime | None
    children: tuple[RollChild, ...]

    @property
    def expected(self) -> int:
        """Children of the list who are not on leave."""
        return sum(1 for child in self.children if child.step is not Step.LEAVE)

    @property
    def present(self) -> int:
        """Children who came: those who have been handed over or released since count as well."""
        not_here = (Step.EXPECTED, Step.LEAVE, Step.ABSENT, Step.EXPLAINED)
        return sum(1 for child in self.children if child.step not in not_here)

    @property
    def open(self) -> int:
        """Children about whom nothing has been said yet."""
        return sum(1 for child in self.children if child.step is Step.EXPECTED)


_planned = Person.__table__.alias("planned")
_signed = Person.__table__.alias("signed")
_SESSION = (
    select(
        CareSession.id,
        CareSession.date,
        CareSession.venue,
        CareSession.starts_at,
        CareSession.ends_at,
        CareSession.signed_in_id,
        CareSession.roll_done_at,
        SchoolClass.id.label("class_id"),
        SchoolClass.grade,
        SchoolClass.number.label("class_number"),
        _planned.c.name.label("planned"),
        _signed.c.name.label("signed"),
    )
    .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
    .outerjoin(_planned, _planned.c.id == CareSession.teacher_id)
    .outerjoin(_signed, _signed.c.id == CareSession.signed_in_id)
    .where(CareSession.id == bindparam("session"))
)
_CHILDREN = (
    select(
        CHILDREN.c.id,
        CHILDREN.c.student_id,
        CHILDREN.c.number,
        CHILDREN.c.last_seq,
        Student.name,
        CHAIN.c.step,
        CHAIN.c.holder_name,
        CHAIN.c.at,
        CHAIN.c.holder_id,
    )
    .join(Student, Student.id == CHILDREN.c.student_id)
    .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
    .where(CHILDREN.c.session_id == bindparam("session"))
    .order_by(CHILDREN.c.number)
)


async def sheet(uow: UnitOfWork, session_id: int) -> RollSheet:
    """A session's list as it stands. Raises NotFound for one that the actor may not take the roll of."""
    session = (await uow.connection.execute(_SESSION, {"session": session_id})).first()
    if session is None or not uow.actor.may_for(Permission.TAKE_ROLL, session.grade, session.class_id):
        raise NotFound()
    rows = (await uow.connection.execute(_CHILDREN, {"session": session_id})).all()
    return RollSheet(
        session_id=session.id,
        date=session.date,
        school_class=f"{session.grade}({session.class_number})",
        grade=session.grade,
        school_class_id=session.class_id,
        venue=session.venue,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        planned=session.planned or "",
        teacher_id=session.signed_in_id,
        teacher=session.signed or "",
        done_at=session.roll_done_at,
        children=tuple(_child(row) for row in rows),
    )


def _child(row: DbRow[Any]) -> RollChild:
    who = (row.id, row.student_id, row.number, row.name)
    return RollChild(*who, row.step, row.last_seq, row.holder_name, row.at, row.holder_id)


@dataclass(frozen=True)
class Choice:
    """A session of today that the actor may take: ``own`` when it is planned for them or they have signed in."""

    session_id: int
    school_class: str
    starts_at: datetime
    ends_at: datetime
    teacher: str
    own: bool


async def choices(uow: UnitOfWork) -> list[Choice]:
    """Today's sessions that the actor may take the roll of, their own first. Raises NotAllowed for who may take
    none."""
    uow.require(Permission.TAKE_ROLL)
    query = (
        select(CareSession, SchoolClass, _planned.c.name, _signed.c.name)
        .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .outerjoin(_planned, _planned.c.id == CareSession.teacher_id)
        .outerjoin(_signed, _signed.c.id == CareSession.signed_in_id)
        .where(CareSession.date == uow.today, CareSession.kind == SessionKind.CLASS)
        .order_by(SchoolClass.grade, SchoolClass.number)
    )
    found = [
        Choice(
            session.id,
            school_class.name,
            session.starts_at,
            session.ends_at,
            signed or planned or "",
            uow.actor.person_id in (session.signed_in_id, None if session.signed_in_id else session.teacher_id),
        )
        for session, school_class, planned, signed in await uow.session.execute(query)
        if uow.actor.may_for(Permission.TAKE_ROLL, school_class.grade, school_class.id)
    ]
    return sorted(found, key=lambda one: not one.own)


async def sign_in(uow: UnitOfWork, session_id: int) -> None:
    """The duty sign-in (S12): from now on the actor answers for the session. Taking over from somebody who has signed
    in hands over the children who are with them, each with both names."""
    roll = await sheet(uow, session_id)
    if roll.teacher_id == uow.actor.person_id:
        return
    changed = await uow.connection.execute(
        update(CareSession)
        .where(CareSession.id == session_id, CareSession.signed_in_id.is_not_distinct_from(roll.teacher_id))
        .values(signed_in_id=uow.actor.person_id, signed_in_at=uow.now)
    )
    if changed.rowcount != 1:
        raise Conflict()
    for child in roll.children:
        if child.is_here and child.holder_id == roll.teacher_id:  # who is with a third teacher stays there
            await append(uow, child.id, Link(Step.HANDED_OVER, _me(uow)), child.seq)
    uow.record("duty_signed_in", "session", session_id, instead_of=roll.teacher)


def _me(uow: UnitOfWork) -> Side:
    return Side(Holder.TEACHER, uow.actor.person_id, uow.actor.name)


async def mark(uow: UnitOfWork, day_child_id: int, step: Step, seen: int | None = None, remark: str = "") -> RollSheet:
    """Says of one child that it is here, late, absent, with a course teacher, or back; returns the list as it is then.

    ``seen``: how far the chain had grown on the caller's screen. ``remark`` names the course teacher. Raises NotFound,
    NotAllowed("not_signed_in") for who has not signed in, Conflict when the list has changed meanwhile.
    """
    child = await uow.session.get(DayChild, day_child_id)
    if child is None or child.date != uow.today:
        raise NotFound()
    roll = await sheet(uow, child.session_id)
    _must_answer(uow, roll)
    now = next(one for one in roll.children if one.id == day_child_id)
    if now.step is step:  # the same tap twice, or two teachers of one mind
        return roll
    if now.is_here and now.holder_id not in (None, uow.actor.person_id):
        raise NotAllowed("with_another", teacher=now.holder_name)
    await _say(uow, now, step, seen, remark)
    return await _with_new_state(uow, roll.session_id)


async def _say(uow: UnitOfWork, child: RollChild, step: Step, seen: int | None, remark: str = "") -> None:
    if step not in MARKS:
        raise Invalid()
    to = _me(uow)
    if step is Step.ABSENT:
        to = Side(Holder.NOBODY, None, "")
    elif step is Step.MOVED:
        to = Side(Holder.TEACHER, None, remark) if remark else Side(Holder.SCHOOL, None, WITH_COURSE)
    await append(uow, child.id, Link(step, to), seen)
    if step is Step.ABSENT:
        await open_missing(uow, child.id)
    elif child.step in (Step.ABSENT, Step.EXPLAINED):
        await arrived(uow, child.id)


def _must_answer(uow: UnitOfWork, roll: RollSheet) -> None:
    if roll.teacher_id != uow.actor.person_id:
        raise NotAllowed("not_signed_in", teacher=roll.teacher or roll.planned)


async def all_others_present(uow: UnitOfWork, session_id: int) -> RollSheet:
    """Every child about whom nothing has been said yet is here."""
    roll = await sheet(uow, session_id)
    _must_answer(uow, roll)
    if roll.date != uow.today:
        raise NotFound()
    for child in roll.children:
        if child.step is Step.EXPECTED:
            await _say(uow, child, Step.PRESENT, child.seq)
    return await _with_new_state(uow, session_id)


async def _with_new_state(uow: UnitOfWork, session_id: int) -> RollSheet:
    """The list as it is now; the roll is done when something has been said about every child."""
    roll = await sheet(uow, session_id)
    if roll.open == 0 and roll.done_at is None:
        await uow.connection.execute(
            update(CareSession)
            .where(CareSession.id == session_id, CareSession.roll_done_at.is_(None))
            .values(roll_done_at=uow.now, roll_done_id=uow.actor.person_id)
        )
        uow.record("roll_done", "session", session_id, expected=roll.expected, present=roll.present)
        roll = await sheet(uow, session_id)
    return roll


async def find(uow: UnitOfWork, session_id: int, words: str) -> list[RollChild]:
    """The children a teacher means by a typed number of the list or a name, or a part of one."""
    roll = await sheet(uow, session_id)
    words = words.strip()
    if words.isascii() and words.isdecimal():
        return [child for child in roll.children if child.number == int(words)]
    exact = [child for child in roll.children if child.name == words]
    return exact or [child for child in roll.children if words and words.lower() in child.name.lower()]


@dataclass(frozen=True)
class OpenRoll:
    """A roll that is not finished, with the moment it should have been."""

    session_id: int
    school_class_id: int
    grade: int
    teacher_id: int | None
    deadline: datetime


async def unfinished(uow: UnitOfWork, minutes: int) -> list[OpenRoll]:
    """Today's rolls that should be finished by now: ``minutes`` after the session's start."""
    query = (
        select(CareSession, SchoolClass.grade)
        .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .where(
            CareSession.date == uow.today,
            CareSession.roll_done_at.is_(None),
            CareSession.starts_at <= uow.now - timedelta(minutes=minutes),
            CareSession.ends_at > uow.now,
        )
    )
    return [
        OpenRoll(
            session.id,
            session.school_class_id or 0,
            grade,
            session.signed_in_id or session.teacher_id,
            session.starts_at + timedelta(minutes=minutes),
        )
        for session, grade in await uow.session.execute(query)
    ]
