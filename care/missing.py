"""Expected but missing: the guardians are asked at once, the homeroom teacher is told, and without an answer the duty
lead; it stays open until somebody closes it with a reason, or the child is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, SQLColumnExpression, exists, func, select
from sqlalchemy.orm import joinedload

from care.alarm_screens import lead_key, post_card, show_missing
from care.custody.chain import FAMILY, LAST, Link, Side, append
from care.day.lead import who_answers
from care.enrolment.family import is_family, unrestricted_guardians
from care.errors import Conflict, NotAllowed, NotFound
from care.people import holders
from care.permissions import Permission
from care.reasons import fit_reason
from care.records.day import Alarm, AlarmKind, Answer, CareSession, DayChild, Holder, Step
from care.records.delivery import Class
from care.records.people import Contact, Guardianship, Person, Reach, Relation, Role, Student
from care.release.alarms import open_alarm_of, settle
from care.rollsheet import hold
from care.work import UnitOfWork


async def open_missing(uow: UnitOfWork, day_child_id: int) -> Alarm:
    """A child is not where the plan expects it: asks all guardians at once, and tells the homeroom teacher. Where no
    guardian can be reached, the duty lead is told at once."""
    await settle(uow, day_child_id, AlarmKind.UNCOLLECTED)  # the school does not have the child
    earlier = await open_alarm_of(uow, day_child_id, AlarmKind.MISSING)
    if earlier is not None:  # a leave had excused the child, and was taken back
        _close(uow, earlier, "")
        await uow.session.flush()
    alarm = Alarm(day_child_id=day_child_id, kind=AlarmKind.MISSING, opened_at=uow.now, opened_by=uow.actor.person_id)
    uow.session.add(alarm)
    await uow.session.flush()
    child = await child_of(uow, day_child_id)
    uow.record("child_missing", "student", child.student_id, alarm=alarm.id)
    guardians = await unrestricted_guardians(uow, child.student_id)
    await uow.post("child_missing", guardians, Class.ALARM, key=f"missing:{alarm.id}", alarm_id=alarm.id)
    homeroom = await holders(uow, Role.HOMEROOM, class_id=child.student.school_class_id)
    told = [person for person in homeroom if person != uow.actor.person_id and person not in guardians]
    reached = select(Contact.id).where(Contact.person_id.in_(guardians), Contact.reach == Reach.REACHABLE)
    if not guardians or await uow.session.scalar(reached.limit(1)) is None:
        leads = await tell_lead(uow, alarm)
        told = [person for person in told if person not in leads]
    await post_card(uow, "child_missing_told", told, f"missing_told:{alarm.id}", alarm)
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


async def tell_lead(uow: UnitOfWork, alarm: Alarm) -> list[int]:
    """The duty lead is told, once. Returns who is, now."""
    if alarm.lead_told_at is not None:
        return []
    alarm.lead_told_at = uow.now
    child = await child_of(uow, alarm.day_child_id)
    lead = await who_answers(uow, child.date)
    await post_card(uow, "child_missing_lead", lead, lead_key(alarm.id), alarm)
    return lead


async def concerned(uow: UnitOfWork, alarm: Alarm, child: DayChild) -> list[int]:
    """The staff who have been told of an alarm, without the actor."""
    people = [alarm.opened_by, child.session.signed_in_id]
    people += await holders(uow, Role.HOMEROOM, class_id=child.student.school_class_id)
    if alarm.lead_told_at is not None:
        people += await who_answers(uow, child.date)
    return [one for one in dict.fromkeys(people) if one is not None and one != uow.actor.person_id]


async def open_alarm_id(uow: UnitOfWork, day_child_id: int) -> int | None:
    """The open alarm about a child that is missing, if there is one."""
    query = select(Alarm.id).where(
        Alarm.day_child_id == day_child_id, Alarm.kind == AlarmKind.MISSING, Alarm.closed_at.is_(None)
    )
    return await uow.session.scalar(query)


async def was_missing(uow: UnitOfWork, day_child_id: int) -> bool:
    """Whether the child has been looked for on this day, however that ended."""
    query = select(Alarm.id).where(Alarm.day_child_id == day_child_id, Alarm.kind == AlarmKind.MISSING)
    return await uow.session.scalar(query.limit(1)) is not None


async def arrived(uow: UnitOfWork, day_child_id: int) -> None:
    """The child is there after all: the alarm closes by itself, and who was asked or told hears it. Where somebody had
    closed it with a reason, the family has read that the child is not at school, and reads that it is."""
    alarm = await open_alarm_of(uow, day_child_id, AlarmKind.MISSING)
    if alarm is None:
        await _arrived_since(uow, day_child_id)
        return
    _close(uow, alarm, "")
    child = await child_of(uow, day_child_id)
    uow.record("missing_arrived", "student", child.student_id, alarm=alarm.id)
    guardians = await unrestricted_guardians(uow, child.student_id)
    await uow.post("child_arrived", guardians, Class.ALARM, key=arrived_key(alarm.id), alarm_id=alarm.id)
    await _tell_staff(uow, alarm, child, guardians)
    await show_missing(uow, alarm, guardians)


async def _arrived_since(uow: UnitOfWork, day_child_id: int) -> None:
    query = select(Alarm).where(Alarm.day_child_id == day_child_id, Alarm.kind == AlarmKind.MISSING, Alarm.reason != "")
    alarm = await uow.session.scalar(query.order_by(Alarm.id.desc()).limit(1))
    if alarm is None:
        return
    guardians = await unrestricted_guardians(uow, (await child_of(uow, day_child_id)).student_id)
    key, at = arrived_key(alarm.id), uow.now.isoformat()
    await uow.post("child_arrived", guardians, Class.ALARM, key=key, alarm_id=alarm.id, at=at)


async def on_paper(uow: UnitOfWork, day_child_id: int, reason: str) -> None:
    """The day's paper says where the child was: the alarm is over, and the staff who were told hear it. The family
    reads what was entered."""
    alarm = await open_alarm_of(uow, day_child_id, AlarmKind.MISSING)
    if alarm is None:
        return
    _close(uow, alarm, reason)
    child = await child_of(uow, day_child_id)
    guardians = await unrestricted_guardians(uow, child.student_id)
    await _tell_staff(uow, alarm, child, guardians)
    await show_missing(uow, alarm, guardians, told=child.date == uow.day)


async def _tell_staff(uow: UnitOfWork, alarm: Alarm, child: DayChild, guardians: Collection[int]) -> None:
    """How it ended; not to who reads it as a guardian."""
    staff = [person for person in await concerned(uow, alarm, child) if person not in guardians]
    await uow.post("missing_over", staff, Class.ALARM, key=f"missing_over:{alarm.id}", alarm_id=alarm.id)


def arrived_key(alarm_id: int) -> str:
    """Of the letter to the family that the child is there after all."""
    return f"arrived:{alarm_id}"


def found_at(day_child_id: SQLColumnExpression[int]) -> ScalarSelect[datetime | None]:
    """When a child that was missing was there after all, the last time; null where it never was missing."""
    return (
        select(func.max(Alarm.closed_at))
        .where(Alarm.day_child_id == day_child_id, Alarm.kind == AlarmKind.MISSING, Alarm.reason == "")
        .scalar_subquery()
    )


def _close(uow: UnitOfWork, alarm: Alarm, reason: str) -> None:
    alarm.closed_at, alarm.closed_by, alarm.reason = uow.now, uow.actor.person_id, reason


async def alarm_of(uow: UnitOfWork, alarm_id: int, to_change: bool = False) -> Alarm:
    """A missing child's alarm that the actor may see: of a guardian's own child, or within the reach of a teacher's
    duty. ``to_change``: nobody else changes it, or the child's list, meanwhile. Raises NotFound otherwise."""
    query = (
        select(Alarm)
        .where(Alarm.id == alarm_id, Alarm.kind == AlarmKind.MISSING)
        .options(
            joinedload(Alarm.day_child).joinedload(DayChild.student).joinedload(Student.school_class),
            joinedload(Alarm.day_child).joinedload(DayChild.session).joinedload(CareSession.signed_in),
        )
    )
    if to_change:
        day_child_id = await uow.session.scalar(select(Alarm.day_child_id).where(Alarm.id == alarm_id))
        await hold(uow, day_child_id=day_child_id)
        query = query.with_for_update(of=Alarm).execution_options(populate_existing=True)
    alarm = (await uow.session.scalars(query)).first()
    if alarm is None:
        raise NotFound()
    if not may_close(uow, alarm) and not await is_asked(uow, alarm):
        raise NotFound()
    return alarm


