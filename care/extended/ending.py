"""Ending the offer of extended care (S11): who stays today still does, for nobody is turned out in the middle of a day;
nobody else can; standing weekdays are over; each family that is touched is told once, and of today only where the child
still waits for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import String, cast, select

from care.enrolment.states import HOLDS_A_PLACE
from care.extended.asking import in_hand
from care.extended.places import Offer, attending
from care.extended.session import open_for_stayers, running_on, staying
from care.pickup.showing import show_way_home
from care.quiet import when_awake
from care.records.day import CareDay
from care.records.delivery import Class
from care.records.enrolment import Application
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Guardianship, Student
from care.work import UnitOfWork

OPEN = (Wish.ASKED, Wish.APPROVED)


@dataclass(frozen=True)
class Touched:
    """What the end means for a child. ``stays``: today as planned, and has not gone; ``there``: it is in extended care
    already; ``refused``: it is in care, and what was asked or granted for today falls; ``days``: its standing weekdays,
    which are over (1 is Monday)."""

    student_id: int
    stays: bool
    there: bool
    refused: bool
    days: tuple[int, ...]

    @property
    def today(self) -> bool:
        """Whether there is anything to tell of today: of a child in extended care nothing changes."""
        return self.refused or (self.stays and not self.there)


async def touched_by_end(uow: UnitOfWork, term_id: int) -> list[Touched]:
    """The children whom the end of the offer would touch now. Before the day is open nobody has been kept for today;
    of a day that is sealed, or whose extended care is over, nothing is touched any more."""
    standing = await _standing(uow, term_id)
    kept, refused, there = await _of_today(uow)
    return [
        Touched(
            student_id,
            stays=student_id in kept,
            there=student_id in there,
            refused=student_id in refused,
            days=tuple(standing[student_id].extended_weekdays) if student_id in standing else (),
        )
        for student_id in sorted({*standing, *kept, *refused})
    ]


async def _of_today(uow: UnitOfWork) -> tuple[set[int], set[int], set[int]]:
    """The children in care who stay today all the same, who are refused, and whom extended care has already."""
    offer = await _changeable(uow)
    if offer is None:
        return set(), set(), set()
    stay, wishes = await _stayers(uow, offer.date), await _wishes(uow, offer.date)
    open_wishes = {one.student_id for one in wishes.values() if one.state in OPEN}
    coming = [one.student_id for one in await attending(uow, offer, stay | open_wishes) if one.in_care]
    care = await in_hand(uow, offer.date, coming)
    there = {student_id for student_id, taken in care.items() if taken}
    return set(stay & care.keys()), (open_wishes & care.keys()) - stay, there


async def _changeable(uow: UnitOfWork) -> Offer | None:
    """Today's extended care while the end of the offer can still change it: it is not over, and the day not sealed.
    After midnight that of the day before is over, whether its day is sealed or not."""
    offer, care_day = await running_on(uow, uow.today), await uow.session.get(CareDay, uow.today)
    sealed = care_day is not None and care_day.closed_at is not None
    return None if offer is None or sealed or uow.now >= offer.ends_at else offer


async def _standing(uow: UnitOfWork, term_id: int) -> dict[int, Application]:
    query = (
        select(Application)
        .join(Student)
        .where(
            Application.term_id == term_id,
            Application.state.in_(HOLDS_A_PLACE),
            cast(Application.extended_weekdays, String) != "[]",
            Student.left_on.is_(None),
        )
    )
    return {one.student_id: one for one in await uow.session.scalars(query)}


async def _wishes(uow: UnitOfWork, day: date) -> dict[int, ExtendedRequest]:
    """What was said for a date, by student id, however it stands."""
    query = select(ExtendedRequest).where(ExtendedRequest.date == day).execution_options(populate_existing=True)
    return {one.student_id: one for one in await uow.session.scalars(query)}


async def _stayers(uow: UnitOfWork, day: date) -> frozenset[int]:
    """Who stays on a date for good, once its day is open and while it is not sealed."""
    care_day, stay = await uow.session.get(CareDay, day), await staying(uow, day)
    if care_day is None or care_day.closed_at is not None or stay is None:
        return frozenset()
    return stay.students


async def end(uow: UnitOfWork, term_id: int) -> None:
    """Settles today, ends the standing weekdays and tells the families; the caller, who has locked the term, then takes
    the offer out of it."""
    children = await touched_by_end(uow, term_id)
    if any(one.stays for one in children):
        await open_for_stayers(uow)
    await _write_down(uow, await _stayers(uow, uow.day))
    await _decline(uow, {one.student_id for one in children if one.refused})
    for application in (await _standing(uow, term_id)).values():
        application.extended_weekdays = []
    await _tell(uow, term_id, children)
    await show_way_home(uow, [one.student_id for one in children])
    uow.record("extended_ended", "term", term_id, children=len(children), stay=sum(one.stays for one in children))


async def _write_down(uow: UnitOfWork, stay: Collection[int]) -> None:
    """Who stays on the day under way, which the standing weekdays no longer say."""
    wishes = await _wishes(uow, uow.day)
    for student_id in stay:
        wish = wishes.get(student_id)
        if wish is None:
            wish = ExtendedRequest(date=uow.day, student_id=student_id, asked_by=None, asked_at=uow.now, version=0)
            uow.session.add(wish)
        if wish.state is not Wish.APPROVED:
            wish.state, wish.version, wish.decided_at = Wish.APPROVED, wish.version + 1, uow.now


async def _decline(uow: UnitOfWork, refused: Collection[int]) -> None:
    """What cannot be today. What was asked for a child who is away or missing lapses by the clock, and its family is
    told so."""
    for wish in (await _wishes(uow, uow.today)).values():
        if wish.student_id in refused:
            wish.state, wish.version = Wish.DECLINED, wish.version + 1
            wish.decided_by, wish.decided_at = uow.actor.person_id, uow.now


async def _tell(uow: UnitOfWork, term_id: int, children: Collection[Touched]) -> None:
    """One letter to each guardian, about all of their children; at once where it changes the day under way."""
    about = {child.student_id: child for child in children if child.today or child.days}
    query = select(Guardianship.person_id, Guardianship.student_id).where(
        Guardianship.student_id.in_(about), Guardianship.restricted.is_(False)
    )
    of_person: dict[int, list[Touched]] = defaultdict(list)
    for person_id, student_id in await uow.session.execute(query.order_by(Guardianship.id)):
        of_person[person_id].append(about[student_id])
    last_today = any(child.stays for child in children)
    is_open = await uow.session.get(CareDay, uow.today) is not None
    for person_id, own in of_person.items():
        klass = Class.ALARM if any(child.refused for child in own) else Class.BROADCAST
        at_once = is_open and any(child.today for child in own)
        uow.post_new(
            "extended_ended",
            person_id,
            klass,
            f"extended_ended:{term_id}:{uow.now.isoformat()}:{person_id}",
            due=uow.now if at_once else when_awake(uow.now, uow.school.zone),
            children=[[one.student_id, one.stays and not one.there, one.refused, list(one.days)] for one in own],
            date=uow.today.isoformat(),
            last_today=last_today,
        )


@dataclass(frozen=True)
class Told:
    """What still holds of today when the letter goes out. ``until``: when today's extended care ends, None where it is
    over or there is none; the children are student ids."""

    until: datetime | None
    venue: str
    stay: frozenset[int]
    refused: frozenset[int]


async def still_holds(uow: UnitOfWork, day: date, students: Collection[int]) -> Told:
    """Of these children: who is in care and stays, or leaves with its class. Nobody on another day, and no child whom
    extended care has taken over."""
    running = await running_on(uow, day) if day == uow.today else None
    until = running.ends_at if running is not None and uow.now < running.ends_at else None
    care = await in_hand(uow, day, students) if day == uow.today else {}
    waits = {student_id for student_id, there in care.items() if not there}
    stay = await staying(uow, day, waits) if until is not None else None
    stays = frozenset(waits & stay.students) if stay is not None else frozenset[int]()
    return Told(until, running.venue if running is not None else "", stays, frozenset(waits - stays))
