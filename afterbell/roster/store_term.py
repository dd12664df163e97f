"""Classes, terms, waves, days of the calendar and texts of the workbook."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from afterbell.roster.rows import Roster, TermRow, TextRow, WaveRow
from afterbell.roster.work import Import
from care.enrolment import set_capacity
from care.enrolment.places import places_by_grade
from care.records import CalendarDay, Record, SchoolClass, Term, TermText, TextKind, Venue, VenueKind, Wave
from care.term import NewText, current_term, publish_text, texts


def settle(record: Record, values: dict[str, Any]) -> list[str]:
    """Sets what differs; returns the names of what did."""
    differs = [name for name, value in values.items() if getattr(record, name) != value]
    for name in differs:
        setattr(record, name, values[name])
    return differs


async def store_classes(work: Import, roster: Roster) -> None:
    session = work.uow.session
    work.classes = {(c.grade, c.number): c for c in await session.scalars(select(SchoolClass))}
    known = set(work.classes)
    for row in roster.classes:
        found = work.classes.get(row.place)
        if found is None:
            found = SchoolClass(grade=row.place[0], number=row.place[1], capacity=row.capacity)
            work.classes[row.place] = found
            session.add(found)
            work.tally.add("classes")
        elif found.capacity != row.capacity:
            work.capacities.append((found, row.capacity))
            work.tally.change("classes", f"{found.name}: {found.capacity} → {row.capacity} places")
        else:
            work.tally.same("classes")
    if "classes" in roster.sheets:
        gone = known - {row.place for row in roster.classes}
        work.tally.gone += [f"class {work.classes[place].name}" for place in sorted(gone)]


async def store_capacities(work: Import) -> None:
    """Changed places go the way they go in the console: new ones to the class's waiting list."""
    term = await current_term(work.uow)
    for school_class, capacity in work.capacities:
        if term is None:
            before, school_class.capacity = school_class.capacity, capacity
            work.uow.record("capacity_set", "school_class", school_class.id, before=before, after=capacity)
        elif given := await set_capacity(work.uow, school_class.id, capacity, term.id):
            work.tally.notes.append(f"{school_class.name}: {len(given)} of the waiting list got a place")


async def store_terms(work: Import, roster: Roster) -> None:
    session = work.uow.session
    stored = await session.scalars(select(Term).options(joinedload(Term.extended_venue)).order_by(Term.starts_on))
    work.terms = {term.name: term for term in stored}
    venues = {venue.name: venue for venue in await session.scalars(select(Venue))}
    for row in roster.terms:
        venue = venues.get(row.extended_venue)
        if venue is None and row.extended_venue:
            venue = venues[row.extended_venue] = Venue(name=row.extended_venue, kind=VenueKind.EXTENDED)
            session.add(venue)
        _store_term(work, row, venue)
    if "term" in roster.sheets:
        gone = set(work.terms) - {row.name for row in roster.terms}
        work.tally.gone += [f"term {name}" for name in work.terms if name in gone]


def _store_term(work: Import, row: TermRow, venue: Venue | None) -> None:
    values = {
        "starts_on": row.starts,
        "ends_on": row.ends,
        "apply_from": row.apply_from,
        "apply_until": row.apply_until,
        "grades": row.grades,
        "extended_venue": venue,
        "extended_until": row.extended_until,
        "extended_capacity": row.extended_places,
    }
    term = work.terms.get(row.name)
    if term is None:
        others = [t.name for t in work.terms.values() if t.starts_on <= row.ends and row.starts <= t.ends_on]
        if others:
            work.wrong(row.row, "starts", f"the dates overlap with {others[0]}: correct the dates, or its name")
        term = work.terms[row.name] = Term(name=row.name, **values)
        work.uow.session.add(term)
        work.tally.add("terms")
        return
    if term.extended_venue is not None and venue is None:
        work.wrong(
            row.row,
            "extended_venue",
            f"{row.name} offers extended care: fill in venue, end and places, or end it in the console under /settings "
            "first, which tells the families",
        )
    differs = settle(term, values)
    if differs:
        work.event("term_changed", "term", term, what=differs)
        work.tally.change("terms", f"{row.name}: {', '.join(differs)}")
    else:
        work.tally.same("terms")


