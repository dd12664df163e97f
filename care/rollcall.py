"""The roll call (S13): who signs in for a session, and what is said of each child. The chain of custody is the roll.

Who has signed in answers for the children. Others whose duty reaches the class may help to call the roll: their taps
say who tapped, and the child is with who signed in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from care.custody.chain import CHAIN, CHILDREN, FAMILY, Link, Side, append_after, append_to_all
from care.errors import Conflict, Invalid, NotAllowed
from care.leave_queries import standing_leave
from care.missing import arrived, open_missing, was_missing
from care.people import clean_name
from care.records.day import CareSession, DayChild, Holder, Step
from care.records.people import SchoolClass
from care.rollsheet import (
    Choice,
    RollChild,
    RollSheet,
    choices,
    find,
    hold,
    meant,
    sheet,
    sheet_of_child,
)
from care.work import UnitOfWork

__all__ = [
    "MARKS",
    "WITH_COURSE",
    "Choice",
    "OpenRoll",
    "RollChild",
    "RollSheet",
    "all_others_present",
    "choices",
    "find",
    "hold",
    "leave_behind",
    "mark",
    "meant",
    "on_leave_after_all",
    "sheet",
    "sheet_of_child",
    "sign_in",
    "unfinished",
]

MARKS = frozenset({Step.PRESENT, Step.LATE, Step.ABSENT, Step.MOVED, Step.BACK})
"""What a teacher may say about a child at the roll."""
WITH_COURSE = "course"
"""Who has a child that is at a course whose teacher nobody has named."""
SLIP = timedelta(minutes=30)
"""How long after "here" that may have been a slip: later the child may well have been here, and gone."""
AT_THE_GATE = frozenset({Step.LINED_OUT, Step.UNDONE})
"""The child is with whoever leads it out, or gave it and took the release back: that need not be who is on duty."""
ALARMING = frozenset({Step.ABSENT, Step.EXPLAINED, Step.LEAVE, Step.WITHDRAWN})
"""After these an alarm about the child may be open still."""


async def sign_in(uow: UnitOfWork, session_id: int, seen: int | None = None) -> RollSheet:
    """The duty sign-in (S12): from now on the actor answers for the session. Taking over from somebody who has signed
    in hands the children here over, each with both names, and tells them.

    ``seen``: whom the caller's screen showed as signed in, 0 for nobody. Raises Conflict when that is not so any more,
    and Conflict("roll_of_other_day") for another day's session.
    """
    await hold(uow, session_id)
    roll = await sheet(uow, session_id)
    _is_now(uow, roll)
    if roll.teacher_id == uow.actor.person_id:
        return roll
    if seen is not None and (roll.teacher_id or 0) != seen:
        raise Conflict()
    await uow.connection.execute(
        update(CareSession)
        .where(CareSession.id == session_id)
        .values(signed_in_id=uow.actor.person_id, signed_in_at=uow.now)
    )
    me = Side(Holder.TEACHER, uow.actor.person_id, uow.actor.name)
    new = replace(roll, teacher_id=me.person_id, teacher=me.name, signed_in_at=uow.now)
    if roll.teacher_id is not None:
        mine = [child for child in roll.in_care if not child.extended]  # who is in extended care stays there
        theirs = [child for child in mine if child.holder_id == roll.teacher_id]  # others stay where they are
        new = await _append_all(uow, new, theirs, me)
        children = len(theirs)
        await uow.post("duty_taken_over", roll.teacher_id, session_id=session_id, by=me.name, children=children)
    uow.record("duty_signed_in", "session", session_id, instead_of=roll.teacher)
    return await _finished(uow, new)


async def _append_all(uow: UnitOfWork, roll: RollSheet, children: list[RollChild], to: Side) -> RollSheet:
    link = Link(Step.HANDED_OVER, to)
    hashes = await append_to_all(uow, [(child.id, child, link) for child in children])
    return roll.with_children({c.id: _after(uow, c, link, hashes[c.id]) for c in children if c.id in hashes})


def _after(uow: UnitOfWork, child: RollChild, link: Link, sha256: str) -> RollChild:
    """The child with the link that has just been appended."""
    return replace(
        child,
        step=link.step,
        seq=child.seq + 1,
        holder=link.to.kind,
        holder_id=link.to.person_id,
        holder_name=link.to.name,
        at=uow.now,
        sha256=sha256,
    )


def _is_now(uow: UnitOfWork, roll: RollSheet) -> None:
    if roll.date != uow.day:
        raise Conflict("roll_of_other_day")
    if roll.closed_at is not None:
        raise Conflict("day_closed")


def _on_duty(uow: UnitOfWork, roll: RollSheet) -> Side:
    """Who answers for the children of this list."""
    _is_now(uow, roll)
    if roll.teacher_id is None:
        raise NotAllowed("not_signed_in", teacher=roll.planned)
    return Side(Holder.TEACHER, roll.teacher_id, roll.teacher)


async def mark(uow: UnitOfWork, day_child_id: int, step: Step, seen: int | None = None, remark: str = "") -> RollSheet:
    """Says of one child that it is here, late, absent, with a course teacher, or back; returns the list as it is then.

    ``seen``: how far the chain had grown on the caller's screen. ``remark`` names the course teacher. What the child is
    already is not said again. Raises NotFound, NotAllowed("not_signed_in") while nobody has signed in, Conflict when
    the child's state has changed meanwhile, Conflict("roll_of_other_day"), Conflict("day_closed").
    """
    if step not in MARKS:
        raise Invalid()
    await hold(uow, day_child_id=day_child_id)
    roll = await sheet_of_child(uow, day_child_id)
    teacher = _on_duty(uow, roll)
    child = roll.child(day_child_id)
    if child.step is step:  # the same tap twice, or two teachers of one mind
        return roll
    if seen is not None and child.seq != seen:
        raise Conflict()
    with_another = child.extended or child.holder_id not in (None, teacher.person_id)
    if child.is_here and with_another and not _may_end(uow, roll, child, step):
        raise NotAllowed("with_another", teacher=child.holder_name)
    link = Link(step, _side(step, teacher, remark))
    sha256 = await append_after(uow, child.id, child, link)
    if child.extended and step is not Step.ABSENT:  # missing there, found by the class: it is the class's again
        child = replace(child, extended=False)
        await uow.connection.execute(update(CHILDREN).where(CHILDREN.c.id == child.id).values(extended_at=None))
    if step is Step.ABSENT:
        await open_missing(uow, child.id)
    elif child.step in ALARMING or (child.step is Step.EXPECTED and child.seq > 1):
        await arrived(uow, child.id)
    return await _finished(uow, roll.with_children({child.id: _after(uow, child, link, sha256)}))


def _may_end(uow: UnitOfWork, roll: RollSheet, child: RollChild, step: Step) -> bool:
    """Whether a child of this class's way to the gate with a colleague may end like this: lost on the way, for whoever
    misses it; back in class, for the colleague and who is on duty. What extended care has, it accounts for itself."""
    if child.step not in AT_THE_GATE or step not in (Step.ABSENT, Step.BACK):
        return False
    if step is Step.BACK and uow.actor.person_id not in (child.holder_id, roll.teacher_id):
        return False
    return not child.extended


async def leave_behind(uow: UnitOfWork, roll: RollSheet, child: RollChild) -> int | None:
    """The leave that stands for a child who was tapped "here" a moment ago and is still with who is on duty. None for a
    child that has been looked for today, of which just the family knows; and none once care has ended: whoever is not
    collected then is waited for, and no word ends that."""
    if child.step not in (Step.PRESENT, Step.LATE) or child.extended or child.holder_id != roll.teacher_id:
        return None
    if uow.now >= min(roll.ends_at, child.at + SLIP):
        return None
    leave_id = await standing_leave(uow, child.student_id, roll.date, roll.date)
    return None if leave_id is None or await was_missing(uow, child.id) else leave_id


async def on_leave_after_all(uow: UnitOfWork, day_child_id: int, seen: int) -> RollSheet:
    """A child on leave was tapped "here" by mistake: it is on leave as the family has said, and nobody is asked. Raises
    what ``mark`` raises, and Conflict where ``leave_behind`` finds no leave to go back to."""
    await hold(uow, day_child_id=day_child_id)
    roll = await sheet_of_child(uow, day_child_id)
    _on_duty(uow, roll)
    child = roll.child(day_child_id)
    if child.step is Step.LEAVE:  # the same tap twice
        return roll
    leave_id = await leave_behind(uow, roll, child)
    if leave_id is None or child.seq != seen:
        raise Conflict()
    link = Link(Step.LEAVE, FAMILY, data={"leave": leave_id})
    sha256 = await append_after(uow, child.id, child, link)
    uow.record("leave_after_all", "student", child.student_id, leave=leave_id)
    return await _finished(uow, roll.with_children({child.id: _after(uow, child, link, sha256)}))


def _side(step: Step, teacher: Side, remark: str) -> Side:
    """Who has the child after a step."""
    if step is Step.ABSENT:
        return Side(Holder.NOBODY, None, "")
    if step is Step.MOVED:
        name = clean_name(remark)
        return Side(Holder.TEACHER, None, name) if name else Side(Holder.SCHOOL, None, WITH_COURSE)
    return teacher


async def all_others_present(uow: UnitOfWork, session_id: int, numbers: Collection[int] | None = None) -> RollSheet:
    """Every child about whom nothing has been said yet is here. ``numbers``: of the list, those whom the caller's
    screen showed as such; no other child is touched. Raises what ``mark`` raises."""
    await hold(uow, session_id)
    roll = await sheet(uow, session_id)
    link = Link(Step.PRESENT, _on_duty(uow, roll))
    meant_ = [c for c in roll.children if c.step is Step.EXPECTED and (numbers is None or c.number in numbers)]
    hashes = await append_to_all(uow, [(child.id, child, link) for child in meant_])
    for child in meant_:
        if child.seq > 1:  # it was on leave for a while, or missing before that
            await arrived(uow, child.id)
    changed = {c.id: _after(uow, c, link, hashes[c.id]) for c in meant_ if c.id in hashes}
    return await _finished(uow, roll.with_children(changed))


async def _finished(uow: UnitOfWork, roll: RollSheet) -> RollSheet:
    """The roll is done when something has been said about every child."""
    if roll.open or roll.done_at is not None:
        return roll
    await uow.connection.execute(
        update(CareSession)
        .where(CareSession.id == roll.session_id, CareSession.roll_done_at.is_(None))
        .values(roll_done_at=uow.now, roll_done_id=uow.actor.person_id)
    )
    uow.record("roll_done", "session", roll.session_id, expected=roll.expected, present=roll.present)
    return replace(roll, done_at=uow.now, done_by=uow.actor.name)


@dataclass(frozen=True)
class OpenRoll:
    """A roll that is not finished, with the moment it should have been. ``again``: every child of whom nothing has been
    said is expected since then, from a leave that was taken back."""

    session_id: int
    school_class_id: int
    grade: int
    teacher_id: int | None
    deadline: datetime
    again: datetime | None = None


async def unfinished(uow: UnitOfWork, minutes: int) -> list[OpenRoll]:
    """Today's rolls that should be finished by now, ``minutes`` after the session's start, and in which there is a
    child of whom nothing has been said: also after the roll was done, when a leave has been taken back since."""
    query = (
        select(CareSession, SchoolClass.grade, func.min(CHAIN.c.seq).label("seq"), func.min(CHAIN.c.at).label("since"))
        .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .join(DayChild, DayChild.session_id == CareSession.id)
        .join(CHAIN, (CHAIN.c.day_child_id == DayChild.id) & (CHAIN.c.seq == DayChild.last_seq))
        .where(
            CareSession.date == uow.today,
            CareSession.starts_at <= uow.now - timedelta(minutes=minutes),
            CareSession.ends_at > uow.now,
            CHAIN.c.step == Step.EXPECTED,
        )
        .group_by(CareSession.id, SchoolClass.grade)
    )
    found = []
    for session, grade, seq, since in await uow.session.execute(query):
        again = since if seq > 1 else None
        deadline = max(session.starts_at, again or session.starts_at) + timedelta(minutes=minutes)
        if deadline <= uow.now:
            teacher = session.signed_in_id or session.teacher_id
            found.append(OpenRoll(session.id, session.school_class_id or 0, grade, teacher, deadline, again))
    return found
