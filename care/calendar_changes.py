"""Changing a date of the calendar (S8): lessons, care, whose timetable it follows, other times. Who is touched by it is
told, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from care.calendar_dates import DateState, Span, ordinary, state_of, too_short
from care.calendar_telling import tell, whom_to_tell
from care.clock import instant
from care.day.plan import term_on
from care.day.rules import rules_of
from care.errors import Conflict, Invalid
from care.permissions import Permission
from care.records.day import CareDay, CareSession, SessionKind
from care.records.term import CalendarDay, Term, Wave, WaveDay
from care.telling import Told
from care.term import waves
from care.work import UnitOfWork

NOTE_LIMIT = 120
FARTHEST = timedelta(days=2 * 366)
WORKING_WEEK = range(1, 6)


@dataclass(frozen=True)
class Change:
    """What a change does: from what to what, who is told, which waves get less than two hours of care (S8)."""

    date: date
    term: Term | None
    waves: tuple[Wave, ...]
    before: DateState
    after: DateState
    told: Told
    short: tuple[Wave, ...]
    is_open: bool
    """The care of that date has begun to be planned: what can no longer be changed, stays."""

    @property
    def is_new(self) -> bool:
        return self.before.seen != self.after.seen


async def look_at(uow: UnitOfWork, day: date) -> Change:
    """A date as it stands: a change that changes nothing."""
    uow.require(Permission.MANAGE_TERM)
    term = await term_on(uow, day)
    here = tuple(await waves(uow, term.id)) if term else ()
    state = await state_of(uow, day)
    is_open = await uow.session.get(CareDay, day) is not None
    return Change(day, term, here, state, state, Told(), tuple(too_short(state, day, here)), is_open)


async def preview(uow: UnitOfWork, day: date, wanted: DateState) -> Change:
    """What ``change_date`` would do. Raises the same errors."""
    now = await look_at(uow, day)
    after = _settled(day, wanted, now.waves)
    change = replace(now, after=after, short=tuple(too_short(after, day, now.waves)))
    if not change.is_new:
        return change
    _check_date(uow, day)
    await _check_open(uow, change)
    await _check_times(uow, change)
    if now.term is None:
        return change
    return replace(change, told=await whom_to_tell(uow, day, now.term, now.before, after))


def _settled(day: date, wanted: DateState, here: Iterable[Wave]) -> DateState:
    """The wish without what says nothing: times of a day without care, a weekday's own timetable."""
    note = " ".join(wanted.note.split())
    if len(note) > NOTE_LIMIT:
        raise Invalid("words_too_long", limit=NOTE_LIMIT)
    if wanted.follows_weekday is not None and wanted.follows_weekday not in WORKING_WEEK:
        raise Invalid("weekday_unknown")
    own = {wave.id: (wave.starts_at, wave.ends_at) for wave in here}
    care = wanted.school and wanted.care
    follows = wanted.follows_weekday if wanted.school and wanted.follows_weekday != day.isoweekday() else None
    times = {wave: span for wave, span in wanted.times.items() if care and wave in own and span != own[wave]}
    return DateState(wanted.school, care, follows, note, times)


def _check_date(uow: UnitOfWork, day: date) -> None:
    if day < uow.today:
        raise Invalid("date_is_past")
    if day > uow.today + FARTHEST:
        raise Invalid("date_too_far")


async def _check_open(uow: UnitOfWork, change: Change) -> None:
    """Once the lists of a day are made, only its times can change: each child on them must be accounted for."""
    care_day = await uow.session.get(CareDay, change.date)
    if care_day is None:
        return
    if care_day.closed_at is not None:
        raise Conflict("day_closed")
    if replace(change.after, note="", times={}) != replace(change.before, note="", times={}):
        raise Conflict("care_is_open")


async def _check_times(uow: UnitOfWork, change: Change) -> None:
    closes_at = (await rules_of(uow, change.term.id)).closes_at if change.term else time.max
    for wave in change.waves:
        (began, ended), (starts, ends) = change.before.span(wave), change.after.span(wave)
        if (starts, ends) == (began, ended):
            continue
        if starts >= ends:
            raise Invalid("wave_reversed")
        if ends > closes_at:
            raise Invalid("after_close", time=f"{closes_at:%H:%M}")
        if change.term and change.term.extended_until is not None and ends >= change.term.extended_until:
            raise Invalid("after_extended", time=f"{change.term.extended_until:%H:%M}")
        if change.date == uow.today and change.before.timetable(change.date) is not None:
            _check_under_way(uow, wave, (began, ended), (starts, ends))


