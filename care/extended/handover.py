"""The hand-over from a class to extended care (S11): the class's teacher gives, the teacher there counts. Only equal
lists pass, all children at once; a difference stops it and names the children."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.custody.chain import Link, append
from care.custody.steps import HERE
from care.day.now import must_be_now
from care.errors import Conflict, NotAllowed, NotFound
from care.extended.roll import Stand, Stayer, me, settle_roll, stayers, take_in, where
from care.extended.session import hold_class, opened, signed_in
from care.permissions import Permission
from care.records.day import CareSession, SessionKind, Step
from care.records.delivery import Class
from care.records.extended import ExtendedHandover, Passing
from care.records.people import Person
from care.work import UnitOfWork

OPEN = (Passing.GIVEN, Passing.DIFFERS)


@dataclass(frozen=True)
class Pass:
    """A hand-over as both teachers see it: ``given`` by the class's teacher, ``counted`` so far by the one there.
    ``others`` stay as well but were not given (not seen at the roll, with a course teacher, missing)."""

    id: int
    version: int
    state: Passing
    school_class: str
    giver: str
    taker: str
    given: tuple[Stayer, ...]
    counted: frozenset[int]
    others: tuple[Stayer, ...]

    @property
    def uncounted(self) -> tuple[Stayer, ...]:
        """Given, but not counted."""
        return tuple(child for child in self.given if child.id not in self.counted)

    @property
    def surplus(self) -> tuple[Stayer, ...]:
        """Counted, but not given."""
        return tuple(child for child in self.others if child.id in self.counted)


def can_pass(child: Stayer, giver_id: int) -> bool:
    """Whether the child stays, and its class's teacher has it in hand."""
    in_hand = child.step in HERE and child.step is not Step.MOVED and child.holder_id == giver_id
    return in_hand and child.stays and not child.there


async def own_classes(uow: UnitOfWork) -> list[tuple[CareSession, tuple[Stayer, ...]]]:
    """The classes the actor has signed in for today, each with its children who stay and are not taken over yet."""
    query = (
        select(CareSession)
        .where(
            CareSession.date == uow.day,
            CareSession.kind == SessionKind.CLASS,
            CareSession.signed_in_id == uow.actor.person_id,
        )
        .options(joinedload(CareSession.school_class))
        .order_by(CareSession.id)
    )
    children = await stayers(uow, uow.day)
    found = []
    for session in await uow.session.scalars(query):
        own = tuple(c for c in children if c.class_session_id == session.id and not c.there)
        found.append((session, tuple(c for c in own if c.stand is not Stand.GONE)))
    return [(session, own) for session, own in found if own]


async def give(uow: UnitOfWork, class_session_id: int) -> Pass:
    """The class's teacher gives the children who stay and are in hand; the teacher of extended care is told. Giving
    again takes the place of what was given before. Raises NotFound, NotAllowed("not_signed_in"),
    Conflict("extended_nobody")."""
    extended = await opened(uow)
    session = await own_class(uow, class_session_id)
    ready = [
        child.id
        for child in await stayers(uow, uow.day)
        if child.class_session_id == session.id and can_pass(child, uow.actor.person_id or 0)
    ]
    if not ready:
        raise Conflict("extended_nobody")
    row = await _open_of(uow, session.id)
    if row is not None and row.given == ready and row.giver_id == uow.actor.person_id and row.state is Passing.GIVEN:
        return await _as_pass(uow, row)  # the same tap twice
    if row is None:
        row = ExtendedHandover(session_id=extended.id, class_session_id=session.id, version=0)
        uow.session.add(row)
    row.state, row.version, row.given, row.counted = Passing.GIVEN, row.version + 1, ready, []
    row.giver_id, row.given_at = uow.actor.person_id or 0, uow.now
    await uow.session.flush()
    uow.record("extended_given", "session", session.id, children=len(ready))
    taker = extended.signed_in_id or extended.teacher_id
    if taker is not None and taker != uow.actor.person_id:
        await _post(uow, "extended_given", taker, row)
    return await _as_pass(uow, row)


async def _post(uow: UnitOfWork, kind: str, to: int, row: ExtendedHandover) -> None:
    key = f"{kind}:{row.id}:{row.version}"
    await uow.post(kind, to, Class.ALARM, key=key, handover_id=row.id, version=row.version)


async def own_class(uow: UnitOfWork, class_session_id: int) -> CareSession:
    """A class that the actor has signed in for today, locked. Raises NotFound, NotAllowed("not_signed_in")."""
    query = select(CareSession).where(CareSession.id == class_session_id).options(joinedload(CareSession.school_class))
    locked = query.with_for_update(of=CareSession, key_share=True).execution_options(populate_existing=True)
    session = (await uow.session.scalars(locked)).first()
    if session is None or session.school_class is None:
        raise NotFound()
    if not uow.actor.may_for(Permission.TAKE_ROLL, session.school_class.grade, session.school_class.id):
        raise NotFound()
    must_be_now(uow, session.date)
    if session.signed_in_id is None or session.signed_in_id != uow.actor.person_id:
        person = session.signed_in_id or session.teacher_id
        teacher = (await uow.session.get_one(Person, person)).name if person is not None else ""
        raise NotAllowed("not_signed_in", teacher=teacher)
    return session


async def _open_of(uow: UnitOfWork, class_session_id: int) -> ExtendedHandover | None:
    query = select(ExtendedHandover).where(
        ExtendedHandover.class_session_id == class_session_id, ExtendedHandover.state.in_(OPEN)
    )
    return (await uow.session.scalars(query.with_for_update())).first()


