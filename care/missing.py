"""Expected but missing: the guardians are asked at once, the homeroom teacher is told, and without an answer the duty
lead; it stays open until somebody closes it with a reason."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from care.custody.chain import LAST, Link, Side, append
from care.enrolment.family import unrestricted_guardians
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.people import holders
from care.permissions import Permission
from care.records.day import Alarm, AlarmKind, CareDay, CareSession, DayChild, Holder, Step
from care.records.delivery import Class
from care.records.people import Guardianship, Role, Student
from care.work import UnitOfWork

REASON_LIMIT = 200


class Answer(StrEnum):
    """What a family says to "is the child with you?": by a button, or by a leave given afterwards."""

    WITH_ME = "with_me"
    NOT_HERE = "not_here"
    ON_LEAVE = "on_leave"


async def open_missing(uow: UnitOfWork, day_child_id: int) -> Alarm:
    """A child is not where the plan expects it: asks all guardians at once, and tells the homeroom teacher."""
    alarm = Alarm(day_child_id=day_child_id, kind=AlarmKind.MISSING, opened_at=uow.now, opened_by=uow.actor.person_id)
    uow.session.add(alarm)
    await uow.session.flush()
    child = await child_of(uow, day_child_id)
    uow.record("child_missing", "student", child.student_id, alarm=alarm.id)
    guardians = await unrestricted_guardians(uow, child.student_id)
    await uow.post("child_missing", guardians, Class.ALARM, key=f"missing:{alarm.id}", alarm_id=alarm.id)
    homeroom = await holders(uow, Role.HOMEROOM, class_id=child.student.school_class_id)
    told = [person for person in homeroom if person != uow.actor.person_id and person not in guardians]
    await uow.post("child_missing_told", told, Class.ALARM, key=f"missing_told:{alarm.id}", alarm_id=alarm.id)
    if not guardians:
        await tell_lead(uow, alarm)
    return alarm


async def child_of(uow: UnitOfWork, day_child_id: int) -> DayChild:
    """A planned child with its student, class and session."""
    query = (
        select(DayChild)
        .where(DayChild.id == day_child_id)
        .options(
            joinedload(DayChild.student).joinedload(Student.school_class),
            joinedload(DayChild.session).joinedload(CareSession.signed_in),
        )
    )
    return (await uow.session.scalars(query)).one()


async def tell_lead(uow: UnitOfWork, alarm: Alarm) -> None:
    """The duty lead is told, once."""
    if alarm.lead_told_at is not None:
        return
    alarm.lead_told_at = uow.now
    child = await child_of(uow, alarm.day_child_id)
    care_day = await uow.session.get_one(CareDay, child.date)
    lead = [care_day.duty_lead_id] if care_day.duty_lead_id is not None else await holders(uow, Role.DEPUTY, Role.HEAD)
    await uow.post("child_missing_lead", lead, Class.ALARM, key=f"missing_lead:{alarm.id}", alarm_id=alarm.id)


async def _open_alarm(uow: UnitOfWork, day_child_id: int) -> Alarm | None:
    query = select(Alarm).where(
        Alarm.day_child_id == day_child_id, Alarm.kind == AlarmKind.MISSING, Alarm.closed_at.is_(None)
    )
    return (await uow.session.scalars(query.with_for_update())).first()


async def arrived(uow: UnitOfWork, day_child_id: int) -> None:
    """The child is there after all: the alarm closes by itself, and who was asked is told."""
    alarm = await _open_alarm(uow, day_child_id)
    if alarm is None:
        return
    _close(uow, alarm, "")
    child = await child_of(uow, day_child_id)
    uow.record("missing_arrived", "student", child.student_id, alarm=alarm.id)
    guardians = await unrestricted_guardians(uow, child.student_id)
    await uow.post("child_arrived", guardians, Class.ALARM, key=f"arrived:{alarm.id}", alarm_id=alarm.id)


def _close(uow: UnitOfWork, alarm: Alarm, reason: str) -> None:
    alarm.closed_at, alarm.closed_by, alarm.reason = uow.now, uow.actor.person_id, reason


async def alarm_of(uow: UnitOfWork, alarm_id: int) -> Alarm:
    """An alarm that the actor may see: a guardian's own child's, or one within the reach of a teacher's duty. Raises
    NotFound otherwise."""
    query = (
        select(Alarm)
        .where(Alarm.id == alarm_id)
        .options(
            joinedload(Alarm.day_child).joinedload(DayChild.student).joinedload(Student.school_class),
            joinedload(Alarm.day_child).joinedload(DayChild.session).joinedload(CareSession.signed_in),
        )
    )
    alarm = (await uow.session.scalars(query)).first()
    if alarm is None:
        raise NotFound()
    student = alarm.day_child.student
    own = await _is_guardian(uow, student.id)
    if not own and not uow.actor.may_for(Permission.TAKE_ROLL, student.school_class.grade, student.school_class_id):
        raise NotFound()
    return alarm


async def _is_guardian(uow: UnitOfWork, student_id: int) -> bool:
    query = select(
        exists().where(
            Guardianship.student_id == student_id,
            Guardianship.person_id == uow.actor.person_id,
            Guardianship.restricted.is_(False),
        )
    )
    return bool(await uow.session.scalar(query))


async def answer(uow: UnitOfWork, alarm_id: int, said: Answer) -> Alarm:
    """A guardian answers. "With me" explains where the child is; "not here" reaches the duty lead at once. The last
    answer counts while the alarm is open. Raises Conflict("alarm_closed") afterwards."""
    alarm = await alarm_of(uow, alarm_id)
    child = alarm.day_child
    if not await _is_guardian(uow, child.student_id):
        raise NotAllowed()
    alarm = await uow.session.get_one(Alarm, alarm_id, with_for_update=True)
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    if alarm.answer == said:
        return alarm
    alarm.answer, alarm.answered_by, alarm.answered_at = said, uow.actor.person_id, uow.now
    uow.record("missing_answered", "student", child.student_id, alarm=alarm.id, answer=said.value)
    if said is Answer.NOT_HERE:
        await tell_lead(uow, alarm)
    else:
        guardian = Side(Holder.ADULT, uow.actor.person_id, uow.actor.name)
        await _explain(uow, alarm.day_child_id, guardian, "")
    teacher = child.session.signed_in_id
    if teacher is not None:
        key = f"missing_answer:{alarm.id}:{said.value}"
        await uow.post("missing_answered", teacher, Class.ALARM, key=key, alarm_id=alarm.id)
    return alarm


async def excused(uow: UnitOfWork, day_child_id: int) -> None:
    """The family has given leave for a child that was missing: that answers the alarm, which somebody still closes."""
    alarm = await _open_alarm(uow, day_child_id)
    if alarm is None:
        return
    child = await child_of(uow, day_child_id)
    alarm.answer, alarm.answered_by, alarm.answered_at = Answer.ON_LEAVE, uow.actor.person_id, uow.now
    uow.record("missing_answered", "student", child.student_id, alarm=alarm.id, answer=alarm.answer)


async def _explain(uow: UnitOfWork, day_child_id: int, side: Side, reason: str) -> None:
    last = (await uow.connection.execute(LAST, {"child": day_child_id})).one()
    if last.step == Step.ABSENT:
        await append(uow, day_child_id, Link(Step.EXPLAINED, side, remark=reason))


async def close(uow: UnitOfWork, alarm_id: int, reason: str) -> None:
    """A member of staff closes the alarm with a reason; an absence nobody has explained is explained by it. Raises
    Invalid("reason_needed"), Conflict("alarm_closed")."""
    alarm = await alarm_of(uow, alarm_id)
    student = alarm.day_child.student
    if not uow.actor.may_for(Permission.TAKE_ROLL, student.school_class.grade, student.school_class_id):
        raise NotAllowed()
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON_LIMIT:
        raise Invalid("reason_needed" if not reason else "words_too_long", limit=REASON_LIMIT)
    alarm = await uow.session.get_one(Alarm, alarm_id, with_for_update=True)
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    _close(uow, alarm, reason)
    await _explain(uow, alarm.day_child_id, Side(Holder.FAMILY, None, ""), reason)
    uow.record("missing_closed", "student", student.id, reason, alarm=alarm.id)


async def unanswered(uow: UnitOfWork, minutes: int) -> list[int]:
    """Missing-child alarms of today that no guardian has answered for so many minutes, and the duty lead not heard."""
    query = (
        select(Alarm.id)
        .join(DayChild)
        .where(
            DayChild.date == uow.today,
            Alarm.kind == AlarmKind.MISSING,
            Alarm.closed_at.is_(None),
            Alarm.answer == "",
            Alarm.lead_told_at.is_(None),
            Alarm.opened_at <= uow.now - timedelta(minutes=minutes),
        )
    )
    return list(await uow.session.scalars(query))
