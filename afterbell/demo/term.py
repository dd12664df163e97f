"""The autumn term of the demonstration school: dates, waves, venues, classes, calendar, texts (S4, S6–S9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from importlib.resources import files

import chinese_calendar

from afterbell.demo.book import Book, local
from care.calendar_official import covers, official_days
from care.records import (
    CalendarDay,
    CalendarYear,
    Mark,
    SchoolClass,
    Term,
    TermText,
    TextKind,
    Venue,
    VenueKind,
    Wave,
)
from care.term import text_hash
from locales import LANGUAGES

SCHOOL_NAME = {"zh_CN": "桂雨里小学", "en": "Guiyuli Primary School"}
GRADES = (1, 2, 3, 4)
CLASSES_PER_GRADE = 8
SEATS = 45
CARE_PLACES = 36

TERM_STARTS = date(2026, 9, 1)
TERM_ENDS = date(2027, 1, 29)
SLIPS_EXPIRE = local(TERM_ENDS + timedelta(days=1), 0)
PUBLISHED = local(TERM_STARTS, 7)
TEXT_VERSION = 1

EXTENDED_VENUE = "澹台书院"
EXTENDED_UNTIL = time(18, 30)
EXTENDED_PLACES = 120

SPECIAL_VENUES = ("阅览室", "体育馆", "操场", "科学实验室", "美术教室", "音乐教室", "手工坊")

WAVES = (
    ((1, 2), time(14, 35), time(17, 10), "东门"),
    ((3, 4), time(15, 25), time(17, 25), "西门"),
)


@dataclass(frozen=True)
class TermRows:
    """What the other parts refer to."""

    term_id: int
    classes: dict[tuple[int, int], int]
    """Class ids by (grade, number)."""


def write_term(book: Book) -> TermRows:
    classes = _classes(book)
    for grade, number in classes:
        book.add(Venue, name=f"{grade}({number})班教室", kind=VenueKind.CLASSROOM)
    for name in SPECIAL_VENUES:
        book.add(Venue, name=name, kind=VenueKind.SPECIAL)
    extended = book.add(Venue, name=EXTENDED_VENUE, kind=VenueKind.EXTENDED)
    term_id = book.add(
        Term,
        name="2026–2027学年第一学期",
        starts_on=TERM_STARTS,
        ends_on=TERM_ENDS,
        apply_from=TERM_STARTS,
        apply_until=TERM_ENDS,
        grades=list(GRADES),
        extended_venue_id=extended,
        extended_until=EXTENDED_UNTIL,
        extended_capacity=EXTENDED_PLACES,
    )
    _waves(book, term_id)
    _calendar(book)
    return TermRows(term_id, classes)


def _classes(book: Book) -> dict[tuple[int, int], int]:
    return {
        (grade, number): book.add(SchoolClass, grade=grade, number=number, capacity=CARE_PLACES)
        for grade in GRADES
        for number in range(1, CLASSES_PER_GRADE + 1)
    }


def _waves(book: Book, term_id: int) -> None:
    for ordinal, (grades, starts, ends, gate) in enumerate(WAVES, start=1):
        book.add(
            Wave,
            term_id=term_id,
            ordinal=ordinal,
            grades=list(grades),
            starts_at=starts,
            ends_at=ends,
            gate=gate,
            guidance_venue="各班教室",
            course_venue="专用场地",
        )


def _calendar(book: Book) -> None:
    """The years whose official notice is known; nothing is guessed for the others (S8), of which the office was told
    in October. The notices name the make-up dates but not whose timetable they follow: that is the school's to
    decide."""
    for year in range(TERM_STARTS.year, TERM_ENDS.year + 1):
        if covers(year):
            book.note(CalendarYear, year=year, entered_at=PUBLISHED, entered_by=None)
            for day in official_days(year):
                book.note(
                    CalendarDay,
                    date=day.date,
                    school=day.school,
                    care=day.school,
                    follows_weekday=None,
                    note=day.name,
                    version=0,
                )
        else:
            book.note(Mark, name=f"calendar_year_missed:{year}", value=f"{TERM_STARTS.year}-10-09")


def _dates(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def school_days(first: date, last: date) -> list[date]:
    """Monday to Friday without the official holidays."""
    return [day for day in _dates(first, last) if day.isoweekday() <= 5 and chinese_calendar.is_workday(day)]


def read_text(language: str, kind: TextKind) -> tuple[str, str]:
    """(title, body): the first line of the file, without its '# ', and everything after it."""
    path = files("afterbell.demo").joinpath("texts", language, f"{kind.value}.md")
    title, _, body = path.read_text(encoding="utf-8").partition("\n")
    return title.removeprefix("# ").strip(), body.strip()


def write_texts(book: Book, term_id: int, publisher: tuple[int, str]) -> dict[str, tuple[int, str]]:
    """Publishes every text in every language. Returns the agreements by language: row id and hash."""
    agreements = {}
    for language in LANGUAGES:
        for kind in TextKind:
            title, body = read_text(language, kind)
            sha256 = text_hash(body)
            number = book.add(
                TermText,
                term_id=term_id,
                kind=kind,
                version=TEXT_VERSION,
                language=language,
                title=title,
                body=body,
                sha256=sha256,
                published_at=PUBLISHED,
                published_by=publisher[0],
            )
            if kind is TextKind.AGREEMENT:
                agreements[language] = (number, sha256)
    return agreements
