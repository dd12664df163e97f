"""What a date of the calendar is called, and what people are told when it changes. Catalogue ``common``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date

from care.calendar_dates import DateState, Span
from care.calendar_telling import Telling
from care.records.term import Wave
from locales import Words
from locales.labels import listed, span, weekday

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

HOLIDAYS = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明": "Tomb-sweeping Day",
    "劳动节": "Labour Day",
    "端午": "Dragon Boat Festival",
    "国庆节": "National Day",
    "中秋": "Mid-autumn Festival",
    "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日": "Victory Day, 70th anniversary",
}
"""The public holidays, by the names the official list gives them."""


def note_in_words(_: Words, day: date, state: DateState) -> str:
    """The note of a date as somebody typed it; the name that the official list gives a holiday, or its make-up day, in
    the reader's language."""
    if state.note not in HOLIDAYS:
        return state.note
    holiday = _(HOLIDAYS[state.note])
    return _("make-up day for {holiday}", holiday=holiday) if state.school and day.isoweekday() > 5 else holiday


def long_day(_: Words, day: date) -> str:
    """A date with its weekday, all of it spelt out."""
    return _(
        "{long_weekday} {day} {month}",
        long_weekday=weekday(_, day.isoweekday()),
        day=day.day,
        month=_(MONTHS[day.month - 1]),
        month_number=day.month,
    )


def month_title(_: Words, day: date) -> str:
    return _("{month} {year}", month=_(MONTHS[day.month - 1]), month_number=day.month, year=day.year)


def what_changes(_: Words, telling: Telling) -> str:
    """What somebody is told of a date: what it is now, and the times: of the own children, or, for staff, of the
    grades that have others."""
    day, before, after = telling.date, telling.before, telling.after
    lines = []
    if replace(before, note="", times={}, grades={}) != replace(after, note="", times={}, grades={}):
        lines.append(_what_it_is(_, day, after))
        if after.times:
            lines.append(_other_times(_, telling))
    elif after.times:
        lines.append(_other_times(_, telling))
    else:
        lines.append(_("Care on {day} has its usual times again.", day=long_day(_, day)))
    if after.timetable(day) is not None:
        lines += _child_lines(_, telling) or _grade_lines(_, telling)
    if after.note:
        lines.append(_("Note of the school: {note}", note=note_in_words(_, day, after)))
    return "\n".join(lines)


def _child_lines(_: Words, telling: Telling) -> list[str]:
    return [
        _("{child}: not in care", child=child.name)
        if child.span is None
        else _("{child}: in care {span}", child=child.name, span=_now_and_before(_, telling, child.span, child.was))
        for child in telling.children
    ]


def _what_it_is(_: Words, date_: date, state: DateState) -> str:
    day = long_day(_, date_)
    if not state.school:
        return _("There is no school on {day}, and no after-school care.", day=day)
    if not state.care:
        return _("There are lessons on {day}, but no after-school care.", day=day)
    timetable = state.timetable(date_)
    if timetable is None:
        return _("There are lessons on {day}. It is not decided yet whether there is after-school care.", day=day)
    if timetable == date_.isoweekday():
        return _("{day} is an ordinary school day; after-school care runs as usual.", day=day)
    like = weekday(_, timetable)
    if date_.isoweekday() <= 5:
        return _("{day} follows {like}'s timetable; care runs as on {like}s.", day=day, like=like)
    return _("{day} is a school day and follows {like}'s timetable; care runs as on {like}s.", day=day, like=like)


def _grade_lines(_: Words, telling: Telling) -> list[str]:
    before, after = telling.before, telling.after
    lines = []
    for wave in _moved(telling):
        now, knew = after.span(wave), {grade: before.span_of(grade, wave) for grade in wave.grades}
        for was in dict.fromkeys(knew.values()):
            grades = [grade for grade in wave.grades if knew[grade] == was]
            if was != now or _is_other_day(telling):
                lines.append(_grades(_, grades, _now_and_before(_, telling, now, was)))
    return lines


def _moved(telling: Telling) -> list[Wave]:
    """The waves that have other times for some grade than the reader knew; all that have times of their own, where the
    date is another one altogether."""
    before, after = telling.before, telling.after
    if _is_other_day(telling):
        return [wave for wave in telling.waves if wave.id in after.times]
    return [
        wave for wave in telling.waves if any(before.span_of(grade, wave) != after.span(wave) for grade in wave.grades)
    ]


def _is_other_day(telling: Telling) -> bool:
    return telling.before.timetable(telling.date) != telling.after.timetable(telling.date)


def _now_and_before(_: Words, telling: Telling, now: Span, was: Span | None) -> str:
    """The times; for who has read of other times before, with what they knew."""
    if not telling.again or was is None or was == now:
        return span(_, *now)
    return _("{now} (instead of {before})", now=span(_, *now), before=span(_, *was))


def _other_times(_: Words, telling: Telling) -> str:
    date_, state = telling.date, telling.after
    if telling.again:
        return _("The times of care on {day} have changed again.", day=long_day(_, date_))
    changed = [wave for wave in _moved(telling) if wave.id in state.times]
    if changed and all(
        state.span(wave)[1] < wave.ends_at and state.span(wave)[0] == wave.starts_at for wave in changed
    ):
        return _("Care ends early on {day}.", day=long_day(_, date_))
    return _("Care has other times on {day}.", day=long_day(_, date_))


def wave_lines(_: Words, state: DateState, waves: Iterable[Wave]) -> list[str]:
    """Each wave's times on a date."""
    return [_grades(_, wave.grades, span(_, *state.span(wave))) for wave in waves]


def _grades(_: Words, grades: Collection[int], times: str) -> str:
    return _.many(
        "Grade {grades}: {span}", "Grades {grades}: {span}", len(grades), grades=listed(_, map(str, grades)), span=times
    )
