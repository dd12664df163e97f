"""Another room, or another end, of extended care (S11): from which day it counts, and who is told, once
(``care/telling.py``): the families whose children stay, who brings them over, and who receives them.

A session that is made keeps its room and its end (``care/extended/session.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.calendar import load_calendar
from care.clock import instant
from care.extended.places import offer_on, stays_on
from care.extended.session import session_on
from care.pickup.showing import show_way_home
from care.records.day import CareDay
from care.records.term import Term
from care.telling import Told, gather, known_of, own_of, post, said_later
from care.term_telling import Enrolled, enrolled_from
from care.work import UnitOfWork

KIND = "extended_moved"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """Where extended care is, and until when (local time)."""

    venue: str
    until: time

    def as_data(self) -> dict[str, Any]:
        return {"venue": self.venue, "until": f"{self.until:%H:%M}"}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Place:
        return cls(data["venue"], time.fromisoformat(data["until"]))

    @property
    def seen(self) -> str:
        return f"{self.until:%H:%M} {self.venue}"


async def place_of(uow: UnitOfWork, term_id: int) -> Place | None:
    """As the term offers it; None where it does not."""
    query = select(Term).where(Term.id == term_id).options(joinedload(Term.extended_venue))
    term = (await uow.session.scalars(query.execution_options(populate_existing=True))).one()
    if term.extended_venue is None or term.extended_until is None:
        return None
    return Place(term.extended_venue.name, term.extended_until)


async def moves_from(uow: UnitOfWork, term: Term) -> date | None:
    """The first care day from which a change counts: today, until its session is made or extended care is over. None
    where the term has no such day left."""
    calendar, day = await load_calendar(uow), max(uow.today, term.starts_on)
    if day == uow.today and await _is_settled(uow):
        day += DAY
    while day <= term.ends_on and not calendar.is_care_day(day):
        day += DAY
    return day if day <= term.ends_on else None


async def _hold_today(uow: UnitOfWork) -> None:
    """Whoever makes today's session of extended care waits until this is over, and then makes it as it is now; or has
    made it before (``care/extended/session.py``). Before the day is open there is none to be made."""
    held = {"key_share": True}
    await uow.session.get(CareDay, uow.today, with_for_update=held, populate_existing=True)


async def _is_settled(uow: UnitOfWork) -> bool:
    care_day, offer = await uow.session.get(CareDay, uow.today), await offer_on(uow, uow.today)
    sealed = care_day is not None and care_day.closed_at is not None
    over = offer is not None and uow.now >= offer.ends_at
    return sealed or over or await session_on(uow, uow.today) is not None


async def _stayers(uow: UnitOfWork, term: Term, since: date) -> list[Enrolled]:
    """The enrolled children who stay on some weekday from then on, or just today where that is the first day."""
    offer = await offer_on(uow, since) if since == uow.today else None
    today = await stays_on(uow, offer) if offer is not None else set()
    return [one for one in await enrolled_from(uow, term, since) if one.stays or one.student_id in today]


def _key(term_id: int) -> str:
    return f"extended:{term_id}:"


async def tell_of_move(uow: UnitOfWork, term: Term, before: Place | None) -> Told:
    """Tells of what has just been changed. ``before``: as it was; the caller has locked the term. Nobody where it was
    not offered, or ends (of that ``care/extended/ending.py`` tells)."""
    await uow.session.flush()
    await _hold_today(uow)
    after, since = await place_of(uow, term.id), await moves_from(uow, term)
    if before is None or after is None or before == after or since is None:
        return Told()
    children, known = await _stayers(uow, term, since), await known_of(uow, KIND, _key(term.id))
    told = await gather(
        uow,
        children,
        before,
        {person: Place.from_data(data) for person, data in known.items()},
        lambda child, knows: knows != after,
        lambda child, knows: knows != after,
    )
    if told:
        term.plan_version += 1
        until = instant(term.ends_on + DAY, time.min, uow.school.zone)
        about = {"term": term.id, "since": since.isoformat()}
        post(uow, KIND, told, _key(term.id), term.plan_version, since, until, **about)
    await show_way_home(uow, [child.student_id for child in children])
    return told


@dataclass(frozen=True)
class Moved:
    """What there is to say to one person: from when, what was and what is; of which own children (none: to staff)."""

    since: date
    before: Place
    after: Place
    children: tuple[str, ...]


async def move_to_say(uow: UnitOfWork, params: Mapping[str, Any]) -> Moved | None:
    """What a letter says to the actor as it is now. None where nothing is left to say: extended care has ended, a later
    letter says it, or everything is as the person knows it."""
    term = await uow.session.get(Term, params["term"])
    if term is None or await said_later(uow, _key(term.id), params["version"], term.plan_version):
        return None
    before, after = Place.from_data(params["knows"]), await place_of(uow, term.id)
    if after is None or before == after or term.ends_on < uow.today:
        return None
    since = max(date.fromisoformat(params["since"]), uow.today)
    if not params["students"]:
        return Moved(since, before, after, ()) if uow.actor.is_staff else None
    mine = await own_of(uow, params["students"])
    names = tuple(child.name for child in await _stayers(uow, term, since) if child.student_id in mine)
    return Moved(since, before, after, names) if names else None
