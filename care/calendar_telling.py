"""Who is told of a change of a date, and what there is to say to each when the letter goes out (``care/telling.py``).

A child's care is the time from when to when it is in care on that date, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from care.calendar_dates import DateState, Span, state_of
from care.clock import instant
from care.day.plan import on_leave, term_on
from care.records.delivery import Letter
from care.records.enrolment import Application, State
from care.records.extended import ExtendedRequest, Wish
from care.records.people import SchoolClass, Student
from care.records.term import CalendarDay, Term, Wave
from care.telling import Told, ToTell, gather, known_of, own_of, post, said_later, waiting_letters
from care.term import waves
from care.work import UnitOfWork

KIND = "calendar_changed"
PREFIX = "calendar:"


@dataclass(frozen=True)
class _Enrolled:
    student_id: int
    name: str
    weekdays: frozenset[int]
    grade: int
    class_id: int
    standing: frozenset[int]
    wish: Wish | None
    until: time | None
    """When extended care ends in the term."""

    def with_class(self, state: DateState, day: date, here: Iterable[Wave]) -> Span | None:
        """From when to when the child's class has care on a date, if the child takes part."""
        if state.timetable(day) not in self.weekdays:
            return None
        return next((state.span_of(self.grade, wave) for wave in here if self.grade in wave.grades), None)

    def care(self, state: DateState, day: date, here: Iterable[Wave]) -> Span | None:
        """From when to when the child is in care on a date: to the end of extended care where it stays."""
        span = self.with_class(state, day, here)
        stays = self.wish is Wish.APPROVED or (self.wish is None and state.timetable(day) in self.standing)
        return span if span is None or self.until is None or not stays else (span[0], max(span[1], self.until))


async def _enrolled(uow: UnitOfWork, term: Term, day: date, students: Iterable[int] | None = None) -> list[_Enrolled]:
    """The children (of these) who take part on a date, whatever its weekday, and are not on leave."""
    query = (
        select(Student.id, Student.name, Application.weekdays, SchoolClass.grade, SchoolClass.id)
        .add_columns(Application.extended_weekdays, ExtendedRequest.state)
        .select_from(Application)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .outerjoin(ExtendedRequest, and_(ExtendedRequest.student_id == Student.id, ExtendedRequest.date == day))
        .where(
            Application.term_id == term.id,
            Application.state == State.ENROLLED,
            or_(Application.leaves_on.is_(None), Application.leaves_on > day),
            or_(Student.left_on.is_(None), Student.left_on > day),
        )
        .order_by(Student.id)
    )
    if students is not None:
        query = query.where(Student.id.in_(list(students)))
    found = [
        _Enrolled(one, name, frozenset(days), grade, class_id, frozenset(standing), wish, term.extended_until)
        for one, name, days, grade, class_id, standing, wish in await uow.session.execute(query)
    ]
    away = await on_leave(uow, day, [child.student_id for child in found])
    return [child for child in found if child.student_id not in away]


async def whom_to_tell(uow: UnitOfWork, day: date, term: Term, before: DateState, after: DateState) -> Told:
    """Guardians of the children whose care changes, teachers whose class's times change, and the leading group. As
    teachers see it: a child who stays for extended care leaves its class at another time, too."""
    here, known = await waves(uow, term.id), await known_of(uow, KIND, _key(day))
    return await gather(
        uow,
        await _enrolled(uow, term, day),
        before,
        {person: DateState.from_data(data) for person, data in known.items()},
        lambda child, knows: child.care(knows, day, here) != child.care(after, day, here),
        lambda child, knows: child.with_class(knows, day, here) != child.with_class(after, day, here),
    )


def _key(day: date) -> str:
    return f"{PREFIX}{day}:"


async def waiting(uow: UnitOfWork) -> dict[date, Told]:
    """By date, from today on: for whom a letter waits, with what they know, and all the children it is about."""
    found: dict[date, dict[int, ToTell]] = {}
    for person, params in await waiting_letters(uow, KIND, PREFIX):
        people, students = found.setdefault(date.fromisoformat(params["date"]), {}), params["students"]
        knows = DateState.from_data(params["knows"])
        first = people.setdefault(person, ToTell(person, knows))
        people[person] = replace(first, students=tuple(sorted({*first.students, *students})))
    return {day: Told(tuple(people.values())) for day, people in found.items() if day >= uow.today}


def tell(uow: UnitOfWork, day: date, version: int, told: Told) -> None:
    """Posts the letters."""
    until = instant(day + timedelta(days=1), time.min, uow.school.zone)
    post(uow, KIND, told, _key(day), version, day, until, date=day.isoformat())


@dataclass(frozen=True)
class ChildCare:
    """A child with the times of its care on the date, or None; ``was``: as the person knew them."""

    name: str
    span: Span | None
    was: Span | None


@dataclass(frozen=True)
class Telling:
    """What there is to say of a date to one person: what they knew, what is now, and of which children (none: to
    staff, who read the times of every grade that has others). ``again``: they have read of other times before."""

    date: date
    before: DateState
    after: DateState
    waves: tuple[Wave, ...]
    children: tuple[ChildCare, ...] = ()
    again: bool = False


async def what_to_say(uow: UnitOfWork, params: Mapping[str, Any]) -> Telling | None:
    """What a letter says to the actor by the calendar as it is now. None where nothing is left to say: the date is
    past, a later letter says it, or everything is as the person knows it."""
    day = date.fromisoformat(params["date"])
    before, after = DateState.from_data(params["knows"]), await state_of(uow, day)
    term = await term_on(uow, day)
    row = await uow.session.get(CalendarDay, day)
    if term is None or row is None or day < uow.today:
        return None
    if await said_later(uow, _key(day), params["version"], row.version):
        return None
    here = tuple(await waves(uow, term.id))
    again = bool(before.times or before.grades) and await _has_read(uow, day)
    students = set(params["students"])
    if not students:
        news = uow.actor.is_staff and _outline(before, day, here) != _outline(after, day, here)
        return Telling(day, before, after, here, again=again) if news else None
    mine = await own_of(uow, students)
    children = await _enrolled(uow, term, day, mine) if mine else []
    own = tuple(
        ChildCare(child.name, child.care(after, day, here), child.care(before, day, here))
        for child in children
        if child.care(before, day, here) != child.care(after, day, here)
    )
    return Telling(day, before, after, here, own, again) if own else None


async def _has_read(uow: UnitOfWork, day: date) -> bool:
    """Whether a letter about the date has reached the actor."""
    query = select(Letter.id).where(
        Letter.person_id == uow.actor.person_id,
        Letter.kind == KIND,
        Letter.sent_at.is_not(None),
        Letter.unique_key.startswith(_key(day)),
    )
    return await uow.session.scalar(query.limit(1)) is not None


def _outline(state: DateState, day: date, here: Iterable[Wave]) -> tuple[int | None, list[Span]]:
    """What staff know of a date."""
    weekday = state.timetable(day)
    spans = [state.span_of(grade, wave) for wave in here for grade in wave.grades]
    return weekday, spans if weekday is not None else []
