"""What the screens ask about applications: lists, counts, the way one has gone, cut to the actor's reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import joinedload, selectinload

from care.enrolment.states import HOLDS_A_PLACE, moves_from, right_needed
from care.errors import NotFound
from care.permissions import Actor, Permission
from care.records.enrolment import Application, State, Waiver
from care.records.office import Event
from care.records.people import Guardianship, Person, Relation, SchoolClass, Student
from care.work import UnitOfWork

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class Filter:
    """What an application list is narrowed to; ``older_than_days`` counts days in the present state."""

    term_id: int
    states: frozenset[State] = frozenset()
    grade: int | None = None
    class_id: int | None = None
    words: str = ""
    older_than_days: int | None = None


@dataclass(frozen=True)
class Row:
    """One application in a list."""

    id: int
    version: int
    state: State
    state_since: datetime
    submitted_at: datetime
    student: str
    student_no: str
    grade: int
    school_class: str
    guardian: str
    relation: Relation
    weekdays: tuple[int, ...]


@dataclass(frozen=True)
class ClassCount:
    """A class with its places and how many applications stand in which state."""

    class_id: int
    grade: int
    school_class: str
    capacity: int
    students: int
    states: Mapping[State, int] = field(default_factory=dict)

    @property
    def taken(self) -> int:
        return sum(self.states.get(state, 0) for state in HOLDS_A_PLACE)

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.taken)


def within_reach(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """The classes a right reaches, as a condition on SchoolClass."""
    everywhere, grades, classes = actor.reach(permission)
    if everywhere or actor.system:
        return true()
    parts = []
    if grades:
        parts.append(SchoolClass.grade.in_(grades))
    if classes:
        parts.append(SchoolClass.id.in_(classes))
    return or_(*parts) if parts else false()


def narrowed(uow: UnitOfWork, query: Select[*Columns], wanted: Filter) -> Select[*Columns]:
    """A query on applications, cut to the actor's reach and to what is wanted, the state aside."""
    query = (
        query.join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Guardianship, Guardianship.id == Application.guardianship_id)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Application.term_id == wanted.term_id, within_reach(uow.actor, Permission.SEE_APPLICATIONS))
    )
    if wanted.grade is not None:
        query = query.where(SchoolClass.grade == wanted.grade)
    if wanted.class_id is not None:
        query = query.where(SchoolClass.id == wanted.class_id)
    if wanted.words.strip():
        pattern = f"%{_escaped(wanted.words.strip())}%"
        query = query.where(
            or_(
                Student.name.ilike(pattern, escape="\\"),
                Student.student_no.ilike(pattern, escape="\\"),
                Person.name.ilike(pattern, escape="\\"),
            )
        )
    if wanted.older_than_days is not None:
        query = query.where(Application.state_since <= uow.now - timedelta(days=wanted.older_than_days))
    return query


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def as_row(a: Application, student: Student, school_class: SchoolClass, guardianship: Guardianship, who: Person) -> Row:
    return Row(
        id=a.id,
        version=a.version,
        state=a.state,
        state_since=a.state_since,
        submitted_at=a.submitted_at,
        student=student.name,
        student_no=student.student_no,
        grade=school_class.grade,
        school_class=school_class.name,
        guardian=who.name,
        relation=guardianship.relation,
        weekdays=tuple(a.weekdays),
    )


async def count_by_state(uow: UnitOfWork, wanted: Filter) -> dict[State, int]:
    """How many applications stand in each state, under the other filters."""
    query = narrowed(uow, select(Application.state, func.count()), wanted).group_by(Application.state)
    found = {state: number for state, number in await uow.session.execute(query)}
    return {state: found.get(state, 0) for state in State}


async def count_by_class(uow: UnitOfWork, term_id: int, permission: Permission) -> list[ClassCount]:
    """Places and states per class, without a pupil's name; cut to where ``permission`` reaches."""
    reach = within_reach(uow.actor, permission)
    classes = select(SchoolClass).where(reach).order_by(SchoolClass.grade, SchoolClass.number)
    sizes = (
        select(Student.school_class_id, func.count()).where(Student.left_on.is_(None)).group_by(Student.school_class_id)
    )
    states = (
        select(Student.school_class_id, Application.state, func.count())
        .join(Student, Student.id == Application.student_id)
        .where(Application.term_id == term_id)
        .group_by(Student.school_class_id, Application.state)
    )
    students = {class_id: number for class_id, number in await uow.session.execute(sizes)}
    found: dict[int, dict[State, int]] = {}
    for class_id, state, number in await uow.session.execute(states):
        found.setdefault(class_id, {})[state] = number
    return [
        ClassCount(c.id, c.grade, c.name, c.capacity, students.get(c.id, 0), found.get(c.id, {}))
        for c in await uow.session.scalars(classes)
    ]


