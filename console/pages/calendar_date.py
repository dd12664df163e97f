"""One date of the calendar: what it is, what it is to be, what will be said to whom, and then the saving of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from care.calendar_changes import Change, change_date, look_at, preview
from care.calendar_dates import DateState, Span, ordinary
from care.calendar_telling import Telling
from care.errors import CareError, Invalid, NotFound
from care.permissions import Permission
from console.dates import DateKind, in_words, is_special, kind_of
from console.door import Page, Visit, number, query_string
from console.pages.settings import read_time
from console.refusals import sentence
from locales import LANGUAGES, words
from locales.calendar import what_changes
from locales.labels import clock

OFF, CARE, NO_CARE = "off", "care", "no_care"


@dataclass(frozen=True)
class Typed:
    """The form as it stands: what was typed is kept, whatever is wrong with it. Times by wave id."""

    what: str
    follows: str
    note: str
    times: Mapping[int, tuple[str, str]]


@dataclass(frozen=True)
class Said:
    language: str
    text: str


@dataclass(frozen=True)
class DateView:
    change: Change
    kind: DateKind
    words: str
    special: bool
    is_past: bool
    is_today: bool
    begun: tuple[int, ...]
    """Waves (by id) whose care has begun today: their beginning stays."""
    typed: Typed
    seen: str
    look: bool
    said: tuple[Said, ...]
    error: str


def _day(visit: Visit) -> date:
    try:
        return date.fromisoformat(visit.request.path_params["day"])
    except ValueError:
        raise NotFound() from None


async def edit(visit: Visit) -> Response:
    async with visit.looking() as uow:
        now = await look_at(uow, _day(visit))
    return _page(visit, now, _typed_as(now, now.before))


def _typed_as(now: Change, state: DateState) -> Typed:
    """A state as the form would have it."""
    what = OFF if not state.school else CARE if state.care else NO_CARE
    times = {wave.id: tuple(clock(at) for at in state.span(wave)) for wave in now.waves}
    follows = state.follows_weekday or (now.date.isoweekday() if now.date.isoweekday() <= 5 else "")
    return Typed(what, str(follows), state.note, {wave: (starts, ends) for wave, (starts, ends) in times.items()})


def _read(visit: Visit, now: Change) -> Typed:
    times = {
        wave.id: (visit.field(f"starts_{wave.id}").strip(), visit.field(f"ends_{wave.id}").strip())
        for wave in now.waves
    }
    return Typed(visit.field("what"), visit.field("follows"), visit.field("note"), times)


def _wanted(typed: Typed, now: Change) -> DateState:
    """What the form asks for. Raises Invalid."""
    if typed.what not in (OFF, CARE, NO_CARE):
        raise Invalid("day_kind_needed")
    times: dict[int, Span] = {
        wave: (read_time(starts), read_time(ends)) for wave, (starts, ends) in typed.times.items() if starts or ends
    }
    follows = number(typed.follows, 1, 7)
    return DateState(typed.what != OFF, typed.what == CARE, follows, typed.note, times)


async def save(visit: Visit) -> Response:
    """First shows what will be said to whom; saves and tells when that is confirmed."""
    day, step = _day(visit), visit.field("step")
    async with visit.looking() as uow:
        now = await look_at(uow, day)
    typed = _typed_as(now, ordinary(day)) if step == "clear" else _read(visit, now)
    if step == "edit":
        return _page(visit, now, typed)
    try:
        wanted = _wanted(typed, now)
        if step == "save":
            async with visit.working() as uow:
                done = await change_date(uow, day, wanted, visit.field("seen"))
            values = query_string(month=f"{day:%Y-%m}", saved=day.isoformat(), told=len(done.told) or None)
            return visit.go("/calendar" + values)
        async with visit.looking() as uow:
            change = await preview(uow, day, wanted)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return _page(visit, now, typed, sentence(visit._, error), error.status)
    return _page(visit, change, typed, look=True)


def _page(
    visit: Visit, change: Change, typed: Typed, error: str = "", status: int = 200, look: bool = False
) -> Response:
    day, local, before = change.date, visit.desk.school.clock.local(), change.before
    kind = kind_of(day, before, change.term)
    under_way = change.is_open and day == local.date()
    view = DateView(
        change=change,
        kind=kind,
        words=in_words(visit._, day, before, kind, change.waves),
        special=is_special(day, before),
        is_past=day < local.date(),
        is_today=day == local.date(),
        begun=tuple(wave.id for wave in change.waves if under_way and before.span(wave)[0] <= local.time()),
        typed=typed,
        seen=before.seen,
        look=look,
        said=tuple(_said(change)) if look and change.told else (),
        error=error,
    )
    return visit.page("calendar/date.html", view, status)


def _said(change: Change) -> list[Said]:
    """What staff read; guardians read the times of their own children in place of the waves'."""
    again = bool(change.before.times)
    telling = Telling(change.date, change.before, change.after, change.waves, again=again)
    return [Said(language, what_changes(words(language, "console"), telling)) for language in LANGUAGES]


PAGES = [Page("/calendar/{day}", get=edit, post=save, right=Permission.MANAGE_TERM)]
