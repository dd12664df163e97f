"""Alarms of the gate: opened once, told to who answers for the day, closed with a reason or by what happens next."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.day.lead import reachable
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.permissions import Permission
from care.records.day import Alarm, AlarmKind, CareDay, DayChild
from care.records.people import Student
from care.release.waiting import GateChild
from care.work import UnitOfWork

REASON_LIMIT = 200
OF_THE_GATE = (AlarmKind.REFUSED, AlarmKind.DISPUTED, AlarmKind.UNCOLLECTED)
"""What happens at the gate is closed by who answers for the day, not by who stood there."""


async def is_lead(uow: UnitOfWork, child: GateChild) -> bool:
    """Whether the actor answers for this day."""
    care_day = await uow.session.get(CareDay, child.date)
    lead = care_day.duty_lead_id if care_day is not None else None
    if lead is not None and await reachable(uow, [lead]):  # else the others are told, and must be able to act
        return lead == uow.actor.person_id
    return uow.actor.may_for(Permission.ANSWER_FOR_DAY, child.grade, child.class_id)


async def open_alarm_of(uow: UnitOfWork, day_child_id: int, kind: AlarmKind) -> Alarm | None:
    query = select(Alarm).where(Alarm.day_child_id == day_child_id, Alarm.kind == kind, Alarm.closed_at.is_(None))
    return (await uow.session.scalars(query.with_for_update())).first()


async def raise_alarm(uow: UnitOfWork, day_child_id: int, kind: AlarmKind, remark: str = "") -> tuple[Alarm, bool]:
    """The child's open alarm of a kind, and whether it is new. Of two who raise it at once, the second finds it."""
    await uow.session.execute(select(DayChild.id).where(DayChild.id == day_child_id).with_for_update())
    alarm = await open_alarm_of(uow, day_child_id, kind)
    if alarm is not None:
        return alarm, False
    alarm = Alarm(day_child_id=day_child_id, kind=kind, opened_at=uow.now, opened_by=uow.actor.person_id, remark=remark)
    uow.session.add(alarm)
    await uow.session.flush()
    return alarm, True


async def settle(uow: UnitOfWork, day_child_id: int, kind: AlarmKind) -> Alarm | None:
    """Closes the child's open alarm of a kind, because what it was about is over; None when none is open."""
    alarm = await open_alarm_of(uow, day_child_id, kind)
    if alarm is not None:
        alarm.closed_at, alarm.closed_by = uow.now, uow.actor.person_id
    return alarm


async def gate_alarm(uow: UnitOfWork, alarm_id: int) -> Alarm:
    """An alarm of the gate with its child, for staff whose duty reaches the child. Raises NotFound otherwise."""
    query = (
        select(Alarm)
        .where(Alarm.id == alarm_id, Alarm.kind.in_(OF_THE_GATE))
        .options(joinedload(Alarm.day_child).joinedload(DayChild.student).joinedload(Student.school_class))
    )
    alarm = (await uow.session.scalars(query)).first()
    if alarm is None:
        raise NotFound()
    school_class = alarm.day_child.student.school_class
    if not uow.actor.may_for(Permission.TAKE_ROLL, school_class.grade, school_class.id):
        raise NotFound()
    return alarm


async def to_close(uow: UnitOfWork, alarm_id: int) -> Alarm:
    """An alarm of the gate that the actor may close now. Raises NotAllowed for who does not answer for the day,
    Conflict("alarm_closed")."""
    alarm = await gate_alarm(uow, alarm_id)
    school_class = alarm.day_child.student.school_class
    if not uow.actor.may_for(Permission.ANSWER_FOR_DAY, school_class.grade, school_class.id):
        raise NotAllowed()
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    return alarm


async def close_alarm(uow: UnitOfWork, alarm_id: int, reason: str) -> Alarm:
    """Closes an alarm of the gate with a reason. Raises as ``to_close``, and Invalid("reason_needed")."""
    alarm = await to_close(uow, alarm_id)
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON_LIMIT:
        raise Invalid("words_too_long" if reason else "reason_needed", limit=REASON_LIMIT)
    alarm = await uow.session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    alarm.closed_at, alarm.closed_by, alarm.reason = uow.now, uow.actor.person_id, reason
    student_id = await uow.session.scalar(select(DayChild.student_id).where(DayChild.id == alarm.day_child_id))
    uow.record("alarm_closed", "student", student_id or 0, reason, alarm=alarm.id, kind=alarm.kind.value)
    return alarm
