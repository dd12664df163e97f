"""The office is told three months ahead that a year's public holidays have not been entered (S8)."""

from __future__ import annotations

from datetime import date

from care.calendar import load_calendar
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


async def tick(school: School) -> None:
    """Tells the office once of the next year, on a school day by daylight."""
    local = school.clock.local()
    if local.date() < date(local.year, *TELL_FROM) or not QUIET_UNTIL <= local.time() < QUIET_FROM:
        return
    year = local.year + 1
    async with school.look(SYSTEM) as uow:
        for record, key in ((Mark, told_mark(year)), (CalendarYear, year)):
            if await uow.session.get(record, key) is not None:
                return
        if not (await load_calendar(uow)).is_school_day(local.date()):
            return
    await together(school, _tell, [year])


def told_mark(year: int) -> str:
    """The note that the office has been told of a year."""
    return f"calendar_year_missed:{year}"


async def _tell(uow: UnitOfWork, year: int) -> None:
    people = await holders(uow, Role.OFFICE) or await holders(uow, Role.HEAD, Role.DEPUTY)
    await uow.post("calendar_year_missing", people, Class.REMINDER, key=f"calendar_year:{year}", year=year)
    await note(uow, told_mark(year), uow.today.isoformat())
