"""Reads one row's cells: what people type, and what Excel makes of it. What cannot be read becomes a problem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping
from datetime import date, datetime, time
from typing import TypeVar

from afterbell.roster.headings import bare
from afterbell.roster.problems import Problems
from afterbell.roster.workbook import Broken, Row
from care.people import clean_name, normal_phone

T = TypeVar("T", bound=Hashable)

NUMERALS = {char: str(n) for n, char in enumerate("一二三四五六七八九", start=1)}
CLASS = re.compile(r"(\d{1,2})(?:年级|\()\(?(\d{1,2})\)?班?")
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
GRADES_MOST = 9
EXACT_BELOW = 10**15
"""Excel keeps fifteen digits of a number; the rest are noughts."""


def as_text(value: object) -> str:
    """A cell as the person who typed it reads it: 20260101, never 20260101.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def plain(written: str) -> str:
    """With half-width digits, brackets and punctuation, and without spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", written))


class Reader:
    """One row; every getter notes a problem and gives an empty value where the cell cannot be used."""

    def __init__(self, row: Row, problems: Problems) -> None:
        self.row = row
        self.problems = problems

    def wrong(self, field: str, words: str) -> None:
        self.problems.add(f"{self.row.where(field)}: {words}")

    def cell(self, field: str, needed: bool) -> object:
        value = self.row.values.get(field)
        if isinstance(value, Broken):
            self.wrong(field, value.why)
            return None
        if value is None and needed and field in self.row.places:
            self.wrong(field, "empty: fill it in")
        return value

    def text(self, field: str, limit: int, needed: bool = False) -> str:
        written = as_text(self.cell(field, needed))
        if len(written) > limit:
            self.wrong(field, f"longer than {limit} letters: shorten it")
            return ""
        return written

    def name(self, field: str, needed: bool = False) -> str:
        written = as_text(self.cell(field, needed))
        name = clean_name(written)
        if written and not name:
            self.wrong(field, "a name has at most 40 letters: shorten it")
        return name

    def phone(self, field: str) -> str:
        written = as_text(self.cell(field, False))
        number = normal_phone(plain(written))
        if written and not number:
            self.wrong(field, f"{written[:40]!r} is no phone number: write 7 to 15 digits, like 13800000000")
        return number

    def number_text(self, field: str, limit: int, needed: bool = False) -> str:
        """A number that is a name (a student number)."""
        value = self.cell(field, needed)
        if isinstance(value, int | float) and abs(value) >= EXACT_BELOW:
            self.wrong(field, "Excel has rounded this long number: format the column as text and type it again")
            return ""
        written = plain(as_text(value))
        if len(written) > limit:
            self.wrong(field, f"longer than {limit} letters: shorten it")
            return ""
        return written

    def number(self, field: str, least: int, most: int, needed: bool = False) -> int | None:
        written = plain(as_text(self.cell(field, needed))).removesuffix("年级").removesuffix("班")
        written = NUMERALS.get(written, written)
        if not written:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", written) or not least <= int(written) <= most:
            self.wrong(field, f"{written[:40]!r} must be a whole number from {least} to {most}")
            return None
        return int(written)

    def day(self, field: str, needed: bool = False) -> date | None:
        value = self.cell(field, needed)
        if isinstance(value, datetime):
            return value.date()
        if value is None or isinstance(value, date):
            return value
        found = DATE.fullmatch(plain(as_text(value)))
        try:
            if found:
                return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            pass
        self.wrong(field, f"{as_text(value)[:40]!r} is no date: write it like 2026-09-01")
        return None

    def moment(self, field: str, needed: bool = False) -> time | None:
        value = self.cell(field, needed)
        if isinstance(value, datetime):
            value = value.time()
        if value is None or isinstance(value, time):
            return value.replace(second=0, microsecond=0) if value else None
        found = TIME.fullmatch(plain(as_text(value)))
        if found and int(found[1]) < 24 and int(found[2]) < 60:
            return time(int(found[1]), int(found[2]))
        self.wrong(field, f"{as_text(value)[:40]!r} is no time: write it like 17:10")
        return None

    def grades(self, field: str) -> list[int]:
        value = self.cell(field, True)
        if value is None:
            return []
        if isinstance(value, date):
            self.wrong(field, "Excel took the grades for a date: format the cell as text and write 1,2,3,4")
            return []
        written = plain(as_text(value))
        for numeral, digit in NUMERALS.items():
            written = written.replace(numeral, digit)
        grades: set[int] = set()
        for part in re.split(r"[,、;和]", written.replace("年级", "")):
            ends = re.split(r"[-–—~至到]", part)
            if len(ends) > 2 or not all(re.fullmatch(r"[0-9]{1,2}", end) for end in ends):
                grades = set()
                break
            grades.update(range(int(ends[0]), int(ends[-1]) + 1))
        if not grades or min(grades) < 1 or max(grades) > GRADES_MOST:
            self.wrong(field, f"{as_text(value)[:40]!r} are no grades: write them like 1,2,3,4")
            return []
        return sorted(grades)

    def school_class(self, field: str, needed: bool = False) -> tuple[int, int] | None:
        value = self.cell(field, needed)
        if value is None:
            return None
        written = plain(as_text(value))
        for numeral, digit in NUMERALS.items():
            written = written.replace(numeral, digit)
        found = CLASS.fullmatch(written)
        if found is None:
            self.wrong(field, f"{as_text(value)[:40]!r} is no class: write 2(3) for class 3 of grade 2")
            return None
        return int(found[1]), int(found[2])

    def word(self, field: str, table: Mapping[str, T], needed: bool = False) -> T | None:
        """One of the words of ``table``, whose keys are bare."""
        written = as_text(self.cell(field, needed))
        if not written:
            return None
        if bare(written) not in table:
            first: dict[T, str] = {}
            for known, meant in table.items():
                first.setdefault(meant, known)
            self.wrong(field, f"{written[:40]!r} is not known: write one of {', '.join(first.values())}")
            return None
        return table[bare(written)]
