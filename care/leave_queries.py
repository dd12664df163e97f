"""What a leave would mean, which leaves stand, and who may read of them: reading alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy import Row, select

from care.attendance import Attends, enrolled
from care.calendar import Calendar, load_calendar
from care.clock import instant
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.plan import times_on
from care.day.rules import rules_of
from care.errors import CareError, Conflict, Invalid, NotFound
from care.people import children_of
from care.permissions import Permission
from care.records.day import CareDay, CareSession, DayChild, Leave, Step
from care.records.people import Guardianship, Person, Relation
from care.records.term import WaveDay
from care.term import wave_of
from care.work import UnitOfWork

LONGEST_DAYS = 60


@dataclass(frozen=True)
class Prospect:
    """What a leave would mean for one child: the care days it covers, or the rule that stands against it.
    ``was_missing``: today the school is looking for this child."""

    child: Attends
    days: tuple[date, ...]
    problem: CareError | None = None
    was_missing: bool = False


@dataclass(frozen=True)
class Standing:
    """A leave that is not over, with the care days it still covers."""

    leave: Leave
    child: Attends
    days: tuple[date, ...]


async def children_in_care(uow: UnitOfWork) -> list[Attends]:
    """The actor's own children who are enrolled; a restricted guardian has none."""
    own = [child.student_id for child in await children_of(uow, uow.actor.person_id or 0)]
    found = await enrolled(uow, own)
    return [found[student_id] for student_id in own if student_id in found]


async def own_child(uow: UnitOfWork, student_id: int) -> Attends:
    """Raises NotFound for a child that is not the actor's, Conflict("not_in_care") for one that is not enrolled."""
    if student_id not in {child.student_id for child in await children_of(uow, uow.actor.person_id or 0)}:
        raise NotFound()
    child = (await enrolled(uow, [student_id])).get(student_id)
    if child is None:
        raise Conflict("not_in_care")
    return child


async def look(uow: UnitOfWork, student_ids: Iterable[int], first: date, last: date) -> list[Prospect]:
    """What a leave from ``first`` to ``last``, both included, would mean for each of these children of the actor."""
    calendar = await load_calendar(uow)
    return [await _look(uow, calendar, await own_child(uow, one), first, last) for one in student_ids]


async def _look(uow: UnitOfWork, calendar: Calendar, child: Attends, first: date, last: date) -> Prospect:
    if first < uow.today or last < first or last > child.term_ends:
        return Prospect(child, (), Invalid("date_outside_term"))
    if (last - first).days >= LONGEST_DAYS:
        return Prospect(child, (), Invalid("leave_too_long", limit=LONGEST_DAYS))
    if await standing_leave(uow, child.student_id, first, last) is not None:
        return Prospect(child, (), Conflict("leave_exists"))
    days = await _days(uow, calendar, child, first, last)
    if not days:
        following = child.next_day(calendar, max(last, uow.today))
        problem = Conflict("no_care_then", next=following) if following else Conflict("no_care_left")
        return Prospect(child, (), problem)
    today = await today_of(uow, child.student_id) if days[0] == uow.today else None
    if today is not None and today.step in HERE:
        return Prospect(child, days, Conflict("child_is_here"))
    return Prospect(child, days, was_missing=today is not None and today.step is Step.ABSENT)


async def standing_leave(uow: UnitOfWork, student_id: int, first: date, last: date) -> int | None:
    """A leave of the child that stands on one of these dates, if there is one."""
    query = select(Leave.id).where(
        Leave.student_id == student_id, Leave.first <= last, Leave.last >= first, Leave.withdrawn_at.is_(None)
    )
    return (await uow.session.scalars(query.limit(1))).first()


async def _days(uow: UnitOfWork, calendar: Calendar, child: Attends, first: date, last: date) -> tuple[date, ...]:
    """The care days between two dates that are not over: today counts until the child has left or its care ends."""
    days = child.days(calendar, max(first, uow.today), last)
    return days[1:] if days and days[0] == uow.today and await _over_today(uow, child) else days


async def _over_today(uow: UnitOfWork, child: Attends) -> bool:
    today = await today_of(uow, child.student_id)
    if today is not None:
        return uow.now >= today.ends_at or today.step is Step.RELEASED
    care_day = await uow.session.get(CareDay, uow.today)
    if care_day is not None and care_day.planned_at is not None:
        return True  # enrolled since the list was made
    times = [one for one in await times_on(uow, child.term_id, uow.today) if child.grade in one.wave.grades]
    return not times or uow.now >= times[0].ends_at


@dataclass(frozen=True)
class DayTimes:
    """When a child's care begins and ends on a date, and when it does on any other; local times."""

    day: date
    span: tuple[time, time]
    usual: tuple[time, time]


