"""Where a child is, as the board counts it; the counts add up, since each child is in exactly one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, case, func, select

from care.custody.chain import CHAIN, CHILDREN
from care.enrolment.queries import within_reach
from care.permissions import Actor, Permission
from care.records.day import CareSession, SessionKind, Step
from care.records.people import SchoolClass, Student
from care.work import UnitOfWork

Columns = TypeVarTuple("Columns")


class Place(StrEnum):
    """Where a child is, as the board counts it: each child of the day is in exactly one of these."""

    UNSAID = "unsaid"
    HERE = "here"
    ON_WAY = "on_way"
    COLLECTED = "collected"
    MISSING = "missing"
    EXPLAINED = "explained"
    LEAVE = "leave"
    WITHDRAWN = "withdrawn"


PLACES: Mapping[Step, Place] = {
    Step.EXPECTED: Place.UNSAID,
    Step.LEAVE: Place.LEAVE,
    Step.PRESENT: Place.HERE,
    Step.LATE: Place.HERE,
    Step.ABSENT: Place.MISSING,
    Step.MOVED: Place.HERE,
    Step.BACK: Place.HERE,
    Step.LINED_OUT: Place.ON_WAY,
    Step.HANDED_OVER: Place.HERE,
    Step.RELEASED: Place.COLLECTED,
    Step.UNDONE: Place.HERE,
    Step.EXPLAINED: Place.EXPLAINED,
    Step.WITHDRAWN: Place.WITHDRAWN,
}
"""By the last link of the child's chain."""


_EXTENDED = (
    select(CareSession.id)
    .where(CareSession.date == CHILDREN.c.date, CareSession.kind == SessionKind.EXTENDED)
    .correlate(CHILDREN)
    .scalar_subquery()
)
IN_SESSION: ColumnElement[int] = case((CHILDREN.c.extended_at.is_(None), CHILDREN.c.session_id), else_=_EXTENDED)
"""The session in which a child is counted: its class's, until extended care has taken it over."""


@dataclass(frozen=True)
class Tally:
    """How many children are where. The places add up to ``total``; all but those on leave, or out of care
    since the lists were made, are ``expected``."""

    places: Mapping[Place, int]

    def of(self, place: Place) -> int:
        return self.places.get(place, 0)

    def named(self, name: str) -> int:
        return self.of(Place(name))

    @property
    def total(self) -> int:
        return sum(self.places.values())

    @property
    def expected(self) -> int:
        return self.total - self.of(Place.LEAVE) - self.of(Place.WITHDRAWN)

    @property
    def waiting(self) -> int:
        """Children who are still in the school's hands."""
        return self.of(Place.HERE) + self.of(Place.ON_WAY)

    @classmethod
    def together(cls, tallies: Iterable[Tally]) -> Tally:
        found: dict[Place, int] = {}
        for tally in tallies:
            for place, number in tally.places.items():
                found[place] = found.get(place, 0) + number
        return cls(found)


def day_children(query: Select[*Columns], actor: Actor, day: date, and_earlier: bool = False) -> Select[*Columns]:
    """Children of a date (``and_earlier``: and of those before) within the actor's reach, each with the last link of
    its chain."""
    of_day = CHILDREN.c.date <= day if and_earlier else CHILDREN.c.date == day
    return (
        query.select_from(CHILDREN)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(Student, Student.id == CHILDREN.c.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(of_day, within_reach(actor, Permission.SEE_BOARD))
    )


async def tally_of(uow: UnitOfWork, day: date) -> Tally:
    """All children of a date within the actor's reach, counted."""
    query = day_children(select(CHAIN.c.step, func.count()), uow.actor, day).group_by(CHAIN.c.step)
    return Tally.together(Tally({PLACES[step]: many}) for step, many in await uow.connection.execute(query))


ON_DUTY: ColumnElement[int | None] = func.coalesce(CareSession.signed_in_id, CareSession.teacher_id)
"""Who has signed in for a session, or else who is planned."""


def may_know_adults(actor: Actor, grade: int, class_id: int, on_duty: int | None) -> bool:
    """Whether the actor may know who must not collect a child: who may see its record, who answers for the day, and the
    teacher on duty for it, who has it on the day sheet."""
    if on_duty is not None and on_duty == actor.person_id:
        return True
    rights = (Permission.SEE_STUDENTS, Permission.ANSWER_FOR_DAY)
    return any(actor.may_for(right, grade, class_id) for right in rights)