async def waivers_by_class(uow: UnitOfWork, term_id: int) -> dict[int, int]:
    """How many fee waivers are recorded per class id (S16)."""
    uow.require(Permission.SEE_WAIVERS)
    query = (
        select(Student.school_class_id, func.count())
        .select_from(Waiver)
        .join(Application, Application.id == Waiver.application_id)
        .join(Student, Student.id == Application.student_id)
        .where(Application.term_id == term_id)
        .group_by(Student.school_class_id)
    )
    return {class_id: number for class_id, number in await uow.session.execute(query)}


async def application_whole(uow: UnitOfWork, application_id: int) -> Application:
    """An application with all that its page shows. Raises NotFound beyond the actor's reach.

    Staff see it where their right to see applications reaches; a guardian sees the own children's.
    """
    query = (
        select(Application)
        .where(Application.id == application_id)
        .options(
            selectinload(Application.pickup),
            joinedload(Application.term),
            joinedload(Application.guardianship).joinedload(Guardianship.person),
            joinedload(Application.student).joinedload(Student.school_class),
        )
    )
    application = (await uow.session.scalars(query)).first()
    if application is None:
        raise NotFound()
    school_class = application.student.school_class
    if uow.actor.system or uow.actor.may_for(Permission.SEE_APPLICATIONS, school_class.grade, school_class.id):
        return application
    own = select(Guardianship.id).where(
        Guardianship.student_id == application.student_id,
        Guardianship.person_id == uow.actor.person_id,
        Guardianship.restricted.is_(False),
    )
    if await uow.session.scalar(own) is None:
        raise NotFound()
    return application


def health_note_for(uow: UnitOfWork, application: Application) -> str | None:
    """The health note, opened for who may read it: the reviewers, the leading group, the guardian. None otherwise."""
    if application.health_note is None:
        return None
    school_class = application.student.school_class
    guardian = application.guardianship.person_id == uow.actor.person_id
    if guardian or uow.actor.may_for(Permission.SEE_HEALTH, school_class.grade, school_class.id):
        return uow.school.keys.open(application.health_note)
    return None


def moves_open_to(actor: Actor, application: Application, family: bool) -> list[str]:
    """The moves this member of staff may make now, as the values of ``Move``; none for the child's own family."""
    if family:
        return []
    school_class = application.student.school_class
    moves = []
    for move in moves_from(application.state):
        right = right_needed(move, application.state)
        if right and actor.may_for(right, school_class.grade, school_class.id):
            moves.append(move.value)
    return moves


async def timeline(uow: UnitOfWork, application_id: int) -> list[Event]:
    """All that happened to an application, oldest first: who, what, when and why."""
    query = select(Event).where(Event.subject == "application", Event.subject_id == application_id).order_by(Event.id)
    return list(await uow.session.scalars(query))


async def waiting_for(uow: UnitOfWork, permission: Permission) -> list[Row]:
    """What waits for this actor: submitted ones for a reviewer, reviewed ones for who approves; oldest first."""
    state = State.SUBMITTED if permission is Permission.REVIEW else State.REVIEWED
    query = (
        select(Application, Student, SchoolClass, Guardianship, Person)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Guardianship, Guardianship.id == Application.guardianship_id)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Application.state == state, within_reach(uow.actor, permission))
        .order_by(Application.state_since, Application.id)
    )
    return [as_row(*found) for found in await uow.session.execute(query)]


@dataclass(frozen=True)
class OwnApplication:
    """A guardian's view of the newest application of a child this term."""

    id: int
    version: int
    state: State
    state_since: datetime
    leaves_on: date | None
    applicant: bool
    applied_by: str


async def own_applications(uow: UnitOfWork, term_id: int, student_ids: Sequence[int]) -> dict[int, OwnApplication]:
    """The newest application of each of the actor's children, by student id."""
    query = (
        select(Application)
        .where(and_(Application.term_id == term_id, Application.student_id.in_(student_ids)))
        .options(joinedload(Application.guardianship).joinedload(Guardianship.person))
        .order_by(Application.id)
    )
    found = {a.student_id: a for a in await uow.session.scalars(query)}
    return {
        student_id: OwnApplication(
            id=a.id,
            version=a.version,
            state=a.state,
            state_since=a.state_since,
            leaves_on=a.leaves_on,
            applicant=a.guardianship.person_id == uow.actor.person_id,
            applied_by=a.guardianship.person.name,
        )
        for student_id, a in found.items()
    }
