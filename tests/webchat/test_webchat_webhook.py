"""Updates go to the bot's webhook: with the secret, in the order of each chat, again until taken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot
from telegram.error import BadRequest

from webchat.persona import Persona
from webchat.server import serve
from webchat.world import World

SECRET = "a-Secret_1"


@dataclass
class Receiver:
    """The bot's own web server. ``answers`` are the next statuses it gives; 200 when there are none."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    secrets: set[str | None] = field(default_factory=set)
    delay: float = 0
    together: int = 0
    most_together: int = 0
    taken: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: Request) -> Response:
        update = await request.json()
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        await asyncio.sleep(self.delay)
        self.together -= 1
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            async with self.taken:
                self.ids.append(update["update_id"])
                self.texts.append((update["message"]["chat"]["id"], update["message"]["text"]))
                self.taken.notify_all()
        return Response(status_code=status)

    async def has(self, n: int) -> None:
        async with self.taken:
            await asyncio.wait_for(self.taken.wait_for(lambda: len(self.texts) >= n), 10)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with serve(Starlette(routes=[Route("/hook", receiver.receive, methods=["POST"])])) as url:
        receiver.url = f"{url}/hook"
        yield receiver


async def test_updates_waiting_and_new_are_delivered_with_the_secret(
    bot: Bot, mum: Persona, receiver: Receiver
) -> None:
    await mum.send("/start")
    await bot.set_webhook(receiver.url, secret_token=SECRET)
    await mum.send("一")
    await receiver.has(2)
    assert [text for _, text in receiver.texts] == ["/start", "一"]
    assert receiver.secrets == {SECRET}
    await mum.quiet()
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (receiver.url, 0, 40)


async def test_a_failed_delivery_is_repeated_in_order(bot: Bot, mum: Persona, receiver: Receiver) -> None:
    receiver.answers = [500, 503, 404]
    await bot.set_webhook(receiver.url)
    for text in ("/start", "一", "二"):
        await mum.send(text)
    await receiver.has(3)
    assert [text for _, text in receiver.texts] == ["/start", "一", "二"]
    assert receiver.secrets == {None}
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"
    assert info.last_error_date


async def test_nobody_listens_and_then_somebody_does(bot: Bot, world: World, token: str, mum: Persona) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook")
    await mum.send("/start")
    hook = world.bots[token].hook
    for _ in range(500):
        if hook.last_error:
            break
        await asyncio.sleep(0.01)
    info = await bot.get_webhook_info()
    assert info.pending_update_count == 1
    assert info.last_error_message
    receiver = Receiver()
    async with serve(Starlette(routes=[Route("/hook", receiver.receive, methods=["POST"])]), port):
        await receiver.has(1)


async def test_chats_go_side_by_side_up_to_max_connections(
    bot: Bot, world: World, token: str, receiver: Receiver
) -> None:
    receiver.delay = 0.05
    await bot.set_webhook(receiver.url, max_connections=3)
    families = [Persona(world, token, name=f"家长{n}") for n in range(6)]
    for text in ("/start", "一", "二"):
        for family in families:
            await family.send(text)
    await receiver.has(18)
    assert receiver.most_together == 3
    for family in families:
        assert [text for chat, text in receiver.texts if chat == family.user_id] == ["/start", "一", "二"]


async def test_pending_updates_can_be_dropped_and_left_for_fetching(bot: Bot, mum: Persona, receiver: Receiver) -> None:
    await mum.send("/start")
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    await mum.send("一")
    await receiver.has(1)
    assert [text for _, text in receiver.texts] == ["一"]
    await mum.quiet()
    await bot.delete_webhook()
    await mum.send("二")
    (update,) = await bot.get_updates(timeout=1)
    assert update.message
    assert update.message.text == "二"


async def test_duplicates_are_delivered_too(bot: Bot, world: World, token: str, mum: Persona, receiver: Any) -> None:
    await bot.set_webhook(receiver.url)
    world.bots[token].updates.duplicate_next = 1
    await mum.send("/start")
    await receiver.has(2)
    assert receiver.ids[0] == receiver.ids[1]


async def test_a_bad_webhook_is_refused(bot: Bot) -> None:
    for url, secret, words in (
        ("http://example.org/hook", "", "An HTTPS URL must be provided for webhook"),
        ("nonsense", "", "Invalid webhook url specified"),
        ("http://127.0.0.1/hook", "two words", "Secret token contains unallowed characters"),
    ):
        with pytest.raises(BadRequest, match=f"(?i){words}"):
            await bot.set_webhook(url, secret_token=secret or None)
