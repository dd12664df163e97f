"""A child's day: what was planned, where the child is, and the custody chain link by link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.alarms import OpenAlarm, alarms_of, may_see
from care.board.places import IN_SESSION, ON_DUTY, may_know_adults
from care.custody.chain import CHILDREN
from care.enrolment.family import restricted_from
from care.errors import NotFound
from care.permissions import Permission
from care.pickup.adults import Barred, barred
from care.pickup.plan import Plan, plan_of
from care.records.day import Alarm, CareDay, CareSession, CustodyEvent, DayChild
from care.records.people import Person, Student
from care.work import UnitOfWork

OTHER_DAYS = 5


@dataclass(frozen=True)
class ClosedAlarm:
    """An alarm that is over. ``closed_by`` is empty where it closed by itself: the child came."""

    alarm: Alarm
    closed_at: datetime
    closed_by: str


@dataclass(frozen=True)
class ChildDay:
    """One child on one date. ``place`` is None where the child was not planned for care then; ``links`` are its chain
    from the first. ``barred``: who must not collect the child as of now, None where that is not for the actor.
    ``others``: other dates on which the child was in care, the newest first."""

    student: Student
    on: date
    place: DayChild | None
    care_day: CareDay | None
    teacher: str
    links: tuple[CustodyEvent, ...]
    plan: Plan | None
    open_alarms: tuple[OpenAlarm, ...]
    closed_alarms: tuple[ClosedAlarm, ...]
    barred: tuple[Barred, ...] | None
    others: tuple[date, ...]

    @property
    def last(self) -> CustodyEvent | None:
        return self.links[-1] if self.links else None


async def child_day(uow: UnitOfWork, student_id: int, day: date) -> ChildDay:
    """A child's day. Raises NotFound beyond the actor's reach."""
    query = select(Student).where(Student.id == student_id).options(joinedload(Student.school_class))
    student = (await uow.session.scalars(query)).first()
    if student is None or not uow.actor.may_for(
        Permission.SEE_BOARD, student.school_class.grade, student.school_class_id
    ):
        raise NotFound()
    place = await _place(uow, student_id, day)
    school_class = student.school_class
    alarms = [
        (alarm, by)
        for alarm, by in (await _alarms(uow, place.id) if place else [])
        if may_see(uow.actor, alarm.kind, school_class.grade, school_class.id)
    ]
    days = select(DayChild.date).where(DayChild.student_id == student_id).order_by(DayChild.date.desc())
    return ChildDay(
        student=student,
        on=day,
        place=place,
        care_day=await uow.session.get(CareDay, day),
        teacher=await _teacher(uow, place.session) if place else "",
        links=await _links(uow, place.id) if place else (),
        plan=(await plan_of(uow, [student_id], day)).get(student_id),
        open_alarms=tuple(one for one in await alarms_of(uow, day) if one.student_id == student_id and one.day == day),
        closed_alarms=tuple(ClosedAlarm(a, a.closed_at, by or "") for a, by in alarms if a.closed_at is not None),
        barred=await _barred(uow, student, place),
        others=tuple(await uow.session.scalars(days.where(DayChild.date != day).limit(OTHER_DAYS))),
    )


async def _place(uow: UnitOfWork, student_id: int, day: date) -> DayChild | None:
    query = select(DayChild).where(DayChild.student_id == student_id, DayChild.date == day)
    return (await uow.session.scalars(query.options(joinedload(DayChild.session)))).first()


async def _barred(uow: UnitOfWork, student: Student, place: DayChild | None) -> tuple[Barred, ...] | None:
    on_duty = await _on_duty(uow, place.id) if place else None
    if not may_know_adults(uow.actor, student.school_class.grade, student.school_class_id, on_duty):
        return None
    if await restricted_from(uow, [student.id]):
        return None
    return tuple(await barred(uow, student.id))


async def _on_duty(uow: UnitOfWork, day_child_id: int) -> int | None:
    """The teacher of the session that the child is counted in."""
    query = select(ON_DUTY).select_from(CHILDREN).join(CareSession, CareSession.id == IN_SESSION)
    return (await uow.connection.execute(query.where(CHILDREN.c.id == day_child_id))).scalar()


async def _teacher(uow: UnitOfWork, session: CareSession) -> str:
    person_id = session.signed_in_id or session.teacher_id
    return (await uow.session.get_one(Person, person_id)).name if person_id else ""


async def _links(uow: UnitOfWork, day_child_id: int) -> tuple[CustodyEvent, ...]:
    query = select(CustodyEvent).where(CustodyEvent.day_child_id == day_child_id).order_by(CustodyEvent.seq)
    return tuple(await uow.session.scalars(query))


async def _alarms(uow: UnitOfWork, day_child_id: int) -> list[tuple[Alarm, str | None]]:
    query = (
        select(Alarm, Person.name)
        .outerjoin(Person, Person.id == Alarm.closed_by)
        .where(Alarm.day_child_id == day_child_id)
        .order_by(Alarm.id)
    )
    return [(alarm, name) for alarm, name in await uow.session.execute(query)]
