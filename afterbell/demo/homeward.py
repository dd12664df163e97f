"""The way home of a class that nobody plays: all of its children at once, booked as ``care/release`` books each of them
(S10, S14), since a jump of the clock sends hundreds home within one request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from care.custody.chain import CHAIN, CHILDREN, FAMILY, Link, Side, append_to_all
from care.pickup.adults import Authorised, adults_of_all
from care.pickup.plan import Plan, plan_of
from care.records import Alarm, AlarmKind, Class, Guardianship, Holder, Proof, Step
from care.records.pickup import Adult
from care.release.alarms import settle
from care.release.gate import children
from care.release.waiting import GateChild
from care.work import UnitOfWork


async def all_collected(homeward: Mapping[int, datetime], uow: UnitOfWork) -> None:
    """The actor gives these day children away, each at its moment: to whom the family has said, else to the first adult
    of its list; who goes alone does. Nobody takes the own child, and a child for whom nobody may come stays."""
    found = await children(uow, homeward)
    students, day = [one.student_id for one in found], found[0].date
    plans, adults = await plan_of(uow, students, day), await adults_of_all(uow, students, day)
    links: dict[int, Link] = {}
    for one in sorted(found, key=lambda child: homeward[child.id]):
        may = [adult for adult in adults[one.student_id].authorised if not adult.stopped]
        link = _link(uow, one, plans.get(one.student_id), may, homeward[one.id])
        if link is not None:
            links[one.id] = link
    last = select(CHAIN).join(CHILDREN, (CHILDREN.c.id == CHAIN.c.day_child_id) & (CHILDREN.c.last_seq == CHAIN.c.seq))
    rows = (await uow.connection.execute(last.where(CHAIN.c.day_child_id.in_(links)))).all()
    gone = await append_to_all(uow, [(row.day_child_id, row, links[row.day_child_id]) for row in rows])
    for one in found:
        if one.id in gone:
            _record(uow, one, links[one.id])
    await _tell(uow, [one for one in found if one.id in gone])
    late = select(Alarm.day_child_id).where(Alarm.kind == AlarmKind.UNCOLLECTED, Alarm.closed_at.is_(None))
    for day_child_id in list(await uow.session.scalars(late.where(Alarm.day_child_id.in_(gone)))):
        await settle(uow, day_child_id, AlarmKind.UNCOLLECTED)


def _link(uow: UnitOfWork, one: GateChild, plan: Plan | None, may: list[Authorised], at: datetime) -> Link | None:
    if one.goes_alone:
        return Link(Step.RELEASED, FAMILY, data={"alone": True}, at=at)
    others = [adult for adult in may if (adult.adult, adult.id) != (Adult.GUARDIAN, uow.actor.person_id)]
    said = [adult for adult in others if plan is not None and (adult.adult, adult.id) == (plan.adult, plan.adult_id)]
    for who in (said or others)[:1]:
        side = Side(Holder.ADULT, who.id if who.adult is Adult.GUARDIAN else None, who.name)
        data = {"adult": who.adult.value, "adult_id": who.id, "relation": who.relation.value}
        return Link(Step.RELEASED, side, Proof.LIST, data=data, at=at)
    return None


def _record(uow: UnitOfWork, one: GateChild, link: Link) -> None:
    uow.now = link.at or uow.now
    if link.to.kind is Holder.FAMILY:
        uow.record("left_alone", "student", one.student_id)
    else:
        adult, adult_id = link.data["adult"], link.data["adult_id"]
        uow.record("released", "student", one.student_id, adult=adult, adult_id=adult_id, proof=link.proof.value)


async def _tell(uow: UnitOfWork, gone: list[GateChild]) -> None:
    """Behind everybody who is played: a jump writes many letters at once, and they are heard first."""
    seq = {one.student_id: (one.id, one.seq + 1) for one in gone}
    query = select(Guardianship.student_id, Guardianship.person_id).where(
        Guardianship.student_id.in_(seq), Guardianship.restricted.is_(False)
    )
    for student_id, person_id in await uow.connection.execute(query.order_by(Guardianship.id)):
        child, number = seq[student_id]
        key = f"released:{child}.{number}:{person_id}"
        uow.post_new("released", person_id, Class.BROADCAST, key, links=[[child, number]])
