"""Where a child is now and who answers for it (S19): read from the last link of its custody chain, or from the plan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased

from care.attendance import Attends, enrolled
from care.calendar import Calendar, load_calendar
from care.custody.chain import CHAIN, CHILDREN
from care.day.plan import on_leave, times_on
from care.records.day import Alarm, AlarmKind, Answer, CareDay, CareSession, Holder, Proof, SessionKind, Step
from care.records.people import Guardianship, Person, Relation, Role, StaffRole
from care.work import UnitOfWork


@dataclass(frozen=True)
class InCare:
    """A child of today's list: the last step, since when, and who holds the child. ``relation``: what an adult who has
    collected it is to the child, where that is known; ``given_by``: who handed it over (who enters paper later did
    not). ``teacher`` is who signed in for the session, or else who is planned. Session, ``venue`` and ``gate`` are
    those of extended care once it has the child, else of the class. ``answer``: what a guardian has said to an open
    "is the child with you?". ``disputed``: a guardian has said that the hand-over is not right, and nobody has closed
    that. ``extended``: extended care has taken the child over."""

    date: date
    step: Step
    at: datetime
    holder: Holder
    holder_name: str
    relation: Relation | None
    given_by: str
    teacher: str
    signed_in: bool
    venue: str
    gate: str
    starts_at: datetime
    answer: str
    disputed: bool
    extended: bool


@dataclass(frozen=True)
class Coming:
    """Care runs for the child today, and the list is not made yet. ``teacher`` is the homeroom teacher."""

    starts_at: datetime
    teacher: str


@dataclass(frozen=True)
class NoCare:
    """No care for the child today (any more): because of a leave, or because it is none of its days."""

    leave: bool
    next_day: date | None


Whereabouts = InCare | Coming | NoCare
AT_HOME = (Step.LEAVE, Step.EXPLAINED, Step.WITHDRAWN)

_signed = Person.__table__.alias("signed")
_planned = Person.__table__.alias("planned")
_adult = Person.__table__.alias("adult")
_away = aliased(CareSession)
_dispute = aliased(Alarm)
_QUERY = (
    select(
        CHILDREN.c.student_id,
        CHAIN.c.step,
        CHAIN.c.at,
        CHAIN.c.holder,
        CHAIN.c.holder_name,
        CHAIN.c.giver_name,
        CHAIN.c.by_name,
        CHAIN.c.proof,
        CHAIN.c.data,
        func.coalesce(_away.venue, CareSession.venue).label("venue"),
        func.coalesce(_away.gate, CareSession.gate).label("gate"),
        CareSession.starts_at,
        _signed.c.name.label("signed"),
        _planned.c.name.label("planned"),
        _adult.c.name.label("adult"),
        Guardianship.relation,
        Alarm.answer,
        _dispute.id.label("dispute"),
        CHILDREN.c.extended_at.is_not(None).label("extended"),
    )
    .add_columns(CHILDREN.c.date)
    .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
    .join(CareSession, CareSession.id == CHILDREN.c.session_id)
    .outerjoin(
        _away,
        CHILDREN.c.extended_at.is_not(None) & (_away.date == CHILDREN.c.date) & (_away.kind == SessionKind.EXTENDED),
    )
    .outerjoin(_signed, _signed.c.id == func.coalesce(_away.signed_in_id, CareSession.signed_in_id))
    .outerjoin(_planned, _planned.c.id == func.coalesce(_away.teacher_id, CareSession.teacher_id))
    .outerjoin(_adult, (_adult.c.id == CHAIN.c.holder_id) & (CHAIN.c.holder == Holder.ADULT))
    .outerjoin(
        Guardianship, (Guardianship.person_id == _adult.c.id) & (Guardianship.student_id == CHILDREN.c.student_id)
    )
    .outerjoin(
        Alarm,
        (Alarm.day_child_id == CHILDREN.c.id) & (Alarm.kind == AlarmKind.MISSING) & Alarm.closed_at.is_(None),
    )
    .outerjoin(
        _dispute,
        (_dispute.day_child_id == CHILDREN.c.id)
        & (_dispute.kind == AlarmKind.DISPUTED)
        & (_dispute.answer == Answer.NOT_RIGHT)
        & _dispute.closed_at.is_(None),
    )
)


async def in_care(uow: UnitOfWork, student_ids: Collection[int], day: date) -> dict[int, InCare]:
    """Those of these children who are in a day's list, by student id: one query."""
    query = _QUERY.where(CHILDREN.c.date == day, CHILDREN.c.student_id.in_(list(student_ids)))
    return {row.student_id: _in_care(row) for row in await uow.connection.execute(query)}


