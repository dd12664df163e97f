"""Term, waves, venues, calendar, classes, staff and texts."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from afterbell.demo import SCHOOL_NAME, START
from care.calendar_official import covers as announced
from care.records import (
    CalendarDay,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    Student,
    Term,
    TermText,
    TextKind,
    Venue,
    VenueKind,
    Wave,
)
from locales import LANGUAGES

CHAT_MESSAGE = 4096


def test_the_term_is_as_the_plan_has_it(db: Session) -> None:
    term = db.scalars(select(Term)).one()
    assert (term.starts_on, term.ends_on, term.apply_from, term.apply_until) == (
        date(2026, 9, 1),
        date(2027, 1, 29),
        date(2026, 9, 1),
        date(2027, 1, 29),
    )
    assert term.grades == [1, 2, 3, 4]
    venue = db.get_one(Venue, term.extended_venue_id)
    assert (venue.name, venue.kind, term.extended_until, term.extended_capacity) == (
        "澹台书院",
        VenueKind.EXTENDED,
        time(18, 30),
        120,
    )


def test_the_waves_are_as_the_plan_has_them(db: Session) -> None:
    waves = db.scalars(select(Wave).order_by(Wave.ordinal)).all()
    assert [(w.grades, w.starts_at, w.ends_at, w.gate) for w in waves] == [
        ([1, 2], time(14, 35), time(17, 10), "东门"),
        ([3, 4], time(15, 25), time(17, 25), "西门"),
    ]
    for wave in waves:
        assert (wave.ends_at.hour * 60 + wave.ends_at.minute) - (
            wave.starts_at.hour * 60 + wave.starts_at.minute
        ) >= 120


def test_every_class_has_its_room_and_there_are_special_ones(db: Session) -> None:
    kinds = Counter(db.scalars(select(Venue.kind)))
    assert kinds[VenueKind.CLASSROOM] == 32
    assert kinds[VenueKind.SPECIAL] >= 5
    assert kinds[VenueKind.EXTENDED] == 1


def test_the_clock_starts_on_a_school_day_with_both_waves_in_the_house(db: Session) -> None:
    assert START.isoweekday() == 1
    assert db.get(CalendarDay, START.date()) is None
    for wave in db.scalars(select(Wave)):
        assert wave.starts_at < START.time() < wave.ends_at


@pytest.mark.parametrize(
    ("day", "school"),
    [
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 9, 25), False),
        (date(2026, 9, 20), True),
        (date(2026, 10, 10), True),
    ],
)
def test_official_holidays_and_make_up_days(db: Session, day: date, school: bool) -> None:
    row = db.get_one(CalendarDay, day)
    assert (row.school, row.care, row.follows_weekday) == (school, school, None)
    assert row.note


def test_the_calendar_keeps_only_dates_that_differ_and_guesses_no_year(db: Session) -> None:
    rows = db.scalars(select(CalendarDay)).all()
    assert all(row.school != (row.date.isoweekday() <= 5) for row in rows)
    assert {row.date.year for row in rows} == {year for year in (2026, 2027) if announced(year)}


def test_eight_classes_in_each_of_four_grades_with_45_children_each(db: Session) -> None:
    classes = db.scalars(select(SchoolClass)).all()
    assert Counter(c.grade for c in classes) == {1: 8, 2: 8, 3: 8, 4: 8}
    assert set(Counter(db.scalars(select(Student.school_class_id))).values()) == {45}


def test_the_staff(db: Session) -> None:
    roles = Counter(db.scalars(select(StaffRole.role)))
    assert roles == {
        Role.HEAD: 1,
        Role.DEPUTY: 2,
        Role.MEMBER: 6,
        Role.OFFICE: 1,
        Role.GRADE_LEADER: 4,
        Role.HOMEROOM: 32,
        Role.CARE_TEACHER: 68,
        Role.LOGISTICS: 2,
        Role.FINANCE: 2,
        Role.COMMITTEE: 2,
        Role.SUPERVISOR: 1,
    }
    homerooms = db.scalars(select(StaffRole).where(StaffRole.role == Role.HOMEROOM)).all()
    assert len({r.person_id for r in homerooms}) == len({r.school_class_id for r in homerooms}) == 32
    leaders = db.scalars(select(StaffRole).where(StaffRole.role == Role.GRADE_LEADER)).all()
    assert sorted(r.grade or 0 for r in leaders) == [1, 2, 3, 4]
    names = db.scalars(select(Person.name).where(Person.id.in_(select(StaffRole.person_id)))).all()
    assert len(set(names)) == len(names)


def test_every_text_in_every_language(db: Session) -> None:
    texts = db.scalars(select(TermText)).all()
    assert {(t.kind, t.language) for t in texts} == {(k, language) for k in TextKind for language in LANGUAGES}
    for text in texts:
        assert (text.version, text.published_at.date()) == (1, date(2026, 8, 31))
        assert text.sha256 == hashlib.sha256(text.body.encode()).hexdigest()
        assert text.title
        assert text.body == text.body.strip()
        assert not text.title.startswith("#")
        assert len(text.body) < 3000


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_three_texts_fit_one_chat_message(db: Session, language: str) -> None:
    kinds = (TextKind.SERVICE, TextKind.SAFETY, TextKind.CRITERIA)
    found = db.scalars(select(TermText).where(TermText.language == language, TermText.kind.in_(kinds))).all()
    assert sum(len(text.title) + len(text.body) + 10 for text in found) < CHAT_MESSAGE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_agreement_has_twelve_numbered_clauses_and_the_plans_times(db: Session, language: str) -> None:
    query = select(TermText).where(TermText.language == language, TermText.kind == TextKind.AGREEMENT)
    body = db.scalars(query).one().body
    numbers = [line.split(". ")[0] for line in body.splitlines() if line[:1].isdigit()]
    assert numbers == [str(n) for n in range(1, 13)]
    assert all(moment in body for moment in ("14:35", "17:10", "15:25", "17:25", "18:30"))
    assert SCHOOL_NAME[language] in body
