"""School days (S8): Monday to Friday, unless the calendar's own row says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from care.records.term import CalendarDay
from care.work import UnitOfWork


@dataclass(frozen=True)
class Calendar:
    """The dates that differ from their weekday: holidays are False, make-up days True."""

    exceptions: Mapping[date, bool]

    def is_school_day(self, day: date) -> bool:
        return self.exceptions.get(day, day.isoweekday() <= 5)

    def next_school_day(self, day: date) -> date:
        """The first school day after ``day``."""
        day += timedelta(days=1)
        while not self.is_school_day(day):
            day += timedelta(days=1)
        return day

    def school_days_later(self, since: datetime, days: int, zone: ZoneInfo) -> datetime:
        """The moment ``days`` school days after ``since``, at the same local time. From a day off, counting starts
        at midnight before the next school day."""
        local = since.astimezone(zone)
        day = local.date()
        if not self.is_school_day(day):
            day = self.next_school_day(day)
            local = datetime.combine(day, datetime.min.time(), zone)
        for _ in range(days):
            day = self.next_school_day(day)
        return datetime.combine(day, local.timetz().replace(tzinfo=None), zone)


async def load_calendar(uow: UnitOfWork) -> Calendar:
    rows = await uow.session.execute(select(CalendarDay.date, CalendarDay.school))
    return Calendar({day: school for day, school in rows})
