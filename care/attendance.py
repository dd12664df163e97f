"""On which dates a child attends: its weekdays, as far as the term, the calendar and a withdrawal allow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from care.calendar import Calendar
from care.records.enrolment import Application, State
from care.records.people import SchoolClass, Student
from care.records.term import Term
from care.work import UnitOfWork


@dataclass(frozen=True)
class Attends:
    """An enrolled child. It attends from ``since`` to ``until`` at most, both included; ``until`` lies before the
    term's end where a withdrawal has been given."""

    student_id: int
    name: str
    school_class_id: int
    grade: int
    school_class: str
    term_id: int
    term_ends: date
    weekdays: frozenset[int]
    since: date
    until: date

    def attends_on(self, calendar: Calendar, day: date) -> bool:
        """Whether the date is a care day of this child. A make-up day counts as the weekday that it follows."""
        return (
            self.since <= day <= self.until and calendar.is_care_day(day) and calendar.timetable(day) in self.weekdays
        )

    def days(self, calendar: Calendar, first: date, last: date) -> tuple[date, ...]:
        """The child's care days from ``first`` to ``last``, both included."""
        return tuple(day for day in dates(first, min(last, self.until)) if self.attends_on(calendar, day))

    def next_day(self, calendar: Calendar, after: date) -> date | None:
        """The first care day after a date; None when the term holds no more."""
        coming = dates(max(after + timedelta(days=1), self.since), self.until)
        return next((day for day in coming if self.attends_on(calendar, day)), None)


def dates(first: date, last: date) -> list[date]:
    """All dates from ``first`` to ``last``, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


async def enrolled(uow: UnitOfWork, student_ids: Collection[int]) -> dict[int, Attends]:
    """Those of these children who are enrolled in the term that runs (or in the next one), by student id."""
    query = (
        select(Application, Student, SchoolClass, Term)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Term, Term.id == Application.term_id)
        .where(Application.student_id.in_(student_ids), Application.state == State.ENROLLED, Term.ends_on >= uow.today)
        .order_by(Term.starts_on)
    )
    found: dict[int, Attends] = {}
    for application, student, school_class, term in await uow.session.execute(query):
        found.setdefault(student.id, _attends(application, student, school_class, term))
    return found


def _attends(application: Application, student: Student, school_class: SchoolClass, term: Term) -> Attends:
    leaves_on = application.leaves_on
    return Attends(
        student_id=student.id,
        name=student.name,
        school_class_id=school_class.id,
        grade=school_class.grade,
        school_class=school_class.name,
        term_id=term.id,
        term_ends=term.ends_on,
        weekdays=frozenset(application.weekdays),
        since=term.starts_on,
        until=term.ends_on if leaves_on is None else min(term.ends_on, leaves_on - timedelta(days=1)),
    )
