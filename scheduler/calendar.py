"""What the office must still enter in the calendar (S8): next year's public holidays, three months ahead, and whose
timetable a make-up day follows, a week ahead."""

from __future__ import annotations

from datetime import date, timedelta

from care.calendar import load_calendar
from care.calendar_dates import states_of
from care.day.plan import term_on
from care.marks import note
from care.people import holders
from care.permissions import SYSTEM
from care.quiet import QUIET_FROM, QUIET_UNTIL
from care.records.delivery import Class
from care.records.office import Mark
from care.records.people import Role
from care.records.term import CalendarYear
from care.school import School
from care.work import UnitOfWork
from scheduler.parts import together

TELL_FROM = (10, 1)
"""Month and day from which the next year is missed."""
UNDECIDED_DAYS = 7


async def tick(school: School) -> None:
    """Tells the office once of each, on a school day by daylight."""
    local = school.clock.local()
    if not QUIET_UNTIL <= local.time() < QUIET_FROM:
        return
    async with school.look(SYSTEM) as uow:
        year = await _missing_year(uow)
        undecided = await _undecided(uow)
        if not (year or undecided) or not (await load_calendar(uow)).is_school_day(uow.today):
            return
    if year is not None:
        await together(school, _tell_year, [year])
    if undecided:
        await together(school, _tell_undecided, undecided)


def told_mark(year: int) -> str:
    """The note that the office has been told of a year."""
    return f"calendar_year_missed:{year}"


async def _missing_year(uow: UnitOfWork) -> int | None:
    """The next year, where it should be entered by now, is not, and the office has not been told."""
    if uow.today < date(uow.today.year, *TELL_FROM):
        return None
    year = uow.today.year + 1
    if await uow.session.get(Mark, told_mark(year)) is not None:
        return None
    return year if await uow.session.get(CalendarYear, year) is None else None


async def _undecided(uow: UnitOfWork) -> list[date]:
    """Make-up days of the coming week of which the office has not been told that they are not decided."""
    states = await states_of(uow, uow.today, uow.today + timedelta(days=UNDECIDED_DAYS))
    days = [day for day, state in states.items() if state.is_undecided(day) and await term_on(uow, day)]
    if not days:
        return []
    people = await _office(uow)
    known = await uow.known_keys(f"{_undecided_key(day)}:{person}" for day in days for person in people)
    return [day for day in days if any(f"{_undecided_key(day)}:{person}" not in known for person in people)]


def _undecided_key(day: date) -> str:
    return f"calendar_undecided:{day}"


async def _office(uow: UnitOfWork) -> list[int]:
    return await holders(uow, Role.OFFICE) or await holders(uow, Role.HEAD, Role.DEPUTY)


async def _tell_year(uow: UnitOfWork, year: int) -> None:
    people, key = await _office(uow), f"calendar_year:{year}"
    await uow.post("calendar_year_missing", people, Class.REMINDER, key=key, year=year)
    await note(uow, told_mark(year), uow.today.isoformat())


async def _tell_undecided(uow: UnitOfWork, day: date) -> None:
    key = _undecided_key(day)
    await uow.post("calendar_undecided", await _office(uow), Class.REMINDER, key=key, date=day.isoformat())
