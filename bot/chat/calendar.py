"""What the chat says of the calendar: a date that changes, and to the office what it must still enter."""

from __future__ import annotations

from datetime import date

from bot.chat.kinds import Context, Kind
from bot.wire.view import View
from care.calendar_dates import state_of
from care.calendar_official import covers
from care.calendar_telling import what_to_say
from care.records.term import CalendarYear
from care.term import current_term
from locales.calendar import long_day, what_changes


async def _calendar_changed(c: Context) -> View | None:
    telling = await what_to_say(c.uow, c.params)
    return View(what_changes(c._, telling)) if telling else None


async def _calendar_year_missing(c: Context) -> View | None:
    year = int(c.params["year"])
    if await c.uow.session.get(CalendarYear, year) is not None:
        return None
    text = c._("The public holidays of {year} are not in the calendar yet.", year=year)
    term = await current_term(c.uow)
    if term is not None and term.ends_on.year >= year:
        text += "\n" + c._("The term runs until {day} {year}.", day=long_day(c._, term.ends_on), year=term.ends_on.year)
    if covers(year):
        text += "\n" + c._("The official list is here: take it over under Calendar. Send /console to sign in.")
    else:
        text += "\n" + c._("Enter them under Calendar once the official notice is out. Send /console to sign in.")
    return View(text)


async def _calendar_undecided(c: Context) -> View | None:
    day = date.fromisoformat(c.params["date"])
    if day < c.uow.today or not (await state_of(c.uow, day)).is_undecided(day):
        return None
    text = c._("There are lessons on {day}, but it is not decided whose timetable they follow.", day=long_day(c._, day))
    return View(
        text + "\n" + c._("No care runs on that day until you decide it under Calendar. Send /console to sign in.")
    )


KINDS: dict[str, Kind] = {
    "calendar_changed": Kind(_calendar_changed, courtesy=True),
    "calendar_year_missing": Kind(_calendar_year_missing),
    "calendar_undecided": Kind(_calendar_undecided),
}
