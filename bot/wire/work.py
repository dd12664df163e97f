"""Work: each chat's oldest update is handled, each in a part of the round that can be undone by itself.

Chats run side by side, a chat runs in order. What a handler did, what it said and "done" commit together. What fails is
tried again, alone; after a few times it is put aside, the person gets an apology, and the office sees it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from telegram import Update as TelegramUpdate

from bot.wire import plain, updates
from bot.wire.channel import Channel
from bot.wire.turn import Opening, Turn, _opening
from bot.wire.updates import Waiting
from bot.wire.voice import Voice
from care.errors import CareError
from care.linking import set_reach
from care.records.delivery import InboxState, Update
from care.records.people import Reach
from care.school import School
from care.work import UnitOfWork
from locales import LANGUAGES, words

AT_ONCE = 16
"""Chats whose updates share a round."""
ATTEMPTS = 3
BACKOFF_S = (1, 5, 15)
HANDLE_WITHIN_S = 2.0
"""How long a handler may take while others wait for the round to end."""
BEGIN_WITHIN_S = 0.5
"""No further one is begun in a round that has handled for so long."""
ALONE_WITHIN_S = 10.0
"""How long it may take when it is tried again, where nobody waits for it (PostgreSQL)."""
PATIENCE = 5
"""How often an update may meet a database in trouble before that counts as its own fault."""

log = structlog.get_logger()

Handled = Callable[[Turn], Awaitable[None]]


class Broken(Exception):
    """An update met a database in trouble: the whole transaction is lost, and the update is tried again alone."""

    def __init__(self, row: Waiting, error: Exception) -> None:
        super().__init__(f"update {row.id}: {type(error).__name__}")
        self.row = row
        self.error = error

    @property
    def took_too_long(self) -> bool:
        """Its handler was cut off in the middle of a statement: that is the update's own fault."""
        cause: BaseException | None = self.error
        while cause is not None and not isinstance(cause, TimeoutError):
            cause = cause.__cause__ or cause.__context__
        return cause is not None


