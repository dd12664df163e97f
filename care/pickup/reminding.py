"""The reminder before each wave: one letter a guardian and wave, for the children who are here and of whom nobody has
said yet who comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, literal, select, update
from sqlalchemy.orm import aliased

from care.custody.chain import CHAIN
from care.custody.steps import HERE
from care.extended.session import session_on, staying
from care.missing import found_at
from care.records.day import CareSession, DayChild
from care.records.delivery import Letter, LetterState
from care.records.people import Guardianship, Person
from care.records.pickup import PickupPlan
from care.work import UnitOfWork

KIND = "dismissal"
USEFUL_FOR = timedelta(minutes=30)
"""After the session's end; a reminder that could not go out until then has been missed."""


def dismissal_key(day: date, wave: int, person_id: int, student_id: int | None = None) -> str:
    """The key of a guardian's reminder; with a student that of a child who came when the wave's was posted already."""
    key = f"{KIND}:{day}:{wave}:{person_id}"
    return key if student_id is None else f"{key}:{student_id}"


def as_listed(student_ids: Iterable[int]) -> str:
    """The children of a reminder as its letter notes them: each between commas, so that a query can find one."""
    return "".join(f",{number}" for number in student_ids) + ","


def listed(written: str) -> list[int]:
    return [int(number) for number in written.split(",") if number]


@dataclass(frozen=True)
class DueReminder:
    """A reminder that is not posted yet. ``at``: when it should go out, at the earliest when the first of its children
    was here; ``until``: how long it is of use."""

    key: str
    person_id: int
    wave: int
    children: tuple[int, ...]
    at: datetime
    until: datetime


async def due_reminders(uow: UnitOfWork, minutes: int) -> list[DueReminder]:
    """Today's reminders that are due (``minutes`` before the session's end, which follows an early end) and new. Of a
    child that comes, or is found, after the end no family is reminded any more: the uncollected clock tells it."""
    ahead = uow.now + timedelta(minutes=minutes)
    near = select(CareSession.id).where(CareSession.date == uow.today, CareSession.ends_at <= ahead)
    if await uow.session.scalar(near.limit(1)) is None:
        return []
    found: dict[str, DueReminder] = {}
    stay = await staying(uow, uow.today)
    extended = await session_on(uow, uow.today)
    stayers = stay.students if stay else frozenset()
    rows = list(await uow.session.execute(_due(uow.today, ahead).where(DayChild.student_id.not_in(stayers))))
    if extended is not None and extended.ends_at <= ahead:
        rows += await uow.session.execute(_due(uow.today, ahead, extended.id).where(DayChild.student_id.in_(stayers)))
    for row in rows:
        if max(row.here_since, row.found_at or row.here_since) >= row.ends_at:
            continue
        key = dismissal_key(uow.today, row.wave, row.person_id, row.student_id if row.known else None)
        other = found.get(key)
        at = max(row.ends_at - timedelta(minutes=minutes), row.here_since)
        until = row.ends_at + USEFUL_FOR
        if other is not None:
            at, until = min(at, other.at), max(until, other.until)
        children = (*(other.children if other else ()), row.student_id)
        found[key] = DueReminder(key, row.person_id, row.wave, children, at, until)
    return list(found.values())


def _due(day: date, ahead: datetime, session_id: int | None = None) -> Select[Any]:
    """Every guardian with a child who is here, whose way out is near, and of whom nobody has said who comes; not those
    whose letter names the child. The way out is by the child's class, unless another session is given."""
    leaves_from = CareSession.id == (DayChild.session_id if session_id is None else session_id)
    base: ColumnElement[str] = literal(f"{KIND}:{day}:") + cast(CareSession.wave, String)
    base = base + ":" + cast(Guardianship.person_id, String)
    child: ColumnElement[str] = cast(DayChild.student_id, String)
    named = Letter.params["children"].as_string().contains(literal(",") + child + ",")
    sayer = aliased(Guardianship)
    said = (
        exists()
        .where(PickupPlan.date == day, PickupPlan.student_id == DayChild.student_id)
        .where(sayer.student_id == DayChild.student_id, sayer.person_id == PickupPlan.said_by)
        .where(sayer.restricted.is_(False))
    )
    links = CHAIN.alias()
    here_since = (
        select(func.min(links.c.at))
        .where(links.c.day_child_id == DayChild.id, links.c.step.in_(HERE))
        .scalar_subquery()
    )
    known = exists().where(Letter.unique_key == base)
    return (
        select(CareSession.wave, CareSession.ends_at, DayChild.student_id, Guardianship.person_id)
        .add_columns(known.label("known"), here_since.label("here_since"))
        .add_columns(found_at(DayChild.id).label("found_at"))
        .select_from(DayChild)
        .join(CareSession, leaves_from)
        .join(CHAIN, (CHAIN.c.day_child_id == DayChild.id) & (CHAIN.c.seq == DayChild.last_seq))
        .join(Guardianship, Guardianship.student_id == DayChild.student_id)
        .where(DayChild.date == day, CareSession.ends_at <= ahead)
        .where(CHAIN.c.step.in_(HERE), Guardianship.restricted.is_(False), ~said)
        .where(~exists().where(Letter.unique_key == base, named))
        .where(~exists().where(Letter.unique_key == base + ":" + child))
        .order_by(CareSession.ends_at, CareSession.id, DayChild.number, Guardianship.id)
    )


@dataclass(frozen=True)
class SentReminder:
    """A reminder on somebody's screen: where it stands, to be edited when it has been acted on."""

    person_id: int
    wave: int
    language: str | None
    channel: str
    chat_id: int
    message_id: int
    children: frozenset[int]


async def reminders_of(
    uow: UnitOfWork, day: date, wave: int, people: Collection[int], student_ids: Collection[int]
) -> list[SentReminder]:
    """The wave's reminders that these people have been sent."""
    query = (
        select(Letter, Person.language)
        .join(Person, Person.id == Letter.person_id)
        .where(Letter.unique_key.in_(_keys(day, wave, people, student_ids)))
        .where(Letter.state == LetterState.SENT, Letter.message_id.is_not(None))
    )
    return [
        SentReminder(
            letter.person_id or 0,
            wave,
            language,
            letter.channel or "",
            letter.chat_id or 0,
            letter.message_id or 0,
            frozenset(listed(letter.params["children"])),
        )
        for letter, language in await uow.session.execute(query)
    ]


def _keys(day: date, wave: int, people: Iterable[int], student_ids: Collection[int]) -> list[str]:
    return [dismissal_key(day, wave, person, number) for person in people for number in (None, *student_ids)]


async def lapse_waiting(
    uow: UnitOfWork, day: date, wave: int, people: Collection[int], student_ids: Collection[int]
) -> None:
    """The wave's reminders that have not gone out yet lapse, where somebody has said who comes for each child named."""
    query = select(Letter.id, Letter.params).where(
        Letter.unique_key.in_(_keys(day, wave, people, student_ids)), Letter.state == LetterState.WAITING
    )
    waiting = {number: set(listed(params["children"])) for number, params in await uow.session.execute(query)}
    if not waiting:
        return
    named = set().union(*waiting.values())
    plans = select(PickupPlan.student_id).where(PickupPlan.date == day, PickupPlan.student_id.in_(named))
    settled = set(await uow.session.scalars(plans))
    done = [number for number, children in waiting.items() if children <= settled]
    lapse = update(Letter).where(Letter.id.in_(done), Letter.state == LetterState.WAITING)
    await uow.session.execute(lapse.values(state=LetterState.LAPSED))