async def store_waves(work: Import, roster: Roster) -> None:
    """The waves of a term come as a whole, in the order of the file: two that overlap would release a child twice."""
    by_term: defaultdict[str, list[WaveRow]] = defaultdict(list)
    for row in roster.waves:
        term = work.term_of(row.row, row.term, [term.name for term in roster.terms])
        if term is not None:
            by_term[term.name].append(row)
            strangers = set(row.grades) - set(term.grades)
            if strangers:
                work.wrong(row.row, "grades", f"{term.name} has no grade {min(strangers)}: correct one of both sheets")
    for name, rows in by_term.items():
        await _store_waves_of(work, work.terms[name], rows)


async def _store_waves_of(work: Import, term: Term, rows: list[WaveRow]) -> None:
    session = work.uow.session
    query = select(Wave).where(Wave.term_id == term.id).order_by(Wave.ordinal)
    stored = list(await session.scalars(query))
    if len(rows) < len(stored):
        work.wrong(rows[0].row, "", f"{term.name} has {len(stored)} waves already: list all of them")
        return
    last = stored[-1].ordinal if stored else 0
    for place, row in enumerate(rows):
        wave = stored[place] if place < len(stored) else None  # by their order: one in between may have been removed
        ordinal = wave.ordinal if wave else last + place - len(stored) + 1
        values = {
            "grades": row.grades,
            "starts_at": row.starts,
            "ends_at": row.ends,
            "gate": row.gate,
            "guidance_venue": row.guidance_venue,
            "course_venue": row.course_venue,
        }
        if wave is None:
            session.add(Wave(term_id=term.id, ordinal=ordinal, **values))
            work.tally.add("waves")
        elif differs := settle(wave, values):
            work.event("wave_changed", "term", term, ordinal=ordinal, what=differs)
            work.tally.change("waves", f"wave {ordinal} of {term.name}: {', '.join(differs)}")
        else:
            work.tally.same("waves")
        if term.extended_until is not None and row.ends >= term.extended_until:
            work.wrong(row.row, "ends", f"extended care ends at {term.extended_until:%H:%M}, which must be later")
    leaving = {grade for row in rows for grade in row.grades}
    for grade, children in sorted((await places_by_grade(work.uow, term.id)).items()):
        if grade not in leaving:
            work.wrong(
                rows[0].row, "grades", f"grade {grade} is in no wave, but {children} of its children have a place"
            )
    missing = sorted(set(term.grades) - leaving)
    if missing:
        work.tally.notes.append(f"{term.name}: no wave for grade {', '.join(map(str, missing))}")


async def store_calendar(work: Import, roster: Roster) -> None:
    session = work.uow.session
    stored = {day.date: day for day in await session.scalars(select(CalendarDay))}
    for row in roster.days:
        values = {"school": row.school, "care": row.care, "follows_weekday": row.follows, "note": row.note}
        day = stored.get(row.date)
        if day is None:
            session.add(CalendarDay(date=row.date, **values))
            work.tally.add("days")
        elif settle(day, values):
            work.tally.change("days", f"{row.date}: {row.note or ('lessons' if row.school else 'no lessons')}")
        else:
            work.tally.same("days")


async def store_texts(work: Import, roster: Roster) -> None:
    """A text that differs becomes a new version; languages that the file leaves out are carried over to it."""
    by_kind: defaultdict[tuple[str, TextKind], list[TextRow]] = defaultdict(list)
    for row in roster.texts:
        term = work.term_of(row.row, row.term, [term.name for term in roster.terms])
        if term is not None:
            by_kind[term.name, row.kind].append(row)
    for (name, kind), rows in by_kind.items():
        term = work.terms[name]
        stored = [text for text in await texts(work.uow, term.id) if text.kind is kind]
        newest = {text.language: text for text in stored if text.version == stored[0].version}
        await _publish(work, term, kind, rows, newest)


async def _publish(work: Import, term: Term, kind: TextKind, rows: list[TextRow], newest: dict[str, TermText]) -> None:
    fresh = {row.language: NewText(row.language, row.title, row.body) for row in rows}
    kept = {text.language: NewText(text.language, text.title, text.body) for text in newest.values()}
    if all(kept.get(language) == text for language, text in fresh.items()):
        for _ in rows:
            work.tally.same("texts")
        return
    version = await publish_text(work.uow, term.id, kind, list((kept | fresh).values()))
    for language, text in fresh.items():
        if kept.get(language) == text:
            work.tally.same("texts")
        elif language not in kept:
            work.tally.add("texts")
        else:
            work.tally.change("texts", f"{kind} ({language}): version {version}")
