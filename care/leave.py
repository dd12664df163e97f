"""Leave: a guardian says that the child does not attend, for a day or a range. Until the cut-off it simply changes the
plan; later the teacher is told at once. The child's other guardians are told of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from care.clock import instant
from care.custody.chain import FAMILY, Link, append
from care.enrolment.family import unrestricted_guardians
from care.errors import Conflict, Invalid, NotFound
from care.leave_queries import look, own_child, today_of
from care.missing import child_of, who_expects
from care.missing_answers import excused, not_excused
from care.people import holders
from care.records.day import DayChild, Leave, Step
from care.records.delivery import Class
from care.records.people import Role, Student
from care.rollsheet import hold
from care.work import UnitOfWork

REASON_LIMIT = 120


@dataclass(frozen=True)
class LeaveGiven:
    """``told_at_once``: today's list was open already, and the teacher has been told."""

    id: int
    told_at_once: bool


async def give(uow: UnitOfWork, student_id: int, first: date, last: date, reason: str = "") -> LeaveGiven:
    """Takes down a leave from ``first`` to ``last``, both included.

    Raises NotFound for a child that is not the actor's, Invalid for dates that cannot be, Conflict: "leave_exists"
    where it is on leave then already, "no_care_then", "no_care_left" or "not_in_care" where it has no care to miss,
    "child_is_here" when the child is at school today: no leave takes it out of the teacher's hands.
    """
    reason = " ".join(reason.split())
    if len(reason) > REASON_LIMIT:
        raise Invalid("words_too_long", limit=REASON_LIMIT)
    await own_child(uow, student_id)
    await _hold_today(uow, student_id)
    await uow.session.get(Student, student_id, with_for_update=True)  # two guardians at once, or the day's opening
    (prospect,) = await look(uow, [student_id], first, last)
    if prospect.problem is not None:
        raise prospect.problem
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
    told = prospect.days[0] == uow.today and await _miss_today(uow, leave)
    await _tell_family(uow, leave, "leave_given")
    return LeaveGiven(leave.id, told)


async def _hold_today(uow: UnitOfWork, student_id: int) -> None:
    """Where the child is on today's list, that is held before any other lock, as by all who change it."""
    today = await today_of(uow, student_id)
    if today is not None:
        await hold(uow, day_child_id=today.id)


async def give_all(
    uow: UnitOfWork, student_ids: Collection[int], first: date, last: date, reason: str = ""
) -> list[LeaveGiven]:
    """The same leave for several children, for as many as can have it. Raises the first child's error if none can."""
    prospects = await look(uow, student_ids, first, last)
    possible = [one for one in prospects if one.problem is None]
    if not possible:
        raise next((one.problem for one in prospects if one.problem is not None), NotFound())
    return [await give(uow, one.child.student_id, first, last, reason) for one in possible]


async def _miss_today(uow: UnitOfWork, leave: Leave) -> bool:
    """Today's list is open: the child is on leave there too, unless its absence is explained; its teachers are told."""
    today = await today_of(uow, leave.student_id)
    if today is None:
        return False
    if today.step in (Step.EXPECTED, Step.ABSENT):
        await append(uow, today.id, Link(Step.LEAVE, FAMILY, data={"leave": leave.id}))
        await excused(uow, today.id)
    await _tell_teachers(uow, await child_of(uow, today.id), "leave_today", f"leave:{leave.id}", leave.id)
    return True


async def _tell_teachers(uow: UnitOfWork, child: DayChild, kind: str, key: str, leave_id: int) -> None:
    session = child.session
    homeroom = await holders(uow, Role.HOMEROOM, class_id=child.student.school_class_id)
    people = {*homeroom, session.signed_in_id or session.teacher_id} - {None, uow.actor.person_id}
    await uow.post(
        kind,
        sorted(p for p in people if p is not None),
        Class.ALARM,
        key=key,
        valid_until=_midnight(uow, uow.today),
        leave_id=leave_id,
    )


async def _tell_family(uow: UnitOfWork, leave: Leave, kind: str) -> None:
    """The child's other guardians, so that nobody waits at the gate."""
    others = [one for one in await unrestricted_guardians(uow, leave.student_id) if one != uow.actor.person_id]
    await uow.post(
        kind,
        others,
        Class.REMINDER,
        key=f"{kind}:{leave.id}",
        valid_until=_midnight(uow, leave.last),
        leave_id=leave.id,
        by=uow.actor.name,
    )


def _midnight(uow: UnitOfWork, day: date) -> datetime:
    """The end of a school date."""
    return instant(day + timedelta(days=1), time.min, uow.school.zone)


async def take_back(uow: UnitOfWork, leave_id: int) -> None:
    """The child attends after all, from now on: on a day whose list is open it is expected again, while its care runs;
    looked for again where it had been missing before the leave.
    Raises NotFound for a leave of another family's child, Conflict when it is over or taken back already."""
    leave = await uow.session.get(Leave, leave_id)
    if leave is None:
        raise NotFound()
    await own_child(uow, leave.student_id)
    await _hold_today(uow, leave.student_id)
    leave = await uow.session.get_one(Leave, leave_id, with_for_update=True, populate_existing=True)
    if leave.withdrawn_at is not None or leave.last < uow.today:
        raise Conflict()
    leave.withdrawn_at = uow.now
    about = {"first": leave.first.isoformat(), "last": leave.last.isoformat()}
    uow.record("leave_taken_back", "student", leave.student_id, **about)
    await _tell_family(uow, leave, "leave_ended")
    today = await today_of(uow, leave.student_id) if leave.first <= uow.today else None
    if today is None or today.step is not Step.LEAVE or uow.now >= today.ends_at:
        return
    if await not_excused(uow, today.id):
        return
    child = await child_of(uow, today.id)
    await append(uow, today.id, Link(Step.EXPECTED, await who_expects(uow, child.session), data={"leave": leave.id}))
    await _tell_teachers(uow, child, "leave_taken_back", f"leave_back:{leave.id}", leave.id)
