"""Changing the term (S6, S11): dates, grades and extended care, checked as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import select

from care.errors import Invalid, NotFound
from care.extended import ending, moving
from care.permissions import Permission
from care.records.term import Term, Venue, VenueKind, Wave
from care.telling import Told
from care.term_telling import plan_of, tell
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
class ExtendedCare:
    """Where extended care is, until when, for how many; all empty: it is not offered."""

    venue_id: int | None
    until: time | None
    places: int | None


NOT_OFFERED = ExtendedCare(None, None, None)


async def locked_term(uow: UnitOfWork, term_id: int) -> Term:
    uow.require(Permission.MANAGE_TERM)
    term = await uow.session.get(Term, term_id, with_for_update=True)
    if term is None:
        raise NotFound()
    return term


async def change_dates(uow: UnitOfWork, term_id: int, wanted: TermDates) -> Told:
    """Changes the dates and the grades that may apply. Whoever's care begins or ends on another day is told."""
    term = await locked_term(uow, term_id)
    if wanted.starts_on > wanted.ends_on or wanted.apply_from > wanted.apply_until:
        raise Invalid("dates_reversed")
    if not wanted.grades:
        raise Invalid("grades_needed")
    plan, before = await plan_of(uow, term), _dates_of(term)
    term.starts_on, term.ends_on = wanted.starts_on, wanted.ends_on
    term.apply_from, term.apply_until = wanted.apply_from, wanted.apply_until
    term.grades = sorted(wanted.grades)
    told = await tell(uow, term, plan)
    uow.record("term_changed", "term", term_id, before=before, after=_dates_of(term), told=len(told))
    return told


def _dates_of(term: Term) -> dict[str, object]:
    dates = (term.starts_on, term.ends_on, term.apply_from, term.apply_until)
    return {"dates": [day.isoformat() for day in dates], "grades": list(term.grades)}


async def change_extended(uow: UnitOfWork, term_id: int, wanted: ExtendedCare) -> Told:
    """Sets extended care, or ends the offer where everything is empty: who stays today still does, see
    ``care/extended/ending.py``. Returns who is told of another room or end."""
    term = await locked_term(uow, term_id)
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
    place = await moving.place_of(uow, term_id)
    before = [term.extended_venue_id, str(term.extended_until), term.extended_capacity]
    term.extended_venue_id, term.extended_until, term.extended_capacity = given
    after = [term.extended_venue_id, str(term.extended_until), term.extended_capacity]
    told = await moving.tell_of_move(uow, term, place)
    uow.record("term_changed", "term", term_id, extended_before=before, extended_after=after, told=len(told))
    return told


async def extended_venues(uow: UnitOfWork) -> list[Venue]:
    query = select(Venue).where(Venue.kind == VenueKind.EXTENDED).order_by(Venue.name)
    return list(await uow.session.scalars(query))
