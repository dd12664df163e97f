"""The stop-list as the office keeps it: who must not collect a child is added and taken off with a reason, and the
child's teachers of today hear it at once (S14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.board.places import IN_SESSION, ON_DUTY
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import ENDS
from care.enrolment.family import is_family
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.people import clean_name, holders, normal_phone, same_phone
from care.permissions import Permission
from care.pickup.adults import Barred, bare_name, stop_list
from care.pickup.plan import show_named, tell_of_barred
from care.reasons import fit_reason
from care.records.day import CareSession, Holder
from care.records.delivery import Class
from care.records.people import Guardianship, Person, Role, StopListEntry, Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class Entry:
    """Somebody on a child's stop-list. ``added_by`` is empty where the roster's workbook named them. ``guardian``: a
    restricted guardian of the child, who is told and decides again once the entry has ended."""

    id: int
    name: str
    phone: str
    reason: str
    added_at: datetime
    added_by: str
    guardian: bool


async def may_change(uow: UnitOfWork, student: Student) -> bool:
    """Whether the actor keeps the stop-list of this child: nobody does so for their own."""
    right = uow.actor.may_for(Permission.MANAGE_STOP_LIST, student.school_class.grade, student.school_class_id)
    return right and not await is_family(uow, student.id)


async def entries(uow: UnitOfWork, student_id: int) -> tuple[Entry, ...]:
    """The child's stop-list as it holds now, the oldest first."""
    query = (
        select(StopListEntry, Person.name)
        .outerjoin(Person, Person.id == StopListEntry.added_by)
        .where(StopListEntry.student_id == student_id, StopListEntry.ended_at.is_(None))
        .order_by(StopListEntry.id)
    )
    ties = await _guardians(uow, student_id)
    return tuple(
        Entry(one.id, one.name, one.phone or "", one.reason, one.added_at, by or "", any(_is(tie, one) for tie in ties))
        for one, by in await uow.session.execute(query)
    )


async def _guardians(uow: UnitOfWork, student_id: int) -> list[Guardianship]:
    query = select(Guardianship).where(Guardianship.student_id == student_id).options(joinedload(Guardianship.person))
    return list(await uow.session.scalars(query.order_by(Guardianship.id)))


def _is(tie: Guardianship, entry: StopListEntry) -> bool:
    """Whether the entry names this guardian: the same name, and not a namesake with another phone."""
    return bare_name(tie.person.name) == bare_name(entry.name) and not _differ(tie.person.phone, entry.phone)


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and not same_phone(one, other))


async def add(uow: UnitOfWork, student_id: int, name: str, phone: str, reason: str) -> None:
    """From now on this adult must not collect the child, whatever list they stand on; a guardian of that name is told
    nothing and decides nothing. Where the family has named the adult for today or later, it is asked to name somebody
    else. Raises NotFound, NotAllowed("stop_own_child"), Invalid("name_needed", "phone_invalid",
    "reason_needed", "words_too_long"), Conflict("stop_held")."""
    student = await _student(uow, student_id)
    clean, number = clean_name(name), normal_phone(phone)
    if not clean:
        raise Invalid("name_needed")
    if phone.strip() and not number:
        raise Invalid("phone_invalid")
    why = fit_reason(reason)
    for one in await stop_list(uow, student_id):
        if bare_name(one.name) == bare_name(clean) and not _differ(number, one.phone):
            raise Conflict("stop_held", name=one.name)
    entry = StopListEntry(
        student_id=student_id, name=clean, phone=number or None, reason=why, added_by=uow.actor.person_id
    )
    entry.added_at = uow.now
    uow.session.add(entry)
    await uow.session.flush()
    uow.record("stop_added", "student", student_id, why, name=clean, entry=entry.id)
    await takes_hold(uow, student, entry)


