"""The lists an office works through: what waits for the actor, in which order, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from care.enrolment.queries import Filter, Row, as_row, narrowed, within_reach
from care.permissions import Actor, Permission
from care.records.enrolment import Application, State
from care.records.office import Event
from care.records.people import Guardianship, Person, SchoolClass, Student
from care.work import UnitOfWork

DECISIONS = ("passed", "approved", "refused", "returned", "wait_listed")
STAGES = ((State.SUBMITTED, Permission.REVIEW), (State.REVIEWED, Permission.APPROVE))
"""Which right answers for the applications of a state."""


def waits_for(actor: Actor) -> ColumnElement[bool]:
    """Applications whose next step is the actor's, as a condition on Application and SchoolClass."""
    return or_(*(and_(Application.state == state, within_reach(actor, right)) for state, right in STAGES))


@dataclass(frozen=True)
class Waiting:
    """How many applications wait for one right of the actor, and since when the longest has."""

    state: State
    count: int
    oldest: datetime | None


async def waiting_counts(uow: UnitOfWork, term_id: int) -> list[Waiting]:
    """What waits for the actor, one entry per right the actor holds."""
    query = (
        select(Application.state, func.count(), func.min(Application.state_since))
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(Application.term_id == term_id, waits_for(uow.actor))
        .group_by(Application.state)
    )
    found = {state: (count, oldest) for state, count, oldest in await uow.session.execute(query)}
    return [Waiting(s, *found.get(s, (0, None))) for s, right in STAGES if uow.actor.may(right)]


async def ids_in_order(uow: UnitOfWork, wanted: Filter, mine: bool = False) -> list[int]:
    """The whole list as ids, longest in its state first. ``mine`` keeps what waits for the actor."""
    query = narrowed(uow, select(Application.id), wanted)
    if wanted.states:
        query = query.where(Application.state.in_(wanted.states))
    if mine:
        query = query.where(waits_for(uow.actor))
    return list(await uow.session.scalars(query.order_by(Application.state_since, Application.id)))


async def rows_of(uow: UnitOfWork, application_ids: Sequence[int]) -> list[Row]:
    """These applications as rows, in the order given; those beyond the actor's reach are left out."""
    query = (
        select(Application, Student, SchoolClass, Guardianship, Person)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Guardianship, Guardianship.id == Application.guardianship_id)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Application.id.in_(application_ids), within_reach(uow.actor, Permission.SEE_APPLICATIONS))
    )
    found = {row.id: row for row in (as_row(*parts) for parts in await uow.session.execute(query))}
    return [found[number] for number in application_ids if number in found]


async def waiting_count(uow: UnitOfWork, wanted: Filter) -> int:
    """How many of the list wait for the actor."""
    query = narrowed(uow, select(func.count(Application.id)), wanted).where(waits_for(uow.actor))
    return await uow.session.scalar(query) or 0


@dataclass(frozen=True)
class Decision:
    """A step the school took, with the child's name, for who may see applications."""

    application_id: int
    at: datetime
    actor: str
    action: str
    remark: str
    student: str
    school_class: str


async def recent_decisions(uow: UnitOfWork, term_id: int, limit: int = 8) -> list[Decision]:
    """The newest decisions within the actor's reach, newest first."""
    query = (
        select(Event, Student.name, SchoolClass)
        .join(Application, Application.id == Event.subject_id)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            Event.subject == "application",
            Event.action.in_(DECISIONS),
            Application.term_id == term_id,
            within_reach(uow.actor, Permission.SEE_APPLICATIONS),
        )
        .order_by(Event.id.desc())
        .limit(limit)
    )
    return [
        Decision(event.subject_id, event.at, event.actor_name, event.action, event.remark, student, school_class.name)
        for event, student, school_class in await uow.session.execute(query)
    ]
