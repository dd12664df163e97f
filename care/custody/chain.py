"""Appends to a child's custody chain: each link names both sides and is hashed over the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol, cast

from sqlalchemy import Table, bindparam, insert, select, tuple_, update

from care.custody.steps import HELD_BY, may_follow
from care.errors import Conflict
from care.records.day import CareDay, CustodyEvent, DayChild, Holder, Proof, Step
from care.work import UnitOfWork

CHAIN = cast(Table, CustodyEvent.__table__)
CHILDREN = cast(Table, DayChild.__table__)
ADD = insert(CHAIN)
MOVE_ON = (
    update(CHILDREN)
    .where(CHILDREN.c.id == bindparam("child"), CHILDREN.c.last_seq == bindparam("seen"))
    .values(last_seq=bindparam("seen") + 1)
)
MOVE_ALL_ON = (
    update(CHILDREN)
    .where(tuple_(CHILDREN.c.id, CHILDREN.c.last_seq).in_(bindparam("seen", expanding=True)))
    .values(last_seq=CHILDREN.c.last_seq + 1)
    .returning(CHILDREN.c.id)
)
LAST = (
    select(
        CHAIN.c.seq, CHAIN.c.step, CHAIN.c.holder, CHAIN.c.holder_id, CHAIN.c.holder_name, CHAIN.c.at, CHAIN.c.sha256
    )
    .add_columns(CareDay.closed_at)
    .join(CHILDREN, (CHILDREN.c.id == CHAIN.c.day_child_id) & (CHILDREN.c.last_seq == CHAIN.c.seq))
    .join(CareDay, CareDay.date == CHILDREN.c.date)
    .where(CHILDREN.c.id == bindparam("child"))
)
"""A child's last link, and when its day was closed."""
HOLD_DAY = (
    select(CareDay.date)
    .where(CareDay.date == select(CHILDREN.c.date).where(CHILDREN.c.id == bindparam("child")).scalar_subquery())
    .with_for_update(read=True, key_share=True)
)
"""PostgreSQL: the day is not sealed until this transaction is over; many may hold it at once."""


@dataclass(frozen=True)
class Side:
    """Who answers for a child: a teacher or an adult by name, the school before the roll, the family, or nobody."""

    kind: Holder
    person_id: int | None
    name: str


FAMILY = Side(Holder.FAMILY, None, "")
NOBODY = Side(Holder.NOBODY, None, "")


@dataclass(frozen=True)
class Link:
    """A step as it is to be appended. ``remark`` is a person's own words (a reason)."""

    step: Step
    to: Side
    proof: Proof = Proof.TAP
    remark: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    """When it happened, where that is not now: what is entered later from paper."""


def genesis(day: date, student_id: int) -> str:
    """What the first link of a chain is hashed over."""
    return hashlib.sha256(f"afterbell custody {day.isoformat()} {student_id}".encode()).hexdigest()


def link_hash(previous: str, link: Row | CustodyEvent) -> str:
    """SHA-256 over the link before and everything this one says, as JSON with sorted keys; instants in UTC."""
    said = [
        previous,
        link.seq,
        str(link.step),
        [str(link.giver), link.giver_id, link.giver_name],
        [str(link.holder), link.holder_id, link.holder_name],
        link.at.astimezone(UTC).isoformat(timespec="microseconds"),
        [link.by_id, link.by_name],
        str(link.proof),
        link.remark,
        link.data,
    ]
    written = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass
class Row:
    """A new link, complete but for its hash."""

    day_child_id: int
    seq: int
    step: Step
    giver: Holder
    giver_id: int | None
    giver_name: str
    holder: Holder
    holder_id: int | None
    holder_name: str
    at: datetime
    by_id: int | None
    by_name: str
    proof: Proof
    remark: str
    data: dict[str, Any]
    previous: str

    def as_values(self) -> dict[str, Any]:
        return {**self.__dict__, "sha256": link_hash(self.previous, self)}


