"""A load balancer before several bots: the updates of one chat go to one process after the other, in turn."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.wire.receive import chat_of
from webchat.server import serve

SECRET = "secret-of-the-webhook"
GIVES_UP_S = 1.0
"""How long a process may take before the next one is asked."""


class Balancer:
    """``at_once``: takes every update from the Bot API immediately, so that those of one chat reach different
    processes side by side, which Telegram may do as well."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.address = ""
        self.ports: list[int] = []
        self.pins: dict[int, int] = {}
        self.at_once = False
        self.written: dict[int, str] = {}
        """What was typed, by update id."""
        self._http = http
        self._turns: defaultdict[int, Iterator[int]] = defaultdict(itertools.count)
        self._tasks: set[asyncio.Task[bool]] = set()

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        headers = {name: request.headers[name] for name in ("X-Telegram-Bot-Api-Secret-Token", "Content-Type")}
        update: dict[str, Any] = json.loads(body)
        self.written[update["update_id"]] = update.get("message", {}).get("text", "")
        if not self.at_once:
            return Response(status_code=200 if await self._bring(chat_of(update), body, headers) else 503)
        task = asyncio.create_task(self._bring_for_sure(chat_of(update), body, headers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Response(status_code=200)

    async def _bring_for_sure(self, chat: int, body: bytes, headers: dict[str, str]) -> bool:
        while not await self._bring(chat, body, headers):
            await asyncio.sleep(0.1)
        return True

    async def _bring(self, chat: int, body: bytes, headers: dict[str, str]) -> bool:
        turn = next(self._turns[chat]) + chat
        ports = [self.ports[(turn + n) % len(self.ports)] for n in range(len(self.ports))]
        if chat in self.pins:
            ports = [self.pins[chat]]
        return any([await self._post(port, body, headers) for port in ports[:1]]) or any(
            [await self._post(port, body, headers) for port in ports[1:]]
        )

    async def _post(self, port: int, body: bytes, headers: dict[str, str]) -> bool:
        url = f"http://127.0.0.1:{port}/telegram/telegram"
        timeout = aiohttp.ClientTimeout(total=GIVES_UP_S)
        try:
            async with self._http.post(url, data=body, headers=headers, timeout=timeout) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    @classmethod
    @asynccontextmanager
    async def serve(cls, webhook: bool) -> AsyncIterator[Balancer]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            balancer = cls(http)
            app = Starlette(routes=[Route("/telegram/telegram", balancer.receive, methods=["POST"])])
            async with serve(app) as address:
                balancer.address = address if webhook else ""
                yield balancer
                tasks = list(balancer._tasks)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
