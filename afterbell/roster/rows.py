"""The rows as the records need them, read and checked on their own; whether they fit together comes after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import TypeVar

from afterbell.roster.cells import GRADES_MOST, Reader, as_text
from afterbell.roster.problems import Problems
from afterbell.roster.words import LANGUAGES, RELATIONS, ROLES, TEXTS, WEEKDAYS, YES_NO
from afterbell.roster.workbook import Book, Row
from care.records import Relation, Role, TextKind
from care.term import TEXT_LIMIT

Place = tuple[int, int]
R = TypeVar("R")


@dataclass(frozen=True)
class TermRow:
    row: Row
    name: str
    starts: date
    ends: date
    apply_from: date
    apply_until: date
    grades: list[int]
    extended_venue: str
    extended_until: time | None
    extended_places: int | None


@dataclass(frozen=True)
class WaveRow:
    row: Row
    term: str
    grades: list[int]
    starts: time
    ends: time
    gate: str
    guidance_venue: str
    course_venue: str


@dataclass(frozen=True)
class ClassRow:
    row: Row
    place: Place
    capacity: int


@dataclass(frozen=True)
class GuardianCells:
    """``field`` is the column of the name, for telling where something is wrong."""

    field: str
    name: str
    relation: Relation
    phone: str


@dataclass(frozen=True)
class StudentRow:
    row: Row
    place: Place
    name: str
    student_no: str
    guardians: list[GuardianCells]
    stop: list[str]
    stop_reason: str
    left_on: date | None


@dataclass(frozen=True)
class StaffRow:
    row: Row
    name: str
    role: Role
    grade: int | None
    place: Place | None
    phone: str


@dataclass(frozen=True)
class TextRow:
    row: Row
    term: str
    kind: TextKind
    language: str
    title: str
    body: str


@dataclass(frozen=True)
class DayRow:
    row: Row
    date: date
    school: bool
    care: bool
    follows: int | None
    note: str


@dataclass
class Roster:
    """Everything the workbook says. A sheet that is not there says nothing: ``sheets`` names those that are."""

    sheets: set[str]
    names: dict[str, str] = field(default_factory=dict)
    terms: list[TermRow] = field(default_factory=list)
    waves: list[WaveRow] = field(default_factory=list)
    classes: list[ClassRow] = field(default_factory=list)
    students: list[StudentRow] = field(default_factory=list)
    staff: list[StaffRow] = field(default_factory=list)
    texts: list[TextRow] = field(default_factory=list)
    days: list[DayRow] = field(default_factory=list)


def read_roster(book: Book, problems: Problems, today: date) -> Roster:
    def all_of(kind: str, read: Callable[[Reader], R | None]) -> list[R]:
        found = (read(Reader(row, problems)) for row in book.rows.get(kind, []))
        return [row for row in found if row is not None]

    return Roster(
        sheets=set(book.rows),
        names=_names([Reader(row, problems) for row in book.rows.get("school", [])]),
        terms=all_of("term", _term),
        waves=all_of("waves", _wave),
        classes=all_of("classes", _class),
        students=all_of("students", lambda reader: _student(reader, today)),
        staff=all_of("staff", _staff),
        texts=all_of("texts", _text),
        days=[day for days in all_of("calendar", _days) for day in days],
    )


def _names(readers: list[Reader]) -> dict[str, str]:
    if len(readers) > 1:
        readers[1].wrong("", "a school has one row of names: delete the others")
    found = {language: readers[0].name(language) for language in ("zh_CN", "en")} if readers else {}
    return {language: name for language, name in found.items() if name}


def _term(reader: Reader) -> TermRow | None:
    name = reader.text("name", 80, True)
    days = [reader.day(field, True) for field in ("starts", "ends", "apply_from", "apply_until")]
    grades = reader.grades("grades")
    venue = reader.text("extended_venue", 80)
    until = reader.moment("extended_until")
    places = reader.number("extended_places", 1, 10_000)
    if len({bool(venue), until is not None, places is not None}) > 1:
        reader.wrong("extended_venue", "extended care needs venue, end and places: fill in all three, or none")
    starts, ends, apply_from, apply_until = days
    if not (name and starts and ends and apply_from and apply_until and grades):
        return None
    if starts >= ends:
        reader.wrong("ends", "the term ends before it starts: check both dates")
    if apply_from > apply_until or apply_until > ends:
        reader.wrong("apply_until", "applications must end after they start and before the term does: check the dates")
    return TermRow(reader.row, name, starts, ends, apply_from, apply_until, grades, venue, until, places)


def _wave(reader: Reader) -> WaveRow | None:
    term, grades = reader.text("term", 80), reader.grades("grades")
    starts, ends = reader.moment("starts", True), reader.moment("ends", True)
    gate = reader.text("gate", 40, True)
    guidance, course = reader.text("guidance_venue", 80, True), reader.text("course_venue", 80, True)
    if not (grades and starts and ends and gate and guidance and course):
        return None
    if starts >= ends:
        reader.wrong("ends", "the wave ends before it starts: check both times")
    return WaveRow(reader.row, term, grades, starts, ends, gate, guidance, course)


def _class(reader: Reader) -> ClassRow | None:
    grade, number = reader.number("grade", 1, GRADES_MOST, True), reader.number("number", 1, 99, True)
    capacity = reader.number("capacity", 0, 200, True)
    if grade is None or number is None or capacity is None:
        return None
    return ClassRow(reader.row, (grade, number), capacity)


def _student(reader: Reader, today: date) -> StudentRow | None:
    place, name = reader.school_class("school_class", True), reader.name("name", True)
    student_no = reader.number_text("student_no", 20, True)
    guardians = list(_guardians(reader))
    stop = [part.strip() for part in re.split(r"[、,，;；\n]", as_text(reader.cell("stop", False))) if part.strip()]
    if any(len(part) > 40 for part in stop):
        reader.wrong("stop", "a name has at most 40 letters; put 、 between the names")
    reason = reader.text("stop_reason", 400)
    left_on = reader.day("left_on")
    if left_on is not None and left_on > today:
        reader.wrong("left_on", f"{left_on} is still to come: fill it in when the child has left")
    if not (place and name and student_no):
        return None
    return StudentRow(reader.row, place, name, student_no, guardians, stop, reason, left_on)


def _guardians(reader: Reader) -> Iterator[GuardianCells]:
    phones: set[str] = set()
    names: set[str] = set()
    for n in (1, 2, 3):
        name, phone = reader.name(f"guardian{n}"), reader.phone(f"phone{n}")
        relation = reader.word(f"relation{n}", RELATIONS) or Relation.GUARDIAN
        if phone and not name:
            reader.wrong(f"phone{n}", "a phone number without a name: fill in the guardian's name")
        if not name:
            continue
        if phone in phones or name in names:
            reader.wrong(f"guardian{n}", f"{name} or the number is there twice for this child: delete one")
        phones |= {phone} - {""}
        names.add(name)
        yield GuardianCells(f"guardian{n}", name, relation, phone)


def _staff(reader: Reader) -> StaffRow | None:
    name, role, phone = reader.name("name", True), reader.word("role", ROLES, True), reader.phone("phone")
    grade, place = reader.number("grade", 1, GRADES_MOST), reader.school_class("school_class")
    if not name or role is None:
        return None
    if role is Role.GRADE_LEADER and grade is None:
        reader.wrong("grade", "a grade leader needs a grade: fill it in")
    if role is Role.HOMEROOM and place is None:
        reader.wrong("school_class", "a homeroom teacher needs a class: fill it in, like 2(3)")
    return StaffRow(
        reader.row,
        name,
        role,
        grade if role is Role.GRADE_LEADER else None,
        place if role is Role.HOMEROOM else None,
        phone,
    )


def _text(reader: Reader) -> TextRow | None:
    term = reader.text("term", 80)
    kind, language = reader.word("kind", TEXTS, True), reader.word("language", LANGUAGES, True)
    title = reader.text("title", 120, True)
    body = reader.text("body", TEXT_LIMIT, True).replace("\r\n", "\n")
    if kind is None or language is None or not title or not body:
        return None
    return TextRow(reader.row, term, kind, language, title, body)


def _days(reader: Reader) -> list[DayRow] | None:
    first, last = reader.day("first", True), reader.day("last")
    school, care = reader.word("lessons", YES_NO, True), reader.word("care", YES_NO, True)
    follows, note = reader.word("follows", WEEKDAYS), reader.text("note", 120)
    if first is None or school is None or care is None:
        return None
    last = last or first
    if not 0 <= (last - first).days <= 92:
        reader.wrong("last", "must be the first day or up to three months after it")
        return None
    if care and not school:
        reader.wrong("care", "there is no care on a day without lessons: write 否 / no")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [DayRow(reader.row, day, school, care, follows, note) for day in days]