def first_row(uow: UnitOfWork, day_child_id: int, day: date, student_id: int, link: Link) -> dict[str, Any]:
    """The values of a chain's first link: the school gives the child to whom the plan says."""
    assert may_follow(None, link.step)
    return _row(uow, day_child_id, 1, Side(Holder.SCHOOL, None, ""), link, genesis(day, student_id)).as_values()


def _row(uow: UnitOfWork, day_child_id: int, seq: int, giver: Side, link: Link, previous: str) -> Row:
    if link.to.kind not in HELD_BY[link.step]:
        raise ValueError(f"{link.to.kind} cannot hold a child after {link.step}")
    uow.changed = True
    return Row(
        day_child_id=day_child_id,
        seq=seq,
        step=link.step,
        giver=giver.kind,
        giver_id=giver.person_id,
        giver_name=giver.name,
        holder=link.to.kind,
        holder_id=link.to.person_id,
        holder_name=link.to.name,
        at=link.at or uow.now,
        by_id=uow.actor.person_id,
        by_name=uow.actor.name,
        proof=link.proof,
        remark=link.remark,
        data=link.data,
        previous=previous,
    )


class Last(Protocol):
    """A chain's last link, as it has just been read."""

    @property
    def seq(self) -> int: ...
    @property
    def step(self) -> Step: ...
    @property
    def holder(self) -> Holder: ...
    @property
    def holder_id(self) -> int | None: ...
    @property
    def holder_name(self) -> str: ...
    @property
    def sha256(self) -> str: ...


async def append(uow: UnitOfWork, day_child_id: int, link: Link, seen: int | None = None) -> int:
    """Appends a link and returns its number in the chain. ``seen``: the last number the caller's screen showed.

    Raises Conflict("stale") when the chain has grown since, when another process appends at the same moment, or when
    the step may not follow the last one; Conflict("day_closed") once the day is sealed.
    """
    if not uow.school.is_sqlite:
        await uow.connection.execute(HOLD_DAY, {"child": day_child_id})
    last = (await uow.connection.execute(LAST, {"child": day_child_id})).one()
    if last.closed_at is not None:
        raise Conflict("day_closed")
    if seen is not None and last.seq != seen:
        raise Conflict()
    await append_after(uow, day_child_id, last, link)
    return int(last.seq) + 1


async def append_after(uow: UnitOfWork, day_child_id: int, last: Last, link: Link) -> str:
    """Appends a link to a chain whose last one the caller has just read, on a day that it holds and that is not closed;
    returns its hash. Raises Conflict as ``append`` does."""
    if not may_follow(last.step, link.step):
        raise Conflict()
    moved = await uow.connection.execute(MOVE_ON, {"child": day_child_id, "seen": last.seq})
    if moved.rowcount != 1:
        raise Conflict()
    (sha256,) = await _add(uow, [_after(uow, day_child_id, last, link)])
    return sha256


async def append_to_all(uow: UnitOfWork, links: Sequence[tuple[int, Last, Link]]) -> dict[int, str]:
    """As ``append_after``, one link to each of several chains at once; returns the new hashes by child. A child whose
    chain has grown since it was read is left out. Raises Conflict where a step may not follow."""
    if not all(may_follow(last.step, link.step) for _child, last, link in links):
        raise Conflict()
    if not links:
        return {}
    seen = [(child, last.seq) for child, last, _link in links]
    moved = set((await uow.connection.execute(MOVE_ALL_ON, {"seen": seen})).scalars())
    rows = [_after(uow, child, last, link) for child, last, link in links if child in moved]
    return dict(zip((row.day_child_id for row in rows), await _add(uow, rows), strict=True))


def _after(uow: UnitOfWork, day_child_id: int, last: Last, link: Link) -> Row:
    giver = Side(last.holder, last.holder_id, last.holder_name)
    return _row(uow, day_child_id, last.seq + 1, giver, link, last.sha256)


async def _add(uow: UnitOfWork, rows: Sequence[Row]) -> list[str]:
    """Puts the links into the database; returns their hashes."""
    values = [row.as_values() for row in rows]
    if values:
        await uow.connection.execute(ADD, values if len(values) > 1 else values[0])
    return [str(one["sha256"]) for one in values]
