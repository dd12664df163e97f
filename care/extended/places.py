"""The places of extended care (S11): whether it is offered on a date, who stays, and how many may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import String, and_, cast, or_, select
from sqlalchemy.orm import joinedload

from care.calendar import load_calendar
from care.clock import instant
from care.day.plan import on_leave, times_on
from care.enrolment.states import HOLDS_A_PLACE
from care.records.day import CareDay, DayChild
from care.records.enrolment import Application, State
from care.records.extended import ExtendedRequest, Wish
from care.records.office import Event
from care.records.people import Student
from care.records.term import Term
from care.work import UnitOfWork


@dataclass(frozen=True)
class Offer:
    """Extended care on one date, as instants: from the end of the last wave. ``weekday`` is the timetable that the date
    follows (1 is Monday). ``ended``: the school has taken the offer back since; who stays today still does."""

    term_id: int
    date: date
    weekday: int
    venue: str
    starts_at: datetime
    ends_at: datetime
    places: int
    ended: bool = False


async def term_with_venue(uow: UnitOfWork, day: date) -> Term | None:
    """The term of a date, where extended care is offered in it."""
    query = select(Term).where(Term.starts_on <= day, Term.ends_on >= day).options(joinedload(Term.extended_venue))
    term = (await uow.session.scalars(query)).first()
    if term is None or None in (term.extended_venue_id, term.extended_until, term.extended_capacity):
        return None
    return term


async def offer_on(uow: UnitOfWork, day: date) -> Offer | None:
    """What is offered on a date; None on a day without care, and in a term without extended care."""
    term, calendar = await term_with_venue(uow, day), await load_calendar(uow)
    weekday = calendar.timetable(day) if calendar.is_care_day(day) else None
    if term is None or weekday is None:
        return None
    assert term.extended_venue is not None
    assert term.extended_until is not None
    assert term.extended_capacity is not None
    ends_at = instant(day, term.extended_until, uow.school.zone)
    starts_at = max((times.ends_at for times in await times_on(uow, term.id, day)), default=ends_at)
    return Offer(term.id, day, weekday, term.extended_venue.name, starts_at, ends_at, term.extended_capacity)


async def lock_places(uow: UnitOfWork, term_id: int) -> None:
    """Whoever may take a place waits here for the one before: all commands of extended care lock the term first. Rows
    that merely refer to it are not held up."""
    await uow.session.get_one(Term, term_id, with_for_update={"key_share": True}, populate_existing=True)


@dataclass(frozen=True)
class Attending:
    """An enrolled child on one date: whether it is one of its care days, and what is said of extended care."""

    student_id: int
    application_id: int
    care_days: tuple[int, ...]
    standing: tuple[int, ...]
    weekday: int
    wish: Wish | None

    @property
    def in_care(self) -> bool:
        return self.weekday in self.care_days

    @property
    def is_standing(self) -> bool:
        return self.weekday in self.standing

    @property
    def wants_to_stay(self) -> bool:
        """What was said for the date goes before the standing weekdays."""
        return self.in_care and (self.is_standing if self.wish is None else self.wish is Wish.APPROVED)


async def attending(uow: UnitOfWork, offer: Offer, among: Collection[int] | None = None) -> list[Attending]:
    """Enrolled children of whom extended care says anything on the date; or these, whatever is said of them."""
    day = offer.date
    query = (
        select(Student.id, Application.id, Application.weekdays, Application.extended_weekdays, ExtendedRequest.state)
        .join(Application, Application.student_id == Student.id)
        .outerjoin(ExtendedRequest, and_(ExtendedRequest.student_id == Student.id, ExtendedRequest.date == day))
        .where(
            Application.term_id == offer.term_id,
            Application.state == State.ENROLLED,
            or_(Application.leaves_on.is_(None), Application.leaves_on > day),
            or_(Student.left_on.is_(None), Student.left_on > day),
        )
    )
    if among is None:
        said = or_(cast(Application.extended_weekdays, String) != "[]", ExtendedRequest.id.is_not(None))
        query = query.where(said)
    else:
        query = query.where(Student.id.in_(among))
    rows = await uow.session.execute(query)
    return [
        Attending(student, application, tuple(days), tuple(standing), offer.weekday, wish)
        for student, application, days, standing, wish in rows
    ]


async def stays_on(uow: UnitOfWork, offer: Offer, among: Collection[int] | None = None) -> set[int]:
    """The children who stay on the date, as student ids: standing ones and granted ones, without those on leave; of a
    day whose lists are made, only who is on them. With ``among``, only which of these."""
    wanted = {one.student_id for one in await attending(uow, offer, among) if one.wants_to_stay}
    care_day = await uow.session.get(CareDay, offer.date)
    if care_day is not None and care_day.planned_at is not None:
        listed = select(DayChild.student_id).where(DayChild.date == offer.date, DayChild.student_id.in_(wanted))
        wanted &= set(await uow.session.scalars(listed))
    return wanted - await on_leave(uow, offer.date, wanted)


async def places_left(uow: UnitOfWork, offer: Offer) -> int:
    """How many more may stay on the date; never below 0."""
    return max(0, offer.places - len(await stays_on(uow, offer)))


async def standing_counts(uow: UnitOfWork, term_id: int) -> dict[int, int]:
    """How many places each weekday's standing children hold: those of the enrolled and of the approved, who may sign
    any day."""
    query = (
        select(Application.weekdays, Application.extended_weekdays)
        .join(Student)
        .where(
            Application.term_id == term_id,
            Application.state.in_(HOLDS_A_PLACE),
            cast(Application.extended_weekdays, String) != "[]",
            or_(Student.left_on.is_(None), Student.left_on > uow.today),
        )
    )
    counts = dict.fromkeys(range(1, 6), 0)
    for days, standing in await uow.session.execute(query):
        for day in set(days) & set(standing):
            counts[day] = counts.get(day, 0) + 1
    return counts


async def full_weekdays(uow: UnitOfWork, term_id: int) -> set[int]:
    """The weekdays (1 is Monday) on which no standing place is left; all of them in a term without extended care."""
    term = await uow.session.get_one(Term, term_id)
    offered = None not in (term.extended_venue_id, term.extended_until)
    places = (term.extended_capacity or 0) if offered else 0
    return {day for day, taken in (await standing_counts(uow, term_id)).items() if taken >= places}


async def turned_down(uow: UnitOfWork, day: date, students: Collection[int]) -> set[int]:
    """The children of whom the school's last word about a date is no: from then on somebody decides, and nothing grants
    by itself what somebody has declined."""
    words = ("extended_declined", "extended_approved")
    query = select(Event.subject_id, Event.action, Event.data).where(
        Event.subject == "student", Event.subject_id.in_(students), Event.action.in_(words)
    )
    last = {
        student: action
        for student, action, data in await uow.connection.execute(query.order_by(Event.id))
        if data.get("date") == day.isoformat()
    }
    return {student for student, action in last.items() if action == "extended_declined"}