def _in_care(row: Row[Any]) -> InCare:
    known = row.adult is not None and row.adult == row.holder_name  # the ids of other lists may be the same numbers
    said = row.data.get("relation")
    return InCare(
        date=row.date,
        step=row.step,
        at=row.at,
        holder=row.holder,
        holder_name=row.holder_name,
        relation=Relation(said) if said in set(Relation) else row.relation if known else None,
        given_by=row.giver_name if row.proof is Proof.PAPER else row.by_name,
        teacher=row.signed or row.planned or "",
        signed_in=row.signed is not None,
        venue=row.venue,
        gate=row.gate,
        starts_at=row.starts_at,
        answer=row.answer or "",
        disputed=row.dispute is not None,
        extended=row.extended,
    )


async def today_of(uow: UnitOfWork, student_ids: Collection[int]) -> dict[int, Whereabouts]:
    """Where each of these children is now, by student id; none for who is neither in today's list nor enrolled. Who may
    ask is the caller's to know."""
    found: dict[int, Whereabouts] = {}
    for student_id, where in (await in_care(uow, student_ids, uow.day)).items():
        if uow.day == uow.today or where.step not in AT_HOME:  # at night: only who was, or is, in the school's hands
            found[student_id] = where
    others = list((await enrolled(uow, [one for one in student_ids if one not in found])).values())
    if not others:
        return found
    calendar = await load_calendar(uow)
    away = await on_leave(uow, uow.today, [child.student_id for child in others])
    care_day = await uow.session.get(CareDay, uow.today)
    is_made = care_day is not None and care_day.planned_at is not None
    teachers = await _homeroom(uow, {child.school_class_id for child in others})
    for child in others:
        is_day = child.attends_on(calendar, uow.today)
        is_away = child.student_id in away
        starts_at = await _starts_at(uow, child) if is_day and not is_away and not is_made else None
        if starts_at is not None:
            found[child.student_id] = Coming(starts_at, teachers.get(child.school_class_id, ""))
        else:
            found[child.student_id] = NoCare(is_day and is_away, await _next_day(uow, calendar, child))
    return found


async def _next_day(uow: UnitOfWork, calendar: Calendar, child: Attends) -> date | None:
    """The next care day on which the child is not on leave."""
    day = child.next_day(calendar, uow.today)
    while day is not None and await on_leave(uow, day, [child.student_id]):
        day = child.next_day(calendar, day)
    return day


async def _starts_at(uow: UnitOfWork, child: Attends) -> datetime | None:
    """When the child's care begins today; None when it is over by now."""
    times = [one for one in await times_on(uow, child.term_id, uow.today) if child.grade in one.wave.grades]
    return times[0].starts_at if times and uow.now < times[0].ends_at else None


async def _homeroom(uow: UnitOfWork, classes: Collection[int]) -> dict[int, str]:
    """The homeroom teacher's name by class, of several the one with the longest duty."""
    query = (
        select(StaffRole.school_class_id, Person.name)
        .join(Person, Person.id == StaffRole.person_id)
        .where(StaffRole.role == Role.HOMEROOM, StaffRole.school_class_id.in_(list(classes)))
        .order_by(StaffRole.id.desc())
    )
    return {class_id: name for class_id, name in await uow.session.execute(query) if class_id is not None}
