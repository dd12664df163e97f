"""What was entered from paper wrongly is corrected while the day is open: the hand-over is taken back by a link of its
own, never erased, and what is right is entered after it (S14)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time

from sqlalchemy import select

from care.custody.chain import Link, Side, append
from care.custody.steps import HERE
from care.enrolment.family import is_family, unrestricted_guardians
from care.errors import CareError, Conflict, Invalid, NotAllowed, NotFound
from care.missing import child_of
from care.paper.enter import PaperRefused, append_line
from care.paper.line import Collector, Entry, Reading, entered_now
from care.paper.mark import end_where_entered
from care.paper.sheet import PaperChild, PaperSession, paper_children, paper_session
from care.permissions import Actor, Permission
from care.reasons import fit_reason
from care.records.day import CustodyEvent, DayChild, Holder, Proof, Step
from care.records.delivery import Class, Letter
from care.release.alarms import ON_PAPER, another_must_close, open_alarm_of, settle
from care.rollsheet import hold
from care.work import UnitOfWork

RELEASED, CORRECTED = "paper_released", "paper_corrected"
"""The letters to the family: of a hand-over that was entered, and of what is right instead."""


@dataclass(frozen=True)
class Entered:
    """A hand-over that was entered from paper. ``told``: the guardians who have been told of it; ``since``: from when
    on the child was where it was before; ``unseen``: only paper says that it was there at all."""

    session: PaperSession
    child: PaperChild
    link: CustodyEvent
    told: tuple[int, ...]
    since: datetime
    unseen: bool


@dataclass(frozen=True)
class Right:
    """What is right instead: collected by somebody at a time, ``away`` (never came, and ``note`` why), or neither: the
    child is still here."""

    away: bool = False
    collector: Collector | None = None
    left_at: time | None = None
    note: str = ""
    confirmed: bool = False


def may_correct(actor: Actor, session: PaperSession) -> bool:
    """Whether the actor corrects what was entered for this class: who answers for the day does, not who entered it."""
    return actor.may_for(Permission.ANSWER_FOR_DAY, session.grade, session.school_class_id)


async def entered(uow: UnitOfWork, day_child_id: int) -> Entered:
    """The hand-over that could be corrected. Raises NotFound beyond the reach of who answers for the day,
    Conflict("day_closed"), Conflict("stale") where the last step is none that was entered from paper."""
    day_child = await uow.session.get(DayChild, day_child_id)
    if day_child is None:
        raise NotFound()
    session = await paper_session(uow, day_child.session_id)
    if not may_correct(uow.actor, session):
        raise NotFound()
    if session.closed_at is not None:
        raise Conflict("day_closed")
    (child,) = [one for one in await paper_children(uow, session) if one.id == day_child_id]
    if not child.is_from_paper:
        raise Conflict()
    query = select(CustodyEvent).where(CustodyEvent.day_child_id == day_child_id).order_by(CustodyEvent.seq)
    *before, link = await uow.session.scalars(query)
    since = before[-1].data.get("since")
    return Entered(
        session=session,
        child=child,
        link=link,
        told=await _told(uow, child),
        since=datetime.fromisoformat(since) if since else before[-1].at,
        unseen=not any(one.step in HERE and one.proof is not Proof.PAPER for one in before),
    )


async def _told(uow: UnitOfWork, child: PaperChild) -> tuple[int, ...]:
    """The guardians who have been told of the hand-over, as it was entered or by a correction."""
    people = await unrestricted_guardians(uow, child.student_id)
    keys = [f"{kind}:{child.id}:{child.seq}:{person}" for kind in (RELEASED, CORRECTED) for person in people]
    told = await uow.session.scalars(select(Letter.person_id).where(Letter.unique_key.in_(keys)))
    return tuple(sorted({person for person in told if person is not None}))


async def correct(uow: UnitOfWork, day_child_id: int, seen: int, reason: str, right: Right) -> int:
    """Takes a hand-over back that was entered from paper, with a reason, and enters what is right; the guardians who
    were told of it are told of both. Returns the session. A child who is still here is with whom it was before, and the
    uncollected clock goes on. ``seen``: the number of the hand-over.

    Raises as ``entered``, Conflict("stale") where it is not the last step, Invalid("reason_needed"),
    NotAllowed("paper_own_child", "alarm_own_release"), PaperRefused with what is wrong with what is right.
    """
    await hold(uow, day_child_id=day_child_id)
    wrong = await entered(uow, day_child_id)
    child = wrong.child
    if child.seq != seen:
        raise Conflict()
    if await is_family(uow, child.student_id):
        raise NotAllowed("paper_own_child")
    reason = fit_reason(reason)
    await _close_what_was_wrong(uow, child, reason)
    number = await append(uow, child.id, _taken_back(uow, wrong, reason), child.seq)
    uow.record("paper_corrected", "student", child.student_id, reason, date=wrong.session.date.isoformat(), seq=seen)
    last = await _enter_what_is_right(uow, wrong, number, right)
    now = Class.ALARM if last == number else Class.REMINDER
    key = f"{CORRECTED}:{child.id}:{last}"
    await uow.post(CORRECTED, wrong.told, now, key=key, day_child_id=child.id, undone=number, seq=last)
    await end_where_entered(uow, wrong.session.date)
    return wrong.session.session_id


def _taken_back(uow: UnitOfWork, wrong: Entered, reason: str) -> Link:
    """The child is again with whom it was before."""
    link = wrong.link
    giver = Side(link.giver, link.giver_id, link.giver_name)
    if giver.kind is not Holder.TEACHER:  # a course's teacher whom nobody has named
        giver = wrong.session.teacher or Side(Holder.TEACHER, uow.actor.person_id, uow.actor.name)
    data = {**entered_now(uow), "since": wrong.since.isoformat(), "unseen": wrong.unseen}
    return Link(Step.UNDONE, giver, Proof.PAPER, reason, data)


async def _close_what_was_wrong(uow: UnitOfWork, child: PaperChild, reason: str) -> None:
    """The alarm of a hand-over that never was is over, if the actor may close it."""
    for kind in ON_PAPER:
        alarm = await open_alarm_of(uow, child.id, kind)
        if alarm is None:
            continue
        alarm.day_child = await child_of(uow, child.id)
        await another_must_close(uow, alarm)
        alarm.reason = reason
        await settle(uow, child.id, kind)
        uow.record("alarm_closed", "student", child.student_id, reason, alarm=alarm.id, kind=kind.value)


async def _enter_what_is_right(uow: UnitOfWork, wrong: Entered, number: int, right: Right) -> int:
    """Returns the number of the chain's last link."""
    if not right.away and right.collector is None and right.left_at is None and not right.note.strip():
        if wrong.session.date != uow.day:  # nobody of that day is here any more
            raise PaperRefused({wrong.child.id: Invalid("paper_collector_needed")})
        return number
    child = replace(wrong.child, step=Step.UNDONE, seq=number, since=wrong.since, planned=False, unseen=wrong.unseen)
    entry = Entry(
        day_child_id=child.id,
        seq=number,
        came=False if right.away else None,
        collector=right.collector,
        left_at=right.left_at,
        note=right.note,
        confirmed=right.confirmed,
    )
    at = wrong.since.astimezone(uow.school.zone).time()
    try:
        line = Reading(uow, wrong.session, child, entry, at).line()
    except CareError as error:
        raise PaperRefused({child.id: error}) from error
    await append_line(uow, wrong.session, line, wrong.told)
    return number + len(line.links)
