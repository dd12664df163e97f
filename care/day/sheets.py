"""The day sheet (S10, S14): all that a teacher needs to give a session's children to the right adults without power or
network. It holds phone numbers: who answers for the session gets it, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row as DbRow
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from care.custody.chain import CHAIN, CHILDREN
from care.custody.ledger import last_root
from care.enrolment.answers import COLLECTED_ONLY_GRADES
from care.errors import NotFound
from care.extended.roll import stayers
from care.permissions import Actor, Permission
from care.pickup.adults import Adults, Authorised, Barred, adults_of_all, stops
from care.records.day import CareDay, CareSession, SessionKind, Step
from care.records.enrolment import Application, LeaveMode
from care.records.people import Person, SchoolClass, Student
from care.records.pickup import Adult, PickupPlan
from care.work import UnitOfWork


@dataclass(frozen=True)
class SheetSession:
    """A session as the list of sheets shows it. ``school_class`` is empty for extended care."""

    session_id: int
    date: date
    kind: SessionKind
    grade: int | None
    school_class_id: int | None
    school_class: str
    wave: int
    venue: str
    gate: str
    starts_at: datetime
    ends_at: datetime
    teacher_id: int | None
    """Who signed in, or else who is planned."""
    teacher: str
    children: int

    def is_for(self, actor: Actor) -> bool:
        """Whether this person may hold the sheet: the teacher on duty, and who answers for the day here."""
        if actor.person_id is not None and actor.person_id == self.teacher_id:
            return actor.may(Permission.TAKE_ROLL)
        if self.grade is None or self.school_class_id is None:
            return actor.reach(Permission.ANSWER_FOR_DAY)[0]
        return actor.may_for(Permission.ANSWER_FOR_DAY, self.grade, self.school_class_id)


@dataclass(frozen=True)
class SheetChild:
    """A child on the sheet: where it is now, who comes today, who else may, and who must not. ``extended``: it stays
    for extended care, which has taken it over if ``there``."""

    day_child_id: int
    number: int
    name: str
    school_class: str
    step: Step
    holder_name: str
    since: datetime
    alone: bool
    extended: bool
    there: bool
    planned: tuple[Adult, int] | None
    planned_name: str
    adults: tuple[Authorised, ...]
    barred: tuple[Barred, ...]
    """Who must not collect the child and does not stand among ``adults`` anyway, marked there."""


@dataclass(frozen=True)
class DaySheet:
    """``seal`` is that of the day closed last: on paper it is out of reach of who would compute the ledger anew."""

    session: SheetSession
    lead: str
    lead_phone: str
    seal: str
    children: tuple[SheetChild, ...]


_planned, _signed = aliased(Person), aliased(Person)
_COUNT = select(func.count()).where(CHILDREN.c.session_id == CareSession.id).correlate(CareSession).scalar_subquery()


def _sessions() -> Select[Any]:
    return (
        select(CareSession, SchoolClass, _planned.name, _signed.name, _COUNT)
        .outerjoin(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .outerjoin(_planned, _planned.id == CareSession.teacher_id)
        .outerjoin(_signed, _signed.id == CareSession.signed_in_id)
        .order_by(CareSession.kind, CareSession.wave, SchoolClass.grade, SchoolClass.number)
    )


def _session(
    session: CareSession, school_class: SchoolClass | None, planned: str | None, signed: str | None, children: int
) -> SheetSession:
    return SheetSession(
        session_id=session.id,
        date=session.date,
        kind=session.kind,
        grade=school_class.grade if school_class else None,
        school_class_id=session.school_class_id,
        school_class=school_class.name if school_class else "",
        wave=session.wave,
        venue=session.venue,
        gate=session.gate,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        teacher_id=session.signed_in_id or session.teacher_id,
        teacher=signed or planned or "",
        children=children,
    )


async def sessions_of(uow: UnitOfWork, day: date) -> list[SheetSession]:
    """The sessions of a date whose sheet the actor may hold, by wave and class."""
    rows = await uow.session.execute(_sessions().where(CareSession.date == day))
    found = [session for session in (_session(*row) for row in rows) if session.is_for(uow.actor)]
    return [await _counted(uow, session) for session in found]


async def _counted(uow: UnitOfWork, session: SheetSession) -> SheetSession:
    """The children of extended care are planned in their classes."""
    if session.kind is not SessionKind.EXTENDED:
        return session
    return replace(session, children=len(await stayers(uow, session.date)))


async def about_to_end(uow: UnitOfWork, minutes: int) -> list[SheetSession]:
    """Today's sessions that end within so many minutes and have not ended."""
    query = _sessions().where(
        CareSession.date == uow.today,
        CareSession.ends_at > uow.now,
        CareSession.ends_at <= uow.now + timedelta(minutes=minutes),
    )
    return [_session(*row) for row in await uow.session.execute(query)]


