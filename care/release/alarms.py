"""Alarms of the gate: opened once, told to who answers for the day, closed with a reason or by what happens next."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from care.people import holders
from care.permissions import Permission
from care.records.day import Alarm, AlarmKind, CareDay, DayChild
from care.records.people import Role
from care.release.gate import GateChild
from care.work import UnitOfWork


async def leads(uow: UnitOfWork, day: date) -> list[int]:
    """Who answers for the day, as person ids: its duty lead, or else the deputies and the head."""
    care_day = await uow.session.get(CareDay, day)
    if care_day is not None and care_day.duty_lead_id is not None:
        return [care_day.duty_lead_id]
    return await holders(uow, Role.DEPUTY, Role.HEAD)


async def is_lead(uow: UnitOfWork, child: GateChild) -> bool:
    """Whether the actor answers for this day."""
    care_day = await uow.session.get(CareDay, child.date)
    if care_day is not None and care_day.duty_lead_id is not None:
        return care_day.duty_lead_id == uow.actor.person_id
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
