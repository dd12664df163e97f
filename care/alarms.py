"""Alarms: what somebody must look after, of whatever kind, until it is closed with a reason (S13, S14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, case, select
from sqlalchemy.orm import aliased, joinedload

from care import missing
from care.board.places import IN_SESSION, day_children
from care.custody.chain import CHAIN, CHILDREN
from care.enrolment.family import own_among
from care.errors import NotFound
from care.missing_answers import Said, said_to
from care.permissions import Actor, Permission
from care.pickup.adults import barred_of_all, names_barred
from care.records.day import CONTRADICTED, Alarm, AlarmKind, CareSession, DayChild, Holder, Proof, Step
from care.records.people import Guardianship, Person, Relation, SchoolClass, Student
from care.records.pickup import Adult, PickupPlan
from care.release.alarms import KEPT, OF_A_RELEASE, close_alarm, is_own_release, refusals
from care.release.refusing import Why
from care.work import UnitOfWork

URGENT = (AlarmKind.MISSING, *OF_A_RELEASE, AlarmKind.REFUSED, AlarmKind.UNCOLLECTED)
"""In the order in which somebody must look."""


@dataclass(frozen=True)
class Phone:
    """A guardian who can be rung up."""

    name: str
    relation: Relation
    phone: str


@dataclass(frozen=True)
class Comes:
    """Who comes for a child, as a guardian has said. ``in_person``: that guardian. ``barred``: the adult must not
    collect the child."""

    adult: str
    guardian: str
    at: datetime
    in_person: bool
    barred: bool


@dataclass(frozen=True)
class OpenAlarm:
    """Something about a child that nobody has closed. ``answers``: what each guardian has said to it; ``contradicted``:
    that these cannot all be true. ``step_at``, ``given_by``: when the child's last step was, and by whose hand.
    ``ends_at``: of the child's care. ``comes``: who the family says will come for a child that is here. ``phones``:
    whom to ring up, for who may see them. ``stop_listed``: who was refused is on the stop-list. ``waits``: no word
    ends it, but the release of the child, or the roll. ``own``: about the actor's own child, or own release, so that
    somebody else must close it; ``closable``: the actor may. ``day``: the care day it is about (``earlier``: not
    today). ``extended``: extended care has taken the child over."""

    id: int
    kind: AlarmKind
    student_id: int
    day: date
    earlier: bool
    name: str
    class_id: int
    grade: int
    school_class: str
    opened_at: datetime
    remark: str
    answers: tuple[Said, ...]
    contradicted: bool
    lead_told_at: datetime | None
    step: Step
    holder: Holder
    holder_name: str
    step_at: datetime
    given_by: str
    ends_at: datetime
    comes: Comes | None
    phones: tuple[Phone, ...]
    stop_listed: bool
    waits: bool
    own: bool
    closable: bool
    extended: bool


_said_by = aliased(Person)


def _open_of(uow: UnitOfWork, day: date) -> Select[Any]:
    """The open alarms of a day, the most urgent first; today's with those of earlier days."""
    query = day_children(
        select(
            Alarm.id,
            Alarm.kind,
            Alarm.day_child_id,
            CHILDREN.c.student_id,
            CHILDREN.c.date,
            Student.name,
            SchoolClass.id.label("class_id"),
            SchoolClass.grade,
            SchoolClass.number.label("class_number"),
            Alarm.opened_at,
            Alarm.remark,
            Alarm.answer,
            Alarm.lead_told_at,
            CHAIN.c.step,
            CHAIN.c.holder,
            CHAIN.c.holder_name,
            CHAIN.c.at.label("step_at"),
            case((CHAIN.c.proof == Proof.PAPER, CHAIN.c.giver_name), else_=CHAIN.c.by_name).label("given_by"),
            CareSession.ends_at,
            CHILDREN.c.extended_at,
            PickupPlan.name.label("comes"),
            PickupPlan.adult,
            PickupPlan.adult_id,
            PickupPlan.said_at,
            PickupPlan.said_by.label("said_by_id"),
            _said_by.name.label("said_by"),
        ),
        uow.actor,
        day,
        and_earlier=day == uow.day,
    )
    query = query.join(CareSession, CareSession.id == IN_SESSION)
    plan = (PickupPlan.date == CHILDREN.c.date) & (PickupPlan.student_id == CHILDREN.c.student_id)
    query = query.outerjoin(PickupPlan, plan).outerjoin(_said_by, _said_by.id == PickupPlan.said_by)
    query = query.join(Alarm, Alarm.day_child_id == CHILDREN.c.id).where(Alarm.closed_at.is_(None))
    urgency = case({kind: at for at, kind in enumerate(URGENT)}, value=Alarm.kind, else_=len(URGENT))
    return query.order_by(urgency, Alarm.opened_at, Alarm.id)


async def _own(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> set[int]:
    """The alarms among these that are about the actor's own child, or own release."""
    family = await own_among(uow, {row.student_id for row in rows}) if rows else set()
    return {
        row.id
        for row in rows
        if row.student_id in family
        or (
            row.kind in OF_A_RELEASE
            and await is_own_release(uow, row.day_child_id, row.student_id, row.grade, row.opened_at)
        )
    }


async def _phones(uow: UnitOfWork, rows: Sequence[Row[Any]], silent: set[int]) -> dict[int, tuple[Phone, ...]]:
    """By alarm id, the guardians' numbers: for who answers for the day, or may see the child's record. Of an adult of
    the stop-list who was refused the family has not been told, and nobody is to ring it up for that."""
    rights = (Permission.ANSWER_FOR_DAY, Permission.SEE_STUDENTS)
    seen = [
        row
        for row in rows
        if row.id not in silent and any(uow.actor.may_for(one, row.grade, row.class_id) for one in rights)
    ]
    students = {row.student_id for row in seen}
    query = (
        select(Guardianship.student_id, Person.name, Guardianship.relation, Person.phone)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Guardianship.student_id.in_(students), Guardianship.restricted.is_(False), Person.phone.is_not(None))
        .order_by(Guardianship.id)
    )
    found: dict[int, tuple[Phone, ...]] = {}
    for student_id, name, relation, phone in await uow.connection.execute(query) if students else ():
        found[student_id] = (*found.get(student_id, ()), Phone(name, relation, phone or ""))
    return {row.id: found.get(row.student_id, ()) for row in seen}


