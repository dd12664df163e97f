"""Letters and updates that need a person: failed, unsure, late or dead; tried again or dropped, with a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from care.errors import Conflict, NotFound
from care.permissions import Permission
from care.pickup.reminding import KIND as DISMISSAL
from care.records.delivery import DEAD, TOO_LATE, WAITS, Class, InboxState, Letter, LetterState, Update
from care.records.people import Contact, Person
from care.work import UnitOfWork

LATE = timedelta(minutes=10)
"""A letter that is due, or was tried in vain, for longer than this and still waits is shown."""
MISSED_SHOWN = timedelta(days=7)
DROPPED = "dropped by the office"
OPEN = (LetterState.FAILED, LetterState.REVIEW, LetterState.WAITING)


@dataclass(frozen=True)
class LetterRow:
    """A letter without its words: what it is about, for whom, since when, and what stands against it."""

    id: int
    kind: str
    klass: Class
    state: LetterState
    recipient: str
    posted_at: datetime
    attempts: int
    error: str


@dataclass(frozen=True)
class DeadUpdate:
    id: int
    channel: str
    sender: str
    received_at: datetime
    attempts: int
    error: str


def _needs_somebody(uow: UnitOfWork) -> ColumnElement[bool]:
    since = uow.now - LATE
    late = or_(Letter.due_at <= since, and_(Letter.error != "", Letter.posted_at <= since))
    stopped = Letter.state.in_((LetterState.FAILED, LetterState.REVIEW))
    return and_(Letter.sent_at.is_(None), or_(stopped, and_(Letter.state == LetterState.WAITING, late)))


async def troubled_letters(uow: UnitOfWork, offset: int = 0, limit: int = 50) -> tuple[list[LetterRow], int]:
    """Failed, for review, and late; newest first."""
    uow.require(Permission.SEE_OUTBOX)
    total = await uow.session.scalar(select(func.count()).select_from(Letter).where(_needs_somebody(uow)))
    owner = select(Contact.person_id).where(Contact.channel == Letter.channel, Contact.chat_id == Letter.chat_id)
    query = (
        select(Letter, Person.name)
        .outerjoin(Person, Person.id == func.coalesce(Letter.person_id, owner.scalar_subquery()))
        .where(_needs_somebody(uow))
        .order_by(Letter.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        LetterRow(
            letter.id,
            letter.kind,
            Class(letter.klass),
            letter.state,
            name or letter.channel or "",
            letter.posted_at,
            letter.attempts,
            first_line(letter.error),
        )
        for letter, name in await uow.session.execute(query)
    ], total or 0


@dataclass(frozen=True)
class MissedReminder:
    """A guardian who was not reminded in time, and of which date."""

    id: int
    recipient: str
    day: date
    due_at: datetime


async def missed_reminders(uow: UnitOfWork, limit: int = 50) -> tuple[list[MissedReminder], int]:
    """Dismissal reminders of the last week that could not go out while they were of use, newest first; and how many
    there are."""
    uow.require(Permission.SEE_OUTBOX)
    since = uow.today - MISSED_SHOWN
    missed = and_(
        Letter.unique_key > f"{DISMISSAL}:{since}",
        Letter.unique_key < f"{DISMISSAL}:{uow.today + timedelta(days=1)}",
        Letter.kind == DISMISSAL,
        Letter.state == LetterState.LAPSED,
        Letter.error == TOO_LATE,
    )
    total = await uow.session.scalar(select(func.count()).select_from(Letter).where(missed))
    query = (
        select(Letter.id, Person.name, Letter.due_at)
        .join(Person, Person.id == Letter.person_id)
        .where(missed)
        .order_by(Letter.id.desc())
        .limit(limit)
    )
    zone = uow.school.zone
    return [
        MissedReminder(number, name, due_at.astimezone(zone).date(), due_at)
        for number, name, due_at in await uow.session.execute(query)
    ], total or 0


def first_line(error: str) -> str:
    """An error without the lines of code below it."""
    lines = [line for line in error.strip().splitlines() if line.strip()]
    return (lines[-1] if lines else "")[:200]


async def dead_updates(uow: UnitOfWork, limit: int = 50) -> list[DeadUpdate]:
    """Messages that came in and could not be handled, newest first."""
    uow.require(Permission.SEE_OUTBOX)
    query = (
        select(Update, Person.name)
        .outerjoin(Contact, and_(Contact.channel == Update.channel, Contact.chat_id == Update.chat_id))
        .outerjoin(Person, Person.id == Contact.person_id)
        .where(Update.state == DEAD)
        .order_by(Update.id.desc())
        .limit(limit)
    )
    return [
        DeadUpdate(u.id, u.channel, name or "", u.received_at, u.attempts, first_line(u.error))
        for u, name in await uow.session.execute(query)
    ]


async def _letter(uow: UnitOfWork, letter_id: int) -> Letter:
    uow.require(Permission.SEE_OUTBOX)
    letter = await uow.session.get(Letter, letter_id, with_for_update=True)
    if letter is None:
        raise NotFound()
    if letter.state not in OPEN:
        raise Conflict("already_settled")
    return letter


async def retry_letter(uow: UnitOfWork, letter_id: int) -> None:
    """Sends a letter again, even where its time has passed: somebody decided that it is still of use."""
    letter = await _letter(uow, letter_id)
    letter.state, letter.attempts, letter.error = LetterState.WAITING, 0, ""
    letter.due_at, letter.valid_until = uow.now, None
    uow.posted = True
    uow.record("letter_retried", "letter", letter_id, kind=letter.kind)


async def drop_letter(uow: UnitOfWork, letter_id: int) -> None:
    letter = await _letter(uow, letter_id)
    letter.state, letter.payload, letter.error = LetterState.LAPSED, None, letter.error or DROPPED
    uow.record("letter_dropped", "letter", letter_id, kind=letter.kind)


async def _dead(uow: UnitOfWork, update_id: int) -> Update:
    uow.require(Permission.SEE_OUTBOX)
    update = await uow.session.get(Update, update_id, with_for_update=True)
    if update is None:
        raise NotFound()
    if update.state is not InboxState.DEAD:
        raise Conflict("already_settled")
    return update


async def retry_update(uow: UnitOfWork, update_id: int) -> None:
    update = await _dead(uow, update_id)
    update.state, update.attempts, update.retry_at = InboxState.WAITING, 0, None
    uow.posted = True
    uow.record("update_retried", "update", update_id)


async def drop_update(uow: UnitOfWork, update_id: int) -> None:
    update = await _dead(uow, update_id)
    update.state, update.done_at, update.payload = InboxState.DONE, uow.now, ""
    uow.record("update_dropped", "update", update_id)


@dataclass(frozen=True)
class Backlog:
    """How much waits where. Ages are whole seconds of the longest waiting, 0 where nothing waits."""

    inbox_waiting: int
    inbox_oldest: int
    inbox_dead: int
    outbox_waiting: dict[Class, int]
    outbox_oldest: int
    outbox_review: int
    outbox_failed: int

    @property
    def troubles(self) -> int:
        return self.inbox_dead + self.outbox_review + self.outbox_failed


async def backlog(uow: UnitOfWork) -> Backlog:
    """Numbers only, nothing personal; for the start page and for monitoring."""
    inbox: dict[InboxState, tuple[int, datetime | None]] = {}
    for state in (WAITS, DEAD):
        incoming = select(Update.state, func.count(), func.min(Update.received_at)).where(Update.state == state)
        inbox |= {row[0]: (row[1], row[2]) for row in await uow.session.execute(incoming.group_by(Update.state))}
    begun = case((Letter.error != "", Letter.posted_at), else_=Letter.due_at)  # each try in vain makes it due later
    outgoing = (
        select(Letter.state, Letter.klass, func.count(), func.min(begun))
        .where(Letter.state.in_(OPEN), Letter.sent_at.is_(None))
        .group_by(Letter.state, Letter.klass)
    )
    letters = [(state, Class(klass), n, at) for state, klass, n, at in await uow.session.execute(outgoing)]
    waiting = {klass: n for state, klass, n, _ in letters if state is LetterState.WAITING}
    due = [at for state, _, _, at in letters if state is LetterState.WAITING]
    nothing: tuple[int, datetime | None] = (0, None)
    return Backlog(
        inbox_waiting=inbox.get(InboxState.WAITING, nothing)[0],
        inbox_oldest=_age(uow, inbox.get(InboxState.WAITING, nothing)[1]),
        inbox_dead=inbox.get(InboxState.DEAD, nothing)[0],
        outbox_waiting={klass: waiting.get(klass, 0) for klass in Class},
        outbox_oldest=_age(uow, min(due, default=None)),
        outbox_review=sum(n for state, _, n, _ in letters if state is LetterState.REVIEW),
        outbox_failed=sum(n for state, _, n, _ in letters if state is LetterState.FAILED),
    )


def _age(uow: UnitOfWork, since: datetime | None) -> int:
    return max(0, int((uow.now - since).total_seconds())) if since else 0
