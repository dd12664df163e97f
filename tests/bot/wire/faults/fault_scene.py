"""What the fault tests share: the office at its console, a watch that is moved, people who wait for no answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partialmethod
from typing import Any

import aiohttp
import pytest
from console_browser import ADDRESS, Browser
from journey import person_id
from sqlalchemy import select
from stage import Player, Stage
from starlette.applications import Starlette

from bot.wire.budget import Budget
from bot.wire.receive import webhook
from care.clock import MovableClock
from care.records import InboxState, Letter, LetterState, Update
from care.school import School
from care.signin import make_link
from console.app import Desk, create_app
from webchat.persona import Persona
from webchat.server import serve

ASKED = "/language"
ANSWER = "请选择语言"
"""Something everybody may ask for, and what the answer to it begins with."""
SECRET = "the-secret-of-the-tests"


class Watch:
    """A ticker that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def move_budgets_by(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(Budget, "__init__", partialmethod(Budget.__init__, ticker=watch))
    return watch


def pass_time(stage: Stage, watch: Watch | None = None, **lapse: float) -> None:
    """Time passes, for the school and on the watch; nothing is waited for, and no reminders are posted."""
    clock = stage.school.clock
    assert isinstance(clock, MovableClock)
    clock.jump(clock.now() + timedelta(**lapse))
    if watch is not None:
        watch.at += timedelta(**lapse).total_seconds()
    stage.school.wake()


async def a_moment_later(stage: Stage, **lapse: float) -> None:
    """Time passes (two seconds where nothing else is said), and what is due by then is done."""
    pass_time(stage, None, **(lapse or {"seconds": 2}))
    await stage.calm()


async def asks(player: Player, words: str = ASKED) -> None:
    """Writes, and does not wait for an answer: the bot may be in trouble."""
    await Persona.send(player, words)


def copies(player: Player, words: str = ANSWER) -> int:
    """How many messages of the bot have this in them."""
    return sum(words in message.text for message in player.messages)


async def until(holds: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if found is True or (not isinstance(found, bool) and await found):
                return
            await asyncio.sleep(0.01)


async def states(stage: Stage) -> list[InboxState]:
    """What became of the updates, in the order in which they came."""
    return await stage.ask(select(Update.state).order_by(Update.id))


async def until_handled(stage: Stage, number: int) -> None:
    async def handled() -> bool:
        return await states(stage) == [InboxState.DONE] * number

    await until(handled)


async def letters(stage: Stage) -> list[Letter]:
    return await stage.ask(select(Letter).order_by(Letter.id))


async def until_settled(stage: Stage) -> None:
    """Until it is written down what became of every call."""

    async def settled() -> bool:
        return all(letter.state is not LetterState.SENDING for letter in await letters(stage))

    await until(settled)


def refusals(stage: Stage, code: int, method: str = "sendMessage") -> int:
    """How many calls of a method Telegram has answered with this code."""
    return sum(call.method == method and call.outcome.startswith(str(code)) for call in stage.world.calls)


def not_confirmed(stage: Stage) -> int:
    """How many updates Telegram still keeps for us."""
    return len(stage.world.bots[stage.token].updates)


class Clerk:
    """The office at the console."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def outbox(self) -> str:
        answer = await self.browser.get("/outbox")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def has_nothing_to_do(self) -> None:
        page = await self.outbox()
        assert "所有通知均已送达或正在发送。" in page and "所有消息均已处理。" in page, page

    async def late(self) -> int:
        """How many letters are shown as late."""
        return (await self.outbox()).count("◔ 延迟")

    async def number(self, name: str) -> int:
        """One number of the monitoring page."""
        found = re.search(rf"^{re.escape(name)} (\d+)$", (await self.browser.get("/metrics")).text, re.MULTILINE)
        assert found, name
        return int(found[1])

    async def trouble(self) -> str:
        """What is wrong with the channel as a whole, by its word; empty where all is well."""
        found = re.search(
            r'^afterbell_channel_trouble\{channel="web",trouble="(\w+)"\} 1$',
            (await self.browser.get("/metrics")).text,
            re.MULTILINE,
        )
        return found[1] if found else ""

    async def hears_of(self, trouble: str) -> None:
        """Until this, and nothing else, is shown as what is wrong with the channel; empty: nothing."""

        async def shown() -> bool:
            return await self.trouble() == trouble

        await until(shown)

    async def decides(self, path: str) -> None:
        """Presses one of the page's buttons."""
        assert (await self.browser.post(path)).status_code == 303

    async def is_ready(self) -> bool:
        return (await self.browser.get("/readyz")).status_code == 200


@asynccontextmanager
async def console_of(stage: Stage, school: School | None = None) -> AsyncIterator[Clerk]:
    """The console of the stage's school, with the office signed in. ``school``: the same, opened by another process."""
    async with stage.school.work() as uow:
        token = await make_link(uow, person_id(await stage.star("office")))
    browser = Browser(create_app(Desk(school or stage.school, stage.printer, lambda code: code)))
    try:
        answer = await browser.client.post(f"/sign-in/{token}", headers={"origin": ADDRESS})
        assert answer.status_code == 303, answer.text
        yield Clerk(browser)
    finally:
        await browser.client.aclose()


@asynccontextmanager
async def webhook_of(stage: Stage) -> AsyncIterator[Callable[[dict[str, Any]], Awaitable[int]]]:
    """The webhook of the stage's bot: a function that brings it an update as Telegram does, and gives its status."""
    app = Starlette(routes=[webhook("web", SECRET, stage.wire.intake)])
    closing = aiohttp.TCPConnector(force_close=True)
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    async with serve(app) as address, aiohttp.ClientSession(connector=closing) as http:

        async def bring(update: dict[str, Any]) -> int:
            async with http.post(f"{address}/telegram/web", json=update, headers=headers) as answer:
                return answer.status

        yield bring


def update_from(player: Player, update_id: int, command: str = ASKED) -> dict[str, Any]:
    """A command as Telegram brings it to a webhook."""
    message = {
        "message_id": update_id,
        "date": 1,
        "text": command,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(command.split()[0])}],
        "chat": {"id": player.user_id, "type": "private"},
        "from": {"id": player.user_id, "is_bot": False, "first_name": "x"},
    }
    return {"update_id": update_id, "message": message}
