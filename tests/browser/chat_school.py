"""A school's chat page with the bot's side moved by hand, and tabs that look at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser, Page

from webchat.bot import Bot
from webchat.limits import Limits
from webchat.methods import (
    answer_callback_query,
    edit_message_text,
    send_message,
)
from webchat.page import ChatPage
from webchat.params import Params
from webchat.people import Somebody
from webchat.server import create_app, serve
from webchat.world import World

TOKEN = "4242:local-token"
MUM, DAD, TEACHER = 1_000_000_001, 1_000_000_002, 1_000_000_003
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


class MovableClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    async def jump(self, to: datetime) -> None:
        if to < self.time:
            raise ValueError("back")
        self.time = to

    async def next_school_day(self) -> datetime:
        return self.time + timedelta(days=1)


async def invented() -> list[Somebody]:
    people = [
        Somebody(MUM, "林岚", {"zh_CN": "小禾的妈妈"}, phone="13800000001", start_payload="SLIP7", start_here=True),
        Somebody(DAD, "<b>=1+1", {"zh_CN": "小禾的爸爸"}, phone="13800000002", start_here=True),
        Somebody(TEACHER, "周海", {"zh_CN": "值班教师"}, "teachers", "13800000003"),
    ]
    return people + [
        Somebody(1_000_001_000 + n, f"家长{n}", {"zh_CN": "一年级2班"}, phone=f"139{n:08d}") for n in range(300)
    ]


class School:
    """The server, and the bot's side of it moved by hand."""

    def __init__(self, *, real: bool = False) -> None:
        self.clock = MovableClock()
        self.world = World(now=self.clock.now, limits=Limits.off())
        self.bot: Bot = self.world.add_bot(TOKEN)
        people = None if real else invented
        self.page = ChatPage(self.world, TOKEN, key="a key", people=people, clock=self.clock, title="课后服务")
        self.url = ""

    def tell(self, user_id: int, text: str, keyboard: object = None, **more: object) -> int:
        params = Params({"chat_id": user_id, "text": text, "reply_markup": keyboard, **more})
        return int(str(send_message(self.world, self.bot, params)["message_id"]))

    def edit(self, user_id: int, message_id: int, text: str) -> None:
        edit_message_text(self.world, self.bot, Params({"chat_id": user_id, "message_id": message_id, "text": text}))

    def answer(self, query_id: str, text: str, *, alert: bool = False) -> None:
        params = Params({"callback_query_id": query_id, "text": text, "show_alert": alert})
        answer_callback_query(self.world, self.bot, params)

    async def tapped(self) -> str:
        """The id of the newest tap, as soon as there is one not answered."""
        for _ in range(500):
            for callback in reversed(self.bot.callbacks.values()):
                if not callback.answered:
                    return callback.id
            await asyncio.sleep(0.01)
        raise AssertionError("nobody tapped")

    def said(self, user_id: int) -> list[str]:
        return [m.text for m in self.bot.chat(user_id).messages.values() if m.sender_id == user_id]


def inline(*rows: list[str]) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": text, "callback_data": text} for text in row] for row in rows]}


@asynccontextmanager
async def opened(school: School) -> AsyncIterator[School]:
    async with serve(create_app(school.world, school.page)) as school.url:
        yield school


async def tab(browser: Browser, url: str, size: dict[str, int], *, language: str = "zh-CN") -> Page:
    """A page in a browser of its own; an error in its scripts or a refused style fails the test that closes it."""
    context = await browser.new_context(viewport=size, locale=language)  # type: ignore[arg-type]
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    await page.goto(url)
    return page


complaints: list[str] = []


async def no_sideways_scrolling(page: Page) -> None:
    parts = "[...document.querySelectorAll('html, body, #scroller, #people, .foot')]"
    assert await page.evaluate(f"{parts}.filter(e => e.scrollWidth > e.clientWidth).map(e => e.id)") == []
