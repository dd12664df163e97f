"""Today's extended care, as a guardian asks for it or withdraws (S11): that of the date, for after midnight the one of
the day under way is over.

Until the cut-off a change simply changes the plan; later it still counts, and both teachers are told at once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.plan import on_leave, times_on
from care.day.rules import rules_of
from care.errors import Conflict, NotFound
from care.extended.places import Offer, attending, lock_places, offer_on, places_left, turned_down
from care.extended.session import running_on
from care.extended.telling import ask_school, took_effect
from care.leave_queries import today_of
from care.people import children_of
from care.records.day import CareDay, Step
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class ChildToday:
    """How extended care stands for an enrolled child. ``in_care``: it attends today and has not left. ``leaves_at``:
    when its class leaves, None on a day without care. ``there``: extended care has taken it over."""

    student_id: int
    name: str
    school_class: str
    application_id: int
    in_care: bool
    stays: bool
    standing_today: bool
    wish: Wish | None
    there: bool
    standing: tuple[int, ...]
    care_days: tuple[int, ...]
    leaves_at: datetime | None

    @property
    def waits(self) -> bool:
        return self.wish is Wish.ASKED

    def class_has_left(self, now: datetime) -> bool:
        """By the clock: who stays then can leave with the class no more."""
        return self.leaves_at is not None and now >= self.leaves_at


class Choice(Enum):
    """What a guardian can still choose for the date."""

    STAY = 1
    LEAVE = 2
    TAKE_BACK = 3
    """The school has not answered, and the class has left: there is just the request to take back."""


async def own_children(uow: UnitOfWork) -> list[ChildToday]:
    """The actor's enrolled children today, in care or not; none where there is no extended care today."""
    offer = await running_on(uow, uow.today)
    if offer is None:
        return []
    found = [await child_today(uow, offer, child.student_id) for child in await children_of(uow, _me(uow))]
    return [one for one in found if one is not None]


def choice(uow: UnitOfWork, offer: Offer, child: ChildToday) -> Choice | None:
    """What ``ask`` or ``withdraw`` would still change for the child; None where that is nothing."""
    if not child.in_care or child.there or uow.now >= offer.ends_at:
        return None
    left = child.class_has_left(uow.now)
    if child.stays:
        return None if left else Choice.LEAVE
    if child.waits:
        return Choice.TAKE_BACK if left else Choice.LEAVE
    return None if offer.ended else Choice.STAY


async def offer_today(uow: UnitOfWork) -> Offer:
    """Extended care as it runs today. Raises Conflict("extended_not_today")."""
    offer = await running_on(uow, uow.today)
    if offer is None:
        raise Conflict("extended_not_today")
    return offer


async def held_offer(uow: UnitOfWork) -> Offer:
    """``offer_today`` with the places locked, as it is once nobody else can change it. Raises
    Conflict("extended_not_today")."""
    await lock_places(uow, (await offer_today(uow)).term_id)
    return await offer_today(uow)


def _me(uow: UnitOfWork) -> int:
    return uow.actor.person_id or 0


async def child_today(uow: UnitOfWork, offer: Offer, student_id: int) -> ChildToday | None:
    """How it stands for one child; None where it is not enrolled."""
    said = next(iter(await attending(uow, offer, (student_id,))), None)
    if said is None:
        return None
    query = select(Student).where(Student.id == student_id).options(joinedload(Student.school_class))
    student = (await uow.session.scalars(query)).one()
    care = await in_hand(uow, offer.date, (student_id,)) if said.in_care else {}
    listed = await today_of(uow, student_id)  # a list that is made keeps its times
    times = await times_on(uow, offer.term_id, offer.date) if listed is None else []
    planned = next((one.ends_at for one in times if student.school_class.grade in one.wave.grades), None)
    return ChildToday(
        student_id=student_id,
        name=student.name,
        school_class=student.school_class.name,
        application_id=said.application_id,
        in_care=student_id in care,
        stays=student_id in care and said.wants_to_stay,
        standing_today=said.is_standing,
        wish=said.wish,
        there=care.get(student_id, False),
        standing=said.standing,
        care_days=said.care_days,
        leaves_at=listed.ends_at if listed is not None else planned,
    )


