"""Dates as people type them, alone or as a range: 2026-11-25, 11-25, 11月25日, 25.11, 25 Nov, 11-25 到 11-27."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th|日)?\.?"
FULL = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
CHINESE = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*日?")
DAY_MONTH = re.compile(rf"{_DAY}\s*{_MONTH}(?:\s+(\d{{4}}))?")
MONTH_DAY = re.compile(rf"{_MONTH}\s*{_DAY}(?:,?\s+(\d{{4}}))?")
NUMBERS = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\.?")
DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|日|\.)?")
ONLY_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|日)")
BETWEEN = re.compile(r"到|至|~|–|—|\bto\b|\buntil\b|\btill\b|-")
NEAR = {"今天": 0, "today": 0, "明天": 1, "tomorrow": 1, "后天": 2, "the day after tomorrow": 2}
WEEKDAYS = {
    **{name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)},
    **{name: n for n, name in enumerate("一二三四五六日", start=1)},
    "天": 7,
}
WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])|(mon|tue|wed|thu|fri|sat|sun)[a-z]*")


def read_dates(words: str, today: date, until: date, day_first: bool) -> tuple[date, date] | None:
    """The first and the last of the dates that are meant, the same where it is one; None for what is no date.

    A date without a year is the next one from ``today`` on. ``11.12`` may be read in two ways: as the one that lies
    before ``until``, and otherwise with the day first or not, as the reader's language has it."""
    words = _plain(words)
    reader = _Reader(today, until, day_first)
    alone = reader.one(words)
    if alone is not None:
        return alone, alone
    for left, right in _halves(words):
        found = reader.both(left, right)
        if found is not None:
            return found
    return None


def read_backwards(words: str, today: date, until: date, day_first: bool) -> tuple[date, date] | None:
    """The two ends of a range that is typed with the last day first, the earlier one first; None for any other words.
    What can be read as a range up to ``until`` is none."""
    forward = read_dates(words, today, until, day_first)
    if forward is not None and forward[1] <= until:
        return None
    reader = _Reader(today, until, day_first)
    return next((found for found in (reader.backwards(*ends) for ends in _halves(_plain(words))) if found), None)


def _plain(words: str) -> str:
    return unicodedata.normalize("NFKC", words).strip().lower().replace("号", "日")


def _halves(words: str) -> Iterator[tuple[str, str]]:
    for found in BETWEEN.finditer(words):
        yield words[: found.start()].removeprefix("从").removeprefix("from ").strip(), words[found.end() :].strip()


class _Reader:
    """``may_be_over``: what is typed may name a day before ``today``, which is told so; the end of a range does not."""

    def __init__(self, today: date, until: date, day_first: bool, may_be_over: bool = True) -> None:
        self.today = today
        self.until = until
        self.day_first = day_first
        self.may_be_over = may_be_over

    def one(self, words: str) -> date | None:
        """A single date, from ``today`` on where it has no year."""
        if words in NEAR:
            return self.today + timedelta(days=NEAR[words])
        weekday = WEEKDAY.fullmatch(words)
        if weekday:
            ahead = WEEKDAYS[weekday[1] or weekday[2]] - self.today.isoweekday()
            return self.today + timedelta(days=ahead % 7)
        full = FULL.fullmatch(words)
        if full:
            return _date(int(full[1]), int(full[2]), int(full[3]))
        only = ONLY_DAY.fullmatch(words)
        if only:
            return self._next_such_day(int(only[1]))
        return self._without_year(words)

    def _without_year(self, words: str) -> date | None:
        if found := CHINESE.fullmatch(words):
            next_ = self._next(int(found[1]), int(found[2]))
            return self._or_over(next_) if next_ is not None else None
        if found := DAY_MONTH.fullmatch(words):
            return self._named(found[2], found[1], found[3])
        if found := MONTH_DAY.fullmatch(words):
            return self._named(found[1], found[2], found[3])
        found = NUMBERS.fullmatch(words)
        if not found:
            return None
        one, other = int(found[1]), int(found[3])
        day_first = self.day_first and found[2] != "-"
        month_first = self._next(one, other)
        if month_first is not None and not day_first and found[2] != ".":
            return self._or_over(month_first)  # 11-12 is never the eleventh of December, however long it is over
        pairs = [(other, one), (one, other)] if day_first else [(one, other), (other, one)]
        dates = [day for day in (self._next(*pair) for pair in pairs) if day is not None]
        return next((day for day in dates if day <= self.until), dates[0] if dates else None)

    def _named(self, month: str, day: str, year: str | None) -> date | None:
        number = MONTHS.index(month[:3]) + 1
        return _date(int(year), number, int(day)) if year else self._next(number, int(day))

    def _next(self, month: int, day: int) -> date | None:
        years = (self.today.year, self.today.year + 1)
        found = [date_ for date_ in (_date(year, month, day) for year in years) if date_ is not None]
        return next((date_ for date_ in found if date_ >= self.today), None)

    def _or_over(self, next_: date) -> date:
        """The one of this year, which is over, where the next one lies behind everything that can be meant."""
        before = _date(self.today.year, next_.month, next_.day)
        return before if self.may_be_over and next_ > self.until and before is not None else next_

    def _next_such_day(self, day: int) -> date | None:
        """The next date with this day of the month."""
        ahead = (self.today + timedelta(days=n) for n in range(62))
        return next((date_ for date_ in ahead if date_.day == day), None)

    def both(self, left: str, right: str) -> tuple[date, date] | None:
        """The two ends of a range; one may have just its day, and the month from the other."""
        first, last = self.one(left), self.one(right)
        if first is not None and (last is None or last < first):
            after = _Reader(first, self.until, self.day_first, may_be_over=False)
            day = DAY.fullmatch(right)
            last = after._next_such_day(int(day[1])) if day else after.one(right)
        elif first is None and last is not None and (day := DAY.fullmatch(left)):
            first = _date(last.year, last.month, int(day[1]))
        return (first, last) if first is not None and last is not None and first <= last else None

    def backwards(self, left: str, right: str) -> tuple[date, date] | None:
        """The ends of a range whose last date is named first. A weekday, or a day without a month, comes after it."""
        first, last = self.one(left), self.one(right)
        if first is None and last is not None and (day := DAY.fullmatch(left)):
            first = _date(last.year, last.month, int(day[1]))
        if first is None or last is None or WEEKDAY.fullmatch(right) or ONLY_DAY.fullmatch(right):
            return None
        if last > self.until and not FULL.fullmatch(right):  # of the year before, though it is over
            last = _date(first.year, last.month, last.day)
        return (last, first) if last is not None and last < first else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