async def takes_hold(uow: UnitOfWork, student: Student, entry: StopListEntry) -> None:
    """Somebody has just been named on the child's stop-list: a guardian of that name is restricted, the child's
    teachers of today hear it, and a family that had named the adult for today or later is asked for somebody else."""
    for tie in [one for one in await _guardians(uow, student.id) if _is(one, entry) and not one.restricted]:
        tie.restricted = True
        uow.record("guardian_restricted", "student", student.id, entry.reason, name=tie.person.name)
    await _tell_teachers(uow, student, entry)
    await uow.session.flush()
    await tell_of_barred(uow, student.id, Barred(entry.name, entry.phone or "", entry.id))
    await show_named(uow, student.id)


async def end(uow: UnitOfWork, entry_id: int, reason: str) -> int:
    """The adult is on the child's stop-list no longer; a guardian whom the entry had restricted is told and decides
    again. Returns the student's id. Raises as ``add``, and Conflict("already_settled")."""
    student = await _student(uow, await student_of(uow, entry_id))
    entry = await uow.session.get_one(StopListEntry, entry_id, with_for_update=True, populate_existing=True)
    why = fit_reason(reason)
    if entry.ended_at is not None:
        raise Conflict("already_settled")
    entry.ended_at = uow.now
    await uow.session.flush()
    uow.record("stop_ended", "student", student.id, why, name=entry.name, entry=entry.id)
    still = await stop_list(uow, student.id)
    ties = [one for one in await _guardians(uow, student.id) if _is(one, entry) and one.restricted]
    for tie in [one for one in ties if not any(_is(one, other) for other in still)]:
        tie.restricted = False
        uow.record("guardian_freed", "student", student.id, why, name=tie.person.name)
    await _tell_teachers(uow, student, entry)
    await uow.session.flush()
    await show_named(uow, student.id)
    return student.id


async def student_of(uow: UnitOfWork, entry_id: int) -> int:
    """The child whose stop-list an entry is on, within the actor's reach. Raises NotFound."""
    entry = await uow.session.get(StopListEntry, entry_id)
    if entry is None:
        raise NotFound()
    return (await _student(uow, entry.student_id, to_change=False)).id


async def _student(uow: UnitOfWork, student_id: int, to_change: bool = True) -> Student:
    """``to_change``: nobody else changes the child's stop-list meanwhile."""
    query = select(Student).where(Student.id == student_id).options(joinedload(Student.school_class))
    query = query.with_for_update(of=Student) if to_change else query
    student = (await uow.session.scalars(query)).first()
    if student is None:
        raise NotFound()
    school_class = student.school_class
    if not uow.actor.may_for(Permission.MANAGE_STOP_LIST, school_class.grade, school_class.id):
        raise NotFound()
    if await is_family(uow, student_id):
        raise NotAllowed("stop_own_child")
    return student


async def _tell_teachers(uow: UnitOfWork, student: Student, entry: StopListEntry) -> None:
    """While the child is still to be collected today: its homeroom teacher, who is on duty for it, and who has it."""
    query = (
        select(CHAIN.c.holder, CHAIN.c.holder_id, ON_DUTY.label("on_duty"))
        .select_from(CHILDREN)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(CareSession, CareSession.id == IN_SESSION)
        .where(CHILDREN.c.student_id == student.id, CHILDREN.c.date == uow.day, CHAIN.c.step.not_in(ENDS))
    )
    row = (await uow.connection.execute(query)).first()
    if row is None:
        return
    people: list[int | None] = [*await holders(uow, Role.HOMEROOM, class_id=student.school_class_id)]
    people += [row.on_duty, row.holder_id if row.holder is Holder.TEACHER else None]
    ties = select(Guardianship.person_id).where(Guardianship.student_id == student.id)
    family = set(await uow.session.scalars(ties))
    told = [one for one in people if one is not None and one != uow.actor.person_id and one not in family]
    key = f"stop:{entry.id}:{'ended' if entry.ended_at else 'added'}"
    await uow.post("stop_list_changed", told, Class.ALARM, key=key, entry_id=entry.id, ended=entry.ended_at is not None)
