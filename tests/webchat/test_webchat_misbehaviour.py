"""Every way the server can be told to misbehave, as a client really sees it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from telegram import Bot
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError

from webchat.persona import Persona
from webchat.server import routes, serve
from webchat.world import World


@pytest.fixture
async def known(mum: Persona) -> int:
    await mum.send("/start")
    return mum.user_id


async def test_502_with_a_page_of_html(
    http: Any, call: Any, world: World, mum: Persona, known: int, token: str
) -> None:
    world.faults.add("sendMessage", "bad_gateway")
    async with http.post(f"/bot{token}/sendMessage", json={"chat_id": known, "text": "一"}) as answer:
        assert answer.status == 502
        assert answer.content_type == "text/html"
        assert "<html>" in await answer.text()
    assert mum.messages == []
    status, _ = await call("sendMessage", chat_id=known, text="一")
    assert status == 200
    assert [(c.method, c.outcome) for c in world.calls] == [("sendMessage", "502 Bad Gateway"), ("sendMessage", "ok")]


async def test_502_is_a_network_error_to_the_library(bot: Bot, world: World, known: int) -> None:
    world.faults.add("sendMessage", "bad_gateway")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(known, "一")


async def test_the_connection_breaks_before_or_after_the_message_is_sent(
    call: Any, world: World, mum: Persona, known: int
) -> None:
    world.faults.add("sendMessage", "drop_before", chat_id=known)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await call("sendMessage", chat_id=known, text="一")
    assert mum.messages == []
    world.faults.add("sendMessage", "drop_after", times=2)
    for text in ("二", "三"):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await call("sendMessage", chat_id=known, text=text)
    assert [message.text for message in mum.messages] == ["二", "三"]
    assert [c.outcome for c in world.calls] == ["dropped before acting", *["dropped after acting"] * 2]


async def test_a_broken_connection_is_a_network_error_to_the_library(bot: Bot, world: World, known: int) -> None:
    world.faults.add("sendMessage", "drop_after")
    with pytest.raises(NetworkError, match="RemoteProtocolError"):
        await bot.send_message(known, "一")


async def test_the_connection_breaks_under_middleware_too(world: World, known: int, mum: Persona, token: str) -> None:
    app = Starlette(routes=routes(world), middleware=[Middleware(GZipMiddleware)])
    async with serve(app) as url, aiohttp.ClientSession(url) as http:
        world.faults.add("sendMessage", "drop_before")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await http.post(f"/bot{token}/sendMessage", json={"chat_id": known, "text": "一"})
    assert mum.messages == []


async def test_a_fault_can_be_for_one_chat_only(call: Any, world: World, token: str, known: int) -> None:
    dad = Persona(world, token, name="周海")
    await dad.send("/start")
    world.faults.add("sendMessage", "bad_gateway", chat_id=dad.user_id)
    assert (await call("sendMessage", chat_id=known, text="一"))[0] == 200
    assert [fault.times for fault in world.faults.waiting] == [1]


async def test_a_slow_answer_comes_late(call: Any, world: World, known: int) -> None:
    world.faults.add("sendMessage", "slow", seconds=0.2)
    begun = time.monotonic()
    slow = asyncio.create_task(call("sendMessage", chat_id=known, text="一"))
    assert (await call("getMe"))[0] == 200
    assert not slow.done()
    assert (await slow)[0] == 200
    assert time.monotonic() - begun >= 0.2


async def test_an_answer_can_be_cut_short(bot: Bot, world: World, mum: Persona, known: int) -> None:
    world.faults.add("sendMessage", "truncated")
    with pytest.raises(TelegramError, match="Invalid server response"):
        await bot.send_message(known, "一")
    assert mum.sees("一")


async def test_429_with_a_chosen_wait(bot: Bot, world: World, mum: Persona, known: int) -> None:
    world.faults.add("*", "too_many", retry_after=35)
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(known, "一")
    assert refusal.value.retry_after == timedelta(seconds=35)
    assert mum.messages == []


async def test_a_token_is_revoked_and_given_back(bot: Bot, http: Any, token: str, known: int) -> None:
    await http.post("/webchat/misbehave", json={"kind": "revoke", "token": token})
    with pytest.raises(InvalidToken):
        await bot.send_message(known, "一")
    await http.post("/webchat/misbehave", json={"kind": "restore", "token": token})
    await bot.send_message(known, "一")


async def test_another_process_can_ask_for_misbehaviour(
    http: Any, call: Any, world: World, mum: Persona, known: int, token: str
) -> None:
    async def ask(**wish: object) -> int:
        async with http.post("/webchat/misbehave", json=wish) as answer:
            return int(answer.status)

    assert await ask(kind="too_many", method="sendMessage", retry_after=7) == 200
    _, body = await call("sendMessage", chat_id=known, text="一")
    assert body["parameters"] == {"retry_after": 7}
    assert await ask(kind="slow", seconds=0.01) == 200
    assert await ask(kind="clear") == 200
    assert world.faults.waiting == []
    assert await ask(kind="duplicate", token=token) == 200
    assert await ask(kind="jump", token=token, to=7) == 200
    await mum.send("一")
    _, body = await call("getUpdates")
    assert [update["update_id"] for update in body["result"]][1:] == [7, 7]
    assert await ask(kind="dance") == 400
    async with http.get("/webchat/calls") as answer:
        calls = await answer.json()
    assert [entry["method"] for entry in calls] == ["sendMessage", "getUpdates"]
    assert calls[0]["params"] == {"chat_id": known, "text": "一"}


async def test_the_control_route_is_not_there_unless_asked_for(world: World) -> None:
    async with serve(Starlette(routes=routes(world))) as url, aiohttp.ClientSession(url) as http:
        async with http.post("/webchat/misbehave", json={"kind": "clear"}) as answer:
            assert answer.status == 404
        async with http.get("/webchat/calls") as answer:
            assert answer.status == 404


def test_an_unknown_misbehaviour_is_an_error_of_the_test() -> None:
    with pytest.raises(ValueError, match="no such misbehaviour"):
        World().faults.add("sendMessage", "dance")  # type: ignore[arg-type]
