"""School days and care days (S8): Monday to Friday, unless the calendar's own row says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from care.clock import instant
from care.records.term import CalendarDay
from care.work import UnitOfWork


@dataclass(frozen=True)
class Calendar:
    """The dates that differ from their weekday: holidays are False, make-up days True."""

    exceptions: Mapping[date, bool]
    without_care: frozenset[date] = frozenset()
    """School days on which there is no care."""
    timetables: Mapping[date, int] = field(default_factory=dict)
    """The weekday (1 is Monday) whose timetable a date follows, where that is not its own."""

    def is_school_day(self, day: date) -> bool:
        return self.exceptions.get(day, day.isoweekday() <= 5)

    def timetable(self, day: date) -> int | None:
        """The weekday whose timetable a school day follows: 1 for Monday. None on a day off, and on a make-up day for
        which the school has not decided it yet."""
        if not self.is_school_day(day):
            return None
        return self.timetables.get(day, day.isoweekday() if day.isoweekday() <= 5 else None)

    def is_care_day(self, day: date) -> bool:
        """Whether care runs, as far as the calendar goes; the term says whether there is any at all."""
        return self.timetable(day) is not None and day not in self.without_care

    def next_school_day(self, day: date) -> date:
        """The first school day after ``day``."""
        day += timedelta(days=1)
        while not self.is_school_day(day):
            day += timedelta(days=1)
        return day

    def last_school_day(self, day: date) -> date:
        """The last school day before ``day``."""
        day -= timedelta(days=1)
        while not self.is_school_day(day):
            day -= timedelta(days=1)
        return day

    def school_days_later(self, since: datetime, days: int, zone: ZoneInfo) -> datetime:
        """The moment ``days`` school days after ``since``, at the same local time. From a day off, counting starts
        at midnight before the next school day."""
        local = since.astimezone(zone)
        day, at = local.date(), local.time()
        if not self.is_school_day(day):
            day = self.next_school_day(day)
            at = time.min
        for _ in range(days):
            day = self.next_school_day(day)
        return instant(day, at, zone)

    def school_days_ago(self, now: datetime, days: int, zone: ZoneInfo) -> datetime:
        """The last moment whose ``days`` school days have passed by ``now``: whatever began later has to wait.

        The other way round than ``school_days_later``; where a zone puts its clocks back, it may differ in that hour.
        """
        local = now.astimezone(zone)
        day, at = local.date(), local.time()
        if not self.is_school_day(day):
            day, at = self.last_school_day(day), time.max
        for _ in range(days):
            day = self.last_school_day(day)
        return instant(day, at, zone)


async def load_calendar(uow: UnitOfWork) -> Calendar:
    rows = (
        await uow.session.execute(
            select(CalendarDay.date, CalendarDay.school, CalendarDay.care, CalendarDay.follows_weekday)
        )
    ).all()
    return Calendar(
        {row.date: row.school for row in rows},
        frozenset(row.date for row in rows if row.school and not row.care),
        {row.date: row.follows_weekday for row in rows if row.follows_weekday is not None},
    )