async def _silent(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> set[int]:
    """The alarms about an adult who was refused for the stop-list, as the gate has recorded it."""
    refused = {row.id: row.student_id for row in rows if row.kind is AlarmKind.REFUSED}
    events = await refusals(uow, set(refused.values())) if refused else ()
    return {one.data["alarm"] for one in events if one.data.get("why") == Why.STOP_LISTED.value} & set(refused)


async def _comes(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> dict[int, Comes]:
    """By alarm id, who comes for a child that is still to be collected."""
    named = [row for row in rows if row.comes and row.step in KEPT]
    against = await barred_of_all(uow, [row.student_id for row in named])
    found = {}
    for row in named:
        who, bars = (row.adult, row.adult_id), against[row.student_id]
        in_person = who == (Adult.GUARDIAN, row.said_by_id)
        barred = await names_barred(uow, *who, row.comes, row.date, bars)
        found[row.id] = Comes(row.comes, row.said_by, row.said_at, in_person, barred)
    return found


def _waits(row: Row[Any]) -> bool:
    return row.kind is AlarmKind.UNCOLLECTED and row.step in KEPT


async def alarms_of(uow: UnitOfWork, day: date) -> tuple[OpenAlarm, ...]:
    """The alarms of a day that nobody has closed, as far as the actor may see them; the most urgent first. Those of
    today have with them what is open of earlier days: "not right" may be said when the day is sealed already."""
    rows = (await uow.connection.execute(_open_of(uow, day))).all()
    own = await _own(uow, rows)
    said = await said_to(uow, [row.id for row in rows if row.answer])
    silent = await _silent(uow, rows)
    phones, comes = await _phones(uow, rows, silent), await _comes(uow, rows)
    return tuple(
        OpenAlarm(
            id=row.id,
            kind=row.kind,
            student_id=row.student_id,
            day=row.date,
            earlier=row.date != uow.day,
            name=row.name,
            class_id=row.class_id,
            grade=row.grade,
            school_class=f"{row.grade}({row.class_number})",
            opened_at=row.opened_at,
            remark=row.remark,
            answers=said.get(row.id, ()),
            contradicted=row.answer == CONTRADICTED,
            lead_told_at=row.lead_told_at,
            step=row.step,
            holder=row.holder,
            holder_name=row.holder_name,
            step_at=row.step_at,
            given_by=row.given_by,
            ends_at=row.ends_at,
            comes=comes.get(row.id),
            phones=phones.get(row.id, ()),
            stop_listed=row.id in silent and row.id not in own,
            waits=_waits(row),
            own=row.id in own,
            closable=row.id not in own and not _waits(row) and may_close(uow.actor, row.kind, row.grade, row.class_id),
            extended=row.extended_at is not None,
        )
        for row in rows
        if may_see(uow.actor, row.kind, row.grade, row.class_id)
    )


def may_close(actor: Actor, kind: AlarmKind, grade: int, class_id: int) -> bool:
    """Whether the actor may close an alarm about a child of this class: a missing child's within the reach of a
    teacher's duty. What happened at the gate is closed by who answers for the day, not by who stood there."""
    right = Permission.TAKE_ROLL if kind is AlarmKind.MISSING else Permission.ANSWER_FOR_DAY
    return actor.may_for(right, grade, class_id)


def may_see(actor: Actor, kind: AlarmKind, grade: int, class_id: int) -> bool:
    """Whether the actor may know of an alarm about a child of this class on their board. That an adult was refused, and
    who it was, is between who answers for the day and whoever refused."""
    return kind is not AlarmKind.REFUSED or may_close(actor, kind, grade, class_id)


async def alarm_within_reach(uow: UnitOfWork, alarm_id: int) -> Alarm:
    """An alarm of any kind that the actor sees on the board. Raises NotFound otherwise."""
    child = joinedload(Alarm.day_child).joinedload(DayChild.student).joinedload(Student.school_class)
    alarm = (await uow.session.scalars(select(Alarm).where(Alarm.id == alarm_id).options(child))).first()
    if alarm is None:
        raise NotFound()
    place = alarm.day_child.student.school_class
    seen = uow.actor.may_for(Permission.SEE_BOARD, place.grade, place.id)
    if not seen or not may_see(uow.actor, alarm.kind, place.grade, place.id):
        raise NotFound()
    return alarm


async def close(uow: UnitOfWork, alarm_id: int, reason: str, seen: int | None = None) -> None:
    """Closes an alarm of any kind with a reason. Raises NotFound beyond the actor's reach, NotAllowed (also for what is
    the actor's own), Invalid("reason_needed"), Conflict("alarm_closed"), as ``ends_by_itself``, and as ``close_alarm``
    for ``seen``."""
    alarm = await alarm_within_reach(uow, alarm_id)
    if alarm.kind is AlarmKind.MISSING:
        await missing.close(uow, alarm_id, reason)  # which also explains where the child is
    else:
        await close_alarm(uow, alarm_id, reason, seen)