def _check_under_way(uow: UnitOfWork, wave: Wave, before: Span, after: Span) -> None:
    """Today: a wave that has begun keeps its beginning, one that is over keeps both, and none ends in the past."""
    now = uow.now.astimezone(uow.school.zone).time()
    if before[1] <= now:
        raise Invalid("wave_is_over", wave=wave.ordinal)
    if before[0] <= now and after[0] != before[0]:
        raise Invalid("wave_has_begun", wave=wave.ordinal, time=f"{before[0]:%H:%M}")
    if after[1] <= now:
        raise Invalid("time_is_past", time=f"{after[1]:%H:%M}")


async def change_date(uow: UnitOfWork, day: date, wanted: DateState, seen: str | None = None) -> Change:
    """Makes a date what is wanted and tells whom it touches. Asking for what is so already does nothing, so a second
    tap tells nobody twice. ``seen``: the state that the person had before them; Conflict when it is another now.

    Raises Invalid or Conflict with a code that says what cannot be: a past date, a wave that would end before it
    begins, what the day's open lists no longer allow."""
    uow.require(Permission.MANAGE_TERM)
    row = await locked_date(uow, day)
    change = await preview(uow, day, wanted)
    if not change.is_new:
        return replace(change, told=Told())
    if seen is not None and seen != change.before.seen:
        raise Conflict()
    after = change.after
    row.school, row.care = after.school, after.care
    row.follows_weekday, row.note = after.follows_weekday, after.note
    await _write_times(uow, change)
    if change.is_open:
        await _move_sessions(uow, change)
    if change.told:
        row.version += 1
        tell(uow, day, row.version, change.told)
    uow.record(
        "calendar_changed",
        "calendar",
        int(f"{day:%Y%m%d}"),
        after.note,
        date=day.isoformat(),
        before=change.before.as_data(),
        after=after.as_data(),
        told=len(change.told),
    )
    return change


async def locked_date(uow: UnitOfWork, day: date) -> CalendarDay:
    """The date's row, made where there is none; two who change one date come one after the other."""
    insert = sqlite.insert if uow.school.is_sqlite else postgresql.insert
    plain = ordinary(day)
    new = insert(CalendarDay).values(date=day, school=plain.school, care=plain.care, note="", version=0)
    await uow.session.execute(new.on_conflict_do_nothing())
    return await uow.session.get_one(CalendarDay, day, with_for_update=True, populate_existing=True)


async def _write_times(uow: UnitOfWork, change: Change) -> None:
    await uow.session.execute(delete(WaveDay).where(WaveDay.date == change.date))
    for wave, (starts, ends) in change.after.times.items():
        uow.session.add(WaveDay(date=change.date, wave_id=wave, starts_at=starts, ends_at=ends))
    await uow.session.flush()


async def _move_sessions(uow: UnitOfWork, change: Change) -> None:
    """The sessions of an open day follow: those that have not begun wholly, the others with their end. Extended care
    begins when the last of them ends."""
    spans = {wave.ordinal: change.after.span(wave) for wave in change.waves}
    query = select(CareSession).where(
        CareSession.date == change.date, CareSession.kind == SessionKind.CLASS, CareSession.ends_at > uow.now
    )
    for session in await uow.session.scalars(query):
        if session.wave not in spans:
            continue
        starts, ends = (instant(change.date, at, uow.school.zone) for at in spans[session.wave])
        if session.starts_at > uow.now:
            session.starts_at = starts
        session.ends_at = ends
    extended = select(CareSession).where(
        CareSession.date == change.date, CareSession.kind == SessionKind.EXTENDED, CareSession.starts_at > uow.now
    )
    for session in await uow.session.scalars(extended):
        last = max((ends for _, ends in spans.values()), default=None)
        if last is not None:
            session.starts_at = min(session.ends_at, instant(change.date, last, uow.school.zone))


async def set_day(
    uow: UnitOfWork, day: date, school: bool, care: bool, follows_weekday: int | None = None, note: str = ""
) -> Change:
    """Says what a date is, and leaves its times as they are."""
    now = await state_of(uow, day)
    return await change_date(uow, day, DateState(school, care, follows_weekday, note, now.times))


async def set_times(uow: UnitOfWork, day: date, times: Mapping[int, Span]) -> Change:
    """Other times on a date, by wave id; waves that are left out have their own."""
    return await change_date(uow, day, replace(await state_of(uow, day), times=times))


async def clear_day(uow: UnitOfWork, day: date) -> Change:
    """Back to what the weekday says."""
    return await change_date(uow, day, ordinary(day))
