"""Fetching updates: what is not confirmed comes again, one fetcher at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram import Bot
from telegram.error import Conflict

from webchat.persona import Persona
from webchat.world import World


def ids(answer: tuple[int, dict[str, Any]]) -> list[int]:
    status, body = answer
    assert status == 200, body
    return [update["update_id"] for update in body["result"]]


async def test_an_unconfirmed_update_comes_again_and_a_confirmed_one_does_not(call: Any, mum: Persona) -> None:
    for text in ("/start", "一", "二"):
        await mum.send(text)
    first, second, third = ids(await call("getUpdates"))
    assert (second, third) == (first + 1, first + 2)
    assert ids(await call("getUpdates")) == [first, second, third]
    assert ids(await call("getUpdates", offset=second)) == [second, third]
    assert ids(await call("getUpdates", offset=0, limit=1)) == [second]
    assert ids(await call("getUpdates", offset=third + 1)) == []
    assert ids(await call("getUpdates")) == []


async def test_a_negative_offset_keeps_only_the_last(call: Any, mum: Persona) -> None:
    for text in ("/start", "一", "二"):
        await mum.send(text)
    last = ids(await call("getUpdates"))[-1]
    assert ids(await call("getUpdates", offset=-1)) == [last]
    assert ids(await call("getUpdates")) == [last]


async def test_a_long_poll_wakes_when_she_writes(call: Any, mum: Persona) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=50))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await mum.send("/start")
    assert len(ids(await asyncio.wait_for(poll, 5))) == 1


async def test_a_long_poll_ends_empty_after_its_timeout(call: Any) -> None:
    assert ids(await asyncio.wait_for(call("getUpdates", timeout=1), 5)) == []


async def test_a_second_fetcher_ends_the_first(call: Any, mum: Persona) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=50))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(call("getUpdates", timeout=50))
    assert await asyncio.wait_for(first, 5) == (
        409,
        {
            "ok": False,
            "error_code": 409,
            "description": "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
            "running",
        },
    )
    await mum.send("/start")
    assert len(ids(await second)) == 1


async def test_fetching_is_refused_while_a_webhook_is_set(call: Any, bot: Bot) -> None:
    waiting = asyncio.create_task(call("getUpdates", timeout=50))
    await asyncio.sleep(0.05)
    await bot.set_webhook("http://127.0.0.1:9/telegram")
    status, body = await waiting
    assert (status, body["description"]) == (409, "Conflict: terminated by setWebhook request")
    status, body = await call("getUpdates")
    assert (status, body["description"]) == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook()
    assert ids(await call("getUpdates")) == []


async def test_allowed_updates_hold_from_then_on(call: Any, mum: Persona) -> None:
    await call("getUpdates", allowed_updates=["message"])
    await mum.send("/start")
    await mum.block()
    _, body = await call("getUpdates")
    assert [set(update) for update in body["result"]] == [{"update_id", "message"}]
    await call("getUpdates", allowed_updates=[])
    await mum.unblock()
    _, body = await call("getUpdates")
    assert "my_chat_member" in body["result"][-1]


async def test_update_ids_jump_up_and_fall(call: Any, world: World, mum: Persona, token: str) -> None:
    queue = world.bots[token].updates
    await mum.send("/start")
    (first,) = ids(await call("getUpdates"))
    queue.jump(first + 5000)
    await mum.send("一")
    assert ids(await call("getUpdates", offset=first + 1)) == [first + 5000]
    queue.jump(17)
    await mum.send("二")
    assert ids(await call("getUpdates", offset=first + 5001)) == [17]
    assert ids(await call("getUpdates", offset=first + 5001)) == [17]
    assert ids(await call("getUpdates", offset=18)) == []


async def test_an_update_can_come_twice(call: Any, world: World, mum: Persona, token: str) -> None:
    world.bots[token].updates.duplicate_next = 1
    await mum.send("/start")
    first, again = ids(await call("getUpdates"))
    assert first == again
    assert ids(await call("getUpdates", offset=first + 1)) == []


@pytest.mark.parametrize("way", ["query", "form", "multipart"])
async def test_parameters_come_in_every_way(http: Any, mum: Persona, token: str, way: str) -> None:
    await mum.send("/start")
    params = {"chat_id": str(mum.user_id), "text": "你好 <&>", "reply_markup": '{"inline_keyboard":[]}'}
    url = f"/bot{token}/SendMessage"
    if way == "query":
        answer = await http.get(url, params=params)
    elif way == "form":
        answer = await http.post(url, data=params)
    else:
        import aiohttp

        form = aiohttp.FormData(params)
        form.add_field("unused", b"x", filename="x.bin")
        answer = await http.post(url, data=form)
    body = await answer.json()
    assert body["result"]["text"] == "你好 <&>"
    assert mum.sees("你好 <&>")