async def times_of(uow: UnitOfWork, child: Attends, days: Collection[date]) -> list[DayTimes]:
    """As the plan has it: today's list where it is made, the times of their own that the calendar gives some dates,
    else those of the child's wave. Nothing for a grade without a wave."""
    wave = await wave_of(uow, child.term_id, child.grade)
    if wave is None:
        return []
    usual = (wave.starts_at, wave.ends_at)
    query = select(WaveDay).where(WaveDay.wave_id == wave.id, WaveDay.date.in_(days))
    own = {row.date: (row.starts_at, row.ends_at) for row in await uow.session.scalars(query)}
    listed = (
        select(CareSession.date, CareSession.starts_at, CareSession.ends_at)
        .join(DayChild, DayChild.session_id == CareSession.id)
        .where(DayChild.student_id == child.student_id, DayChild.date.in_(days))
    )
    for day, *ends in await uow.session.execute(listed):
        starts_at, ends_at = (moment.astimezone(uow.school.zone).time() for moment in ends)
        own[day] = (starts_at, ends_at)
    return [DayTimes(day, own.get(day, usual), usual) for day in days]


async def today_of(uow: UnitOfWork, student_id: int) -> Row[Any] | None:
    """The child's place in today's list: its id, the last step of its chain, and when its care ends."""
    query = (
        select(CHILDREN.c.id, CHAIN.c.step, CareSession.ends_at)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(CareSession, CareSession.id == CHILDREN.c.session_id)
        .where(CHILDREN.c.date == uow.today, CHILDREN.c.student_id == student_id)
    )
    return (await uow.connection.execute(query)).first()


async def nearest(uow: UnitOfWork, children: Sequence[Attends]) -> list[date]:
    """Today and the next care day, as far as one of these children can have leave then."""
    calendar = await load_calendar(uow)
    following = {child.next_day(calendar, uow.today) for child in children} - {None}
    found = []
    for day in (uow.today, *sorted(day for day in following if day)[:1]):
        prospects = [await _look(uow, calendar, child, day, day) for child in children]
        if any(one.problem is None for one in prospects):
            found.append(day)
    return found


async def coming(uow: UnitOfWork, children: Sequence[Attends]) -> list[Standing]:
    """These children's leaves that still cover a care day, the nearest first."""
    calendar, by_id = await load_calendar(uow), {child.student_id: child for child in children}
    query = select(Leave).where(
        Leave.student_id.in_(list(by_id)), Leave.last >= uow.today, Leave.withdrawn_at.is_(None)
    )
    found = []
    for leave in await uow.session.scalars(query.order_by(Leave.first, Leave.id)):
        child = by_id[leave.student_id]
        days = await _days(uow, calendar, child, leave.first, leave.last)
        if days:
            found.append(Standing(leave, child, days))
    return found


async def own_leave(uow: UnitOfWork, leave_id: int) -> Standing:
    """A leave of one of the actor's own children, taken back or not. Raises NotFound."""
    leave = await uow.session.get(Leave, leave_id)
    if leave is None:
        raise NotFound()
    child = await own_child(uow, leave.student_id)
    return Standing(leave, child, await _days(uow, await load_calendar(uow), child, leave.first, leave.last))


@dataclass(frozen=True)
class Told:
    """A leave as others than the giver are told of it. ``relation``: what the giver is to the child."""

    leave: Leave
    child: Attends
    days: tuple[date, ...]
    said_by: str
    relation: Relation | None


async def told(uow: UnitOfWork, leave_id: int) -> Told:
    """A leave for who may know of it: the child's guardians, and who takes the roll of its class. Raises NotFound."""
    query = (
        select(Leave, Person.name, Guardianship.relation)
        .join(Person, Person.id == Leave.given_by)
        .outerjoin(
            Guardianship, (Guardianship.person_id == Leave.given_by) & (Guardianship.student_id == Leave.student_id)
        )
        .where(Leave.id == leave_id)
    )
    found = (await uow.session.execute(query)).first()
    child = (await enrolled(uow, [found[0].student_id])).get(found[0].student_id) if found else None
    if found is None or child is None:
        raise NotFound()
    if not uow.actor.may_for(Permission.TAKE_ROLL, child.grade, child.school_class_id):
        await own_child(uow, child.student_id)
    leave, said_by, relation = found
    days = await _days(uow, await load_calendar(uow), child, leave.first, leave.last)
    return Told(leave, child, days, said_by, relation)


async def given_alike(uow: UnitOfWork, student_ids: Collection[int], first: date, last: date) -> list[int]:
    """Leaves that the actor has given for just these dates and children: the same tap came before."""
    query = select(Leave.id).where(
        Leave.student_id.in_(student_ids),
        Leave.first == first,
        Leave.last == last,
        Leave.given_by == uow.actor.person_id,
        Leave.withdrawn_at.is_(None),
    )
    return list(await uow.session.scalars(query.order_by(Leave.id)))


async def before_cut_off(uow: UnitOfWork, term_id: int, day: date) -> tuple[bool, time]:
    """Whether a leave for this date still comes before its plan is made, and the local time until when it would."""
    until = (await rules_of(uow, term_id)).leave_until
    return uow.now < instant(day, until, uow.school.zone), until
