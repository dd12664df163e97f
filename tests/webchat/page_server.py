"""The chat page's server, and what a browser asks of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from webchat.limits import Limits
from webchat.methods import send_message
from webchat.page import ChatPage
from webchat.params import Params
from webchat.people import Somebody
from webchat.server import create_app, serve
from webchat.world import World

OURS = {"Sec-Fetch-Site": "same-origin"}
MUM, DAD, NOBODY = 1_000_000_001, 1_000_000_002, 1_000_000_099


class MovableClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)  # 16:40 at the school

    def now(self) -> datetime:
        return self.time

    async def jump(self, to: datetime) -> None:
        if to <= self.time:
            raise ValueError("back")
        self.time = to

    async def next_school_day(self) -> datetime:
        return self.time + timedelta(days=1)


ABOUT = {"zh_CN": "小禾的妈妈", "en": "mother of 小禾"}
WHY = {"zh_CN": "先用她申请。", "en": "Apply as her first."}


async def invented() -> list[Somebody]:
    return [
        Somebody(MUM, "林岚", ABOUT, phone="13800000001", start_payload="SLIP7", start_here=True, why=WHY),
        Somebody(DAD, "<b>=1+1", {"zh_CN": "小禾的爸爸"}, phone="13800000002"),
    ]


class Server:
    def __init__(self, token: str, *, real: bool) -> None:
        self.clock = MovableClock()
        self.world = World(now=self.clock.now, limits=Limits.off())
        self.bot = self.world.add_bot(token)
        self.page = ChatPage(
            self.world,
            token,
            key="a key",
            people=None if real else invented,
            clock=self.clock,
            zone="Asia/Shanghai",
        )

    def tell(self, user_id: int, text: str, **more: object) -> int:
        """The bot says something."""
        sent = send_message(self.world, self.bot, Params({"chat_id": user_id, "text": text, **more}))
        return int(str(sent["message_id"]))


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with serve(create_app(server.world, server.page)) as url, browser(url) as http:
        yield http


def browser(url: object) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(str(url), headers=OURS, cookie_jar=aiohttp.CookieJar(unsafe=True))


async def status(http: aiohttp.ClientSession, method: str, path: str, **more: Any) -> int:
    async with http.request(method, path, **more) as answer:
        await answer.read()
        return answer.status


async def read(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def own_id(http: aiohttp.ClientSession, path: str = "/chat") -> int:
    async with http.get(path) as answer:
        html = await answer.text()
    return int(html.partition('data-user="')[2].partition('"')[0])


class Stream:
    """The events of one open page."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        while True:
            line = (await asyncio.wait_for(self.answer.content.readline(), 5)).decode().strip()
            if line.startswith("id:"):
                self.last_id = line.partition(":")[2].strip()
            if line.startswith("data:"):
                told = json.loads(line.partition(":")[2])
                assert isinstance(told, dict)
                return told
