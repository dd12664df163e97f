"""School days (S8): Monday to Friday, but for holidays and make-up days; how long a school day is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.calendar import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
NATIONAL_DAY = Calendar(
    {date(2026, 9, 20): True, date(2026, 9, 25): False, date(2026, 10, 10): True}
    | {date(2026, 10, day): False for day in (1, 2, 5, 6, 7)}
)


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("day", "school"),
    [
        (date(2026, 9, 20), True),
        (date(2026, 9, 25), False),
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
        (date(2026, 10, 3), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),
        (date(2026, 10, 11), False),
    ],
)
def test_which_days_are_school_days(day: date, school: bool) -> None:
    assert NATIONAL_DAY.is_school_day(day) is school


@pytest.mark.parametrize(
    ("since", "days", "later"),
    [
        (at(9, 29), 1, at(9, 30)),
        (at(9, 30), 1, at(10, 8)),
        (at(9, 30), 2, at(10, 9)),
        (at(9, 30), 3, at(10, 10)),
        (at(9, 30), 4, at(10, 12)),
        (at(10, 9), 1, at(10, 10)),
        (at(10, 3), 1, at(10, 9, 0)),
        (at(10, 11), 0, at(10, 12, 0)),
        (at(9, 18, 23, 59), 1, at(9, 20, 23, 59)),
    ],
)
def test_school_days_later_over_the_holidays(since: datetime, days: int, later: datetime) -> None:
    assert NATIONAL_DAY.school_days_later(since, days, ZONE) == later


def test_counted_in_the_school_s_own_time() -> None:
    """23:30 in London on Thursday is Friday morning in Shanghai."""
    since = datetime(2026, 9, 17, 22, 30, tzinfo=ZoneInfo("UTC"))
    assert NATIONAL_DAY.school_days_later(since, 1, ZONE) == at(9, 20, 6, 30)


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
CALENDARS = st.dictionaries(DAYS, st.booleans(), max_size=40).map(Calendar)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda m: m.replace(tzinfo=ZONE))  # noqa: DTZ001


@given(CALENDARS, MOMENTS, st.integers(0, 12))
def test_it_ends_on_a_school_day_and_never_earlier(calendar: Calendar, since: datetime, days: int) -> None:
    later = calendar.school_days_later(since, days, ZONE).astimezone(ZONE)
    assert later >= since
    assert calendar.is_school_day(later.date())
    between = [since.date() + timedelta(days=n) for n in range(1, (later.date() - since.date()).days + 1)]
    counted = sum(calendar.is_school_day(day) for day in between)
    assert counted == days if calendar.is_school_day(since.date()) else counted == days + 1


@given(CALENDARS, MOMENTS, MOMENTS, st.integers(0, 12))
def test_who_waits_longer_is_due_no_later(calendar: Calendar, one: datetime, other: datetime, days: int) -> None:
    first, second = sorted((one, other))
    assert calendar.school_days_later(first, days, ZONE) <= calendar.school_days_later(second, days, ZONE)
    assert calendar.school_days_later(first, days, ZONE) < calendar.school_days_later(first, days + 1, ZONE)


HOURS = st.datetimes(datetime(2026, 2, 1), datetime(2027, 12, 31))  # noqa: DTZ001


@given(CALENDARS, HOURS, HOURS, st.integers(0, 12))
def test_who_began_by_the_cut_off_is_due_and_nobody_else(
    calendar: Calendar, since: datetime, now: datetime, days: int
) -> None:
    began, moment = since.replace(tzinfo=ZONE), now.replace(tzinfo=ZONE)
    by = calendar.school_days_ago(moment, days, ZONE)
    assert (began <= by) == (calendar.school_days_later(began, days, ZONE) <= moment)
    assert calendar.school_days_later(by, days, ZONE) <= moment
    assert calendar.school_days_later(by + timedelta(microseconds=1), days, ZONE) > moment


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/London"), ZoneInfo("America/Santiago"), ZoneInfo("Africa/Cairo")])
@given(CALENDARS, HOURS, HOURS, st.integers(0, 12))
def test_the_cut_off_where_clocks_change_at_night(
    zone: ZoneInfo, calendar: Calendar, since: datetime, now: datetime, days: int
) -> None:
    """For every moment at which reminders go out: by day, on a school day."""
    began = since.replace(tzinfo=ZoneInfo("UTC"))
    moment = now.replace(hour=8 + now.hour % 12, tzinfo=zone).astimezone(ZoneInfo("UTC"))
    if calendar.is_school_day(moment.astimezone(zone).date()):
        by = calendar.school_days_ago(moment, days, zone).astimezone(ZoneInfo("UTC"))
        assert (began <= by) == (calendar.school_days_later(began, days, zone).astimezone(ZoneInfo("UTC")) <= moment)


@given(CALENDARS, DAYS)
def test_the_last_school_day(calendar: Calendar, day: date) -> None:
    before = calendar.last_school_day(day)
    assert before < day and calendar.is_school_day(before)
    assert not any(calendar.is_school_day(before + timedelta(days=n)) for n in range(1, (day - before).days))


@given(CALENDARS, DAYS)
def test_the_next_school_day(calendar: Calendar, day: date) -> None:
    following = calendar.next_school_day(day)
    assert following > day and calendar.is_school_day(following)
    assert not any(calendar.is_school_day(day + timedelta(days=n)) for n in range(1, (following - day).days))
