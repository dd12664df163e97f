"""How the console names a date of the calendar: a kind with a sign and a short word, and the whole in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from care.calendar_dates import DateState, ordinary
from care.records.term import Term, Wave
from console.marking import mark
from locales import Words
from locales.calendar import note_in_words, wave_lines
from locales.labels import WEEKDAYS_SHORT, clock, weekday


class DateKind(StrEnum):
    USUAL = "usual"
    OTHER_TIMES = "times"
    MAKE_UP = "make_up"
    UNDECIDED = "undecided"
    NO_CARE = "no_care"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    OUTSIDE = "outside"


SIGNS = {
    DateKind.USUAL: "●",
    DateKind.OTHER_TIMES: "◔",
    DateKind.MAKE_UP: "↻",
    DateKind.UNDECIDED: "?",
    DateKind.NO_CARE: "○",
    DateKind.HOLIDAY: "✕",
    DateKind.WEEKEND: "–",
    DateKind.OUTSIDE: "·",
}

NAMES = {
    DateKind.USUAL: mark("School day with care"),
    DateKind.OTHER_TIMES: mark("Care at other times"),
    DateKind.MAKE_UP: mark("Follows another weekday's timetable"),
    DateKind.UNDECIDED: mark("Lessons, but not decided whose timetable: no care"),
    DateKind.NO_CARE: mark("School day without care"),
    DateKind.HOLIDAY: mark("No school"),
    DateKind.WEEKEND: mark("Weekend"),
    DateKind.OUTSIDE: mark("Outside the term: no care"),
}


def kind_of(day: date, state: DateState, term: Term | None) -> DateKind:
    if not state.school:
        return DateKind.HOLIDAY if day.isoweekday() <= 5 else DateKind.WEEKEND
    if term is None:
        return DateKind.OUTSIDE
    if not state.care:
        return DateKind.NO_CARE
    if state.is_undecided(day):
        return DateKind.UNDECIDED
    if state.timetable(day) != day.isoweekday():
        return DateKind.MAKE_UP
    return DateKind.OTHER_TIMES if state.times else DateKind.USUAL


def short_word(_: Words, day: date, state: DateState, kind: DateKind) -> str:
    """A word or two that fit into a day of the month."""
    if kind is DateKind.MAKE_UP:
        return _("as {weekday}", weekday=_(WEEKDAYS_SHORT[(state.timetable(day) or 1) - 1]))
    if kind is DateKind.OTHER_TIMES:
        return _("to {time}", time=clock(max(ends for _starts, ends in state.times.values())))
    words = {
        DateKind.USUAL: _("care"),
        DateKind.UNDECIDED: _("decide"),
        DateKind.NO_CARE: _("no care"),
        DateKind.HOLIDAY: _("off"),
        DateKind.WEEKEND: _("off"),
        DateKind.OUTSIDE: _("school"),
    }
    return words[kind]


def in_words(_: Words, day: date, state: DateState, kind: DateKind, waves: Sequence[Wave]) -> str:
    """All there is to know of a date, in one line."""
    if kind is DateKind.MAKE_UP:
        parts = [_("School day, follows {weekday}'s timetable", weekday=weekday(_, state.timetable(day) or 1))]
    else:
        parts = [_(NAMES[kind])]
    if state.times and state.timetable(day) is not None:
        parts += wave_lines(_, state, (wave for wave in waves if wave.id in state.times))
    return _("; ").join([*parts, note_in_words(_, day, state)] if state.note else parts)


def is_special(day: date, state: DateState) -> bool:
    """Whether a date differs from what its weekday says."""
    plain = ordinary(day)
    return (state.school, state.care, state.times) != (plain.school, plain.care, {}) or (
        state.follows_weekday is not None
    )


@dataclass(frozen=True)
class Month:
    """A month as a calendar shows it: its first day, and its weeks from Monday to Sunday; None outside the month."""

    first: date

    @property
    def last(self) -> date:
        return self.next - timedelta(days=1)

    @property
    def next(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def previous(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    def weeks(self) -> list[list[date | None]]:
        blank: list[date | None] = [None] * (self.first.isoweekday() - 1)
        days = [*blank, *(self.first + timedelta(days=n) for n in range(self.last.day))]
        days += [None] * (-len(days) % 7)
        return [days[at : at + 7] for at in range(0, len(days), 7)]


def read_month(written: str | None, otherwise: date) -> Month:
    """The month of ``2026-11``; that of ``otherwise`` where it is none, or too far away to be of use."""
    try:
        first = date.fromisoformat(f"{written}-01")
    except ValueError:
        first = otherwise.replace(day=1)
    if abs(first.year - otherwise.year) > 3:
        first = otherwise.replace(day=1)
    return Month(first)