class Worker:
    """Handles what stands in the inbox. PostgreSQL: any number of processes, by row locks; SQLite: one."""

    look_every_s = 1.0

    def __init__(self, school: School, channels: Mapping[str, Channel], voice: Voice) -> None:
        self.school = school
        self.channels = channels
        self.voice = voice
        self._doubtful: dict[int, int] = {}

    async def handle_fresh(self, round_: UnitOfWork, by_itself: bool = False) -> bool:
        """Handles the next updates of up to 16 chats. True when more may be ready. ``by_itself``: what each says is
        written in its own part, where a database that refuses it stands in nobody else's way."""
        wanted: dict[str, Any] = {"most": AT_ONCE}
        if self._doubtful:
            wanted["doubtful"] = list(self._doubtful)
        query = updates.fresh(self._open(), bool(self._doubtful))
        rows = updates.waiting(await query.rows(round_.connection, wanted))
        done: list[int] = []
        more = len(rows) == AT_ONCE
        until = time.monotonic() + BEGIN_WITHIN_S
        for row in rows:
            if time.monotonic() > until:  # the slow ones before it have taken the round's time
                more = True
                break
            if await self._handle(round_, row, HANDLE_WITHIN_S, by_itself):
                done.append(row.id)
        await self._mark_done(round_, done)
        return more

    async def run_again(self) -> None:
        """Tries again, one at a time and each in a transaction of its own, what failed or met a database in trouble."""
        while True:
            try:
                busy = await self.handle_again()
            except Exception as error:  # noqa: BLE001 - the loop must live; the update stays in the inbox
                log.error("an update cannot be tried again", error=type(error).__name__)
                busy = False
            if not busy:
                await asyncio.sleep(self.look_every_s)

    async def handle_again(self) -> bool:
        """Tries one failed update again; False when none is due."""
        within_s = HANDLE_WITHIN_S if self.school.is_sqlite else ALONE_WITHIN_S
        try:
            async with self.school.work() as uow:
                wanted = {"most": 1, "now": uow.now, "doubtful": list(self._doubtful)}
                found = (await uow.connection.execute(updates.again(self._open()), wanted)).all()
                rows = updates.waiting(found)
                done = [row.id for row in rows if await self._handle(uow, row, within_s, by_itself=True)]
                await self._mark_done(uow, done)
        except Broken as broken:
            if self._doubtful[broken.row.id] <= PATIENCE and not broken.took_too_long:
                raise
            rows = [broken.row]
            async with self.school.work() as uow:
                await self._count(uow, broken.row, broken.error)
        if not rows:
            self._doubtful.clear()  # other processes have done with them
        for row in rows:
            self._doubtful.pop(row.id, None)
        return bool(rows)

    def _open(self) -> tuple[str, ...]:
        return tuple(name for name, channel in self.channels.items() if channel.is_open)

    async def _mark_done(self, uow: UnitOfWork, ids: list[int]) -> None:
        if ids:
            await updates.DONE.run(uow.connection, [{"update": id_, "now": uow.now} for id_ in ids])

    async def _handle(self, round_: UnitOfWork, row: Waiting, within_s: float, by_itself: bool) -> bool:
        """Lets the chat handle an update, or say what a rule said. False when it broke: that is counted, and nothing
        else of it is left."""
        try:
            try:
                await self._let(round_, row, within_s, by_itself)
            except CareError as refusal:
                error = refusal
                await self._let(round_, row, within_s, by_itself, lambda turn: self.voice.refuse(turn, error))
        except Exception as error:
            if _is_the_database(error) or round_.connection.invalidated:  # cut off half-way, its transaction is gone
                self._doubtful[row.id] = self._doubtful.get(row.id, 0) + 1
                raise Broken(row, error) from error
            await self._count(round_, row, error)
            return False
        self.school.reached("handled")
        return True

    async def _let(
        self, round_: UnitOfWork, row: Waiting, within_s: float, by_itself: bool, say: Handled | None = None
    ) -> None:
        """One part of the round: the chat's handlers, or ``say`` in their place. Leaves no trace when it raises."""
        payload = plain.read(row.payload)
        if not _is_private(payload):
            return
        tapped = payload.get("callback_query", {}).pop("message", {}).get("message_id")
        async with round_.part() as part, asyncio.timeout(within_s):
            channel = self.channels[row.channel]
            update = TelegramUpdate.de_json(payload, channel.bot)
            person, part.actor = row.person, row.actor
            if person and person.reach is not Reach.REACHABLE and update.my_chat_member is None:
                await set_reach(part, row.channel, row.chat_id, Reach.REACHABLE)  # who writes can be written to
            code = update.effective_user.language_code if update.effective_user else None
            language = language_of(self.school, person.language if person else None, code)
            opening = Opening(part, row.channel, row.chat_id, tapped, words(language, "chat"), person, part.actor)
            token = _opening.set(opening)
            try:
                if say is None:
                    await channel.chat.process_update(update)
                else:
                    await say(Turn.from_update(update, channel.chat))
            finally:
                _opening.reset(token)
            if opening.error is not None:
                raise opening.error
            if by_itself:
                await part.write()

    async def _count(self, round_: UnitOfWork, row: Waiting, error: Exception) -> None:
        """Counts the try; after the last one the update is put aside, with an apology where one can be made."""
        log.error("an update failed", update=row.id, error=type(error).__name__, exc_info=error)
        update_ = await round_.session.get_one(Update, row.id, with_for_update=True)
        if update_.state is not InboxState.WAITING:  # another process has done with it
            return
        update_.attempts += 1
        update_.error = type(error).__name__
        if update_.attempts < ATTEMPTS:
            update_.retry_at = round_.now + timedelta(seconds=BACKOFF_S[update_.attempts - 1])
            return
        update_.state = InboxState.DEAD
        update_.done_at = round_.now
        round_.record("update_put_aside", "update", row.id, update_.error)
        try:
            await self._let(round_, row, HANDLE_WITHIN_S, True, self.voice.apologise)
        except Exception as second:  # noqa: BLE001 - the update is put aside all the same; the office sees it
            log.error("no apology could be made", update=row.id, error=type(second).__name__)


def language_of(school: School, person_language: str | None, code: str | None) -> str:
    """The person's own choice, or what their app speaks, or the school's language."""
    if person_language:
        return person_language
    if code:
        return LANGUAGES[0] if code.lower().startswith("zh") else "en"
    return school.language


def _is_the_database(error: Exception) -> bool:
    """Whether the database itself is in trouble: then nothing can be written down, and the update simply waits."""
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _is_private(payload: dict[str, Any]) -> bool:
    for name in ("message", "my_chat_member"):
        if name in payload:
            return bool(payload[name]["chat"].get("type") == "private")
    message = payload.get("callback_query", {}).get("message")
    return message is None or bool(message["chat"].get("type") == "private")
