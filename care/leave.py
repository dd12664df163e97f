"""Leave: a guardian says that the child does not attend, for a day or a range. Until the cut-off it simply changes the
plan; later the teacher is told at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from care.custody.chain import FAMILY, LAST, Link, Side, append
from care.day.plan import term_on
from care.day.rules import rules_of
from care.errors import Conflict, Invalid, NotFound
from care.missing import child_of, excused
from care.people import children_of, holders
from care.records.day import CareSession, DayChild, Holder, Leave, Step
from care.records.delivery import Class
from care.records.people import Person, Role
from care.work import UnitOfWork

REASON_LIMIT = 120
LONGEST_DAYS = 60


@dataclass(frozen=True)
class LeaveGiven:
    """``told_at_once``: today's list was open already, and the teacher has been told."""

    id: int
    told_at_once: bool


async def _own_child(uow: UnitOfWork, student_id: int) -> None:
    if student_id not in {child.student_id for child in await children_of(uow, uow.actor.person_id or 0)}:
        raise NotFound()


async def give(uow: UnitOfWork, student_id: int, first: date, last: date, reason: str = "") -> LeaveGiven:
    """Takes down a leave from ``first`` to ``last``, both included. Raises Invalid for dates that cannot be, NotFound
    for a child that is not the actor's, Conflict("leave_exists") where it is on leave then already."""
    await _own_child(uow, student_id)
    reason = " ".join(reason.split())
    if len(reason) > REASON_LIMIT:
        raise Invalid("words_too_long", limit=REASON_LIMIT)
    term = await term_on(uow, first)
    if first < uow.today or last < first or term is None or last > term.ends_on:
        raise Invalid("date_outside_term")
    if (last - first).days >= LONGEST_DAYS:
        raise Invalid("leave_too_long", limit=LONGEST_DAYS)
    overlaps = select(Leave.id).where(
        Leave.student_id == student_id, Leave.first <= last, Leave.last >= first, Leave.withdrawn_at.is_(None)
    )
    if await uow.session.scalar(overlaps.limit(1)) is not None:
        raise Conflict("leave_exists")
    leave = Leave(
        student_id=student_id,
        first=first,
        last=last,
        reason=reason,
        given_by=uow.actor.person_id or 0,
        given_at=uow.now,
    )
    uow.session.add(leave)
    await uow.session.flush()
    uow.record("leave_given", "student", student_id, first=first.isoformat(), last=last.isoformat())
    told = first <= uow.today <= last and await _tell_today(uow, student_id, leave)
    return LeaveGiven(leave.id, told)


async def _tell_today(uow: UnitOfWork, student_id: int, leave: Leave) -> bool:
    """Today's list is open: the child is on leave there too, unless it has been seen; its teachers are told."""
    child = await _today(uow, student_id)
    if child is None:
        return False
    last = (await uow.connection.execute(LAST, {"child": child.id})).one()
    if last.step in (Step.EXPECTED, Step.ABSENT):
        await append(uow, child.id, Link(Step.LEAVE, FAMILY, remark=leave.reason))
        await excused(uow, child.id)
    await _tell_teachers(uow, child, "leave_today", f"leave:{leave.id}", leave.id)
    return True


async def _today(uow: UnitOfWork, student_id: int) -> DayChild | None:
    query = select(DayChild.id).where(DayChild.date == uow.today, DayChild.student_id == student_id)
    found = await uow.session.scalar(query)
    return None if found is None else await child_of(uow, found)


async def _tell_teachers(uow: UnitOfWork, child: DayChild, kind: str, key: str, leave_id: int) -> None:
    session = child.session
    homeroom = await holders(uow, Role.HOMEROOM, class_id=child.student.school_class_id)
    people = {*homeroom, session.signed_in_id or session.teacher_id} - {None, uow.actor.person_id}
    await uow.post(kind, sorted(p for p in people if p is not None), Class.ALARM, key=key, leave_id=leave_id)


async def take_back(uow: UnitOfWork, leave_id: int) -> None:
    """The child attends after all. On a day whose list is open it is expected again. Raises Conflict when the leave is
    over or taken back already."""
    leave = await uow.session.get(Leave, leave_id, with_for_update=True)
    if leave is None:
        raise NotFound()
    await _own_child(uow, leave.student_id)
    if leave.withdrawn_at is not None or leave.last < uow.today:
        raise Conflict()
    leave.withdrawn_at = uow.now
    uow.record("leave_taken_back", "student", leave.student_id, first=leave.first.isoformat())
    if not leave.first <= uow.today <= leave.last:
        return
    child = await _today(uow, leave.student_id)
    if child is None:
        return
    last = (await uow.connection.execute(LAST, {"child": child.id})).one()
    if last.step == Step.LEAVE:
        teacher = await _who_expects(uow, child.session)
        await append(uow, child.id, Link(Step.EXPECTED, teacher))
    await _tell_teachers(uow, child, "leave_taken_back", f"leave_back:{leave.id}", leave.id)


async def _who_expects(uow: UnitOfWork, session: CareSession) -> Side:
    person_id = session.signed_in_id or session.teacher_id
    if person_id is None:
        return Side(Holder.SCHOOL, None, session.venue)
    return Side(Holder.TEACHER, person_id, (await uow.session.get_one(Person, person_id)).name)


async def coming(uow: UnitOfWork, student_id: int) -> list[Leave]:
    """The child's leaves that are not over, the nearest first."""
    await _own_child(uow, student_id)
    query = select(Leave).where(Leave.student_id == student_id, Leave.last >= uow.today, Leave.withdrawn_at.is_(None))
    return list(await uow.session.scalars(query.order_by(Leave.first)))


async def before_cut_off(uow: UnitOfWork, day: date) -> bool:
    """Whether a leave for this date still comes before its plan is made."""
    term = await term_on(uow, day)
    if term is None:
        return True
    until = (await rules_of(uow, term.id)).leave_until
    return uow.now < datetime.combine(day, until, uow.school.zone)
