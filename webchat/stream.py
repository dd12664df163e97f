"""Server-sent events of the chat page: what happened, numbered, so that a page that lost touch catches up."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sse_starlette import EventSourceResponse, ServerSentEvent

from webchat.bot import Bot, dumps
from webchat.model import Event, Wire
from webchat.view import event_view
from webchat.world import World

_REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    event: Event


class Stream:
    """The events of one bot. Numbers carry the mark of this run: after a restart a page reloads its state."""

    def __init__(self, world: World, bot: Bot) -> None:
        self._world = world
        self._bot = bot
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._past: deque[_Numbered] = deque(maxlen=_REMEMBERED)
        self._pages: set[asyncio.Queue[_Numbered]] = set()
        self._last = 0
        world.watch(self._notice)

    def mark(self) -> str:
        """The number of the last event, as a page's starting point."""
        return f"{self._run}-{self._last}"

    def announce(self) -> None:
        """The clock moved: every page is told."""
        self._notice(Event(self._bot.id, 0, "clock"))

    def _notice(self, event: Event) -> None:
        if event.bot_id not in (0, self._bot.id) or event.kind == "confirmed":
            return
        self._last = next(self._numbers)
        numbered = _Numbered(self._last, event)
        self._past.append(numbered)
        for page in self._pages:
            page.put_nowait(numbered)

    def response(self, user_id: int | None, language: str, since: str | None, *, everyone: bool) -> EventSourceResponse:
        return EventSourceResponse(self.events(user_id, language, since, everyone=everyone), ping=20)

    async def events(
        self, user_id: int | None, language: str, since: str | None, *, everyone: bool
    ) -> AsyncIterator[ServerSentEvent]:
        """Changes in one user's conversation; with ``everyone`` also who else got a message, and the clock."""
        page: asyncio.Queue[_Numbered] = asyncio.Queue()
        missed = self._missed(since)
        self._pages.add(page)
        try:
            if missed is None:
                yield ServerSentEvent(dumps({"kind": "reload"}), id=self.mark())
            for numbered in missed or ():
                page.put_nowait(numbered)
            while True:
                numbered = await page.get()
                if numbered.event.kind == "closing":
                    return
                told = self._told(numbered.event, user_id, language, everyone)
                if told:
                    yield ServerSentEvent(dumps(told), id=f"{self._run}-{numbered.number}")
        finally:
            self._pages.discard(page)

    def _told(self, event: Event, user_id: int | None, language: str, everyone: bool) -> Wire | None:
        if event.chat_id == user_id or (event.kind == "commands" and event.chat_id == 0 and user_id):
            shown = event if event.chat_id else Event(event.bot_id, user_id, event.kind)
            return event_view(self._world, self._bot, shown, language)
        if not everyone:
            return None
        if event.kind == "message":
            message = self._bot.look(event.chat_id).messages.get(event.message_id)
            if message and message.sender_id == self._bot.id:
                return {"kind": "unread", "user_id": event.chat_id}
        return {"kind": "clock"} if event.kind == "clock" else None

    def _missed(self, since: str | None) -> list[_Numbered] | None:
        """The events after this mark; None when they are no longer known."""
        run, _, number = (since or "").partition("-")
        if run != self._run or not number.isdigit():
            return None
        past = [numbered for numbered in self._past if numbered.number > int(number)]
        if len(past) < self._last - int(number):
            return None
        return [numbered for numbered in past if numbered.event.kind != "closing"]