async def in_hand(uow: UnitOfWork, day: date, students: Collection[int]) -> dict[int, bool]:
    """Which of these are in care on a date, as far as leave and chain say: expected, or here and not gone. True where
    extended care has taken the child over."""
    children = set(students) - await on_leave(uow, day, students)
    query = (
        select(CHILDREN.c.student_id, CHAIN.c.step, CHILDREN.c.extended_at)
        .join(CHAIN, (CHILDREN.c.id == CHAIN.c.day_child_id) & (CHILDREN.c.last_seq == CHAIN.c.seq))
        .where(CHILDREN.c.date == day, CHILDREN.c.student_id.in_(children))
    )
    rows = list(await uow.connection.execute(query))
    found = {row.student_id: row.extended_at is not None for row in rows if row.step in {*HERE, Step.EXPECTED}}
    care_day = await uow.session.get(CareDay, day)
    if care_day is None or care_day.planned_at is None:
        found |= dict.fromkeys(children - {row.student_id for row in rows}, False)
    return found


async def _own(uow: UnitOfWork, student_id: int) -> tuple[Offer, ChildToday]:
    """An own child that is in care today, with the places locked. Raises NotFound for any other child's id, Conflict
    where nothing can change any more."""
    if student_id not in {child.student_id for child in await children_of(uow, _me(uow))}:
        raise NotFound()
    offer = await held_offer(uow)
    child = await child_today(uow, offer, student_id)
    if child is None or not child.in_care:
        raise Conflict("not_in_care_today")
    if uow.now >= offer.ends_at:
        raise Conflict("extended_over")
    return offer, child


async def ask(uow: UnitOfWork, student_id: int) -> ChildToday:
    """A guardian asks that the child stays today, also where the school has declined before. Granted at once where that
    is automatic, a place is left and nobody has declined; else the duty lead and the office are asked. Raises NotFound,
    Conflict."""
    offer, child = await _own(uow, student_id)
    if child.stays or child.waits:  # the same tap twice, or both parents
        return child
    if offer.ended:
        raise Conflict("extended_ended")
    automatic = (await rules_of(uow, offer.term_id)).extended_automatic
    declined = bool(await turned_down(uow, offer.date, (student_id,)))
    granted = automatic and not declined and await places_left(uow, offer) > 0
    request = await _put(uow, offer, student_id, Wish.APPROVED if granted else Wish.ASKED)
    if granted:
        await took_effect(uow, offer, request, told=_me(uow))
    else:
        await ask_school(uow, request)
    return await _again(uow, offer, student_id)


async def may_still_stay(uow: UnitOfWork, student_id: int) -> bool:
    """Whether to offer that a child of the class stays today: places are left, and nothing is asked or declined yet."""
    offer = await offer_on(uow, uow.day)
    if offer is None or uow.now >= offer.ends_at:
        return False
    child = await child_today(uow, offer, student_id)
    if child is None or not child.in_care or child.stays or child.there:
        return False
    return child.wish not in (Wish.ASKED, Wish.DECLINED) and await places_left(uow, offer) > 0


async def withdraw(uow: UnitOfWork, student_id: int) -> ChildToday:
    """The child leaves with its class today after all, also on a standing weekday. Raises Conflict("extended_there")
    once extended care has taken it over: then it is collected there, at any time; and Conflict("extended_class_left")
    where it stays and the class has left by the clock."""
    offer, child = await _own(uow, student_id)
    if not (child.stays or child.waits):
        return child
    if child.there:
        raise Conflict("extended_there", venue=offer.venue)
    if child.stays and child.class_has_left(uow.now):
        raise Conflict("extended_class_left")
    request = await _put(uow, offer, student_id, Wish.WITHDRAWN)
    if child.stays:
        await took_effect(uow, offer, request, told=_me(uow))
    return await _again(uow, offer, student_id)


async def _again(uow: UnitOfWork, offer: Offer, student_id: int) -> ChildToday:
    await uow.session.flush()
    child = await child_today(uow, offer, student_id)
    assert child is not None
    return child


async def _put(uow: UnitOfWork, offer: Offer, student_id: int, state: Wish) -> ExtendedRequest:
    """Takes down what the guardian said, over whatever stood for the date before."""
    query = select(ExtendedRequest).where(ExtendedRequest.date == offer.date, ExtendedRequest.student_id == student_id)
    request = (await uow.session.scalars(query)).first()
    if request is None:
        request = ExtendedRequest(date=offer.date, student_id=student_id, version=0)
        uow.session.add(request)
    request.state, request.version, request.remark = state, request.version + 1, ""
    request.asked_by, request.asked_at = uow.actor.person_id, uow.now
    request.decided_by, request.decided_at = None, uow.now if state is Wish.APPROVED else None
    await uow.session.flush()
    uow.record(f"extended_{state.value}", "student", student_id, date=offer.date.isoformat())
    return request
