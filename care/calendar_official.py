"""Public holidays come from official notices only (S8): a year is taken over once its notice is known here, and reads
"not yet announced" until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta

import chinese_calendar
import chinese_calendar.constants as notices
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from care.errors import Conflict, Invalid
from care.permissions import Permission
from care.records.term import CalendarDay, CalendarYear
from care.work import UnitOfWork


@dataclass(frozen=True)
class OfficialDay:
    """A date that a notice makes a holiday, or a make-up day, against its weekday. ``name``: the holiday's, Chinese."""

    date: date
    school: bool
    name: str


@dataclass(frozen=True)
class TakenOver:
    """How many dates of a year came in new, how many stood there alike, and which differ and were left as they were."""

    new: int
    same: int
    left: tuple[date, ...]


def covers(year: int) -> bool:
    """Whether the notice of a year is known here: its first and its last great holiday are in the list."""
    ends = ((1, 1), (10, 1))
    return 1 <= year < MAXYEAR and all(date(year, month, day) in notices.holidays for month, day in ends)


def official_days(year: int) -> list[OfficialDay]:
    """The dates of a year that differ from their weekday. The notices name the make-up days, but not whose timetable
    they follow: that is the school's to decide. Raises Invalid("year_not_covered")."""
    if not covers(year):
        raise Invalid("year_not_covered", year=year)
    found = []
    day = date(year, 1, 1)
    while day.year == year:
        school = bool(chinese_calendar.is_workday(day))
        if school != (day.isoweekday() <= 5):
            _, name = chinese_calendar.get_holiday_detail(day)
            found.append(OfficialDay(day, school, str(chinese_calendar.Holiday(name).chinese)))
        day += timedelta(days=1)
    return found


async def announced_years(uow: UnitOfWork) -> frozenset[int]:
    """The years whose holidays the school has entered."""
    return frozenset(await uow.session.scalars(select(CalendarYear.year)))


async def take_over_official(uow: UnitOfWork, year: int) -> TakenOver:
    """Writes the holidays and make-up days of a year's official notice into the calendar. What somebody entered for a
    date stays. Nobody is told: make-up days have no care until the school decides whose timetable they follow, and
    then those are told whom it touches. Raises Invalid("year_not_covered"), Conflict("year_entered")."""
    await _enter(uow, year, official=True)
    query = select(CalendarDay).where(CalendarDay.date >= date(year, 1, 1), CalendarDay.date <= date(year, 12, 31))
    known = {row.date: row for row in await uow.session.scalars(query)}
    new, same, left = 0, 0, []
    for day in official_days(year):
        row = known.get(day.date)
        if row is None:
            care = day.school
            uow.session.add(CalendarDay(date=day.date, school=day.school, care=care, note=day.name, version=0))
            new += 1
        elif row.school == day.school:
            same += 1
        else:
            left.append(day.date)
    uow.record("calendar_year_entered", "calendar", year, official=True, new=new, same=same, left=len(left))
    return TakenOver(new, same, tuple(left))


async def year_entered_by_hand(uow: UnitOfWork, year: int) -> None:
    """The office has entered a year's notice day by day. Raises Conflict("year_entered"), Invalid("year_out_of_range")
    for a year that is neither this one nor one of the two next to it."""
    if abs(year - uow.today.year) > 1:
        raise Invalid("year_out_of_range")
    await _enter(uow, year, official=False)
    uow.record("calendar_year_entered", "calendar", year, official=False)


async def _enter(uow: UnitOfWork, year: int, official: bool) -> None:
    uow.require(Permission.MANAGE_TERM)
    if official and not covers(year):
        raise Invalid("year_not_covered", year=year)
    insert = sqlite.insert if uow.school.is_sqlite else postgresql.insert
    row = insert(CalendarYear).values(year=year, entered_at=uow.now, entered_by=uow.actor.person_id)
    if await uow.session.scalar(row.on_conflict_do_nothing().returning(CalendarYear.year)) is None:
        raise Conflict("year_entered", year=year)
