"""How people behave: they look, do one thing, wait for what it brings, and do it again when nothing comes.

Sometimes they tap twice. They look only at what is on their screen, never at the database.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from reliability.witness import TOKEN, data_of
from webchat.model import Event, Message
from webchat.persona import Persona
from webchat.world import World


@dataclass(frozen=True)
class Pace:
    """How people take their time, in seconds: before they act, until they act again because nothing comes, and between
    two looks when there is nothing to do. ``twice`` is the part of taps that are double taps."""

    think: tuple[float, float] = (0.02, 0.15)
    patience: tuple[float, float] = (2.0, 4.0)
    idle: tuple[float, float] = (0.5, 1.0)
    twice: float = 0.15


@dataclass(frozen=True)
class Deed:
    """One thing to do: tap ``data`` in a message, or write ``words``. ``once``: these words are never written again,
    for they would be taken as the answer to the next question."""

    message: Message | None = None
    data: str = ""
    words: str = ""
    once: str = ""


@dataclass(frozen=True)
class Somebody:
    """Who a resident is to the messenger and to the school."""

    user_id: int
    person_id: int
    name: str
    phone: str = ""
    language: str = "zh-hans"


class Resident(Persona, ABC):
    """Somebody of the town at their phone. What they want next is said by ``next_deed``."""

    def __init__(self, world: World, who: Somebody, pace: Pace, seed: int = 0) -> None:
        super().__init__(world, TOKEN, name=who.name, user_id=who.user_id, language=who.language, phone=who.phone)
        self.who = who
        self.pace = pace
        self.rng = Random(f"{seed}:{who.user_id}")
        self.done = False
        self.repeated = 0
        self.news = 0
        self._taps: list[str] = []
        self._written: set[str] = set()
        self._last: Deed | None = None

    @abstractmethod
    def next_deed(self) -> Deed | None:
        """What the screen asks for; None when there is nothing to do but wait."""

    async def live(self) -> None:
        """Goes on until ``done``."""
        while not self.done:
            deed = self.next_deed()
            if self.done:
                return
            if deed is None or self.has_written(deed) or (deed.words and self.awaits_answer):
                news = self.news
                await self.until(lambda news=news: self.news > news, self.rng.uniform(*self.pace.idle))  # type: ignore[misc]
                continue
            await self._do(deed)

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Waits for this, so long at most; whether it holds."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def has_written(self, deed: Deed) -> bool:
        """Whether these are words that were written already, and are not written again."""
        return bool(deed.once) and deed.once in self._written

    @property
    def awaits_answer(self) -> bool:
        """Whether a button still turns: some tap has not been answered yet."""
        self._taps = [tap for tap in self._taps if (call := self.bot.callbacks.get(tap)) and not call.answered]
        return bool(self._taps)

    def newest(self, since: int = 0) -> list[Message]:
        """The bot's messages on the screen from this one on, newest first."""
        return [message for message in reversed(self.messages) if message.id >= since]

    async def _do(self, deed: Deed) -> None:
        await asyncio.sleep(self.rng.uniform(*self.pace.think))
        self.repeated += deed == self._last
        self._last = deed
        news = self.news
        if deed.words:
            if deed.once:
                self._written.add(deed.once)
            await self.send(deed.words)
        else:
            for _ in range(2 if self.rng.random() < self.pace.twice else 1):
                self._taps.append(await self.tap(data=deed.data, message=deed.message))
        await self.until(lambda: self.news > news and not self.awaits_answer, self.rng.uniform(*self.pace.patience))

    def _notice(self, event: Event) -> None:
        super()._notice(event)
        if event.chat_id != self.user_id:
            return
        if event.kind == "edit":
            self.news += 1
        elif event.kind == "message":
            message = self.chat.messages.get(event.message_id)
            self.news += message is not None and message.sender_id == self.bot.id


def taps_of(message: Message, verb: str) -> list[str]:
    """The data of a message's buttons that begin with a verb."""
    return [data for data in data_of(message) if data.split(":")[0] == verb]
