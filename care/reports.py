"""Numbers for logistics, finance and supervision (S16, S19): how many children, where, on which days. No names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from care.enrolment.queries import ClassCount, count_by_class, waivers_by_class, within_reach
from care.enrolment.states import HOLDS_A_PLACE
from care.permissions import Permission
from care.records.enrolment import Application, State
from care.records.people import SchoolClass, Student
from care.work import UnitOfWork

WEEKDAYS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class ReportLine:
    """One class, one grade or the school. Weekdays count children who hold a place; ``waivers`` is None where the
    actor may not see them."""

    name: str
    grade: int | None
    students: int
    places: int
    enrolled: int
    to_sign: int
    waiting: int
    weekdays: tuple[int, ...]
    extended: tuple[int, ...]
    waivers: int | None

    @property
    def taken(self) -> int:
        return self.enrolled + self.to_sign


async def enrolment_report(uow: UnitOfWork, term_id: int) -> list[ReportLine]:
    """One line per class within the actor's reach."""
    uow.require(Permission.SEE_COUNTS)
    counts = await count_by_class(uow, term_id, Permission.SEE_COUNTS)
    days, extended = await _by_weekday(uow, term_id)
    sees_waivers = uow.actor.system or uow.actor.may(Permission.SEE_WAIVERS)
    waivers = await waivers_by_class(uow, term_id) if sees_waivers else None
    return [
        _line(c, days[c.class_id], extended[c.class_id], None if waivers is None else waivers.get(c.class_id, 0))
        for c in counts
    ]


def _line(count: ClassCount, days: Counter[int], extended: Counter[int], waivers: int | None) -> ReportLine:
    return ReportLine(
        name=count.school_class,
        grade=count.grade,
        students=count.students,
        places=count.capacity,
        enrolled=count.states.get(State.ENROLLED, 0),
        to_sign=count.states.get(State.APPROVED, 0),
        waiting=count.states.get(State.WAITING, 0),
        weekdays=tuple(days[day] for day in WEEKDAYS),
        extended=tuple(extended[day] for day in WEEKDAYS),
        waivers=waivers,
    )


async def _by_weekday(
    uow: UnitOfWork, term_id: int
) -> tuple[defaultdict[int, Counter[int]], defaultdict[int, Counter[int]]]:
    query = (
        select(Student.school_class_id, Application.weekdays, Application.extended_weekdays)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            Application.term_id == term_id,
            Application.state.in_(HOLDS_A_PLACE),
            within_reach(uow.actor, Permission.SEE_COUNTS),
        )
    )
    days: defaultdict[int, Counter[int]] = defaultdict(Counter)
    extended: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for class_id, weekdays, late in await uow.session.execute(query):
        days[class_id].update(weekdays)
        extended[class_id].update(late)
    return days, extended


def together(lines: Sequence[ReportLine], name: str = "", grade: int | None = None) -> ReportLine:
    """The sum of several lines."""
    waivers = [line.waivers for line in lines if line.waivers is not None]
    return ReportLine(
        name=name,
        grade=grade,
        students=sum(line.students for line in lines),
        places=sum(line.places for line in lines),
        enrolled=sum(line.enrolled for line in lines),
        to_sign=sum(line.to_sign for line in lines),
        waiting=sum(line.waiting for line in lines),
        weekdays=tuple(sum(line.weekdays[at] for line in lines) for at in range(len(WEEKDAYS))),
        extended=tuple(sum(line.extended[at] for line in lines) for at in range(len(WEEKDAYS))),
        waivers=sum(waivers) if len(waivers) == len(lines) and lines else None,
    )