def may_close(uow: UnitOfWork, alarm: Alarm) -> bool:
    """Whether the actor's duty reaches the child."""
    student = alarm.day_child.student
    return uow.actor.may_for(Permission.TAKE_ROLL, student.school_class.grade, student.school_class_id)


async def is_asked(uow: UnitOfWork, alarm: Alarm) -> bool:
    """Whether the actor is a guardian who may answer."""
    query = select(
        exists().where(
            Guardianship.student_id == alarm.day_child.student_id,
            Guardianship.person_id == uow.actor.person_id,
            Guardianship.restricted.is_(False),
        )
    )
    return bool(await uow.session.scalar(query))


@dataclass(frozen=True)
class Asked:
    """A guardian who has been asked. ``phone`` is for who may see the child's record or is on duty for the child, else
    empty."""

    person_id: int
    name: str
    relation: Relation
    phone: str


async def asked(uow: UnitOfWork, alarm: Alarm) -> list[Asked]:
    """The guardians of a missing child."""
    student = alarm.day_child.student
    sees = uow.actor.may_for(Permission.SEE_STUDENTS, student.school_class.grade, student.school_class_id)
    sees = sees or alarm.day_child.session.signed_in_id == uow.actor.person_id
    query = (
        select(Person.id, Person.name, Guardianship.relation, Person.phone)
        .join(Guardianship, Guardianship.person_id == Person.id)
        .where(Guardianship.student_id == student.id, Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    rows = await uow.session.execute(query)
    return [Asked(id_, name, relation, phone or "" if sees else "") for id_, name, relation, phone in rows]


async def who_expects(uow: UnitOfWork, session: CareSession) -> Side:
    """Who answers for a child of this session before the roll is taken."""
    person_id = session.signed_in_id or session.teacher_id
    if person_id is None:
        return Side(Holder.SCHOOL, None, session.venue)
    return Side(Holder.TEACHER, person_id, (await uow.session.get_one(Person, person_id)).name)


async def append_after(uow: UnitOfWork, day_child_id: int, before: Step, link: Link) -> bool:
    """Appends a link where the child's last step is ``before``. Returns whether it is."""
    last = (await uow.connection.execute(LAST, {"child": day_child_id})).one()
    if last.step != before:
        return False
    await append(uow, day_child_id, link, last.seq)
    return True


async def close(uow: UnitOfWork, alarm_id: int, reason: str) -> None:
    """A member of staff closes the alarm with a reason; an absence nobody has explained is explained by it: the child
    is with its family, and nobody at school answers for it. Of a child who is here the roll tells. Each guardian reads
    the reason once: in a letter, or where they said where the child is in place of that. Raises
    NotAllowed("alarm_own_child") for the own child, Invalid("reason_needed"), Conflict("alarm_closed")."""
    alarm = await alarm_of(uow, alarm_id, to_change=True)
    if not may_close(uow, alarm):
        raise NotAllowed()
    if await is_family(uow, alarm.day_child.student_id):
        raise NotAllowed("alarm_own_child")
    reason = fit_reason(reason)
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    _close(uow, alarm, reason)
    child = await child_of(uow, alarm.day_child_id)
    await append_after(uow, child.id, Step.ABSENT, Link(Step.EXPLAINED, FAMILY, remark=reason))
    uow.record("missing_closed", "student", child.student_id, reason, alarm=alarm.id)
    guardians = await unrestricted_guardians(uow, child.student_id)
    told = alarm.answer not in (Answer.WITH_ME, Answer.ON_LEAVE)
    if told:
        await uow.post("child_missing_over", guardians, Class.ALARM, key=f"cleared:{alarm.id}", alarm_id=alarm.id)
    await _tell_staff(uow, alarm, child, guardians)
    await show_missing(uow, alarm, guardians, told)


async def unanswered(uow: UnitOfWork, minutes: int) -> list[int]:
    """Missing-child alarms of today that no guardian has answered for so many minutes, and the duty lead not heard."""
    query = (
        select(Alarm.id)
        .join(DayChild)
        .where(
            DayChild.date == uow.day,
            Alarm.kind == AlarmKind.MISSING,
            Alarm.closed_at.is_(None),
            Alarm.answer == "",
            Alarm.lead_told_at.is_(None),
            Alarm.opened_at <= uow.now - timedelta(minutes=minutes),
        )
    )
    return list(await uow.session.scalars(query))
