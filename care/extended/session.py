"""The session of extended care: one a date, for children of all classes. A child keeps its place in its class's list;
who leaves from here, ``staying`` says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import String, cast, or_, select

from care.calendar import load_calendar
from care.day.plan import term_on
from care.errors import Conflict, NotAllowed, NotFound
from care.extended.places import Offer, offer_on, stays_on
from care.permissions import RIGHTS, Permission
from care.records.day import CareDay, CareSession, DayChild, SessionKind
from care.records.delivery import Class
from care.records.enrolment import Application
from care.records.extended import ExtendedRequest
from care.records.people import Person, StaffRole
from care.work import UnitOfWork

GATE_LIMIT = 40


async def session_on(uow: UnitOfWork, day: date) -> CareSession | None:
    """The date's session of extended care, once it has been made."""
    query = select(CareSession).where(CareSession.date == day, CareSession.kind == SessionKind.EXTENDED)
    return (await uow.session.scalars(query)).first()


async def open_extended(uow: UnitOfWork) -> CareSession | None:
    """Today's session, made when it is first needed. None where extended care is not offered today, and before the day
    is open."""
    known = await session_on(uow, uow.day)
    if known is not None:
        return known
    care_day = await uow.session.get(CareDay, uow.day, with_for_update={"key_share": True})
    offer = await offer_on(uow, uow.day)
    if care_day is None or care_day.closed_at is not None or offer is None:
        return None
    known = await session_on(uow, uow.day)  # whoever was faster has made it
    return known or await _make(uow, offer)


async def _make(uow: UnitOfWork, offer: Offer) -> CareSession:
    session = CareSession(
        date=offer.date,
        kind=SessionKind.EXTENDED,
        school_class_id=None,
        wave=0,
        venue=offer.venue,
        gate=offer.venue[:GATE_LIMIT],
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
    )
    uow.session.add(session)
    await uow.session.flush()
    uow.record("extended_opened", "session", session.id, date=offer.date.isoformat())
    return session


async def opened(uow: UnitOfWork) -> CareSession:
    """Today's session, locked. Raises Conflict: "extended_not_today", or "extended_not_yet" before the day is open."""
    session = await open_extended(uow)
    if session is None:
        raise Conflict("extended_not_yet" if await offer_on(uow, uow.day) is not None else "extended_not_today")
    return await uow.session.get_one(
        CareSession, session.id, with_for_update={"key_share": True}, populate_existing=True
    )


async def open_for_stayers(uow: UnitOfWork) -> None:
    """Makes today's session where any child stays."""
    offer = await offer_on(uow, uow.day)
    if offer is not None and await stays_on(uow, offer):
        await open_extended(uow)


async def running_on(uow: UnitOfWork, day: date) -> Offer | None:
    """Extended care on a date as it runs: as its session says once that is made, also where the offer was changed or
    ended since, for nobody is turned out in the middle of a day; else as it is offered."""
    session, offer = await session_on(uow, day), await offer_on(uow, day)
    if session is None:
        return offer
    if offer is not None:
        return replace(offer, venue=session.venue, starts_at=session.starts_at, ends_at=session.ends_at)
    term, weekday = await term_on(uow, day), (await load_calendar(uow)).timetable(day)
    if term is None or weekday is None:
        return None
    return Offer(term.id, day, weekday, session.venue, session.starts_at, session.ends_at, places=0, ended=True)


@dataclass(frozen=True)
class Staying:
    """The children who leave from extended care on a date, as student ids; and until when and where it runs."""

    students: frozenset[int]
    ends_at: datetime
    venue: str

    @property
    def gate(self) -> str:
        return self.venue[:GATE_LIMIT]


async def staying(uow: UnitOfWork, day: date, among: Collection[int] | None = None) -> Staying | None:
    """Who stays on a date: standing, granted, or handed over there; with ``among``, only which of these. None where
    there is no extended care, or none of these has to do with it."""
    if among is not None and not await _may_stay(uow, day, among):
        return None
    running = await running_on(uow, day)
    if running is None:
        return None
    there = select(DayChild.student_id).where(DayChild.date == day, DayChild.extended_at.is_not(None))
    there = there if among is None else there.where(DayChild.student_id.in_(among))
    students = await stays_on(uow, running, among) | set(await uow.session.scalars(there))
    return Staying(frozenset(students), running.ends_at, running.venue)


async def _may_stay(uow: UnitOfWork, day: date, among: Collection[int]) -> bool:
    """Whether anything is said of extended care for any of these: most families ask only for their own, who go home."""
    standing = select(Application.id).where(
        Application.student_id.in_(among), cast(Application.extended_weekdays, String) != "[]"
    )
    asked = select(ExtendedRequest.id).where(ExtendedRequest.date == day, ExtendedRequest.student_id.in_(among))
    there = select(DayChild.id).where(
        DayChild.date == day, DayChild.student_id.in_(among), DayChild.extended_at.is_not(None)
    )
    return bool(await uow.session.scalar(select(or_(standing.exists(), asked.exists(), there.exists()))))


def may_take(uow: UnitOfWork, session: CareSession | None) -> bool:
    """Whether the actor may answer for extended care: planned for it, or with a duty that reaches the whole school."""
    if not uow.actor.may(Permission.TAKE_ROLL):
        return False
    planned = session is not None and session.teacher_id == uow.actor.person_id
    return planned or uow.actor.reach(Permission.TAKE_ROLL)[0]


async def signed_in(uow: UnitOfWork) -> CareSession:
    """Today's session, locked, for the teacher who answers for it. Raises NotFound,
    NotAllowed("extended_not_yours")."""
    session = await session_on(uow, uow.day)
    if session is None:
        raise NotFound()
    session = await uow.session.get_one(
        CareSession, session.id, with_for_update={"key_share": True}, populate_existing=True
    )
    if uow.actor.person_id is None or session.signed_in_id != uow.actor.person_id:
        raise NotAllowed("extended_not_yours")
    return session


async def hold_class(uow: UnitOfWork, class_session_id: int) -> None:
    """Whoever says something of this class's children waits until this transaction is over. Taken after the session of
    extended care, and before any chain or alarm: so nobody blocks anybody for good."""
    held = select(CareSession.id).where(CareSession.id == class_session_id).with_for_update(key_share=True)
    await uow.connection.execute(held)


async def choose_teacher(uow: UnitOfWork, person_id: int | None) -> CareSession:
    """The office plans who answers for today's extended care; the teacher is told. None: nobody yet. Raises
    Conflict as ``opened``, NotFound for somebody who takes no rolls."""
    if not uow.actor.reach(Permission.ANSWER_FOR_DAY)[0]:
        raise NotAllowed()
    session = await opened(uow)
    if person_id is not None and person_id not in {person.id for person in await teachers(uow)}:
        raise NotFound()
    if session.teacher_id == person_id:
        return session
    session.teacher_id = person_id
    uow.record("extended_teacher_chosen", "session", session.id, teacher=person_id)
    if person_id is not None and person_id != uow.actor.person_id:
        key = f"extended_teacher:{session.id}:{uow.now.isoformat()}"
        await uow.post("extended_teacher", person_id, Class.ALARM, key=key, session_id=session.id)
    return session


async def teachers(uow: UnitOfWork) -> list[Person]:
    """Whoever may be planned for extended care: everybody with a duty that takes rolls, by name."""
    roles = [role for role, rights in RIGHTS.items() if Permission.TAKE_ROLL in rights]
    query = select(Person).join(StaffRole, StaffRole.person_id == Person.id).where(StaffRole.role.in_(roles))
    return list((await uow.session.scalars(query.order_by(Person.name, Person.id))).unique())
