"""The ledger: closing a day seals its chains into one root over that of the day before; verifying walks it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from care.custody.chain import genesis, link_hash
from care.custody.steps import may_follow
from care.records.day import CareDay, CustodyEvent, DayChild, Holder
from care.work import UnitOfWork


def day_root(previous: str | None, day: date, heads: Iterable[tuple[int, str]]) -> str:
    """The root of a day: SHA-256 over the root of the day closed before and every child's last link, by student."""
    said = [previous or "", day.isoformat(), sorted(heads)]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


async def last_root(uow: UnitOfWork) -> str | None:
    """The root of the day that was closed last, or None before the first."""
    query = (
        select(CareDay.root).where(CareDay.root.is_not(None)).order_by(CareDay.closed_at.desc(), CareDay.date.desc())
    )
    return (await uow.session.scalars(query.limit(1))).first()


async def heads_of(uow: UnitOfWork, day: date) -> list[tuple[int, str]]:
    """Each child's student id and the hash of the last link."""
    query = (
        select(DayChild.student_id, CustodyEvent.sha256)
        .join(CustodyEvent, (CustodyEvent.day_child_id == DayChild.id) & (CustodyEvent.seq == DayChild.last_seq))
        .where(DayChild.date == day)
    )
    return [(student, sha256) for student, sha256 in await uow.session.execute(query)]


@dataclass(frozen=True)
class Flaw:
    """The first row that does not fit. ``row`` is its id in ``table``; ``day`` where it belongs."""

    table: str
    row: int | str
    day: date
    what: str


@dataclass(frozen=True)
class Verified:
    """How much was walked. ``root`` is the last seal: who keeps it elsewhere can tell whether all was computed anew."""

    days: int
    links: int
    sealed: int = 0
    root: str | None = None


async def verify(uow: UnitOfWork) -> Verified | Flaw:
    """Walks all days in the order in which they were sealed, and each chain from its first link."""
    days = list(await uow.session.scalars(select(CareDay).order_by(CareDay.closed_at.is_(None), CareDay.closed_at)))
    links, sealed, root = 0, 0, None
    for care_day in days:
        heads: list[tuple[int, str]] = []
        async for child, chain in _chains(uow, care_day.date):
            flaw = _chain_flaw(care_day.date, child, chain)
            if flaw is not None:
                return flaw
            links += len(chain)
            heads.append((child.student_id, chain[-1].sha256))
        if care_day.root is None:
            continue
        if care_day.previous_root != root or care_day.root != day_root(root, care_day.date, heads):
            return Flaw("care_day", care_day.date.isoformat(), care_day.date, "the day's seal does not fit its chains")
        root = care_day.root
        sealed += 1
    return Verified(len(days), links, sealed, root)


async def _chains(uow: UnitOfWork, day: date) -> AsyncIterator[tuple[DayChild, list[CustodyEvent]]]:
    children = list(await uow.session.scalars(select(DayChild).where(DayChild.date == day).order_by(DayChild.id)))
    query = select(CustodyEvent).join(DayChild).where(DayChild.date == day)
    chains: dict[int, list[CustodyEvent]] = {child.id: [] for child in children}
    for link in await uow.session.scalars(query.order_by(CustodyEvent.day_child_id, CustodyEvent.seq)):
        chains[link.day_child_id].append(link)
    for child in children:
        yield child, chains[child.id]


def _chain_flaw(day: date, child: DayChild, chain: list[CustodyEvent]) -> Flaw | None:
    holder: tuple[Holder, int | None, str] = (Holder.SCHOOL, None, "")
    previous, step = genesis(day, child.student_id), None
    for number, link in enumerate(chain, start=1):
        what = ""
        if link.seq != number or link.previous != previous:
            what = "it does not follow the link before"
        elif link.sha256 != link_hash(previous, link):
            what = "its hash does not fit what it says"
        elif (link.giver, link.giver_id, link.giver_name) != holder or not may_follow(step, link.step):
            what = "nobody could have taken this step then"
        if what:
            return Flaw("custody", link.id, day, what)
        previous, step = link.sha256, link.step
        holder = (link.holder, link.holder_id, link.holder_name)
    if child.last_seq != len(chain) or not chain:
        return Flaw("day_child", child.id, day, "links are missing at the end of its chain")
    return None
