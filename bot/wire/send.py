"""Send: drains the outbox, class by class and in order within a chat, under the channel's budget.

Each pass is one transaction: it writes down what became of the letters that were under way, and takes the next ones.
A letter is marked "sending" before the call, so that after a kill it is known which fates are unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram.error import TelegramError

from bot.wire.budget import Budget, Limits
from bot.wire.channel import Channel, Document
from bot.wire.fate import Fate, Judge
from bot.wire.view import View, document_payload, message_payload
from care.linking import set_reach
from care.records.delivery import Class, Letter, LetterState
from care.records.people import Contact, Reach
from care.school import School
from care.work import UnitOfWork

LOOK_AHEAD = 300
UNDER_WAY = 60
LOOK_EVERY_S = 1.0
LEADER_LOCK = 0x6166746265
"""Key of the advisory lock that makes one sender of many (PostgreSQL)."""

log = structlog.get_logger()


Render = Callable[[Letter], Awaitable[View | None]]
"""A letter in the words of its receiver; None when it no longer holds."""
Unreachable = Callable[[UnitOfWork, Letter], Awaitable[None]]


@dataclass
class _Traffic:
    """What is under way: letters, the chats they go to, and fates not yet written down."""

    letters: dict[int, tuple[str, int]] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)


class Sender:
    """The one sender of a school. ``again`` says which kinds may go out twice when their fate is unknown."""

    def __init__(
        self,
        school: School,
        channels: Mapping[str, Channel],
        render: Render,
        again: Callable[[str], bool],
        unreachable: Unreachable,
        limits: Limits | None = None,
    ) -> None:
        self.school = school
        self.channels = channels
        self.render = render
        self.judge = Judge(again)
        self.unreachable = unreachable
        self.budgets = {name: Budget(limits or Limits()) for name in channels}
        self._wake = asyncio.Event()
        self._traffic = _Traffic()
        self._stopping = False
        self._idle = asyncio.Event()

    async def finish(self, seconds: float) -> None:
        """Takes no more letters, and waits until those under way are settled, ``seconds`` at most."""
        self._stopping = True
        self.wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    def wake(self) -> None:
        """Something new stands in the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Sends until cancelled; with PostgreSQL, only while this process holds the leader's lock."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._lead(group)
                except Exception as error:  # noqa: BLE001 - the loop must live; letters stay in the outbox
                    log.error("the outbox cannot be sent", error=type(error).__name__, text=str(error)[:200])
                await asyncio.sleep(LOOK_EVERY_S)

    async def _lead(self, group: asyncio.TaskGroup) -> None:
        if self.school.is_sqlite:
            await self._drain(group, None)
            return
        async with self.school.writer.connect() as connection:
            mine = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK})
            await connection.commit()
            try:
                if mine:
                    await self._drain(group, connection)
            finally:  # the lock lives as long as its connection: never give it back to the pool
                await connection.invalidate()

    async def _drain(self, group: asyncio.TaskGroup, lock: AsyncConnection | None) -> None:
        await self._resolve_unknown()
        while True:
            self._wake.clear()
            if lock is not None:  # raises when the lock's connection is gone: another process may lead now
                await lock.scalar(text("SELECT 1"))
                await lock.commit()
            wait = await self.send_some(group)
            if wait > 0:
                try:
                    await asyncio.wait_for(self._wake.wait(), min(wait, LOOK_EVERY_S))
                except TimeoutError:
                    continue

    async def _resolve_unknown(self) -> None:
        """After a start: letters that were being sent when the process died."""
        async with self.school.work() as uow:
            query = select(Letter).where(Letter.state == LetterState.SENDING)
            for letter in await uow.session.scalars(query.with_for_update()):
                if letter.id not in self._traffic.letters:
                    letter.state = self.judge.unknown(letter)
                    letter.error = "fate unknown: the process ended while it was sent"

    async def send_some(self, group: asyncio.TaskGroup) -> float:
        """One pass: settles what came back, starts what may go now. Returns seconds until something may change."""
        fates, self._traffic.fates = self._traffic.fates, []
        started: list[tuple[Letter, str, int]] = []
        try:
            async with self.school.work() as uow:
                await self._settle(uow, fates)
                started, wait = await self._take(uow, {fate.letter_id for fate in fates})
        except BaseException:
            self._traffic.fates = fates + self._traffic.fates
            raise
        for fate in fates:
            self._traffic.letters.pop(fate.letter_id, None)
        if self._stopping and not self._traffic.letters:
            self._idle.set()
        for letter, channel, chat_id in started:
            self._traffic.letters[letter.id] = (channel, chat_id)
            group.create_task(self._deliver(letter, channel, chat_id))
        if started or self._traffic.fates:
            return 0.0 if self._traffic.fates else LOOK_EVERY_S
        return wait

    async def _take(self, uow: UnitOfWork, settled: set[int]) -> tuple[list[tuple[Letter, str, int]], float]:
        room = 0 if self._stopping else UNDER_WAY - len(self._traffic.letters) + len(settled)
        if room <= 0:
            return [], LOOK_EVERY_S
        busy = {place for letter, place in self._traffic.letters.items() if letter not in settled}
        query = (
            select(Letter)
            .where(Letter.state == LetterState.WAITING, Letter.due_at <= uow.now)
            .order_by(Letter.klass, Letter.id)
            .limit(LOOK_AHEAD)
        )
        letters = [letter for letter in await uow.session.scalars(query) if letter.id not in self._traffic.letters]
        places = await self._places(uow, letters)
        held = await self._held(uow) if letters else {}
        started: list[tuple[Letter, str, int]] = []
        wait = LOOK_EVERY_S
        for letter in letters:
            if letter.valid_until is not None and letter.valid_until < uow.now:
                letter.state, letter.payload = LetterState.LAPSED, None
                continue
            place = places.get(letter.id)
            if place is None:
                letter.state, letter.error = LetterState.FAILED, "nobody to reach: no chat is known"
                await self.unreachable(uow, letter)
                continue
            if place in busy or len(started) >= room or not self.channels[place[0]].is_open:
                continue
            if held.get((*place, letter.klass), letter.id) < letter.id:
                continue
            busy.add(place)
            seconds = self.budgets[place[0]].wait(place[1], Class(letter.klass))
            if seconds > 0:
                wait = min(wait, seconds)
                continue
            letter.state = LetterState.SENDING
            letter.attempts += 1
            letter.channel, letter.chat_id = place
            started.append((letter, *place))
        return started, wait

    async def _held(self, uow: UnitOfWork) -> dict[tuple[str | None, int | None, int], int]:
        """Letters that wait to be tried again, by chat and class: later ones of the same class wait behind them."""
        query = (
            select(Letter.channel, Letter.chat_id, Letter.klass, func.min(Letter.id))
            .where(Letter.state == LetterState.WAITING, Letter.attempts > 0, Letter.due_at > uow.now)
            .group_by(Letter.channel, Letter.chat_id, Letter.klass)
        )
        return {(channel, chat, klass): first for channel, chat, klass, first in await uow.session.execute(query)}

    async def _places(self, uow: UnitOfWork, letters: list[Letter]) -> dict[int, tuple[str, int]]:
        """The chat for each letter: its own, or the person's newest that can be written to."""
        places: dict[int, tuple[str, int]] = {}
        for letter in letters:
            channel, chat_id = letter.channel, letter.chat_id
            if letter.person_id is None and channel is not None and channel in self.channels and chat_id is not None:
                places[letter.id] = (channel, chat_id)
        people = {letter.person_id for letter in letters if letter.person_id is not None}
        if not people:
            return places
        contacts = (
            select(Contact)
            .where(
                Contact.person_id.in_(people),
                Contact.channel.in_(list(self.channels)),
                Contact.reach == Reach.REACHABLE,
            )
            .order_by(Contact.linked_at, Contact.id)
        )
        newest = {
            contact.person_id: (contact.channel, contact.chat_id) for contact in await uow.session.scalars(contacts)
        }
        for letter in letters:
            if letter.person_id in newest:
                places[letter.id] = newest[letter.person_id]
        return places

    async def _settle(self, uow: UnitOfWork, fates: list[Fate]) -> None:
        if not fates:
            return
        query = select(Letter).where(Letter.id.in_([fate.letter_id for fate in fates]))
        letters = {letter.id: letter for letter in await uow.session.scalars(query)}
        for fate in fates:
            letter = letters[fate.letter_id]
            if not fate.counts:
                letter.attempts -= 1
            if fate.retry_in_s is not None and fate.state is LetterState.WAITING:
                letter.due_at = max(letter.due_at, uow.now + timedelta(seconds=fate.retry_in_s))
                if letter.slot is not None and await self._newer(uow, letter):
                    fate.state = LetterState.SUPERSEDED
            letter.state = fate.state
            letter.error = fate.error
            letter.message_id = fate.message_id or letter.message_id
            if fate.state is LetterState.SENT:
                letter.sent_at = uow.now
            if fate.state in (LetterState.SENT, LetterState.LAPSED, LetterState.SUPERSEDED):
                letter.payload = None
            if fate.reach is not None and fate.channel is not None and fate.chat_id is not None:
                await set_reach(uow, fate.channel, fate.chat_id, fate.reach)
                await uow.session.flush()
                if letter.person_id is not None:
                    letter.state = LetterState.WAITING  # another chat of the person, or nobody: the next pass tells

    async def _newer(self, uow: UnitOfWork, letter: Letter) -> bool:
        query = select(Letter.id).where(Letter.slot == letter.slot, Letter.id > letter.id).limit(1)
        return await uow.session.scalar(query) is not None

    async def _deliver(self, letter: Letter, channel: str, chat_id: int) -> None:
        fate = Fate(letter.id, LetterState.SENT, channel, chat_id)
        try:
            result = await self._call(letter, channel, chat_id)
            if result is None:
                fate.state = LetterState.LAPSED
            elif isinstance(result, dict):
                fate.message_id = result.get("message_id")
        except TelegramError as error:
            silence = self.judge.failed(letter, fate, error)
            self.budgets[channel].silence(silence)
        except Exception as error:
            log.error("a letter failed", letter=letter.id, kind=letter.kind, error=type(error).__name__, exc_info=error)
            fate.error = type(error).__name__
            self.judge.retry(letter, fate, certain=True)
        self._traffic.fates.append(fate)
        self._wake.set()

    async def _call(self, letter: Letter, channel: str, chat_id: int) -> Any:
        bot = self.channels[channel]
        if letter.method is not None and letter.payload is not None:
            return await bot.call(letter.method, letter.payload)
        view = await self.render(letter)
        if view is None:
            return None
        if view.document:
            payload = json.dumps(document_payload(chat_id, view), ensure_ascii=False)
            return await bot.call("sendDocument", payload, Document(view.document_name, view.document))
        return await bot.call("sendMessage", json.dumps(message_payload(chat_id, view), ensure_ascii=False))
