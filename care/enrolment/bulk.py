"""Deciding on many applications at once: what would happen first, then the deed, each against the state shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from care.enrolment.decide import PLACES, decide
from care.enrolment.queries import ClassCount, Row, within_reach
from care.enrolment.states import RULES, Move, right_needed
from care.errors import CareError, Invalid
from care.extended.places import full_weekdays, lock_places
from care.permissions import Actor, Permission
from care.reasons import says_something
from care.records.enrolment import Application
from care.records.people import SchoolClass, Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class Shown:
    """An application as it stood on the screen when it was chosen."""

    id: int
    version: int


@dataclass(frozen=True)
class Result:
    """What became of one application: no ``error``, or what stood against the move."""

    application_id: int
    student: str
    error: CareError | None


@dataclass(frozen=True)
class ClassForecast:
    """How many of the chosen a class has places for, as things stand."""

    school_class: str
    chosen: int
    free: int

    @property
    def too_many(self) -> int:
        return max(0, self.chosen - self.free)


def may_move(actor: Actor, move: Move, row: Row, class_id: int) -> bool:
    """Whether the actor may make this move for this application as it stands."""
    right = right_needed(move, row.state)
    return row.state in RULES[move].sources and right is not None and actor.may_for(right, row.grade, class_id)


async def class_ids(uow: UnitOfWork, application_ids: Sequence[int]) -> dict[int, int]:
    """The class of each application's child."""
    query = select(Application.id, Student.school_class_id).join(Student).where(Application.id.in_(application_ids))
    return {application_id: class_id for application_id, class_id in await uow.session.execute(query)}


async def decide_shown(uow: UnitOfWork, move: Move, shown: Sequence[Shown], remark: str = "") -> list[Result]:
    """Makes one move for many, the earliest submitted first, so that the last place goes to who came first.

    One that changed since it was shown is left alone ("stale"); of one beyond the actor's reach nothing is said.
    Terms, classes and then applications are locked in the order of their ids, so that two people deciding at once wait
    for each other instead of blocking each other. Raises Invalid("remark_needed") where the move needs one that says
    something.
    """
    if RULES[move].remark_needed and not says_something(remark):
        raise Invalid("remark_needed")
    versions = {one.id: one.version for one in shown}
    classes = select(SchoolClass.id).where(
        SchoolClass.id.in_(select(Student.school_class_id).join(Application).where(Application.id.in_(versions)))
    )
    if move in PLACES:
        terms = select(Application.term_id).where(Application.id.in_(versions)).distinct()
        for term_id in sorted(await uow.session.scalars(terms)):
            await lock_places(uow, term_id)
        await uow.session.execute(classes.order_by(SchoolClass.id).with_for_update())
    await uow.session.execute(
        select(Application.id).where(Application.id.in_(versions)).order_by(Application.id).with_for_update()
    )
    query = (
        select(Application.id, Student.name)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(Application.id.in_(versions), within_reach(uow.actor, Permission.SEE_APPLICATIONS))
        .order_by(Application.submitted_at, Application.id)
    )
    results = []
    for application_id, student in (await uow.session.execute(query)).all():
        try:
            await decide(uow, move, application_id, remark, versions[application_id])
            results.append(Result(application_id, student, None))
        except CareError as error:
            results.append(Result(application_id, student, error))
    return results


async def without_extended(uow: UnitOfWork, term_id: int, application_ids: Sequence[int]) -> int:
    """How many of these would be approved without some weekday of extended care that is full already; those that are
    among themselves too many for the last places are not counted."""
    full = await full_weekdays(uow, term_id)
    query = select(Application.extended_weekdays).where(Application.id.in_(application_ids))
    return sum(1 for days in await uow.session.scalars(query) if full.intersection(days))


def forecast(counts: Sequence[ClassCount], chosen: dict[int, int]) -> list[ClassForecast]:
    """``chosen`` counts applications per class id."""
    return [ClassForecast(c.school_class, chosen[c.class_id], c.free) for c in counts if c.class_id in chosen]