async def _as_pass(uow: UnitOfWork, row: ExtendedHandover) -> Pass:
    everyone = await stayers(uow, uow.day, row.given)
    children = [child for child in everyone if child.class_session_id == row.class_session_id]
    given = tuple(child for child in children if child.id in row.given)
    others = tuple(c for c in children if c.id not in row.given and not c.there and c.stand is not Stand.GONE)
    query = (
        select(CareSession).where(CareSession.id == row.class_session_id).options(joinedload(CareSession.school_class))
    )
    school_class = (await uow.session.scalars(query)).one().school_class
    assert school_class is not None
    names = [(await uow.session.get_one(Person, p)).name if p else "" for p in (row.giver_id, row.taker_id)]
    return Pass(
        row.id, row.version, row.state, school_class.name, names[0], names[1], given, frozenset(row.counted), others
    )


async def handover_of(uow: UnitOfWork, handover_id: int) -> Pass:
    """One of today's hand-overs, for who gave it or answers for extended care. Raises NotFound,
    Conflict("of_another_day")."""
    row = await uow.session.get(ExtendedHandover, handover_id, populate_existing=True)
    extended = await uow.session.get(CareSession, row.session_id) if row is not None else None
    if row is None or extended is None:
        raise NotFound()
    if uow.actor.person_id not in (row.giver_id, extended.signed_in_id or extended.teacher_id):
        raise NotFound()
    must_be_now(uow, extended.date)
    return await _as_pass(uow, row)


async def open_handovers(uow: UnitOfWork) -> list[Pass]:
    """Today's hand-overs that wait to be counted, the oldest first."""
    query = (
        select(ExtendedHandover)
        .join(CareSession, CareSession.id == ExtendedHandover.session_id)
        .where(CareSession.date == uow.day, ExtendedHandover.state.in_(OPEN))
        .order_by(ExtendedHandover.given_at, ExtendedHandover.id)
    )
    return [await _as_pass(uow, row) for row in list(await uow.session.scalars(query))]


async def _to_count(uow: UnitOfWork, handover_id: int) -> tuple[CareSession, ExtendedHandover]:
    of = select(CareSession.date).join(ExtendedHandover, ExtendedHandover.session_id == CareSession.id)
    day = await uow.session.scalar(of.where(ExtendedHandover.id == handover_id))
    must_be_now(uow, day or uow.day)
    extended = await signed_in(uow)
    row = await uow.session.get(ExtendedHandover, handover_id, with_for_update=True, populate_existing=True)
    if row is None or row.session_id != extended.id:
        raise NotFound()
    return extended, row


async def count(uow: UnitOfWork, handover_id: int, day_child_id: int, here: bool) -> Pass:
    """The teacher of extended care ticks a child, or takes the tick away. Raises NotFound, Conflict once the list is
    taken."""
    _, row = await _to_count(uow, handover_id)
    seen = await _as_pass(uow, row)
    if row.state not in OPEN:
        raise Conflict()
    if day_child_id not in {child.id for child in (*seen.given, *seen.others)}:
        raise NotFound()
    row.counted = sorted({*row.counted} | {day_child_id} if here else {*row.counted} - {day_child_id})
    await uow.session.flush()
    return await _as_pass(uow, row)


async def take(uow: UnitOfWork, handover_id: int, version: int, everyone: bool = False) -> Pass:
    """The count is done: where it is that of the giver, child for child, all pass at once; else nobody does, and the
    giver is told who is not there or too many. ``everyone``: all who were given are there. ``version``: of the list
    that was shown. Raises NotFound, Conflict for a list that has changed since."""
    extended, row = await _to_count(uow, handover_id)
    again = row.state is Passing.TAKEN or (row.state is Passing.DIFFERS and row.version == version + 1)
    if again and row.taker_id == uow.actor.person_id:
        return await _as_pass(uow, row)  # the same tap twice
    if row.state not in OPEN or row.version != version:
        raise Conflict()
    await hold_class(uow, row.class_session_id)
    if everyone:
        row.counted = list(row.given)
    seen = await _as_pass(uow, row)
    if seen.uncounted or seen.surplus or _lost(seen, row.giver_id):
        await _differ(uow, row, seen)
        return await _as_pass(uow, row)
    for child in seen.given:
        link = Link(Step.HANDED_OVER, me(uow), data=where(extended))
        await append(uow, child.id, link, child.seq)
    await take_in(uow, [child.id for child in seen.given])
    row.state, row.taker_id, row.taken_at = Passing.TAKEN, uow.actor.person_id, uow.now
    await uow.session.flush()
    uow.record("extended_taken", "session", extended.id, children=len(seen.given), school_class=seen.school_class)
    if row.giver_id != uow.actor.person_id:
        await _post(uow, "extended_taken", row.giver_id, row)
    await settle_roll(uow, extended)
    return await _as_pass(uow, row)


def _lost(seen: Pass, giver_id: int) -> list[Stayer]:
    """Children who cannot pass any more: collected, missing, or taken out by the family since they were given."""
    return [child for child in seen.given if not can_pass(child, giver_id)]


async def _differ(uow: UnitOfWork, row: ExtendedHandover, seen: Pass) -> None:
    lost = {child.id for child in _lost(seen, row.giver_id)}
    row.counted = [one for one in row.counted if one not in lost]
    row.state, row.version, row.taker_id = Passing.DIFFERS, row.version + 1, uow.actor.person_id
    await uow.session.flush()
    counted = len(row.counted)
    uow.record("extended_differs", "session", row.session_id, given=len(row.given), counted=counted)
    if row.giver_id != uow.actor.person_id:
        await _post(uow, "extended_differs", row.giver_id, row)
