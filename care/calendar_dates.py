"""What one date is like, or is to be (S8): lessons or not, care or not, whose timetable, which times."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select

from care.calendar import Calendar
from care.records.term import CalendarDay, Wave, WaveDay
from care.work import UnitOfWork

SHORTEST = timedelta(hours=2)
"""Care lasts no less (S8); less is flagged to the office, never refused."""

Span = tuple[time, time]
"""From when to when, local times."""


@dataclass(frozen=True)
class DateState:
    """``follows_weekday``: the weekday (1 is Monday) whose timetable a school day follows; None is its own, and on a
    Saturday or Sunday not decided yet. ``times`` has the waves (by id) whose times differ on this date. ``grades``: the
    times that grades are known to have in place of their wave's, because the wave that they left with is removed."""

    school: bool
    care: bool
    follows_weekday: int | None = None
    note: str = ""
    times: Mapping[int, Span] = field(default_factory=dict)
    grades: Mapping[int, Span] = field(default_factory=dict)

    def timetable(self, day: date) -> int | None:
        """The weekday whose children are in care; None where nobody is."""
        follows = {} if self.follows_weekday is None else {day: self.follows_weekday}
        calendar = Calendar({day: self.school}, frozenset() if self.care else frozenset({day}), follows)
        return calendar.timetable(day) if calendar.is_care_day(day) else None

    def is_undecided(self, day: date) -> bool:
        """A make-up day for which nobody has decided yet whose timetable it follows."""
        return self.school and self.care and self.timetable(day) is None

    def span(self, wave: Wave) -> Span:
        """A wave's times on this date."""
        return self.times.get(wave.id, (wave.starts_at, wave.ends_at))

    def span_of(self, grade: int, wave: Wave) -> Span:
        """The times of a grade that leaves with this wave."""
        return self.grades.get(grade) or self.span(wave)

    def as_data(self) -> dict[str, Any]:
        """Without the note; ``from_data`` reads it."""
        data = {"school": self.school, "care": self.care, "follows": self.follows_weekday, "times": _data(self.times)}
        return data | ({"grades": _data(self.grades)} if self.grades else {})

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> DateState:
        times, grades = _spans(data["times"]), _spans(data.get("grades", {}))
        return cls(data["school"], data["care"], data["follows"], times=times, grades=grades)

    @property
    def seen(self) -> str:
        """Stands for the whole state: a form carries it, so that it is known when somebody else changed the date."""
        return json.dumps([self.as_data(), self.note], sort_keys=True, ensure_ascii=True)


def _data(spans: Mapping[int, Span]) -> dict[str, list[str]]:
    return {str(number): [f"{at:%H:%M}" for at in span] for number, span in sorted(spans.items())}


def _spans(data: Mapping[str, Any]) -> dict[int, Span]:
    return {
        int(number): (time.fromisoformat(starts), time.fromisoformat(ends)) for number, (starts, ends) in data.items()
    }


def ordinary(day: date) -> DateState:
    """What the weekday says."""
    return DateState(school=day.isoweekday() <= 5, care=day.isoweekday() <= 5)


async def states_of(uow: UnitOfWork, first: date, last: date) -> dict[date, DateState]:
    """The dates from ``first`` to ``last`` that have something of their own, each as it is."""
    days = select(CalendarDay).where(CalendarDay.date >= first, CalendarDay.date <= last)
    rows = {row.date: row for row in await uow.session.scalars(days.execution_options(populate_existing=True))}
    times: dict[date, dict[int, Span]] = {}
    spans = select(WaveDay).where(WaveDay.date >= first, WaveDay.date <= last)
    for one in await uow.session.scalars(spans.execution_options(populate_existing=True)):
        times.setdefault(one.date, {})[one.wave_id] = (one.starts_at, one.ends_at)
    found = {}
    for day in sorted({*rows, *times}):
        row, own = rows.get(day), times.get(day, {})
        if row is None:
            plain = ordinary(day)
            found[day] = DateState(plain.school, plain.care, times=own)
        else:
            found[day] = DateState(row.school, row.school and row.care, row.follows_weekday, row.note, own)
    return found


async def state_of(uow: UnitOfWork, day: date) -> DateState:
    return (await states_of(uow, day, day)).get(day) or ordinary(day)


def too_short(state: DateState, day: date, waves: Iterable[Wave]) -> list[Wave]:
    """The waves with less than two hours of care on a date."""
    if state.timetable(day) is None:
        return []
    return [wave for wave in waves if _lasts(state.span(wave)) < SHORTEST]


def _lasts(span: Span) -> timedelta:
    starts, ends = (timedelta(hours=at.hour, minutes=at.minute) for at in span)
    return ends - starts
