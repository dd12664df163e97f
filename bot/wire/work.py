"""Work: takes the oldest update whose chat has no older unfinished one, and handles it in one transaction.

Chats run side by side, a chat runs in order. Facts, conversation state, replies and "done" commit together. What fails
is tried again; after a few times it is put aside, the person gets an apology, and the office sees it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import aliased
from telegram import Update as TelegramUpdate

from bot.wire.channel import Channel
from bot.wire.turn import Opening, Turn, _opening
from care.errors import CareError
from care.people import actor_for, person_of_chat
from care.permissions import NOBODY
from care.records.delivery import InboxState, Update
from care.school import School
from care.work import UnitOfWork
from locales import LANGUAGES, words

ATTEMPTS = 3
BACKOFF_S = (1, 5, 15)
LOOK_EVERY_S = 1.0
AT_ONCE = 4
PATIENCE = 5
"""How often an update may meet a database in trouble before that counts as its own fault."""

log = structlog.get_logger()

Answer = Callable[[Turn, CareError], Awaitable[None]]
Instead = Callable[[Turn], Awaitable[None]]


def language_of(school: School, person_language: str | None, code: str | None) -> str:
    """The person's own choice, or what their app speaks, or the school's language."""
    if person_language:
        return person_language
    if code:
        return LANGUAGES[0] if code.lower().startswith("zh") else "en"
    return school.language


class Worker:
    """Works the inbox. PostgreSQL: several at once, in several processes, by row locks; SQLite: one."""

    def __init__(self, school: School, channels: Mapping[str, Channel], refuse: Answer, apologise: Instead) -> None:
        self.school = school
        self.channels = channels
        self.refuse = refuse
        self.apologise = apologise
        self._arrived = asyncio.Event()
        self._stopping = False
        self._waited: dict[int, int] = {}

    def stop(self) -> None:
        """Finishes what is in hand and takes no more."""
        self._stopping = True
        self._arrived.set()

    def arrived(self) -> None:
        """Something new stands in the inbox."""
        self._arrived.set()

    async def run(self) -> None:
        """Works until stopped."""
        hands = 1 if self.school.is_sqlite else AT_ONCE
        async with asyncio.TaskGroup() as group:
            for _ in range(hands):
                group.create_task(self._run_one())

    async def _run_one(self) -> None:
        while not self._stopping:
            self._arrived.clear()
            try:
                busy = await self.work_one()
            except Exception as error:  # noqa: BLE001 - the loop must live; what failed stays in the inbox
                log.error("the inbox cannot be worked", error=type(error).__name__, text=str(error)[:200])
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            if not busy:
                try:
                    await asyncio.wait_for(self._arrived.wait(), LOOK_EVERY_S)
                except TimeoutError:
                    continue

    async def work_one(self) -> bool:
        """Handles one update; False when none is ready. Whatever a handler does is undone when it raises, and the
        update stays locked until what came of it is written down."""
        async with self.school.work() as uow:
            row = await self._take(uow)
            if row is None:
                return False
            payload = json.loads(row.payload)
            error = await self._handled(uow, row, payload)
            if error is not None and _is_the_database(error) and self._may_wait(row.id):
                raise error
            self._waited.pop(row.id, None)
            if error is not None:
                log.error("an update failed", update=row.id, error=type(error).__name__, exc_info=error)
                await self._failed(uow, row, payload, type(error).__name__)
            else:
                row.state = InboxState.DONE
                row.done_at = uow.now
                row.payload = ""
        return True

    async def _handled(self, uow: UnitOfWork, row: Update, payload: dict[str, Any]) -> Exception | None:
        """Lets the chat handle the update, or say what a rule said; gives back what broke, undone."""
        try:
            async with uow.session.begin_nested():
                if _is_private(payload):
                    await self._turn(uow, row, payload)
        except CareError as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - the caller counts it, or lets it wait for the database
            return error
        else:
            return None
        try:
            async with uow.session.begin_nested():
                await self._turn(uow, row, payload, instead=lambda turn: self.refuse(turn, refusal))
        except Exception as error:  # noqa: BLE001 - as above
            return error
        return None

    def _may_wait(self, update_id: int) -> bool:
        """A database in trouble is waited for, but an update that alone brings it about is not waited for for ever."""
        self._waited[update_id] = self._waited.get(update_id, 0) + 1
        return self._waited[update_id] <= PATIENCE

    async def _take(self, uow: UnitOfWork) -> Update | None:
        older = aliased(Update)
        blocked = select(older.id).where(
            older.state == InboxState.WAITING,
            older.channel == Update.channel,
            older.chat_id == Update.chat_id,
            older.id < Update.id,
        )
        query = (
            select(Update)
            .where(
                Update.state == InboxState.WAITING,
                Update.channel.in_([name for name, channel in self.channels.items() if channel.is_open]),
                or_(Update.retry_at.is_(None), Update.retry_at <= uow.now),
                ~and_(blocked.exists()),
            )
            .order_by(Update.id)
            .limit(1)
            .with_for_update(of=Update, skip_locked=True)
        )
        return (await uow.session.scalars(query)).first()

    async def _turn(
        self,
        uow: UnitOfWork,
        row: Update,
        payload: dict[str, Any],
        instead: Instead | None = None,
    ) -> None:
        channel = self.channels[row.channel]
        query = payload.get("callback_query")
        if query and "message" in query:  # nobody reads the tapped message's own buttons: do not parse them
            query["message"].pop("reply_markup", None)
        uow.actor = NOBODY
        update = TelegramUpdate.de_json(payload, channel.bot)
        person = await person_of_chat(uow, row.channel, row.chat_id)
        actor = await actor_for(uow, person) if person else NOBODY
        uow.actor = actor
        code = update.effective_user.language_code if update.effective_user else None
        language = language_of(self.school, person.language if person else None, code)
        opening = Opening(uow, row.channel, row.chat_id, words(language, "chat"), person, actor)
        token = _opening.set(opening)
        try:
            if instead is not None:
                await instead(Turn.from_update(update, channel.chat))
                return
            await channel.chat.process_update(update)
        finally:
            _opening.reset(token)
        if opening.error is not None:
            raise opening.error

    async def _failed(self, uow: UnitOfWork, row: Update, payload: dict[str, Any], error: str) -> None:
        """Counts the try; after the last one the update is put aside, with an apology where one can be made."""
        row.attempts += 1
        row.error = error
        if row.attempts < ATTEMPTS:
            row.retry_at = uow.now + timedelta(seconds=BACKOFF_S[row.attempts - 1])
            return
        row.state = InboxState.DEAD
        row.done_at = uow.now
        uow.record("update_put_aside", "update", row.id, error)
        try:
            async with uow.session.begin_nested():
                await self._turn(uow, row, payload, instead=self.apologise)
        except Exception as second:  # noqa: BLE001 - the update is put aside all the same; the office sees it
            log.error("no apology could be made", update=row.id, error=type(second).__name__)


def _is_the_database(error: Exception) -> bool:
    """Whether the database itself is in trouble: then nothing can be written down, and the update simply waits."""
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _is_private(payload: dict[str, Any]) -> bool:
    for name in ("message", "my_chat_member"):
        if name in payload:
            return bool(payload[name]["chat"].get("type") == "private")
    message = payload.get("callback_query", {}).get("message")
    return message is None or bool(message["chat"].get("type") == "private")
