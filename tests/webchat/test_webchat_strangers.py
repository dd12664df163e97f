"""What anybody at the chat page can make the server keep: little, and nothing by merely looking."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest
from page_server import MUM, OURS, Server, browser, own_id, read, running, status
from starlette.requests import Request

from webchat.intake import Paces, address_of
from webchat.manners import set_my_commands
from webchat.params import Params
from webchat.server import create_app


async def chunks(total: int, head: bytes = b"", size: int = 10_000) -> AsyncIterator[bytes]:
    """A body without a Content-Length."""
    yield head
    for _ in range(total // size):
        yield b" " * size


def a_file(size: int) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(b"x" * size), filename="x.bin")
    return form


def raw_client(server: Server) -> httpx.AsyncClient:
    """The app without a web server before it, which would refuse odd headers itself."""
    transport = httpx.ASGITransport(create_app(server.world, server.page))
    return httpx.AsyncClient(transport=transport, base_url="http://school.example", headers=OURS)


async def test_real_families_have_no_paperclip_and_nowhere_to_send_a_file(real: Server) -> None:
    async with running(real) as http:
        mine = await own_id(http)
        async with http.get("/chat") as answer:
            assert 'id="upload"' not in await answer.text()
        assert await status(http, "POST", f"/chat/{mine}/send", json={"text": "/start"}) == 200
        assert await status(http, "POST", f"/chat/{mine}/upload", data=a_file(10)) == 404
    assert real.bot.files == {}


async def test_the_demonstration_takes_small_files_only(demonstration: Server) -> None:
    async with running(demonstration) as http:
        async with http.get(f"/chat/{MUM}") as page:
            assert 'id="upload"' in await page.text()
        assert await status(http, "POST", f"/chat/{MUM}/upload", data=a_file(10)) == 409  # not started
        await status(http, "POST", f"/chat/{MUM}/send", json={"text": "/start"})
        assert await status(http, "POST", f"/chat/{MUM}/upload", data=a_file(1_990_000)) == 200
    async with raw_client(demonstration) as client:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n'
        for lie in ({}, {"content-length": "10"}, {"content-length": "many"}):
            headers = {"content-type": "multipart/form-data; boundary=x", **lie}
            answer = await client.post(f"/chat/{MUM}/upload", content=chunks(2_100_000, head), headers=headers)
            assert answer.status_code == 413
    assert len(demonstration.bot.files) == 1


@pytest.mark.parametrize("length", ["", "10", "many", "-1"])
async def test_a_body_is_counted_as_it_comes(demonstration: Server, length: str) -> None:
    headers = {"content-length": length} if length else {}
    async with raw_client(demonstration) as client:
        for path in (f"/chat/{MUM}/send", "/chat/clock"):
            assert (await client.post(path, content=chunks(70_000), headers=headers)).status_code == 413
            assert (await client.post(path, content=b"[" * 60_000, headers=headers)).status_code == 400
        path = f"/chat/{MUM}/send"
        assert (await client.post(path, content=b'{"text": "/start"}', headers=headers)).status_code == 200


async def test_a_strangers_call_of_the_bot_api_is_not_read(demonstration: Server) -> None:
    came = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal came
        async for chunk in chunks(100_000):
            came += len(chunk)
            yield chunk

    async with raw_client(demonstration) as client:
        assert (await client.post("/bot1:guess/sendMessage", content=body())).status_code == 401
    assert came == 0
    assert not demonstration.world.calls


async def test_looking_at_the_page_leaves_nothing_behind(real: Server) -> None:
    async with running(real) as http:
        mine = await own_id(http)
        mark = (await read(http, f"/chat/{mine}/state.json"))["mark"]
        async with http.get(f"/chat/events?user={mine}&since={mark}") as answer:
            set_my_commands(real.world, real.bot, Params({"commands": [{"command": "help", "description": "帮助"}]}))
            line = await asyncio.wait_for(answer.content.readuntil(b"commands"), 5)
            assert b"commands" in line
        assert await status(http, "GET", f"/chat/{mine}/files/x/y") == 404
        for deed in ("tap", "block", "seen"):
            assert await status(http, "POST", f"/chat/{mine}/{deed}", json={"blocked": True}) == 409
        assert (real.world.users, real.bot.chats, real.page._seen) == ({}, {}, {})
        assert await status(http, "POST", f"/chat/{mine}/send", json=["not a message"]) == 400
        assert real.world.users == {}
        assert await status(http, "POST", f"/chat/{mine}/send", json={"text": "/start"}) == 200
        assert (list(real.world.users), list(real.bot.chats)) == ([mine], [mine])
        assert await status(http, "POST", f"/chat/{mine}/seen", json={}) == 200


async def test_new_cookies_do_not_get_round_the_limits(real: Server) -> None:
    real.world.monotonic = lambda: 1000.0

    async def newcomer(url: object) -> int:
        async with browser(url) as http:
            mine = await own_id(http)
            return await status(http, "POST", f"/chat/{mine}/send", json={"text": "/start"})

    async with running(real) as http:
        old = await own_id(http)
        assert await status(http, "POST", f"/chat/{old}/send", json={"text": "/start"}) == 200
        assert [await newcomer(http._base_url) for _ in range(61)] == [200] * 59 + [429] * 2
        assert len(real.world.users) == 60
        assert await status(http, "POST", f"/chat/{old}/send", json={"text": "还在"}) == 200  # whom we know may go on
        answers = [await newcomer(http._base_url) for _ in range(60)]
        assert answers == [429] * 60
        assert await status(http, "POST", f"/chat/{old}/send", json={"text": "满了"}) == 429  # 120 of this address
        real.world.monotonic = lambda: 1061.0
        assert await newcomer(http._base_url) == 200
        assert await newcomer(http._base_url) == 429


def test_a_pace_is_forgotten_when_nothing_is_held_against_it() -> None:
    paces = Paces(rate=5, burst=30)
    assert [paces.take("mum", 0) for _ in range(31)] == [True] * 30 + [False]
    for visitor in range(1000):
        assert paces.take(visitor, 1)
    assert len(paces) == 1001
    assert [paces.take("mum", 3) for _ in range(16)] == [True] * 15 + [False]
    assert paces.take("dad", 7.1)
    assert len(paces) == 2
    assert paces.take("dad", 20)
    assert len(paces) == 1


@pytest.mark.parametrize(
    ("host", "told_apart"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("2001:db8:0:1::7", "20010db800000001"),
        ("2001:db8:0:1:ffff::8", "20010db800000001"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_an_address_is_what_one_home_has(host: str | None, told_apart: str) -> None:
    assert address_of(Request({"type": "http", "client": host and (host, 1)})) == told_apart
