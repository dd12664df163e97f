"""With a store, a restart finds everything again, and what was accepted outlives kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, ReplyKeyboardMarkup
from telegram.request import HTTPXRequest

from webchat.limits import Limits
from webchat.persona import Persona
from webchat.server import create_app, serve
from webchat.store import Store
from webchat.world import World


def kept_world(path: Path, token: str) -> World:
    world = World(limits=Limits.off(), store=Store(path))
    world.add_bot(token)
    return world


def library(url: str, token: str) -> Bot:
    return Bot(token, base_url=f"{url}/bot", request=HTTPXRequest(httpx_kwargs={"trust_env": False}))


async def test_a_restart_finds_conversations_and_undelivered_updates(tmp_path: Path, token: str) -> None:
    path = tmp_path / "webchat.sqlite"
    world = kept_world(path, token)
    mum = Persona(world, token, name="林岚", user_id=77, phone="13800000001")
    async with serve(create_app(world)) as url, library(url, token) as bot:
        await mum.send("/start")
        (taken,) = await bot.get_updates()
        await bot.send_message(
            77, "申请？", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("确认", callback_data="y")]])
        )
        await bot.send_message(77, "菜单", reply_markup=ReplyKeyboardMarkup([["帮助"]]))
        await bot.send_document(77, InputFile(b"%PDF agreement", "协议书.pdf"))
        gone = await bot.send_message(77, "删掉")
        await gone.delete()
        await bot.set_my_commands([BotCommand("help", "帮助")])
        await bot.get_updates(offset=taken.update_id + 1)
        await mum.tap("确认")
        await mum.share_phone()
        await mum.block()
    world = kept_world(path, token)
    mum = Persona(world, token, name="林岚", user_id=77)
    assert mum.user.phone == "13800000001"
    assert mum.chat.blocked
    assert mum.buttons == ["确认", "帮助"]
    assert mum.documents == {"协议书.pdf": b"%PDF agreement"}
    assert world.bots[token].chat(77).messages[4].document
    assert mum.commands == ["/help"]
    assert not mum.sees("删掉")
    await mum.unblock()
    async with serve(create_app(world)) as url, library(url, token) as bot:
        updates = await bot.get_updates()
        assert [update.update_id for update in updates] == [taken.update_id + n for n in (1, 2, 3, 4)]
        assert updates[0].callback_query
        assert updates[0].callback_query.data == "y"
        assert updates[1].message
        assert updates[1].message.contact
        sent = await bot.send_document(77, InputFile(b"%PDF second", "第二.pdf"))
        assert sent.message_id == 7
        assert set(mum.documents) == {"协议书.pdf", "第二.pdf"}


async def test_a_webhook_is_remembered(tmp_path: Path, token: str) -> None:
    path = tmp_path / "webchat.sqlite"
    world = kept_world(path, token)
    async with serve(create_app(world)) as url, library(url, token) as bot:
        await bot.set_webhook("http://127.0.0.1:9/hook", secret_token="s", max_connections=2)
    world = kept_world(path, token)
    hook = world.bots[token].hook
    assert (hook.url, hook.secret, hook.max_connections) == ("http://127.0.0.1:9/hook", "s", 2)
    await world.aclose()


@pytest.mark.parametrize("kill_after", [1, 7, 25])
async def test_what_was_accepted_outlives_kill_9(tmp_path: Path, token: str, kill_after: int) -> None:
    path = tmp_path / "webchat.sqlite"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(Path(__file__).with_name("kept_server.py"))
    process = await asyncio.create_subprocess_exec(sys.executable, script, str(path), str(port))
    accepted: list[str] = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        await _up(http)

        async def say(n: int) -> None:
            async with http.post("/say", json={"text": f"第{n}条"}) as answer:
                assert answer.status == 200
                accepted.append(f"第{n}条")
                if len(accepted) >= kill_after and process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()

        await asyncio.gather(*(say(n) for n in range(60)), return_exceptions=True)
    await process.wait()
    world = kept_world(path, token)
    pending = [update.body for update in world.bots[token].updates.pending]
    assert len(accepted) >= kill_after
    assert [text for text in accepted if not any(f'"{text}"' in body for body in pending)] == []
    mum = Persona(world, token, name="林岚", user_id=77)
    assert {message.text for message in mum.chat.messages.values()} >= set(accepted)
    await world.aclose()


async def _up(http: aiohttp.ClientSession) -> None:
    for _ in range(500):
        with contextlib.suppress(aiohttp.ClientConnectionError):
            await http.get("/nothing")
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the server did not start")
