"""Where the milliseconds of one tap go: rounds of our wire without a network, the CPU time of each step.

``python -m bench.anatomy DATABASE`` prints one line of JSON: microseconds per tap, by how many taps share a round.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from telegram import User

from bench import ours, scene
from bot.chat import register as chat
from bot.chat.voice import voice
from bot.wire.budget import Limits
from bot.wire.channel import Channel
from bot.wire.wire import Wire
from care.work import UnitOfWork
from papers import Printer

TOGETHER = (1, 6, 16)
TAPS = 2000
Timed = Callable[..., Awaitable[Any]]


class Stopwatch:
    """CPU time by name; an inner step's time is part of the outer one's too."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)

    def watch(self, owner: Any, method: str, name: str) -> None:
        plain: Timed = getattr(owner, method)

        async def timed(*args: Any, **more: Any) -> Any:
            began = time.process_time()
            try:
                return await plain(*args, **more)
            finally:
                self.spent[name] += time.process_time() - began

        setattr(owner, method, timed)


class Rounds:
    """The wire with a channel whose calls are answered at once and cost nothing."""

    def __init__(self, url: str) -> None:
        chat.TAPS["bp"] = ours.list_tapped
        self.school = scene.open_school(url)
        self.channel = Channel(scene.CHANNEL, scene.TOKEN, "http://127.0.0.1:1", chat.register)
        self.channel.bot._bot_user = User(1, "bench", True, username="bench")
        self.channel.chat._initialized = self.channel.is_open = True
        setattr(self.channel, "call", self._answered)  # noqa: B010 - in place of a method
        channels = {scene.CHANNEL: self.channel}
        self.wire = Wire(self.school, channels, voice(self.school, Printer()), Limits(1e6, 1e6, 1e6))
        self.steps = (self.wire._settle, self.wire._store, self.wire._handle, self.wire._send)
        self._taps = 0

    async def _answered(self, *_: Any) -> Any:
        return {"message_id": 1}

    def _tap(self) -> dict[str, Any]:
        self._taps += 1
        teacher = self._taps % scene.TEACHERS + 1
        who = scene.teacher_chat(teacher)
        child = scene.child_id(teacher, self._taps % scene.CHILDREN)
        query = {
            "id": str(self._taps),
            "chat_instance": "1",
            "data": f"bp:{teacher}:{child}",
            "from": {"id": who, "is_bot": False, "first_name": "x"},
            "message": {"message_id": 5, "date": 1, "chat": {"id": who, "type": "private"}},
        }
        return {"update_id": self._taps, "callback_query": query}

    async def run(self, taps: int, together: int) -> None:
        """So many taps, in rounds of so many."""
        for _ in range(taps // together):
            taps_now = [self._tap() for _ in range(together)]
            stored = asyncio.create_task(self.wire.intake.take_in(scene.CHANNEL, taps_now))
            await asyncio.sleep(0)
            await self.wire.round(self.steps)
            await stored
            await asyncio.sleep(0)

    async def measure(self) -> dict[str, dict[str, float]]:
        watch = Stopwatch()
        sender, worker = self.wire.sender, self.wire.worker
        watch.watch(sender, "settle", "settle")
        watch.watch(self.wire.intake, "store", "store")
        watch.watch(worker, "handle_fresh", "handle")
        watch.watch(worker, "_let", "handle: one part")
        watch.watch(self.channel.chat, "process_update", "handle: the handler")
        watch.watch(sender, "take", "take")
        watch.watch(UnitOfWork, "write", "take: audit and letters written")
        watch.watch(self.wire, "round", "round")
        found = {}
        async with asyncio.TaskGroup() as self.wire._calls:
            for together in TOGETHER:
                await self.run(200, together)
                watch.spent.clear()
                began = time.process_time()
                await self.run(TAPS, together)
                whole = time.process_time() - began
                watch.spent["calls made ready, fates kept"] = whole - watch.spent["round"]
                watch.spent["whole"] = whole
                found[str(together)] = {name: spent / TAPS * 1e6 for name, spent in watch.spent.items()}
        await self.school.close()
        return found


async def main() -> None:
    found = await Rounds(f"sqlite+aiosqlite:///{sys.argv[1]}").measure()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    uvloop.run(main())
