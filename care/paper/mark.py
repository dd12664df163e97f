"""A hand-over that goes on paper while the system runs (S14): no network at the gate, an empty phone. Once that is
said the uncollected clock holds, and the day stays open until what happened has been entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from care.board.places import IN_SESSION
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import ENDS
from care.day.lead import who_answers
from care.errors import Conflict, NotFound
from care.extended.session import may_take
from care.paper.sheet import open_sessions
from care.records.day import CareDay, CareSession, SessionKind, Step
from care.records.delivery import Class
from care.release.gate import sheet
from care.release.waiting import Gate, GateChild
from care.rollsheet import hold
from care.work import UnitOfWork


@dataclass(frozen=True)
class Mark:
    """A session of today: since when its hand-over goes on paper, and who has said so (None: it does not). ``place`` is
    the venue of extended care."""

    session_id: int
    place: str
    since: datetime | None
    by: str


async def go_on_paper(uow: UnitOfWork, session_id: int) -> Gate:
    """From now on the session's children are handed over on paper; who answers for the day is told. Said already: done.
    Raises NotFound beyond the actor's reach, Conflict("of_another_day", "day_closed"), Conflict("paper_nobody_left")
    where every child is accounted for."""
    gate = await _to_mark(uow, session_id)
    if gate.paper_since is not None:
        return gate
    left = sum(1 for one in gate.children if _waits(one))
    if not left:
        raise Conflict("paper_nobody_left")
    await _set(uow, session_id, uow.now, uow.actor.name)
    uow.record("handover_on_paper", "session", session_id, children=left)
    people = [person for person in await who_answers(uow, uow.day) if person != uow.actor.person_id]
    key = f"handover_on_paper:{session_id}:{uow.now.isoformat()}"
    await uow.post("handover_on_paper", people, Class.ALARM, key=key, session_id=session_id)
    return await sheet(uow, session_id)


async def back_from_paper(uow: UnitOfWork, session_id: int) -> Gate:
    """The hand-over goes on in the chat; the uncollected clock goes on with it. Raises as ``go_on_paper``."""
    gate = await _to_mark(uow, session_id)
    if gate.paper_since is None:
        return gate
    await _set(uow, session_id, None, None)
    uow.record("handover_in_chat", "session", session_id)
    return await sheet(uow, session_id)


async def _to_mark(uow: UnitOfWork, session_id: int) -> Gate:
    """The session, held. Raises NotFound for who does not say how it hands over."""
    await hold(uow, session_id)
    gate = await sheet(uow, session_id)
    if not await says_how(uow, gate):
        raise NotFound()
    session = await uow.session.get_one(CareSession, session_id, populate_existing=True)
    if (await uow.session.get_one(CareDay, session.date, populate_existing=True)).closed_at is not None:
        raise Conflict("day_closed")
    return gate


async def says_how(uow: UnitOfWork, gate: Gate) -> bool:
    """Whether the actor says how a session that they may release from hands over: of extended care only who answers
    for it, or may."""
    if not gate.extended:
        return True
    session = await uow.session.get_one(CareSession, gate.session_id, populate_existing=True)
    mine = uow.actor.person_id is not None and session.signed_in_id == uow.actor.person_id
    return mine or may_take(uow, session)


def _waits(one: GateChild) -> bool:
    return one.is_here or one.step is Step.EXPECTED


async def _set(uow: UnitOfWork, session_id: int, since: datetime | None, by: str | None) -> None:
    changed = update(CareSession).where(CareSession.id == session_id).values(paper_since=since, paper_by=by)
    await uow.session.execute(changed)


async def end_where_entered(uow: UnitOfWork, day: date) -> None:
    """The marks of a day end where every child of the session is accounted for: the paper has been entered."""
    marked = select(CareSession.id).where(CareSession.date == day, CareSession.paper_since.is_not(None))
    found = set((await uow.connection.execute(marked)).scalars())
    still = (
        select(IN_SESSION)
        .select_from(CHILDREN)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .where(CHILDREN.c.date == day, CHAIN.c.step.not_in(ENDS))
        .distinct()
    )
    for session_id in sorted(found - set((await uow.connection.execute(still)).scalars()) if found else ()):
        await _set(uow, session_id, None, None)
        uow.record("paper_all_entered", "session", session_id)


async def marks(uow: UnitOfWork) -> list[Mark]:
    """Today's sessions whose hand-over the actor may put on paper: classes as on ``/paper``, then extended care."""
    reach = {one.session_id for one in await open_sessions(uow)}
    query = select(CareSession).join(CareDay).where(CareSession.date == uow.day, CareDay.closed_at.is_(None))
    return [
        Mark(one.id, one.venue, one.paper_since, one.paper_by or "")
        for one in await uow.session.scalars(query.order_by(CareSession.id))
        if (may_take(uow, one) if one.kind is SessionKind.EXTENDED else one.id in reach)
    ]
