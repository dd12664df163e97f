"""Today's extended care, decided by the school: who answers for the day grants or declines what was asked, and places
that get free are given to who waits (S11)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.day.rules import rules_of
from care.enrolment.family import is_family
from care.errors import Conflict, Full, Invalid, NotAllowed, NotFound
from care.extended.asking import child_today, held_offer
from care.extended.places import Offer, offer_on, places_left, turned_down
from care.extended.telling import tell_guardians, took_effect
from care.permissions import Permission
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Student
from care.work import UnitOfWork

REASON_LIMIT = 120


async def request_of(uow: UnitOfWork, request_id: int) -> ExtendedRequest:
    """A request with its child, for who may decide on it or see it. Raises NotFound."""
    query = (
        select(ExtendedRequest)
        .where(ExtendedRequest.id == request_id)
        .options(joinedload(ExtendedRequest.student).joinedload(Student.school_class))
        .execution_options(populate_existing=True)
    )
    request = (await uow.session.scalars(query)).first()
    if request is None:
        raise NotFound()
    school_class = request.student.school_class
    if not uow.actor.system and not uow.actor.may_for(Permission.ANSWER_FOR_DAY, school_class.grade, school_class.id):
        raise NotFound()
    return request


async def decide(uow: UnitOfWork, request_id: int, version: int, to: Wish, remark: str = "") -> ExtendedRequest:
    """Grants or declines what was asked, or grants after all what was declined; the guardians are told. ``version``: of
    the request as it was shown. Raises NotFound, NotAllowed("own_child"), Conflict when it has been settled meanwhile,
    Full("extended_full")."""
    assert to in (Wish.APPROVED, Wish.DECLINED)
    request = await request_of(uow, request_id)
    if await is_family(uow, request.student_id):
        raise NotAllowed("own_child")
    remark = " ".join(remark.split())
    if len(remark) > REASON_LIMIT:
        raise Invalid("words_too_long", limit=REASON_LIMIT)
    offer = await held_offer(uow)
    if request.date != offer.date:
        raise Conflict("extended_over")
    request = await request_of(uow, request_id)
    if (request.state, request.version, request.decided_by) == (to, version + 1, uow.actor.person_id):
        return request  # the same tap twice
    after_all = request.state is Wish.DECLINED and to is Wish.APPROVED
    if not (request.state is Wish.ASKED or after_all) or request.version != version:
        raise Conflict()
    if to is Wish.APPROVED:
        await _may_grant(uow, offer, request)
    await _settle(uow, offer, request, to, remark)
    return request


async def _may_grant(uow: UnitOfWork, offer: Offer, request: ExtendedRequest) -> None:
    if offer.ended:
        raise Conflict("extended_ended")
    child = await child_today(uow, offer, request.student_id)
    if child is None or not child.in_care:
        raise Conflict("not_in_care_today")
    if uow.now >= offer.ends_at:
        raise Conflict("extended_over")
    if await places_left(uow, offer) <= 0:
        raise Full("extended_full", places=offer.places)


async def _settle(uow: UnitOfWork, offer: Offer, request: ExtendedRequest, to: Wish, remark: str = "") -> None:
    request.state, request.version, request.remark = to, request.version + 1, remark
    request.decided_by, request.decided_at = uow.actor.person_id, uow.now
    await uow.session.flush()
    uow.record(f"extended_{to.value}", "student", request.student_id, remark, date=request.date.isoformat())
    if to is Wish.APPROVED:
        await took_effect(uow, offer, request, told=None)
    else:
        await tell_guardians(uow, request)


async def waiting_requests(uow: UnitOfWork) -> list[int]:
    """Today's requests that can be granted now, where they are granted by themselves as soon as places are free: the
    oldest first, no more than there are places, and none that somebody has declined before. A child who has left, or is
    not in care any more, holds nobody up."""
    offer = await offer_on(uow, uow.day)
    if offer is None or uow.now >= offer.ends_at or not (await rules_of(uow, offer.term_id)).extended_automatic:
        return []
    query = select(ExtendedRequest.id, ExtendedRequest.student_id).where(
        ExtendedRequest.date == offer.date, ExtendedRequest.state == Wish.ASKED
    )
    waiting = (await uow.session.execute(query.order_by(ExtendedRequest.asked_at, ExtendedRequest.id))).all()
    left = await places_left(uow, offer) if waiting else 0
    declined = await turned_down(uow, offer.date, [student for _, student in waiting]) if left else set()
    found: list[int] = []
    for request_id, student_id in waiting:
        if len(found) >= left:
            break
        if student_id in declined:
            continue
        child = await child_today(uow, offer, student_id)
        if child is not None and child.in_care:
            found.append(request_id)
    return found


async def grant_waiting(uow: UnitOfWork, request_id: int) -> None:
    """A place has got free: the next who waits has it. Does nothing where somebody was faster, or the
    offer has ended."""
    try:
        offer = await held_offer(uow)
    except Conflict:
        return
    request = await request_of(uow, request_id)
    child = await child_today(uow, offer, request.student_id)
    if request.state is Wish.ASKED and child is not None and child.in_care and await places_left(uow, offer) > 0:
        await _settle(uow, offer, request, Wish.APPROVED)
