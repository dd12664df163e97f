"""Line-out and release: the child goes to the gate with a teacher, and from there to one adult who may have it.

A command raises before anything of it may stay: who catches its error undoes the whole of it (``UnitOfWork.part``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from care.custody.chain import FAMILY, Link, Side, append
from care.custody.steps import may_follow
from care.errors import CareError, Conflict, NotAllowed
from care.pickup.adults import Authorised, is_barred, may_collect, who_is_adult
from care.records.day import AlarmKind, Holder, Proof, Step
from care.records.delivery import Class
from care.records.people import Guardianship
from care.records.pickup import Adult
from care.release.alarms import settle
from care.release.gate import children, hold_lists, sheet
from care.release.refusing import Why, refuse
from care.release.waiting import GateChild
from care.work import UnitOfWork

LINED_OUT_HOLDS = timedelta(minutes=20)
"""How long "on the way to the gate" is worth telling."""
BY_AN_ADULT = frozenset({Proof.CODE, Proof.SIGNATURE, Proof.LIST})
"""How the adult at the gate is known; paper has a door of its own."""


async def line_out(uow: UnitOfWork, day_child_ids: Iterable[int]) -> list[GateChild]:
    """The actor leads these children to the gate, and their guardians are told, siblings in one letter. Who is on the
    way, gone, or with a course teacher is left as it is. Returns those who set out now."""
    ids = set(day_child_ids)
    await hold_lists(uow, ids)
    setting_out = [one for one in await children(uow, ids) if may_follow(one.step, Step.LINED_OUT)]
    me = Side(Holder.TEACHER, uow.actor.person_id, uow.actor.name)
    links = {one.id: await append(uow, one.id, Link(Step.LINED_OUT, me), one.seq) for one in setting_out}
    for one in setting_out:
        uow.record("lined_out", "student", one.student_id)
    await _tell(uow, "lined_out", setting_out, links)
    return setting_out


async def line_out_all(uow: UnitOfWork, session_id: int) -> list[GateChild]:
    """Everybody of the session who waits with its teacher sets out for the gate, but who stays for extended care."""
    gate = await sheet(uow, session_id)
    waiting = [one.id for one in gate.children if may_follow(one.step, Step.LINED_OUT) and not one.stays]
    return await line_out(uow, waiting) if waiting else []


@dataclass(frozen=True)
class Given:
    """The children are released. ``again``: by an earlier tap of the same kind; nothing was done now."""

    children: tuple[GateChild, ...]
    again: bool = False


@dataclass(frozen=True)
class Held:
    """The adult must not have this child: nobody was released, the refusal is recorded, the duty lead knows. Whoever
    stands before the teacher's screen is to read no more than that one has to wait."""

    child: GateChild


async def release(
    uow: UnitOfWork,
    seen: Mapping[int, int | None],
    adult: Adult,
    adult_id: int,
    proof: Proof,
    signed: Mapping[str, Any] | None = None,
) -> Given | Held:
    """Gives children to one adult, all or none (S14). ``seen``: by day child, how far its chain had grown on the
    caller's screen; ``signed``: which signature it is by.

    For each child the adult is looked up anew: on its list today, and on no stop-list. Raises
    NotAllowed("not_authorised") for who is on no list; Conflict("already_released") with who was faster,
    Conflict("not_here"), Conflict("stale"); NotAllowed("own_child_to_oneself") for a teacher who has come for the own
    child; NotFound for children beyond the actor's reach.
    """
    if proof not in BY_AN_ADULT:
        raise NotAllowed()
    if (adult, adult_id) == (Adult.GUARDIAN, uow.actor.person_id):  # two people confirm: who gives, and who takes
        raise NotAllowed("own_child_to_oneself")
    await hold_lists(uow, seen)
    found = await children(uow, seen)
    who = await who_is_adult(uow, adult, adult_id, uow.day)
    if who is None:
        raise NotAllowed("not_authorised")
    if all(_is_same(uow, one, who, seen[one.id]) for one in found):  # the same tap twice
        return Given(tuple(found), again=True)
    held = await _held(uow, found, who)
    if held is not None:
        return held
    for one in found:
        _must_be_here(uow, one)
    given = {one.id: await may_collect(uow, one.student_id, adult, adult_id, one.date) for one in found}
    links: dict[int, int] = {}
    for one in found:
        side = Side(Holder.ADULT, adult_id if adult is Adult.GUARDIAN else None, given[one.id].name)
        data = _data(given[one.id], signed)
        links[one.id] = await _release(uow, one, Link(Step.RELEASED, side, proof, data=data), seen[one.id])
        uow.record("released", "student", one.student_id, adult=adult.value, adult_id=adult_id, proof=proof.value)
    await _tell(uow, "released", found, links)
    return Given(tuple(await children(uow, seen)))


