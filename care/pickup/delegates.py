"""Delegates (S14): an adult whom a guardian authorises for one date, with a code that works once for each child."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from care.errors import Conflict, Invalid, NotFound
from care.people import adult_name, children_of, normal_phone
from care.pickup.adults import Authorised, delegates_of, is_barred
from care.pickup.codes import code_for
from care.pickup.plan import Said, own_leaving, plan_of, say_who_comes, take_back, tell_of_stopped
from care.records.people import Relation
from care.records.pickup import Adult, Delegate
from care.work import UnitOfWork

DELEGATES_LIMIT = 3
"""For a child and date."""
DAYS_AHEAD = timedelta(days=7)


@dataclass(frozen=True)
class Given:
    """A delegate as authorised, with the code that is theirs for the date."""

    delegate: Delegate
    code: str
    said: Said


async def authorise(
    uow: UnitOfWork,
    student_ids: Collection[int],
    name: str,
    relation: Relation,
    phone: str,
    day: date | None = None,
) -> Given | None:
    """Authorises an adult for today (or a care day within a week) to collect the actor's own children, and says that
    this adult comes. The same adult again is the same delegate, with these children added.

    None: the adult is on a stop-list; nothing is stored, and the duty lead has been told. Raises as ``own_leaving``,
    and Invalid("delegate_incomplete", "delegate_day", "delegates_too_many").
    """
    day = day or uow.day
    name, phone = adult_name(name), normal_phone(phone)
    if not name or not phone:
        raise Invalid("delegate_incomplete")
    if not uow.day <= day <= uow.day + DAYS_AHEAD:
        raise Invalid("delegate_day", limit=DAYS_AHEAD.days)
    numbers = [one.student_id for one in await own_leaving(uow, student_ids, day)]
    who = Authorised(Adult.DELEGATE, 0, name, relation, phone)
    stopped = [number for number in numbers if await is_barred(uow, number, who)]
    for number in stopped:
        await tell_of_stopped(uow, number, who, day)
    if stopped:
        return None
    delegate = await _known(uow, name, phone, day)
    await _within_limit(uow, numbers, day, besides=delegate)
    if delegate is None:
        delegate = Delegate(date=day, guardian_id=uow.actor.person_id or 0, student_ids=numbers, name=name)
        delegate.relation, delegate.phone, delegate.made_at = relation, phone, uow.now
        uow.session.add(delegate)
    else:
        delegate.student_ids = [*dict.fromkeys([*delegate.student_ids, *numbers])]
    await uow.session.flush()
    for number in numbers:
        uow.record("delegate_authorised", "student", number, date=day.isoformat(), delegate=delegate.id)
    said = await say_who_comes(uow, numbers, Adult.DELEGATE, delegate.id, day)
    assert said is not None, "the stop-lists have been looked at"
    return Given(delegate, await code_for(uow, Adult.DELEGATE, delegate.id, day), said)


async def _known(uow: UnitOfWork, name: str, phone: str, day: date) -> Delegate | None:
    """The delegate of this date whom the actor has already made of this adult."""
    query = select(Delegate).where(
        Delegate.date == day,
        Delegate.guardian_id == uow.actor.person_id,
        Delegate.name == name,
        Delegate.phone == phone,
        Delegate.withdrawn_at.is_(None),
    )
    return (await uow.session.scalars(query.with_for_update())).first()


async def _within_limit(uow: UnitOfWork, student_ids: Iterable[int], day: date, besides: Delegate | None) -> None:
    there = [one for one in await delegates_of(uow, day) if one is not besides]
    for number in student_ids:
        if sum(number in one.student_ids for one in there) >= DELEGATES_LIMIT:
            raise Invalid("delegates_too_many", limit=DELEGATES_LIMIT)


async def own_delegate(uow: UnitOfWork, delegate_id: int) -> tuple[Delegate, list[int]]:
    """A delegate with those of its children whom the actor may decide for. Raises NotFound where there is none."""
    delegate = await uow.session.get(Delegate, delegate_id, with_for_update=True)
    own = {child.student_id for child in await children_of(uow, uow.actor.person_id or 0)}
    mine = [number for number in delegate.student_ids if number in own] if delegate is not None else []
    if delegate is None or not mine:
        raise NotFound()
    return delegate, mine


async def own_delegates(uow: UnitOfWork) -> list[Delegate]:
    """The delegates for the actor's children from today on, the nearest first."""
    own = {child.student_id for child in await children_of(uow, uow.actor.person_id or 0)}
    query = select(Delegate).where(Delegate.date >= uow.day, Delegate.withdrawn_at.is_(None))
    rows = await uow.session.scalars(query.order_by(Delegate.date, Delegate.id))
    return [delegate for delegate in rows if not own.isdisjoint(delegate.student_ids)]


async def withdraw(uow: UnitOfWork, delegate_id: int) -> tuple[Delegate, Said]:
    """The delegate may no longer collect the actor's children; where nobody else has named the adult, that is all of
    it. Raises Conflict when it is withdrawn or over already, Conflict("already_collected") once all are collected."""
    delegate, mine = await own_delegate(uow, delegate_id)
    if delegate.withdrawn_at is not None or delegate.date < uow.day:
        raise Conflict()
    still = {one.student_id for one in await own_leaving(uow, mine, delegate.date)}
    rest = [number for number in delegate.student_ids if number not in mine]
    if rest:
        delegate.student_ids = rest
    else:
        delegate.withdrawn_at = uow.now
    for number in mine:
        uow.record("delegate_withdrawn", "student", number, date=delegate.date.isoformat(), delegate=delegate.id)
    plans = await plan_of(uow, still, delegate.date)
    named = [one.student_id for one in plans.values() if (one.adult, one.adult_id) == (Adult.DELEGATE, delegate.id)]
    return delegate, await take_back(uow, named, delegate.date) if named else Said(frozenset(), ())
