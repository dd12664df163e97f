"""A release taken back, and what guardians say of it: within two minutes a slip of the finger is undone by a link of
its own, never erased; "not right" is an alarm."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from care.custody.chain import Link, Side, append
from care.day.lead import who_answers
from care.enrolment.family import unrestricted_guardians
from care.errors import Conflict, NotAllowed, NotFound
from care.missing_answers import said_to
from care.people import holders
from care.reasons import fit_reason
from care.records.day import Alarm, AlarmAnswer, AlarmKind, Answer, CustodyEvent, Holder, Proof, Step
from care.records.delivery import Class
from care.records.office import Event
from care.records.people import Guardianship, Role
from care.release.alarms import is_lead, open_alarm_of, raise_alarm
from care.release.gate import UNDO_WITHIN, any_child, child, hold_lists
from care.release.waiting import GateChild
from care.work import UnitOfWork

REASON_LIMIT = 120


class Slip(StrEnum):
    """Why a release was taken back, where a tap says it."""

    WRONG_CHILD = "wrong_child"
    WRONG_ADULT = "wrong_adult"
    TOO_EARLY = "too_early"


async def undo(
    uow: UnitOfWork, day_child_id: int, words: str = "", slip: Slip | None = None, seen: int | None = None
) -> GateChild:
    """Takes a release back within two minutes: by who gave the child, or by the duty lead. The child is with the
    teacher who gave it again, and the guardians are told why. ``seen``: the number of the release.

    Raises Invalid("reason_needed"); Conflict("stale") when that release is not the last step; NotAllowed for others;
    Conflict("undo_late") afterwards.
    """
    await hold_lists(uow, [day_child_id])
    one = await child(uow, day_child_id)
    words = fit_reason(words, REASON_LIMIT) if slip is None else ""
    if not one.is_gone or seen not in (None, one.seq):
        raise Conflict()
    if one.by_id != uow.actor.person_id and not await is_lead(uow, one):
        raise NotAllowed("not_your_release", teacher=one.by_name)
    if uow.now - one.at > UNDO_WITHIN:
        raise Conflict("undo_late")
    teacher = Side(Holder.TEACHER, one.by_id, one.by_name)
    data = {"why": slip.value} if slip else {}
    number = await append(uow, one.id, Link(Step.UNDONE, teacher, remark=words, data=data), one.seq)
    uow.record("release_undone", "student", one.student_id, words, **data)
    people = await unrestricted_guardians(uow, one.student_id)
    key = f"undone:{one.id}:{number}"
    await uow.post("release_undone", people, Class.ALARM, key=key, day_child_id=one.id, seq=number)
    return await child(uow, day_child_id)


async def may_undo(uow: UnitOfWork, one: GateChild) -> bool:
    """Whether the actor could take this child's release back now."""
    mine = one.by_id == uow.actor.person_id
    return one.is_gone and uow.now - one.at <= UNDO_WITHIN and (mine or await is_lead(uow, one))


@dataclass(frozen=True)
class Release:
    """A release as a guardian is told of it. ``holds``: it is the child's last step still."""

    child: GateChild
    adult_name: str
    relation: str
    alone: bool
    at: datetime
    teacher: str
    proof: Proof
    holds: bool


async def release_told(uow: UnitOfWork, day_child_id: int, seq: int) -> Release:
    """One release of a child. Raises NotFound for a link that is none; the caller's right is looked at elsewhere."""
    one = await any_child(uow, day_child_id)
    query = select(CustodyEvent).where(CustodyEvent.day_child_id == day_child_id, CustodyEvent.seq == seq)
    link = (await uow.session.scalars(query)).first()
    if one is None or link is None or link.step is not Step.RELEASED:
        raise NotFound()
    return Release(
        one,
        link.holder_name,
        str(link.data.get("relation", "")),
        link.holder is Holder.FAMILY,
        link.at,
        link.by_name,
        link.proof,
        one.seq == seq,
    )


async def _own(uow: UnitOfWork, day_child_id: int, seq: int) -> Release:
    """A release of the actor's own child that holds. Raises NotFound, and Conflict("stale") for one taken back."""
    told = await release_told(uow, day_child_id, seq)
    query = select(Guardianship.id).where(
        Guardianship.student_id == told.child.student_id,
        Guardianship.person_id == uow.actor.person_id,
        Guardianship.restricted.is_(False),
    )
    if await uow.session.scalar(query) is None:
        raise NotFound()
    if not told.holds:
        raise Conflict()
    return told


async def acknowledge(uow: UnitOfWork, day_child_id: int, seq: int) -> Release:
    """A guardian says that the hand-over is known to them; once is enough."""
    told = await _own(uow, day_child_id, seq)
    said = select(Event.id).where(
        Event.action == "release_acknowledged",
        Event.subject == "student",
        Event.subject_id == told.child.student_id,
        Event.actor_id == uow.actor.person_id,
        Event.at >= told.at,
    )
    if await uow.session.scalar(said.limit(1)) is None:
        uow.record("release_acknowledged", "student", told.child.student_id, child=day_child_id, seq=seq)
    return told


