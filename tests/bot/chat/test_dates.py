"""Dates as people type them, on Monday, 23 November 2026."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.dates import read_backwards, read_dates

TODAY, UNTIL = date(2026, 11, 23), date(2027, 1, 29)


def read(words: str, day_first: bool = False) -> tuple[date, date] | None:
    return read_dates(words, TODAY, UNTIL, day_first)


@pytest.mark.parametrize(
    "words",
    [
        *("2026-11-25", "2026/11/25", "2026.11.25", "2026年11月25日", "11-25", "11/25", "11月25日", "11月25号"),
        *("25.11", "25.11.", "25 Nov", "25th November", "Nov 25", "November 25, 2026", "周三", "星期三", "Wednesday"),
        *("25日", "25号", "25th", "１１月２５日", "  11 - 25 "),
    ],
)
def test_one_day(words: str) -> None:
    assert read(words) == read(words, day_first=True) == (date(2026, 11, 25), date(2026, 11, 25))


@pytest.mark.parametrize(
    "words",
    [
        *("11-25 到 11-27", "11-25至11-27", "11-25-11-27", "11/25-11/27", "11/25-27", "11-25~27", "从11月25日到27日"),
        *("25-27 Nov", "25 – 27 Nov", "25 Nov - 27 Nov", "from 25 Nov to 27 Nov", "25.-27.11.", "Wed to Fri"),
        *("2026-11-25 - 2026-11-27", "2026-11-25-2026-11-27", "2026年11月25日至27日", "周三到周五"),
    ],
)
def test_a_range(words: str) -> None:
    assert read(words) == read(words, day_first=True) == (date(2026, 11, 25), date(2026, 11, 27))


@pytest.mark.parametrize(
    "words",
    ["11-27 到 11-25", "11-27-11-25", "27 Nov to 25 Nov", "27-25 Nov", "2026-11-27 - 2026-11-25", "27.11. - 25.11."],
)
def test_a_range_that_runs_backwards(words: str) -> None:
    for day_first in (False, True):
        assert read_backwards(words, TODAY, UNTIL, day_first) == (date(2026, 11, 25), date(2026, 11, 27))


def test_backwards_into_what_is_over() -> None:
    assert read_backwards("11-27 to 11-20", TODAY, UNTIL, True) == (date(2026, 11, 20), date(2026, 11, 27))


@pytest.mark.parametrize(
    "words", ["11-25", "11-25 到 11-27", "周五到周一", "Fri to Mon", "12-30 到 1-4", "25号到3号", "生病", "11-25-11-27"]
)
def test_not_backwards(words: str) -> None:
    assert read_backwards(words, TODAY, UNTIL, True) is None


def test_near_days() -> None:
    assert read("今天") == read("Today") == (TODAY, TODAY)
    assert read("明天到后天") == (date(2026, 11, 24), date(2026, 11, 25))
    assert read("周一") == (TODAY, TODAY)


def test_the_year_turns() -> None:
    assert read("12-30 到 1-4") == (date(2026, 12, 30), date(2027, 1, 4))
    assert read("1月4日") == (date(2027, 1, 4), date(2027, 1, 4))


@pytest.mark.parametrize("words", ["11-12", "11/12", "11 - 12", "11月12日"])
def test_a_day_that_is_over_is_no_other_day(words: str) -> None:
    """The eleventh of December would be within the term, and is not what was typed."""
    assert read(words) == (date(2026, 11, 12), date(2026, 11, 12))
    assert read("10-1") == (date(2026, 10, 1), date(2026, 10, 1))


def test_a_range_may_end_after_the_term() -> None:
    """Its end is the next such day after its beginning, and never one that is over."""
    for words in ("12-30 到 2-4", "12月30日到2月4日"):
        assert read(words) == (date(2026, 12, 30), date(2027, 2, 4))
    assert read("11-20 到 11-27") == (date(2026, 11, 20), date(2026, 11, 27))


def test_what_may_be_read_in_two_ways() -> None:
    """The one within the term; where both are, as the language has it. A dash is always month and day."""
    assert read("11.12") == read("11.12", True) == (date(2026, 12, 11), date(2026, 12, 11))
    assert read("1.12") == (date(2027, 1, 12), date(2027, 1, 12))
    assert read("1.12", True) == (date(2026, 12, 1), date(2026, 12, 1))
    assert read("12-1", True) == (date(2026, 12, 1), date(2026, 12, 1))


@pytest.mark.parametrize("words", ["", "hello", "25", "13-45", "2-30", "29.2", "3 days", "到", "-", "11-25-", "下次"])
def test_no_date(words: str) -> None:
    assert read(words) is None


@given(words=st.one_of(st.text(max_size=40), st.from_regex(r"[0-9 月日\-/.到to年]{1,24}", fullmatch=True)))
def test_nothing_typed_breaks_it(words: str) -> None:
    for day_first in (False, True):
        found = read(words, day_first)
        assert found is None or found[0] <= found[1]