def _data(who: Authorised, signed: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"adult": who.adult.value, "adult_id": who.id, "relation": who.relation.value, **(signed or {})}


def _is_same(uow: UnitOfWork, one: GateChild, who: Authorised, seen: int | None) -> bool:
    """Whether this very release is the child's last step already."""
    mine = one.is_gone and one.holder is Holder.ADULT and one.by_id == uow.actor.person_id
    return mine and one.holder_name == who.name and seen in (None, one.seq - 1)


def _must_be_here(uow: UnitOfWork, one: GateChild) -> None:
    if one.is_gone:
        raise gone(uow, one)
    if not one.is_here:
        raise Conflict("not_here", child=one.name)


def gone(uow: UnitOfWork, one: GateChild) -> CareError:
    """Who had the child first, in words for the other teacher."""
    at = f"{one.at.astimezone(uow.school.zone):%H:%M}"
    if one.holder is Holder.FAMILY:
        return Conflict("already_left", child=one.name, at=at, teacher=one.by_name)
    return Conflict("already_released", child=one.name, adult=one.holder_name, at=at, teacher=one.by_name)


async def _release(uow: UnitOfWork, one: GateChild, link: Link, seen: int | None) -> int:
    """Appends the release, closes the clock of who was not collected, and tells who still had the child. Of two at once
    one wins."""
    try:
        number = await append(uow, one.id, link, one.seq if seen is None else seen)
    except Conflict as error:
        now = (await children(uow, [one.id]))[0]
        raise (gone(uow, now) if now.is_gone and error.code == "stale" else error) from error
    await settle(uow, one.id, AlarmKind.UNCOLLECTED)
    await _tell_who_had(uow, one, number)
    return number


async def _held(uow: UnitOfWork, found: Sequence[GateChild], who: Authorised) -> Held | None:
    """Records the attempt for each child whom the adult must not collect."""
    barred = [one for one in found if await is_barred(uow, one.student_id, who)]
    for one in barred:
        await refuse(uow, one.id, who.name, Why.STOP_LISTED)
    return Held(barred[0]) if barred else None


async def leave_alone(uow: UnitOfWork, day_child_id: int, seen: int | None = None) -> GateChild:
    """The child goes home by itself. Raises NotAllowed("alone_not_allowed") for grades 1 and 2, whatever the
    application says, NotAllowed("not_alone") where the family has not agreed, NotAllowed("somebody_comes") where it has
    said who comes today; else as ``release``."""
    await hold_lists(uow, [day_child_id])
    (one,) = await children(uow, [day_child_id])
    if one.is_gone and one.holder is Holder.FAMILY and one.by_id == uow.actor.person_id and seen in (None, one.seq - 1):
        return one
    _must_be_here(uow, one)
    if not one.may_leave_alone:
        raise NotAllowed("not_alone" if one.grade >= 3 else "alone_not_allowed")
    if one.planned:
        raise NotAllowed("somebody_comes", adult=one.planned)
    number = await _release(uow, one, Link(Step.RELEASED, FAMILY, data={"alone": True}), seen)
    uow.record("left_alone", "student", one.student_id)
    await _tell(uow, "released", [one], {one.id: number})
    return (await children(uow, [day_child_id]))[0]


async def _tell_who_had(uow: UnitOfWork, one: GateChild, number: int) -> None:
    """A colleague with whom the child still was would look for it."""
    if one.holder_id is not None and one.is_elsewhere(uow.actor.person_id):
        key = f"given_elsewhere:{one.id}:{number}"
        await uow.post("given_elsewhere", one.holder_id, Class.ALARM, key=key, day_child_id=one.id, seq=number)


async def _tell(uow: UnitOfWork, kind: str, found: Sequence[GateChild], links: Mapping[int, int]) -> None:
    """One letter for each guardian, about all of their children among these: [day child id, number of the link]."""
    query = select(Guardianship.student_id, Guardianship.person_id).where(
        Guardianship.student_id.in_([one.student_id for one in found]), Guardianship.restricted.is_(False)
    )
    ties = (await uow.connection.execute(query.order_by(Guardianship.id))).all()
    about: dict[int, list[tuple[int, int]]] = {}
    for one in found:
        for tie in ties:
            if tie.student_id == one.student_id:
                about.setdefault(tie.person_id, []).append((one.id, links[one.id]))
    until = uow.now + LINED_OUT_HOLDS if kind == "lined_out" else None
    for person, pairs in about.items():
        key = f"{kind}:{'-'.join(f'{child}.{seq}' for child, seq in pairs[:4])}:{person}"
        said = [list(pair) for pair in pairs]
        uow.post_new(kind, person, Class.ALARM, key, valid_until=until, links=said)  # new, for the links are