async def day_sheets(uow: UnitOfWork, session_ids: Iterable[int]) -> list[DaySheet]:
    """The sheets of these sessions, which are all of one date, in their order. Takes the same few queries for one as
    for all. Raises NotFound where one of them is not the actor's to hold."""
    wanted = set(session_ids)
    sessions = [_session(*row) for row in await uow.session.execute(_sessions().where(CareSession.id.in_(wanted)))]
    if not wanted or len(sessions) != len(wanted) or not all(session.is_for(uow.actor) for session in sessions):
        raise NotFound()
    (day,) = {session.date for session in sessions}
    children = await _children(uow, day, sessions)
    lead = await _lead(uow, day)
    name, phone = (lead.name, lead.phone or "") if lead else ("", "")
    seal = await last_root(uow) or ""
    return [DaySheet(session, name, phone, seal, children[session.session_id]) for session in sessions]


def taken(uow: UnitOfWork, sessions: Iterable[SheetSession]) -> None:
    """Writes down who took which sheets out."""
    for session in sessions:
        uow.record("day_sheet_printed", "session", session.session_id, school_class=session.school_class)


async def _lead(uow: UnitOfWork, day: date) -> Person | None:
    query = select(Person).join(CareDay, CareDay.duty_lead_id == Person.id).where(CareDay.date == day)
    return (await uow.session.scalars(query)).first()


_CHILDREN = (
    select(CHILDREN.c.id, CHILDREN.c.session_id, CHILDREN.c.student_id, CHILDREN.c.number)
    .add_columns(Student.name, SchoolClass, Application.leave_mode)
    .add_columns(CHAIN.c.step, CHAIN.c.holder_name, CHAIN.c.at, CHILDREN.c.extended_at, PickupPlan)
    .join(Student, Student.id == CHILDREN.c.student_id)
    .join(SchoolClass, SchoolClass.id == Student.school_class_id)
    .join(Application, Application.id == CHILDREN.c.application_id)
    .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
    .outerjoin(PickupPlan, (PickupPlan.student_id == CHILDREN.c.student_id) & (PickupPlan.date == CHILDREN.c.date))
    .order_by(SchoolClass.grade, SchoolClass.number, CHILDREN.c.number)
)


async def _children(uow: UnitOfWork, day: date, sessions: list[SheetSession]) -> dict[int, tuple[SheetChild, ...]]:
    """The children of each session; extended care has those who stay, whatever class plans them, numbered anew."""
    found: dict[int, list[SheetChild]] = {session.session_id: [] for session in sessions}
    extended = next((one.session_id for one in sessions if one.kind is SessionKind.EXTENDED), None)
    stay = {child.id for child in await stayers(uow, day)}
    also = CHILDREN.c.id.in_(stay if extended is not None else ())
    rows = (await uow.session.execute(_CHILDREN.where(or_(CHILDREN.c.session_id.in_(list(found)), also)))).all()
    adults = await adults_of_all(uow, [row.student_id for row in rows], day)
    for row in rows:
        child = _child(row, adults[row.student_id], row.id in stay)
        if row.session_id in found:
            found[row.session_id].append(child)
        if extended is not None and row.id in stay:
            found[extended].append(replace(child, number=len(found[extended]) + 1))
    return {session: tuple(children) for session, children in found.items()}


def _child(row: DbRow[Any], adults: Adults, stays: bool) -> SheetChild:
    plan: PickupPlan | None = row.PickupPlan
    return SheetChild(
        day_child_id=row.id,
        number=row.number,
        name=row.name,
        school_class=row.SchoolClass.name,
        step=row.step,
        holder_name=row.holder_name,
        since=row.at,
        alone=may_leave_alone(row.leave_mode, row.SchoolClass.grade),
        extended=stays,
        there=row.extended_at is not None,
        planned=(plan.adult, plan.adult_id) if plan else None,
        planned_name=plan.name if plan else "",
        adults=adults.authorised,
        barred=_others(adults),
    )


def may_leave_alone(mode: LeaveMode, grade: int) -> bool:
    """Whether a child may go home by itself: its guardian wishes it, and it is old enough."""
    return mode is LeaveMode.ALONE and grade not in COLLECTED_ONLY_GRADES


def _others(adults: Adults) -> tuple[Barred, ...]:
    marked = [one for one in adults.authorised if one.stopped]
    return tuple(bar for bar in adults.barred if not any(stops(bar, one) for one in marked))
