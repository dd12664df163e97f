"""Who is told of a change of the term's standing plan (its waves, its first and last day), and what there is to say to
each when the letter goes out (``care/telling.py``).

What a family knows by heart is when its child's wave begins and ends, by which gate it leaves, and when the term begins
and ends; staff know the rooms, too. A date with times of its own keeps them: of it the calendar tells.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import or_, select

from care.calendar import load_calendar
from care.clock import instant
from care.permissions import Duty
from care.records.day import CareDay
from care.records.enrolment import Application, State
from care.records.people import SchoolClass, Student
from care.records.term import Term, Wave
from care.telling import STAFF, Told, gather, known_of, own_of, post, said_later
from care.term import waves
from care.work import UnitOfWork

KIND = "term_plan_changed"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class WaveCare:
    """What a wave says to its classes. Times are local."""

    starts_at: time
    ends_at: time
    gate: str
    guidance_venue: str = ""
    course_venue: str = ""

    @property
    def for_families(self) -> WaveCare:
        return replace(self, guidance_venue="", course_venue="")

    @property
    def as_data(self) -> list[str]:
        return [f"{self.starts_at:%H:%M}", f"{self.ends_at:%H:%M}", self.gate, self.guidance_venue, self.course_venue]


@dataclass(frozen=True)
class Plan:
    """The standing plan of a term: its first and last day, and what each grade's wave says."""

    first: date
    last: date
    grades: Mapping[int, WaveCare]

    def with_wave(self, grades: Collection[int], care: WaveCare) -> Plan:
        """The plan if these grades left with this wave."""
        return replace(self, grades={**self.grades, **dict.fromkeys(grades, care)})

    def care(self, grade: int) -> WaveCare | None:
        return self.grades.get(grade)

    def from_then(self, since: date) -> tuple[date, date]:
        """The first and the last day, as far as they are not gone by."""
        return max(self.first, since), self.last

    def as_data(self) -> dict[str, Any]:
        grades = {str(grade): care.as_data for grade, care in sorted(self.grades.items())}
        return {"first": self.first.isoformat(), "last": self.last.isoformat(), "grades": grades}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Plan:
        grades = {
            int(grade): WaveCare(time.fromisoformat(starts), time.fromisoformat(ends), *places)
            for grade, (starts, ends, *places) in data["grades"].items()
        }
        return cls(date.fromisoformat(data["first"]), date.fromisoformat(data["last"]), grades)

    @property
    def seen(self) -> str:
        return json.dumps(self.as_data(), sort_keys=True, ensure_ascii=True)


def care_of(wave: Wave) -> WaveCare:
    return WaveCare(wave.starts_at, wave.ends_at, wave.gate, wave.guidance_venue, wave.course_venue)


async def plan_of(uow: UnitOfWork, term: Term) -> Plan:
    """The plan as it is now."""
    grades = {grade: care_of(wave) for wave in await waves(uow, term.id) for grade in wave.grades}
    return Plan(term.starts_on, term.ends_on, grades)


@dataclass(frozen=True)
class Enrolled:
    """A child who is in care on some weekday."""

    student_id: int
    name: str
    grade: int
    class_id: int
    class_name: str
    leaves: date | None
    """The first day without care, where the child leaves it, or the school."""
    stays: bool
    """For extended care, on some of its weekdays."""
    always_stays: bool

    def family(self, plan: Plan, since: date) -> tuple[WaveCare | None, date, date]:
        """What the child's family knows by heart. Who always stays for extended care leaves with no wave."""
        care, (first, last) = plan.care(self.grade), plan.from_then(since)
        if care is not None:
            care = replace(care.for_families, ends_at=time.max, gate="") if self.always_stays else care.for_families
        return care, first, last if self.leaves is None else min(last, self.leaves - DAY)

    def staff(self, plan: Plan, since: date) -> tuple[WaveCare | None, tuple[date, date]]:
        return plan.care(self.grade), plan.from_then(since)


async def enrolled_from(uow: UnitOfWork, term: Term, since: date) -> list[Enrolled]:
    """The children who are in care on some weekday from a date on."""
    query = (
        select(Student.id, Student.name, Student.left_on, SchoolClass)
        .add_columns(Application.weekdays, Application.extended_weekdays, Application.leaves_on)
        .select_from(Application)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(
            Application.term_id == term.id,
            Application.state == State.ENROLLED,
            or_(Application.leaves_on.is_(None), Application.leaves_on > since),
            or_(Student.left_on.is_(None), Student.left_on > since),
        )
        .order_by(SchoolClass.grade, SchoolClass.number, Student.id)
    )
    found = []
    for number, name, left_on, place, days, extended, leaves_on in await uow.session.execute(query):
        stays = set(days) & set(extended) if term.extended_until is not None else set()
        leaves = min((day for day in (left_on, leaves_on) if day), default=None)
        if days:
            found.append(
                Enrolled(number, name, place.grade, place.id, place.name, leaves, bool(stays), stays == set(days))
            )
    return found


async def counts_from(uow: UnitOfWork, term: Term) -> date | None:
    """The first care day whose lists are still to be made: from then on what a wave says counts. None where the
    term has no such day left."""
    return await _first_to_be_made(uow, term.starts_on, term.ends_on)


