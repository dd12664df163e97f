"""Who is told of a change of a date, and what there is to say to each when the letter goes out.

A child's care is the time from when to when it is in care on that date, or none. Whoever's it changes is told once; a
letter that still waits when the date is changed again is followed by one that says all, or by none where everything is
as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from care.calendar_dates import DateState, Span, state_of
from care.clock import instant
from care.day.plan import on_leave, term_on
from care.permissions import Duty
from care.quiet import when_awake
from care.records.delivery import WAITS, Class, Letter
from care.records.enrolment import Application, State
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Contact, Guardianship, Reach, Role, SchoolClass, StaffRole, Student
from care.records.term import CalendarDay, Term, Wave
from care.term import waves
from care.work import UnitOfWork

KIND = "calendar_changed"
STAFF = (Role.HEAD, Role.DEPUTY, Role.MEMBER, Role.OFFICE, Role.GRADE_LEADER, Role.HOMEROOM, Role.CARE_TEACHER)
"""Who of the school is told, as far as their classes are touched."""


@dataclass(frozen=True)
class ToTell:
    """Somebody who is told: what they know of the date, and of which children (none: as staff)."""

    person_id: int
    knows: DateState
    students: tuple[int, ...] = ()


@dataclass(frozen=True)
class Told:
    """Who is told of a change. ``out_of_reach``: children none of whose guardians can be reached in a chat."""

    people: tuple[ToTell, ...] = ()
    children: int = 0
    out_of_reach: int = 0

    def __len__(self) -> int:
        return len(self.people)

    @property
    def guardians(self) -> int:
        return sum(1 for one in self.people if one.students)

    @property
    def staff(self) -> int:
        return len(self) - self.guardians


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
        return next((state.span(wave) for wave in here if self.grade in wave.grades), None)

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
    """Guardians of the children whose care changes, teachers whose class's times change, and the leading group; not who
    changes it."""
    here, children = await waves(uow, term.id), await _enrolled(uow, term, day)
    known = await _known(uow, day)
    changes: dict[str, dict[int, _Enrolled]] = {}
    moves: dict[str, list[_Enrolled]] = {}

    def changed(since: DateState) -> dict[int, _Enrolled]:
        if since.seen not in changes:
            touched = (one for one in children if one.care(since, day, here) != one.care(after, day, here))
            changes[since.seen] = {one.student_id: one for one in touched}
        return changes[since.seen]

    def moved(since: DateState) -> list[_Enrolled]:
        """As their teachers see it: a child who stays for extended care leaves its class at another time, too."""
        if since.seen not in moves:
            moves[since.seen] = [
                one for one in children if one.with_class(since, day, here) != one.with_class(after, day, here)
            ]
        return moves[since.seen]

    mine: dict[int, list[int]] = {}
    families = await _families(uow, [child.student_id for child in children])
    for person_id, student_id in families:
        if student_id in changed(known.get(person_id, before)):
            mine.setdefault(person_id, []).append(student_id)
    people = {who: ToTell(who, known.get(who, before), tuple(students)) for who, students in mine.items()}
    for person_id, duty in await _staff(uow):
        knows = known.get(person_id, before)
        if person_id not in people and person_id != uow.actor.person_id and _touches(moved(knows), duty):
            people[person_id] = ToTell(person_id, knows)
    touched = set(changed(before))
    reached = await _reached(uow)
    in_reach = {student for person, student in families if person in reached}
    return Told(tuple(people.values()), len(touched), len(touched - in_reach))


async def _known(uow: UnitOfWork, day: date) -> dict[int, DateState]:
    """What those know of a date whose letter about it has not gone out yet."""
    query = (
        select(Letter.person_id, Letter.params)
        .where(Letter.kind == KIND, Letter.state == WAITS, Letter.sent_at.is_(None))
        .where(Letter.unique_key.startswith(_key(day)))
        .order_by(Letter.id)
    )
    known: dict[int, DateState] = {}
    for person_id, params in await uow.session.execute(query):
        known.setdefault(person_id, DateState.from_data(params["knows"]))
    return known


async def _families(uow: UnitOfWork, students: list[int]) -> list[tuple[int, int]]:
    """(person, student) of the guardians who may know of these children."""
    query = (
        select(Guardianship.person_id, Guardianship.student_id)
        .where(Guardianship.student_id.in_(students), Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    return [(person, student) for person, student in await uow.session.execute(query)]


async def _staff(uow: UnitOfWork) -> list[tuple[int, Duty]]:
    query = select(StaffRole).where(StaffRole.role.in_(STAFF)).order_by(StaffRole.id)
    return [(one.person_id, Duty(one.role, one.grade, one.school_class_id)) for one in await uow.session.scalars(query)]


def _touches(children: Iterable[_Enrolled], duty: Duty) -> bool:
    return any(duty.covers(child.grade, child.class_id) for child in children)


async def _reached(uow: UnitOfWork) -> set[int]:
    return set(await uow.session.scalars(select(Contact.person_id).where(Contact.reach == Reach.REACHABLE)))


def _key(day: date) -> str:
    return f"calendar:{day}:"


def tell(uow: UnitOfWork, day: date, version: int, told: Told) -> None:
    """Posts the letters. What is about today goes at once; all else keeps the quiet hours."""
    at_once = day == uow.today
    until = instant(day + timedelta(days=1), time.min, uow.school.zone)
    for one in told.people:
        uow.post_new(
            KIND,
            one.person_id,
            Class.ALARM if at_once else Class.BROADCAST,
            f"{_key(day)}{version}:{one.person_id}",
            due=uow.now if at_once else when_awake(uow.now, uow.school.zone),
            valid_until=until,
            date=day.isoformat(),
            version=version,
            knows=one.knows.as_data(),
            students=list(one.students),
        )


@dataclass(frozen=True)
class ChildCare:
    """A child with the times of its care on the date, or None."""

    name: str
    span: Span | None


@dataclass(frozen=True)
class Telling:
    """What there is to say of a date to one person: what they knew, what is now, and of which children (none: to
    staff, who read every wave's times)."""

    date: date
    before: DateState
    after: DateState
    waves: tuple[Wave, ...]
    children: tuple[ChildCare, ...] = ()


async def what_to_say(uow: UnitOfWork, params: Mapping[str, Any]) -> Telling | None:
    """What a letter says to the actor by the calendar as it is now. None where nothing is left to say: the date is
    past, a later letter says it, or everything is as the person knows it."""
    day, me = date.fromisoformat(params["date"]), uow.actor.person_id
    before, after = DateState.from_data(params["knows"]), await state_of(uow, day)
    term = await term_on(uow, day)
    row = await uow.session.get(CalendarDay, day)
    if term is None or row is None or day < uow.today:
        return None
    later = [f"{_key(day)}{version}:{me}" for version in range(params["version"] + 1, row.version + 1)]
    if later and await uow.known_keys(later):
        return None
    here = tuple(await waves(uow, term.id))
    students = set(params["students"])
    if not students:
        news = uow.actor.is_staff and _outline(before, day, here) != _outline(after, day, here)
        return Telling(day, before, after, here) if news else None
    mine = {student for person, student in await _families(uow, sorted(students)) if person == me}
    children = await _enrolled(uow, term, day, mine) if mine else []
    own = tuple(
        ChildCare(child.name, child.care(after, day, here))
        for child in children
        if child.care(before, day, here) != child.care(after, day, here)
    )
    return Telling(day, before, after, here, own) if own else None


def _outline(state: DateState, day: date, here: Iterable[Wave]) -> tuple[int | None, list[Span]]:
    """What staff know of a date."""
    weekday = state.timetable(day)
    return weekday, [state.span(wave) for wave in here] if weekday is not None else []
