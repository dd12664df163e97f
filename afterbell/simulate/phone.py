"""Somebody's phone: what they read on it and what they tap, found on the screen as a person finds it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from webchat.model import Message
from webchat.persona import Persona

Life = AsyncIterator[timedelta]
"""What somebody does, with the pauses between."""
A_MOMENT = timedelta(seconds=5)
CODE = re.compile(r"\b[2-9A-HJKMNP-Z]{3} [2-9A-HJKMNP-Z]{3}\b")


@dataclass(frozen=True)
class Seen:
    """A button on the screen."""

    message: Message
    label: str
    data: str


class Phone:
    """``acts`` counts taps and typed messages; ``busy``: in the middle of something that is done before anything else.
    Each person draws their own chances, so that what one does changes nothing for another."""

    def __init__(self, persona: Persona, person_id: int, seed: int) -> None:
        self.persona, self.person_id = persona, person_id
        self.chance = Random(f"{seed}:{person_id}")
        self.acts = self.double_taps = 0
        self.busy = False

    @property
    def blocked(self) -> bool:
        return self.persona.chat.blocked

    def finds(self, start: str, message: Message | None = None) -> list[Seen]:
        """The buttons whose data begins so, on the newest message that has any (or on this one as it reads now)."""
        if message is not None:
            now = self.persona.chat.messages.get(message.id)
            return _buttons(now, start) if now is not None else []
        for shown in reversed(self.persona.messages):
            found = _buttons(shown, start)
            if found:
                return found
        return []

    async def send(self, words: str) -> None:
        if not self.blocked:
            self.acts += 1
            await self.persona.send(words)

    async def tap(self, start: str, message: Message | None = None, twice: float = 0.0) -> bool:
        """Taps the first such button, at times twice by mistake. False where there is none."""
        found = self.finds(start, message)
        if not found or self.blocked:
            return False
        await self.press(found[0])
        if twice and self.chance.random() < twice:
            self.double_taps += 1
            await self.press(found[0])
        return True

    async def press(self, button: Seen) -> None:
        self.acts += 1
        await self.persona.tap(data=button.data, message=button.message)

    def link(self, part: str) -> str:
        """The address on a button of the newest message that has this in it; empty where there is none."""
        last = self.persona.last
        urls = [str(button.get("url", "")) for row in last.buttons() for button in row] if last is not None else []
        return next((url for url in urls if part in url), "")

    def code(self, message: Message | None = None) -> str:
        """The pick-up code that a message shows, the newest one with a code by default."""
        shown = [self.persona.chat.messages[message.id]] if message else reversed(self.persona.messages)
        return next((found[0] for one in shown if (found := CODE.search(one.text))), "")


def _buttons(message: Message, start: str) -> list[Seen]:
    return [
        Seen(message, str(button["text"]), str(button["callback_data"]))
        for row in message.buttons()
        for button in row
        if _begins(str(button.get("callback_data", "")), start)
    ]


def _begins(data: str, start: str) -> bool:
    return data == start or data.startswith(start if start.endswith((":", ".")) else f"{start}:")


async def in_turn(phone: Phone, life: Life) -> Life:
    """Does this once whatever else is in hand is done: nobody holds two conversations at once."""
    while phone.busy:
        yield A_MOMENT
    phone.busy = True
    try:
        async for pause in life:
            yield pause
    finally:
        phone.busy = False
