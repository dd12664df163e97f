"""Standing weekdays of extended care: a guardian changes them from the next care day on, within the places (S11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from sqlalchemy import select

from care.day.plan import term_on
from care.errors import Conflict, Full, Invalid, NotFound
from care.extended.places import Offer, attending, lock_places, offer_on, standing_counts, term_with_venue
from care.people import children_of
from care.pickup.showing import show_way_home
from care.records.enrolment import Application, State
from care.records.extended import ExtendedRequest, Wish
from care.work import UnitOfWork


@dataclass(frozen=True)
class Standing:
    """An own enrolled child with its care days and those on which it stays (1 is Monday)."""

    student_id: int
    name: str
    school_class: str
    care_days: tuple[int, ...]
    days: tuple[int, ...]


@dataclass(frozen=True)
class Weekly:
    """Extended care as the term offers it: where, until when (local), and how many places each weekday has left;
    fewer than 0 where there are more children than places."""

    venue: str
    until: time
    places: int
    left: dict[int, int]


async def weekly(uow: UnitOfWork) -> Weekly | None:
    """None where the term does not offer extended care."""
    term = await term_with_venue(uow, uow.day)
    if term is None or term.extended_venue is None or term.extended_until is None:
        return None
    counts, places = await standing_counts(uow, term.id), term.extended_capacity or 0
    left = {day: places - taken for day, taken in counts.items()}
    return Weekly(term.extended_venue.name, term.extended_until, places, left)


async def own_standing(uow: UnitOfWork) -> list[Standing]:
    """The actor's enrolled children of this term."""
    term = await term_on(uow, uow.day)
    if term is None:
        return []
    children = {child.student_id: child for child in await children_of(uow, uow.actor.person_id or 0)}
    query = select(Application.student_id, Application.weekdays, Application.extended_weekdays).where(
        Application.term_id == term.id, Application.student_id.in_(children), Application.state == State.ENROLLED
    )
    rows = {student: (tuple(days), tuple(standing)) for student, days, standing in await uow.session.execute(query)}
    return [
        Standing(number, child.name, child.school_class, *rows[number])
        for number, child in children.items()
        if number in rows
    ]


async def set_standing(uow: UnitOfWork, student_id: int, weekday: int, wanted: bool) -> Application:
    """Adds or takes away a standing weekday (1 is Monday). Today stays as it is. Raises NotFound for a child that is
    not the actor's or not enrolled, Invalid("extended_outside_weekdays"), Full("extended_weekday_full")."""
    if student_id not in {child.student_id for child in await children_of(uow, uow.actor.person_id or 0)}:
        raise NotFound()
    term = await term_with_venue(uow, uow.day)
    if term is not None:
        await lock_places(uow, term.id)
        term = await term_with_venue(uow, uow.day)  # as it is once nobody else can end the offer
    if term is None or term.extended_capacity is None:
        raise Conflict("extended_not_offered")
    application = await _enrolled(uow, term.id, student_id)
    if weekday not in application.weekdays:
        raise Invalid("extended_outside_weekdays")
    if (weekday in application.extended_weekdays) is wanted:  # the same tap twice, or both parents
        return application
    if wanted and (await standing_counts(uow, term.id))[weekday] >= term.extended_capacity:
        raise Full("extended_weekday_full", places=term.extended_capacity)
    for day in {uow.day, uow.today}:
        offer = await offer_on(uow, day)
        if offer is not None and offer.weekday == weekday:
            await _keep_today(uow, offer, student_id)
    days = {*application.extended_weekdays, weekday} if wanted else {*application.extended_weekdays} - {weekday}
    application.extended_weekdays = sorted(days)
    await uow.session.flush()
    await show_way_home(uow, [student_id])
    uow.record("extended_standing_set", "student", student_id, weekdays=sorted(days))
    return application


async def _enrolled(uow: UnitOfWork, term_id: int, student_id: int) -> Application:
    query = select(Application).where(
        Application.term_id == term_id, Application.student_id == student_id, Application.state == State.ENROLLED
    )
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    application = (await uow.session.scalars(locked)).first()
    if application is None:
        raise NotFound()
    return application


async def _keep_today(uow: UnitOfWork, offer: Offer, student_id: int) -> None:
    """Writes down what holds today, so that the new weekdays do not change it."""
    said = next(iter(await attending(uow, offer, (student_id,))), None)
    if said is None or not said.in_care or said.wish is not None:
        return
    uow.session.add(
        ExtendedRequest(
            date=offer.date,
            student_id=student_id,
            state=Wish.APPROVED if said.wants_to_stay else Wish.WITHDRAWN,
            asked_by=uow.actor.person_id,
            asked_at=uow.now,
            decided_at=uow.now,
        )
    )
