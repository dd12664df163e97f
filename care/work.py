"""One transaction: a command changes state and writes audit and letters; all of it commits once, at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from care.errors import NotAllowed
from care.permissions import Actor, Permission
from care.prepared import Prepared
from care.records.delivery import Class, Letter, LetterState
from care.records.office import Event
from care.savepoint import savepoint

if TYPE_CHECKING:
    from care.school import School

POSTED = "afterbell_posted"
"""PostgreSQL's channel by which the process that sends hears that another has posted letters."""

OF_THE_DAY = frozenset({"day", "session", "student"})
"""Subjects of audit events whose writing changes what the board of the day shows."""

Row = dict[str, Any]

EVENTS = cast(Table, Event.__table__)
LETTERS = cast(Table, Letter.__table__)
ADD_EVENTS = Prepared(insert(EVENTS))
ADD_LETTERS = {
    "sqlite": Prepared(sqlite.insert(LETTERS).on_conflict_do_nothing(index_elements=["unique_key"])),
    "postgresql": Prepared(postgresql.insert(LETTERS).on_conflict_do_nothing(index_elements=["unique_key"])),
}


class UnitOfWork:
    """What a command of ``care/`` works with. Made by ``School.work`` (commits) or ``School.look`` (reads only)."""

    def __init__(self, school: School, connection: AsyncConnection, actor: Actor, autoflush: bool = True) -> None:
        self.school = school
        self.connection = connection
        self.actor = actor
        self._autoflush = autoflush
        self._session: AsyncSession | None = None
        self._depth = 0
        """In how many other units this one stands."""
        self.now: datetime = school.clock.now()
        self.day: date = self.today
        """The care day under way (``care/day/now.py``): for children who are here, midnight ends no day."""
        self.posted = False
        self.changed = False
        """Something in the school day is changed: whoever watches it is told after the commit."""
        self.events: list[Row] = []
        self.letters: list[Row] = []

    @property
    def session(self) -> AsyncSession:
        """Of the same transaction, which ends with the unit: nobody commits or rolls back by it. Made when it is first
        asked for."""
        if self._session is None:
            how: dict[str, Any] = {"expire_on_commit": False, "join_transaction_mode": "rollback_only"}
            self._session = AsyncSession(self.connection, autoflush=self._autoflush, **how)
        return self._session

    @property
    def today(self) -> date:
        """The school's own date."""
        return self.now.astimezone(self.school.zone).date()

    def require(self, permission: Permission) -> None:
        """Raises NotAllowed unless some duty of the actor gives the right."""
        if not self.actor.system and not self.actor.may(permission):
            raise NotAllowed()

    def require_everywhere(self, permission: Permission) -> None:
        """Raises NotAllowed unless some duty of the actor gives the right for the whole school."""
        if not self.actor.may_everywhere(permission):
            raise NotAllowed()

    def record(self, action: str, subject: str, subject_id: int, remark: str = "", **data: Any) -> None:
        """Writes the audit event of what this transaction does."""
        self.changed = self.changed or subject in OF_THE_DAY
        self.events.append(
            {
                "at": self.now,
                "actor_id": self.actor.person_id,
                "actor_name": self.actor.name,
                "action": action,
                "subject": subject,
                "subject_id": subject_id,
                "remark": remark,
                "data": data,
            }
        )

    async def post(
        self,
        kind: str,
        to: int | Iterable[int],
        klass: Class = Class.ALARM,
        key: str | None = None,
        due: datetime | None = None,
        valid_until: datetime | None = None,
        **params: Any,
    ) -> int:
        """Posts a fact to one or several people (person ids); returns how many letters are new.

        ``key`` makes a letter unique for ever: posting the same key for the same person again does nothing.
        """
        people = [to] if isinstance(to, int) else list(dict.fromkeys(to))
        keys = {person: f"{key}:{person}" for person in people} if key else {}
        known = await self.known_keys(keys.values())
        new = [person for person in people if keys.get(person) not in known]
        for person in new:
            self.post_new(kind, person, klass, keys.get(person), due, valid_until, **params)
        return len(new)

    def post_new(
        self,
        kind: str,
        person_id: int,
        klass: Class,
        key: str | None,
        due: datetime | None = None,
        valid_until: datetime | None = None,
        **params: Any,
    ) -> None:
        """Posts a fact that its caller knows to be new. Where another one posts the same key meanwhile, nothing is
        added; ``key`` is the whole of it here."""
        self._write_letter(
            kind=kind,
            klass=klass,
            unique_key=key,
            person_id=person_id,
            params=params,
            due_at=due or self.now,
            valid_until=valid_until,
        )

    async def known_keys(self, keys: Iterable[str]) -> set[str]:
        """Which of these letters have been posted already."""
        wanted = list(keys)
        known = {letter["unique_key"] for letter in self.letters if letter["unique_key"]}.intersection(wanted)
        if wanted:
            query = select(LETTERS.c.unique_key).where(LETTERS.c.unique_key.in_(wanted))
            known.update(await self.session.scalars(query))
        return known

    def reply(
        self,
        channel: str,
        chat_id: int,
        method: str,
        payload: str,
        klass: Class = Class.REPLY,
        slot: str | None = None,
        key: str | None = None,
        **params: Any,
    ) -> None:
        """Posts a message that is already rendered. It supersedes one with the same ``slot`` that still waits. By its
        ``key``, which no other has, and ``params`` it is found again where it is to be drawn anew."""
        if slot:
            self.letters = [letter for letter in self.letters if letter["slot"] != slot]
        self._write_letter(
            kind="reply",
            klass=klass,
            slot=slot,
            unique_key=key,
            params=params,
            channel=channel,
            chat_id=chat_id,
            method=method,
            payload=payload,
            due_at=self.now,
        )

    def _write_letter(self, **wanted: Any) -> None:
        self.letters.append({**BLANK, "posted_at": self.now, **wanted})
        self.posted = True

    @asynccontextmanager
    async def part(self) -> AsyncIterator[UnitOfWork]:
        """A unit inside this one: when its block raises, it alone is undone; else it commits with the whole."""
        async with savepoint(self.connection, self._depth):
            part = UnitOfWork(self.school, self.connection, self.actor)
            part._depth = self._depth + 1
            part.now, part.day = self.now, self.day  # what it posts is due within the same transaction
            yield part
            await part.flush()
        self.events += part.events
        self.letters += part.letters
        self.posted = self.posted or part.posted
        self.changed = self.changed or part.changed

    async def flush(self) -> None:
        """Puts changed records into the database, where there are any."""
        session = self._session
        if session is not None and (session.new or session.dirty or session.deleted):
            await session.flush()

    async def write(self) -> None:
        """Puts audit events and letters into the database: the last thing before the commit."""
        await self.flush()
        if self.events:
            await ADD_EVENTS.run(self.connection, self.events)
        if self.letters:
            await ADD_LETTERS[self.connection.dialect.name].run(self.connection, self.letters)
        self.events, self.letters = [], []


BLANK: Row = {
    "unique_key": None,
    "slot": None,
    "person_id": None,
    "channel": None,
    "chat_id": None,
    "method": None,
    "payload": None,
    "params": {},
    "state": LetterState.WAITING,
    "attempts": 0,
    "valid_until": None,
    "error": "",
}
"""What a new letter is, unless it says otherwise."""