async def dispute(uow: UnitOfWork, day_child_id: int, seq: int) -> Release:
    """A guardian says that the hand-over is not right: the duty lead, the head and the homeroom teacher know at once,
    of each guardian who says so, and the alarm stays until it is closed with a reason."""
    await hold_lists(uow, [day_child_id])
    told = await _own(uow, day_child_id, seq)
    alarm, _is_new = await raise_alarm(uow, day_child_id, AlarmKind.DISPUTED)
    if alarm.lead_told_at is None:
        alarm.lead_told_at = uow.now
    if await _say(uow, alarm, Answer.NOT_RIGHT):
        uow.record("release_disputed", "student", told.child.student_id, alarm=alarm.id, seq=seq)
        await _tell(uow, "release_disputed", f"disputed:{alarm.id}", alarm, told.child, seq)
    return told


async def withdraw_dispute(uow: UnitOfWork, day_child_id: int, seq: int) -> Release:
    """The guardian who has said "not right" says that it was a mistake: whoever was told hears it, and who answers for
    the day closes the alarm. Raises Conflict("alarm_closed"), and NotFound for who has not said so."""
    await hold_lists(uow, [day_child_id])
    told = await _own(uow, day_child_id, seq)
    alarm = await open_alarm_of(uow, day_child_id, AlarmKind.DISPUTED)
    if alarm is None:
        raise Conflict("alarm_closed")
    if await _last_word(uow, alarm) is None:
        raise NotFound()
    if await _say(uow, alarm, Answer.MISTAKE):
        uow.record("dispute_withdrawn", "student", told.child.student_id, alarm=alarm.id, seq=seq)
        await _tell(uow, "dispute_withdrawn", f"withdrawn:{alarm.id}", alarm, told.child, seq)
    return told


async def own_words(uow: UnitOfWork, day_child_ids: Collection[int]) -> dict[int, Answer]:
    """What the actor has said last to the open dispute of each of these children; nothing for who has not."""
    query = select(Alarm.id, Alarm.day_child_id).where(
        Alarm.day_child_id.in_(list(day_child_ids)), Alarm.kind == AlarmKind.DISPUTED, Alarm.closed_at.is_(None)
    )
    child_of = {alarm: child for alarm, child in await uow.connection.execute(query)}
    said = await said_to(uow, child_of)
    mine = ((child_of[alarm], one) for alarm, all_of_it in said.items() for one in all_of_it)
    return {child: one.answer for child, one in mine if one.person_id == uow.actor.person_id}


async def looked_into(uow: UnitOfWork, told: Collection[Release]) -> dict[int, Alarm]:
    """The disputes of these releases, by day child, in which the actor has said something and which are closed with a
    reason."""
    at = {one.child.id: one.at for one in told}
    mine = select(AlarmAnswer.alarm_id).where(AlarmAnswer.person_id == uow.actor.person_id)
    query = select(Alarm).where(
        Alarm.day_child_id.in_(list(at)), Alarm.kind == AlarmKind.DISPUTED, Alarm.reason != "", Alarm.id.in_(mine)
    )
    found = await uow.session.scalars(query.order_by(Alarm.id))
    return {alarm.day_child_id: alarm for alarm in found if alarm.opened_at >= at[alarm.day_child_id]}


async def _last_word(uow: UnitOfWork, alarm: Alarm) -> Answer | None:
    said = (await said_to(uow, [alarm.id])).get(alarm.id, ())
    return next((one.answer for one in said if one.person_id == uow.actor.person_id), None)


async def _say(uow: UnitOfWork, alarm: Alarm, word: Answer) -> bool:
    """Keeps what the actor says, unless it is what they have said last."""
    if await _last_word(uow, alarm) is word:
        return False
    uow.session.add(AlarmAnswer(alarm_id=alarm.id, person_id=uow.actor.person_id, answer=word, at=uow.now))
    await uow.session.flush()
    words = {one.answer for one in (await said_to(uow, [alarm.id]))[alarm.id]}
    alarm.answer = Answer.NOT_RIGHT if Answer.NOT_RIGHT in words else Answer.MISTAKE
    alarm.answered_by, alarm.answered_at = uow.actor.person_id, uow.now
    return True


async def _tell(uow: UnitOfWork, kind: str, key: str, alarm: Alarm, one: GateChild, seq: int) -> None:
    """A first "not right" goes by the alarm's own key; whatever is said afterwards by one of its own."""
    said = select(func.count()).select_from(AlarmAnswer).where(AlarmAnswer.alarm_id == alarm.id)
    number = await uow.session.scalar(said)
    key = key if number == 1 else f"{key}:{number}"
    homeroom = await holders(uow, Role.HOMEROOM, class_id=one.class_id)
    people = [*await who_answers(uow, one.date), *await holders(uow, Role.HEAD), *homeroom]
    await uow.post(kind, people, Class.ALARM, key=key, alarm_id=alarm.id, seq=seq, by=uow.actor.name)