async def _first_to_be_made(uow: UnitOfWork, first: date, last: date) -> date | None:
    calendar = await load_calendar(uow)
    opened = set(await uow.session.scalars(select(CareDay.date).where(CareDay.date >= uow.today)))
    day = max(uow.today, first)
    while day <= last and (day in opened or not calendar.is_care_day(day)):
        day += DAY
    return day if day <= last else None


async def _since(uow: UnitOfWork, before: Plan, after: Plan) -> date | None:
    """From when a change counts: a term that is cut short still has the days that it loses."""
    return await _first_to_be_made(uow, min(before.first, after.first), max(before.last, after.last))


async def whom_to_tell(uow: UnitOfWork, term: Term, before: Plan, after: Plan) -> Told:
    """Guardians of the enrolled children whose standing care changes, teachers of their classes, and the leading
    group. Nobody where the plan stays as it is, or where none of its days is left."""
    since = await _since(uow, before, after)
    if since is None or before == after:
        return Told()
    known = await known_of(uow, KIND, _key(term))
    return await gather(
        uow,
        await enrolled_from(uow, term, since),
        before,
        {person: Plan.from_data(data) for person, data in known.items()},
        lambda child, knows: child.family(knows, since) != child.family(after, since),
        lambda child, knows: child.staff(knows, since) != child.staff(after, since),
    )


def _key(term: Term) -> str:
    return f"term:{term.id}:"


async def tell(uow: UnitOfWork, term: Term, before: Plan) -> Told:
    """Tells of what has just been changed. ``before``: the plan as it was; the caller has locked the term."""
    await uow.session.flush()
    after = await plan_of(uow, term)
    told, since = await whom_to_tell(uow, term, before, after), await _since(uow, before, after)
    if told and since is not None:
        term.plan_version += 1
        until = instant(max(before.last, after.last) + DAY, time.min, uow.school.zone)
        post(uow, KIND, told, _key(term), term.plan_version, since, until, term=term.id, since=since.isoformat())
    return told


@dataclass(frozen=True)
class Move:
    """What one wave says now and said before, to these classes (by name), or to these grades, which staff are told."""

    before: WaveCare | None
    after: WaveCare
    classes: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()

    @property
    def changes_the_way_home(self) -> bool:
        was, now = self.before, self.after
        return was is not None and (was.ends_at, was.gate) != (now.ends_at, now.gate)


@dataclass(frozen=True)
class Telling:
    """What there is to say to one person. ``first``, ``last``: a day of the term as it was and as it is, where it
    changes. ``stays``: some of the children stay for extended care on some days; from there they are collected as
    before."""

    since: date
    moves: tuple[Move, ...]
    first: tuple[date, date] | None
    last: tuple[date, date] | None
    children: tuple[str, ...]
    stays: bool


async def what_to_say(uow: UnitOfWork, params: Mapping[str, Any]) -> Telling | None:
    """What a letter says to the actor by the plan as it is now. None where nothing is left to say: the term is over, a
    later letter says it, or everything is as the person knows it."""
    term = await uow.session.get(Term, params["term"])
    if term is None or await said_later(uow, _key(term), params["version"], term.plan_version):
        return None
    before, after = Plan.from_data(params["knows"]), await plan_of(uow, term)
    if max(before.last, after.last) < uow.today:
        return None
    since = date.fromisoformat(params["since"])
    children, mine = await enrolled_from(uow, term, max(since, uow.today)), await own_of(uow, params["students"])
    duties = [duty for duty in uow.actor.duties if duty.role in STAFF]
    own = [
        child
        for child in children
        if child.student_id in mine and child.family(before, since) != child.family(after, since)
    ]
    moved = [
        child for child in children if _is_of(child, duties) and child.staff(before, since) != child.staff(after, since)
    ]
    if not own and not moved:
        return None
    (first, last), (first_now, last_now) = before.from_then(since), after.from_then(since)
    moves = _moves_of(before, after, (one for one in own if not _is_of(one, duties)), moved)
    return Telling(
        since,
        moves,
        (before.first, after.first) if first != first_now else None,
        (before.last, after.last) if last != last_now else None,
        tuple(child.name for child in own),
        any(child.stays for child in own) and any(move.changes_the_way_home for move in moves),
    )


def _is_of(child: Enrolled, duties: Sequence[Duty]) -> bool:
    return any(duty.covers(child.grade, child.class_id) for duty in duties)


def _moves_of(before: Plan, after: Plan, own: Iterable[Enrolled], moved: Iterable[Enrolled]) -> tuple[Move, ...]:
    """The waves that say something else, each once: to the classes of one's own children without the rooms, and to the
    grades that staff are told of."""
    grades: dict[tuple[WaveCare | None, WaveCare], dict[int, None]] = {}
    classes: dict[tuple[WaveCare | None, WaveCare], dict[str, None]] = {}
    for child in moved:
        was, now = before.care(child.grade), after.care(child.grade)
        if now is not None and was != now:
            grades.setdefault((was, now), {})[child.grade] = None
    for child in own:
        was, now = before.care(child.grade), after.care(child.grade)
        was = was and was.for_families
        if now is not None and was != now.for_families:
            classes.setdefault((was, now.for_families), {})[child.class_name] = None
    return (
        *(Move(was, now, classes=tuple(names)) for (was, now), names in classes.items()),
        *(Move(was, now, grades=tuple(numbers)) for (was, now), numbers in grades.items()),
    )
