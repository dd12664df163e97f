"""The roster as the office looks it up: children, their guardians, who is linked, who must not collect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select

from care.enrolment.queries import within_reach
from care.errors import Invalid, NotAllowed, NotFound
from care.linking import PrintedSlip, slip_of, slips_of_class
from care.permissions import Permission
from care.records.people import (
    Contact,
    Guardianship,
    Person,
    Reach,
    Relation,
    SchoolClass,
    StopListEntry,
    Student,
)
from care.term import current_term
from care.work import UnitOfWork

SHORTEST_SLIP = timedelta(days=14)


@dataclass(frozen=True)
class GuardianRow:
    """``linked``: has a chat that can be written to. ``unreachable``: has one that cannot."""

    guardianship_id: int
    name: str
    relation: Relation
    restricted: bool
    linked: bool
    unreachable: bool


@dataclass(frozen=True)
class StudentRow:
    id: int
    name: str
    student_no: str
    grade: int
    class_id: int
    school_class: str
    guardians: tuple[GuardianRow, ...]
    stop_list: tuple[StopListEntry, ...]


async def search_students(
    uow: UnitOfWork, words: str = "", class_id: int | None = None, offset: int = 0, limit: int = 50
) -> tuple[list[StudentRow], int]:
    """Children within the actor's reach by name or number, class by class, and how many there are in all."""
    uow.require(Permission.SEE_STUDENTS)
    query = (
        select(Student, SchoolClass)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(Student.left_on.is_(None), within_reach(uow.actor, Permission.SEE_STUDENTS))
    )
    if class_id is not None:
        query = query.where(SchoolClass.id == class_id)
    if words.strip():
        found = Student.name.icontains(words.strip(), autoescape=True)
        number = Student.student_no.istartswith(words.strip(), autoescape=True)
        query = query.where(or_(found, number))
    total = await uow.session.scalar(select(func.count()).select_from(query.with_only_columns(Student.id).subquery()))
    page = query.order_by(SchoolClass.grade, SchoolClass.number, Student.student_no).offset(offset).limit(limit)
    children = [(student, school_class) for student, school_class in await uow.session.execute(page)]
    ids = [student.id for student, _ in children]
    guardians, stopped = await _guardians(uow, ids), await _stop_lists(uow, ids)
    return [
        StudentRow(
            student.id,
            student.name,
            student.student_no,
            school_class.grade,
            school_class.id,
            school_class.name,
            tuple(guardians.get(student.id, ())),
            tuple(stopped.get(student.id, ())),
        )
        for student, school_class in children
    ], total or 0


async def _guardians(uow: UnitOfWork, student_ids: Sequence[int]) -> dict[int, list[GuardianRow]]:
    query = (
        select(Guardianship, Person.name)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Guardianship.student_id.in_(student_ids))
        .order_by(Guardianship.id)
    )
    ties = [(tie, name) for tie, name in await uow.session.execute(query)]
    reach = await reach_of(uow, [tie.person_id for tie, _ in ties])
    found = defaultdict(list)
    for tie, name in ties:
        reaches = reach.get(tie.person_id, set())
        linked = Reach.REACHABLE in reaches
        row = GuardianRow(tie.id, name, tie.relation, tie.restricted, linked, bool(reaches) and not linked)
        found[tie.student_id].append(row)
    return dict(found)


async def reach_of(uow: UnitOfWork, person_ids: Sequence[int]) -> dict[int, set[Reach]]:
    """How the chats of these people can be written to; people without a chat are not in it."""
    query = select(Contact.person_id, Contact.reach).where(Contact.person_id.in_(person_ids))
    found: defaultdict[int, set[Reach]] = defaultdict(set)
    for person_id, reach in await uow.session.execute(query):
        found[person_id].add(reach)
    return dict(found)


async def _stop_lists(uow: UnitOfWork, student_ids: Sequence[int]) -> dict[int, list[StopListEntry]]:
    query = (
        select(StopListEntry)
        .where(StopListEntry.student_id.in_(student_ids), StopListEntry.ended_at.is_(None))
        .order_by(StopListEntry.id)
    )
    found = defaultdict(list)
    for entry in await uow.session.scalars(query):
        found[entry.student_id].append(entry)
    return dict(found)


async def slip_validity(uow: UnitOfWork) -> timedelta:
    """A slip is good until the term ends, and for two weeks at least."""
    term = await current_term(uow)
    if term is None:
        return SHORTEST_SLIP
    return max(SHORTEST_SLIP, timedelta(days=(term.ends_on - uow.today).days + 1))


async def print_class_slips(uow: UnitOfWork, class_id: int) -> list[PrintedSlip]:
    """The slips of a class's guardians who have not linked a chat by one. Raises Invalid("no_slips") for none."""
    school_class = await uow.session.get(SchoolClass, class_id)
    if school_class is None or not uow.actor.may_for(Permission.SEE_STUDENTS, school_class.grade, class_id):
        raise NotFound()
    if not uow.actor.may_for(Permission.PRINT_SLIPS, school_class.grade, class_id):
        raise NotAllowed()
    slips = await slips_of_class(uow, class_id, await slip_validity(uow))
    if not slips:
        raise Invalid("no_slips")
    uow.record("slips_printed", "school_class", class_id, count=len(slips))
    return slips


async def print_slip(uow: UnitOfWork, guardianship_id: int) -> PrintedSlip:
    """One guardian's slip. Raises NotFound beyond the actor's reach and for a restricted guardian."""
    query = (
        select(SchoolClass, Student.id)
        .join(Student, Student.school_class_id == SchoolClass.id)
        .join(Guardianship, Guardianship.student_id == Student.id)
        .where(Guardianship.id == guardianship_id, within_reach(uow.actor, Permission.SEE_STUDENTS))
    )
    row = (await uow.session.execute(query)).first()
    if row is None:
        raise NotFound()
    slip = await slip_of(uow, guardianship_id, await slip_validity(uow))
    uow.record("slips_printed", "student", row[1], count=1)
    return slip
