"""One transaction: a command changes state and writes audit and letters; all of it commits once, at the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from care.errors import NotAllowed
from care.permissions import Actor, Permission
from care.records.delivery import Class, Letter, LetterState
from care.records.office import Event

if TYPE_CHECKING:
    from care.school import School


class UnitOfWork:
    """What a command of ``care/`` works with. Made by ``School.work`` (commits) or ``School.look`` (reads only)."""

    def __init__(self, school: School, session: AsyncSession, actor: Actor) -> None:
        self.school = school
        self.session = session
        self.actor = actor
        self.now: datetime = school.clock.now()
        self.posted = False

    @property
    def today(self) -> date:
        """The school's own date."""
        return self.now.astimezone(self.school.zone).date()

    def require(self, permission: Permission) -> None:
        """Raises NotAllowed unless some duty of the actor gives the right."""
        if not self.actor.system and not self.actor.may(permission):
            raise NotAllowed()

    def record(self, action: str, subject: str, subject_id: int, remark: str = "", **data: Any) -> None:
        """Writes the audit event of what this transaction does."""
        self.session.add(
            Event(
                at=self.now,
                actor_id=self.actor.person_id,
                actor_name=self.actor.name,
                action=action,
                subject=subject,
                subject_id=subject_id,
                remark=remark,
                data=data,
            )
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
        keys = {f"{key}:{person}": person for person in people} if key else {}
        if keys:
            known = select(Letter.unique_key).where(Letter.unique_key.in_(list(keys)))
            for old in (await self.session.scalars(known)).all():
                people.remove(keys[str(old)])
        for person in people:
            self.session.add(
                Letter(
                    kind=kind,
                    klass=klass,
                    unique_key=f"{key}:{person}" if key else None,
                    person_id=person,
                    params=params,
                    posted_at=self.now,
                    due_at=due or self.now,
                    valid_until=valid_until,
                )
            )
        self.posted = self.posted or bool(people)
        return len(people)

    async def reply(
        self, channel: str, chat_id: int, method: str, payload: str, klass: Class = Class.REPLY, slot: str | None = None
    ) -> Letter:
        """Posts a message that is already rendered. A waiting letter with the same ``slot`` is superseded."""
        if slot:
            await self.session.execute(
                update(Letter)
                .where(Letter.slot == slot, Letter.state == LetterState.WAITING)
                .values(state=LetterState.SUPERSEDED, payload=None)
            )
        letter = Letter(
            kind="reply",
            klass=klass,
            slot=slot,
            channel=channel,
            chat_id=chat_id,
            method=method,
            payload=payload,
            params={},
            posted_at=self.now,
            due_at=self.now,
        )
        self.session.add(letter)
        self.posted = True
        return letter
