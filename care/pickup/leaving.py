"""When, where and by which gate a child leaves care on a date (S9, S10), and how far that day has gone for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from care.calendar import load_calendar
from care.custody.chain import CHAIN
from care.custody.steps import ENDS, HERE
from care.day.plan import on_leave, term_on, times_on
from care.extended.session import staying
from care.records.day import CareDay, CareSession, DayChild, Step
from care.records.enrolment import Application, LeaveMode, State
from care.records.people import SchoolClass, Student
from care.whereabouts import InCare, in_care
from care.work import UnitOfWork

YOUNG = (1, 2)
"""Grades whose children never leave alone."""
LOOK_AHEAD = timedelta(days=21)
EXTENDED_WAVE = 0
"""Stands for extended care where waves are counted."""


@dataclass(frozen=True)
class Leaving:
    """A child's way out on a date, from its class or from extended care. ``step`` and ``since`` are the last link of
    its chain, ``holder`` who then answers; there is none before the day's list is open, unless the child is known to be
    on leave. ``still``: where the child is in truth, once its care has ended and it has not left."""

    student_id: int
    name: str
    school_class: str
    day: date
    wave: int
    ends_at: datetime
    gate: str
    alone: bool
    step: Step | None = None
    since: datetime | None = None
    holder: str = ""
    still: InCare | None = None

    @property
    def is_over(self) -> bool:
        """Nobody has to come any more: collected, on leave, or with the family."""
        return self.step in ENDS


async def leaving(uow: UnitOfWork, student_ids: Iterable[int], day: date) -> list[Leaving]:
    """The children among these who are in care on a date, by when they leave; not yet planned ones as they will be."""
    wanted = list(dict.fromkeys(student_ids))
    found = await _on_the_list(uow, wanted, day)
    care_day = await uow.session.get(CareDay, day)
    if care_day is None or care_day.planned_at is None:
        known = {one.student_id for one in found}
        found += await _to_be(uow, [number for number in wanted if number not in known], day)
    found = await _where_still(uow, await _with_extended(uow, found, day), day) if found else []
    return sorted(found, key=lambda one: (one.ends_at, wanted.index(one.student_id)))


async def _with_extended(uow: UnitOfWork, found: list[Leaving], day: date) -> list[Leaving]:
    """Who stays for extended care leaves from there."""
    stay = await staying(uow, day, [one.student_id for one in found])
    if stay is None:
        return found
    return [
        replace(one, wave=EXTENDED_WAVE, ends_at=stay.ends_at, gate=stay.gate)
        if one.student_id in stay.students
        else one
        for one in found
    ]


async def _where_still(uow: UnitOfWork, found: list[Leaving], day: date) -> list[Leaving]:
    """Whoever should have left by now is where its chain says, not where the plan has it collected."""
    late = [one.student_id for one in found if one.step in HERE and uow.now >= one.ends_at]
    where = await in_care(uow, late, day) if late else {}
    return [replace(one, still=where.get(one.student_id)) for one in found]


def _alone(mode: LeaveMode, grade: int) -> bool:
    return mode is LeaveMode.ALONE and grade not in YOUNG


async def _on_the_list(uow: UnitOfWork, student_ids: Collection[int], day: date) -> list[Leaving]:
    query = (
        select(DayChild.student_id, Student.name, SchoolClass, Application.leave_mode)
        .add_columns(CareSession.wave, CareSession.ends_at, CareSession.gate, CHAIN.c.step, CHAIN.c.at)
        .add_columns(CHAIN.c.holder_name)
        .join(Student, Student.id == DayChild.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Application, Application.id == DayChild.application_id)
        .join(CareSession, CareSession.id == DayChild.session_id)
        .join(CHAIN, (CHAIN.c.day_child_id == DayChild.id) & (CHAIN.c.seq == DayChild.last_seq))
        .where(DayChild.date == day, DayChild.student_id.in_(student_ids))
    )
    return [
        Leaving(
            number,
            name,
            school_class.name,
            day,
            wave,
            ends_at,
            gate,
            _alone(mode, school_class.grade),
            step,
            since,
            holder,
        )
        for number, name, school_class, mode, wave, ends_at, gate, step, since, holder in await uow.session.execute(
            query
        )
    ]


async def _to_be(uow: UnitOfWork, student_ids: Collection[int], day: date) -> list[Leaving]:
    """Children whose list of that date is not made yet, as the term, the calendar and their applications say."""
    term = await term_on(uow, day)
    calendar = await load_calendar(uow)
    if not student_ids or term is None or not calendar.is_care_day(day):
        return []
    times = await times_on(uow, term.id, day)
    query = (
        select(Application, Student.name, SchoolClass)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            Application.term_id == term.id,
            Application.state == State.ENROLLED,
            Application.student_id.in_(student_ids),
            or_(Application.leaves_on.is_(None), Application.leaves_on > day),
            or_(Student.left_on.is_(None), Student.left_on > day),
        )
    )
    away = await on_leave(uow, day, student_ids)
    found = []
    for application, name, school_class in await uow.session.execute(query):
        own = next((one for one in times if school_class.grade in one.wave.grades), None)
        if own is None or calendar.timetable(day) not in application.weekdays:
            continue
        number = application.student_id
        found.append(
            Leaving(
                number,
                name,
                school_class.name,
                day,
                own.wave.ordinal,
                own.ends_at,
                own.wave.gate,
                _alone(application.leave_mode, school_class.grade),
                Step.LEAVE if number in away else None,
            )
        )
    return found


async def care_days(uow: UnitOfWork, first: date, last: date) -> list[date]:
    """The dates with care from ``first`` to ``last``, both included."""
    calendar = await load_calendar(uow)
    dates = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    return [day for day in dates if calendar.is_care_day(day) and await term_on(uow, day) is not None]


async def next_leaving(uow: UnitOfWork, student_ids: Iterable[int]) -> list[Leaving]:
    """Each child's way out on the next day after today on which it is in care, as far as three weeks ahead."""
    left = list(student_ids)
    found: list[Leaving] = []
    for day in await care_days(uow, uow.day + timedelta(days=1), uow.day + LOOK_AHEAD) if left else []:
        found += [one for one in await leaving(uow, left, day) if not one.is_over]
        known = {one.student_id for one in found}
        left = [number for number in left if number not in known]
        if not left:
            break
    return found
