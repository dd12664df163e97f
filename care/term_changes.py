"""Changing the term (S6, S9, S11): dates, grades, dismissal waves and extended care, checked as a whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import select

from care.enrolment.places import give_places_of, places_by_grade
from care.errors import Invalid, NotFound
from care.extended import ending
from care.permissions import Permission
from care.records.term import Term, Venue, VenueKind, Wave
from care.work import UnitOfWork

MOST_PLACES = 2000


@dataclass(frozen=True)
class TermDates:
    starts_on: date
    ends_on: date
    apply_from: date
    apply_until: date
    grades: tuple[int, ...]


@dataclass(frozen=True)
class WaveTimes:
    grades: tuple[int, ...]
    starts_at: time
    ends_at: time
    gate: str
    guidance_venue: str
    course_venue: str


@dataclass(frozen=True)
class ExtendedCare:
    """Where extended care is, until when, for how many; all empty: it is not offered."""

    venue_id: int | None
    until: time | None
    places: int | None


NOT_OFFERED = ExtendedCare(None, None, None)


async def _locked(uow: UnitOfWork, term_id: int) -> Term:
    uow.require(Permission.MANAGE_TERM)
    term = await uow.session.get(Term, term_id, with_for_update=True)
    if term is None:
        raise NotFound()
    return term


async def change_dates(uow: UnitOfWork, term_id: int, wanted: TermDates) -> None:
    term = await _locked(uow, term_id)
    if wanted.starts_on > wanted.ends_on or wanted.apply_from > wanted.apply_until:
        raise Invalid("dates_reversed")
    if not wanted.grades:
        raise Invalid("grades_needed")
    before = _dates_of(term)
    term.starts_on, term.ends_on = wanted.starts_on, wanted.ends_on
    term.apply_from, term.apply_until = wanted.apply_from, wanted.apply_until
    term.grades = sorted(wanted.grades)
    uow.record("term_changed", "term", term_id, before=before, after=_dates_of(term))


def _dates_of(term: Term) -> dict[str, object]:
    dates = (term.starts_on, term.ends_on, term.apply_from, term.apply_until)
    return {"dates": [day.isoformat() for day in dates], "grades": list(term.grades)}


async def change_wave(uow: UnitOfWork, wave_id: int, wanted: WaveTimes) -> None:
    """Changes a wave (S9). A grade leaves with one wave only: one that is given to this wave leaves the wave it was in.
    Raises Invalid("grade_without_wave") where children who have a place would leave with no wave."""
    uow.require(Permission.MANAGE_TERM)
    wave = await uow.session.get(Wave, wave_id)
    if wave is None:
        raise NotFound()
    term = await _locked(uow, wave.term_id)
    others = list(await uow.session.scalars(select(Wave).where(Wave.term_id == term.id, Wave.id != wave_id)))
    _check_wave(wanted, term)
    had_none = set(wanted.grades).difference(wave.grades, *(other.grades for other in others))
    await _check_all_leave(uow, term.id, {*wanted.grades, *(grade for other in others for grade in other.grades)})
    for other in others:
        _take_away(uow, other, wanted.grades)
    before = _wave_of(wave)
    wave.grades = sorted(wanted.grades)
    wave.starts_at, wave.ends_at = wanted.starts_at, wanted.ends_at
    wave.gate, wave.guidance_venue, wave.course_venue = wanted.gate, wanted.guidance_venue, wanted.course_venue
    uow.record("wave_changed", "term", term.id, wave=wave.ordinal, before=before, after=_wave_of(wave))
    if had_none:
        await uow.session.flush()
        await give_places_of(uow, term.id, had_none)


def _check_wave(wanted: WaveTimes, term: Term) -> None:
    if not wanted.grades:
        raise Invalid("grades_needed")
    if wanted.starts_at >= wanted.ends_at:
        raise Invalid("wave_reversed")
    if not all((wanted.gate, wanted.guidance_venue, wanted.course_venue)):
        raise Invalid("words_needed")
    if len(wanted.gate) > 40 or len(wanted.guidance_venue) > 80 or len(wanted.course_venue) > 80:
        raise Invalid("words_too_long", limit=40)
    if term.extended_until is not None and wanted.ends_at >= term.extended_until:
        raise Invalid("extended_too_early", time=f"{wanted.ends_at:%H:%M}")


async def _check_all_leave(uow: UnitOfWork, term_id: int, grades: Collection[int]) -> None:
    """A class in no wave is on no list, and nobody answers for its children."""
    for grade, children in sorted((await places_by_grade(uow, term_id)).items()):
        if grade not in grades:
            raise Invalid("grade_without_wave", grade=grade, children=children)


def _take_away(uow: UnitOfWork, wave: Wave, grades: Collection[int]) -> None:
    """Grades that another wave gets leave this one. Raises Invalid("wave_without_grade") where none would be left."""
    left = [grade for grade in wave.grades if grade not in grades]
    if left == wave.grades:
        return
    if not left:
        raise Invalid("wave_without_grade", wave=wave.ordinal)
    before, wave.grades = _wave_of(wave), left
    uow.record("wave_changed", "term", wave.term_id, wave=wave.ordinal, before=before, after=_wave_of(wave))


def _wave_of(wave: Wave) -> dict[str, object]:
    return {
        "grades": list(wave.grades),
        "times": f"{wave.starts_at:%H:%M}-{wave.ends_at:%H:%M}",
        "places": [wave.gate, wave.guidance_venue, wave.course_venue],
    }


async def change_extended(uow: UnitOfWork, term_id: int, wanted: ExtendedCare) -> None:
    """Sets extended care, or ends the offer where everything is empty: who stays today still does, see
    ``care/extended/ending.py``."""
    term = await _locked(uow, term_id)
    given = (wanted.venue_id, wanted.until, wanted.places)
    if any(part is None for part in given) and any(part is not None for part in given):
        raise Invalid("extended_incomplete")
    if wanted.venue_id is not None and await uow.session.get(Venue, wanted.venue_id) is None:
        raise Invalid("venue_unknown")
    ends = await uow.session.scalars(select(Wave.ends_at).where(Wave.term_id == term_id))
    last = max(ends, default=None)
    if wanted.until is not None and last is not None and wanted.until <= last:
        raise Invalid("extended_too_early", time=f"{last:%H:%M}")
    if wanted == NOT_OFFERED and term.extended_venue_id is not None:
        await ending.end(uow, term_id)
    before = [term.extended_venue_id, str(term.extended_until), term.extended_capacity]
    term.extended_venue_id, term.extended_until, term.extended_capacity = given
    after = [term.extended_venue_id, str(term.extended_until), term.extended_capacity]
    uow.record("term_changed", "term", term_id, extended_before=before, extended_after=after)


async def extended_venues(uow: UnitOfWork) -> list[Venue]:
    query = select(Venue).where(Venue.kind == VenueKind.EXTENDED).order_by(Venue.name)
    return list(await uow.session.scalars(query))
