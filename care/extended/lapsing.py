"""What was asked of extended care and nobody has decided while it could be (S11): it lapses, so that it waits for an
answer no longer, and the family learns why."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import select

from care.calendar import load_calendar
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.plan import on_leave, term_on
from care.enrolment.family import unrestricted_guardians
from care.extended.places import lock_places
from care.extended.session import running_on
from care.quiet import when_awake
from care.records.day import CareDay, Step
from care.records.delivery import Class
from care.records.extended import ExtendedRequest, Wish
from care.work import UnitOfWork


class Why(StrEnum):
    """Why there is nothing to decide any more: the child is on leave, or not at school otherwise; or it is too late."""

    ON_LEAVE = "on_leave"
    AWAY = "away"
    LATE = "late"


async def undecided(uow: UnitOfWork) -> list[int]:
    """Requests of today and of the day before that wait for an answer which nobody can give any more."""
    query = select(ExtendedRequest.id, ExtendedRequest.date).where(
        ExtendedRequest.date.between(uow.today - timedelta(days=1), uow.today), ExtendedRequest.state == Wish.ASKED
    )
    waiting = (await uow.session.execute(query.order_by(ExtendedRequest.id))).all()
    over = {day for day in {row.date for row in waiting} if await _is_over(uow, day)}
    return [row.id for row in waiting if row.date in over]


async def _is_over(uow: UnitOfWork, day: date) -> bool:
    """Extended care of the date has ended, or is not offered any more; or the day is sealed."""
    if day < uow.today:
        return True
    care_day, offer = await uow.session.get(CareDay, day), await running_on(uow, day)
    sealed = care_day is not None and care_day.closed_at is not None
    return sealed or offer is None or offer.ended or uow.now >= offer.ends_at


async def lapse(uow: UnitOfWork, request_id: int) -> None:
    """Does nothing where somebody has decided meanwhile, or the family has withdrawn it."""
    request = await uow.session.get_one(ExtendedRequest, request_id)
    term = await term_on(uow, request.date)
    if term is not None:
        await lock_places(uow, term.id)
    await uow.session.refresh(request)
    if request.state is not Wish.ASKED:
        return
    request.state, request.version, request.decided_at = Wish.LAPSED, request.version + 1, uow.now
    uow.record("extended_lapsed", "student", request.student_id, date=request.date.isoformat())
    why = await _why(uow, request)
    if why is not None:
        people, due = await unrestricted_guardians(uow, request.student_id), when_awake(uow.now, uow.school.zone)
        key = f"extended_lapsed:{request.id}:{request.version}"
        await uow.post("extended_lapsed", people, Class.BROADCAST, key, due, request_id=request.id, why=why.value)


async def _why(uow: UnitOfWork, request: ExtendedRequest) -> Why | None:
    """None where the family knows: it has collected the child, or has been told that there is no care."""
    if not (await load_calendar(uow)).is_care_day(request.date):
        return None
    if await on_leave(uow, request.date, [request.student_id]):
        return Why.ON_LEAVE
    query = (
        select(CHAIN.c.step)
        .join(CHILDREN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .where(CHILDREN.c.date == request.date, CHILDREN.c.student_id == request.student_id)
    )
    step = (await uow.connection.execute(query)).scalar()
    if step is Step.RELEASED:
        return None
    return Why.LATE if step in {*HERE, Step.EXPECTED} else Why.AWAY
