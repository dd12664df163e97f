"""Deliver updates to the bot's webhook: one chat in order, chats side by side, again and again until taken."""

from __future__ import annotations

import asyncio
import http
from collections import deque
from collections.abc import Callable
from datetime import datetime

import aiohttp

from webchat.bot import Bot
from webchat.updates import Update

_TIMEOUT = aiohttp.ClientTimeout(total=60)


class WebhookSender:
    """The deliveries of one bot. A lane is a chat's updates; a lane waits while its first one is under way."""

    def __init__(self, bot: Bot, now: Callable[[], datetime], wait: float, wait_most: float) -> None:
        self._bot = bot
        self._now = now
        self._wait = wait
        self._wait_most = wait_most
        self._lanes: dict[int, deque[Update]] = {}
        self._ready: deque[int] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def add(self, update: Update) -> None:
        if self._bot.hook.url:
            self._enqueue(update)
            self._start()

    def restart(self) -> None:
        """The webhook was set, changed or removed: begin again with what is pending."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._lanes.clear()
        self._ready.clear()
        if self._bot.hook.url:
            for update in self._bot.updates.pending:
                self._enqueue(update)
            self._start()

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    def _enqueue(self, update: Update) -> None:
        lane = self._lanes.get(update.chat_id)
        if lane is None:
            self._lanes[update.chat_id] = deque([update])
            self._ready.append(update.chat_id)
        else:
            lane.append(update)

    def _start(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # being assembled; the first update of the running server starts the deliveries
            return
        while self._ready and len(self._tasks) < self._bot.hook.max_connections:
            task = loop.create_task(self._drain(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task in self._tasks:  # not one that restart() has given up
            self._tasks.discard(task)
            self._start()

    async def _drain(self, chat_id: int) -> None:
        """Deliver one chat's updates; after a failure wait, and longer each time."""
        lane = self._lanes[chat_id]
        wait = self._wait
        while lane:
            complaint, retry_after = await self._post(lane[0])
            if not complaint:
                self._bot.updates.forget(lane.popleft())
                wait = self._wait
                continue
            self._bot.hook.last_error = complaint
            self._bot.hook.last_error_date = int(self._now().timestamp())
            await asyncio.sleep(retry_after if retry_after is not None else wait)
            wait = min(self._wait_most, wait * 2)
        del self._lanes[chat_id]

    async def _post(self, update: Update) -> tuple[str, float | None]:
        """What went wrong (nothing when the bot took it), and how long it asked us to wait."""
        hook = self._bot.hook
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=0), trust_env=False
            )
        try:
            async with self._session.post(hook.url, data=update.body.encode(), headers=headers) as answer:
                await answer.read()
                if 200 <= answer.status < 300:
                    return "", None
                asked = answer.headers.get("Retry-After", "")
                phrase = http.HTTPStatus(answer.status).phrase if answer.status in _KNOWN else ""
                complaint = f"Wrong response from the webhook: {answer.status} {phrase}".strip()
                return complaint, float(asked) if asked.isdigit() else None
        except aiohttp.ClientConnectorError as error:
            return error.os_error.strerror or "Connection refused", None
        except TimeoutError:
            return "Read timeout expired", None
        except (aiohttp.ClientError, OSError):
            return "Connection closed", None


_KNOWN = frozenset(int(status) for status in http.HTTPStatus)
