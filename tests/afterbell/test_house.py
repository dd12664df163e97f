"""The program as an operator runs it: real processes, started, used, stopped, killed, and started wrongly."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from databases import KEY, Databases, make_school

from afterbell.build import open_school
from afterbell.house import House, Roles
from afterbell.settings import Settings
from care.channels import Trouble, channel_troubles
from webchat.limits import Limits
from webchat.server import create_app, serve
from webchat.world import World

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, **settings: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AFTERBELL_")}
    return {**clean, "AFTERBELL_DATA_DIR": str(folder), **{f"AFTERBELL_{k.upper()}": v for k, v in settings.items()}}


@dataclass
class Running:
    """A started program and what it printed until it was ready."""

    process: asyncio.subprocess.Process
    printed: str
    address: str

    @property
    def sign_in(self) -> str:
        found = re.search(r"http\S+/sign-in/\S+", self.printed)
        assert found, self.printed
        return found.group()

    async def end(self, how: int) -> int:
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 10)


async def start(folder: Path, command: str = "demo", **settings: str) -> Running:
    port = settings.setdefault("port", str(free_port()))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "afterbell",
        command,
        cwd=ROOT,
        env=environment(folder, **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = []
    async with asyncio.timeout(30):
        while not any("Sign in" in line or "staff add" in line for line in lines):
            line = (await process.stdout.readline()).decode()
            assert line, (await process.communicate())[1].decode()
            lines.append(line)
    return Running(process, "".join(lines), f"http://127.0.0.1:{port}")


@asynccontextmanager
async def running(folder: Path, command: str = "demo", **settings: str) -> AsyncIterator[Running]:
    house = await start(folder, command, **settings)
    try:
        yield house
    finally:
        if house.process.returncode is None:
            house.process.kill()
            await house.process.wait()


async def fails(folder: Path, command: str = "run", **settings: str) -> str:
    """Starts the program with a mistake; returns what it says. It must not exit with 0."""
    settings.setdefault("port", str(free_port()))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "afterbell",
        *command.split(),
        cwd=ROOT,
        env=environment(folder, **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1, errors.decode()
    assert "Traceback" not in errors.decode()
    return errors.decode()


async def state(http: aiohttp.ClientSession, address: str, user: int) -> Any:
    async with http.get(f"{address}/chat/{user}/state.json") as answer:
        return await answer.json()


async def say(http: aiohttp.ClientSession, address: str, user: int, text: str) -> None:
    async with http.post(f"{address}/chat/{user}/send", json={"text": text}, headers={"Origin": address}) as answer:
        assert answer.status == 200, await answer.text()


async def until_seen(http: aiohttp.ClientSession, address: str, user: int, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in str(await state(http, address, user)):
            await asyncio.sleep(0.05)


def a_mother(folder: Path) -> int:
    with sqlite3.connect(folder / "afterbell.sqlite") as base:
        (person,) = base.execute("SELECT person_id FROM contact LIMIT 1").fetchone()
    return 1_000_000_000 + int(person)


async def test_the_demonstration_starts_is_used_and_goes_on_after_a_stop_and_a_kill(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with running(tmp_path) as house:
            user = a_mother(tmp_path)
            async with http.get(house.address + "/chat") as page:
                assert page.status == 200
            async with http.get(house.sign_in) as page:
                assert page.status == 200
            await say(http, house.address, user, "/language")
            await until_seen(http, house.address, user, "请选择语言")
            before = time.monotonic()
            assert await house.end(signal.SIGINT) == 0
            assert time.monotonic() - before < 4  # promised: two seconds; the machine may be busy
        async with running(tmp_path) as house:
            assert "请选择语言" in str(await state(http, house.address, user))
            await say(http, house.address, user, "/cancel")
            assert await house.end(signal.SIGKILL) == -signal.SIGKILL
        async with running(tmp_path) as house:
            await until_seen(http, house.address, user, "没有可取消")
            assert str(await state(http, house.address, user)).count("没有可取消") >= 1
            assert await house.end(signal.SIGTERM) == 0


async def test_an_open_board_holds_up_no_stop(tmp_path: Path) -> None:
    """Its line ends by itself, as soon as the program is asked to stop."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
        running(tmp_path) as house,
    ):
        async with http.post(house.sign_in, headers={"Origin": house.address}) as entered:
            assert entered.status == 200
        async with http.get(house.address + "/live") as line:
            assert line.content_type == "text/event-stream"
            assert await line.content.readline() == b"retry: 2000\n"
            before = time.monotonic()
            assert await house.end(signal.SIGTERM) == 0
            assert time.monotonic() - before < 5
            await line.content.read()
        assert house.process.stderr is not None
        assert b"Traceback" not in await house.process.stderr.read()


async def test_two_programs_on_one_data_folder_are_kept_apart(tmp_path: Path) -> None:
    async with running(tmp_path) as house:
        assert "Another AfterBell" in await fails(tmp_path, "demo")
        assert "PostgreSQL" in await fails(tmp_path, "console")
        assert await house.end(signal.SIGKILL) == -signal.SIGKILL
    async with running(tmp_path) as house:
        assert await house.end(signal.SIGTERM) == 0


async def test_the_clock_of_the_demonstration_never_runs_back(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with running(tmp_path) as house:
            wish = {"to": "2026-11-26T09:00"}
            async with http.post(house.address + "/chat/clock", json=wish, headers={"Origin": house.address}) as answer:
                assert answer.status == 200, await answer.text()
            await house.end(signal.SIGKILL)
        async with running(tmp_path) as house, http.get(house.address + "/chat/clock.json") as answer:
            assert "2026-11-26T09:" in await answer.text()


async def test_a_real_school_starts_empty_and_says_how_to_go_on(tmp_path: Path) -> None:
    async with running(tmp_path, "run") as house, aiohttp.ClientSession() as http:
        assert "afterbell staff add" in house.printed
        async with http.get(house.address + "/readyz") as answer:
            assert answer.status == 200
        assert await house.end(signal.SIGTERM) == 0


async def webhook_of(http: aiohttp.ClientSession, telegram: str) -> str:
    async with http.get(f"{telegram}/bot4242:token/getWebhookInfo") as answer:
        return str((await answer.json())["result"]["url"])


async def test_with_a_token_the_bot_serves_telegram_and_the_web_chat_stays(tmp_path: Path) -> None:
    world = World(limits=Limits.off())
    world.add_bot("4242:token", username="school_bot")
    async with serve(create_app(world)) as telegram:
        async with running(tmp_path, telegram_token="4242:token", telegram_api=telegram) as house:
            assert "https://t.me/school_bot" in house.printed and "/chat" in house.printed
            assert await house.end(signal.SIGTERM) == 0
        port = free_port()
        settings = {
            "telegram_token": "4242:token",
            "telegram_api": telegram,
            "port": str(port),
            "webhook_url": f"http://127.0.0.1:{port}",
            "webhook_secret": "secret",
        }
        async with running(tmp_path, **settings) as house, aiohttp.ClientSession() as http:
            async with asyncio.timeout(10):
                while await webhook_of(http, telegram) != f"http://127.0.0.1:{port}/telegram/telegram":
                    await asyncio.sleep(0.05)
            assert await house.end(signal.SIGTERM) == 0


async def test_a_webhook_that_somebody_takes_away_comes_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.wire.hook.LOOK_EVERY_S", 0.05)
    world = World(limits=Limits.off())
    bot = world.add_bot("4242:token")
    ours = "http://127.0.0.1:9/telegram/telegram"

    async def until_ours() -> None:
        async with asyncio.timeout(10):
            while bot.hook.url != ours:
                await asyncio.sleep(0.02)

    async with serve(create_app(world)) as telegram:
        settings.telegram_token, settings.telegram_api = "4242:token", telegram
        settings.webhook_url, settings.webhook_secret = "http://127.0.0.1:9", "secret"
        school = await open_school(settings)
        house = House(school, settings, Roles(console=False, scheduler=False))
        channel = house.channels["telegram"]
        task = asyncio.create_task(house._run_channel(channel))
        await until_ours()
        bot.hook.url = ""
        await until_ours()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await channel.close()
        await school.close()


async def test_a_telegram_that_cannot_be_reached_holds_up_nothing_else(tmp_path: Path) -> None:
    settings = {"telegram_token": "4242:token", "telegram_api": "http://127.0.0.1:9"}
    async with running(tmp_path, **settings) as house, aiohttp.ClientSession() as http:
        assert "cannot be reached yet" in house.printed
        user = a_mother(tmp_path)
        await say(http, house.address, user, "/language")
        await until_seen(http, house.address, user, "请选择语言")
        assert await house.end(signal.SIGINT) == 0
        assert house.process.stderr is not None
        assert b"Unclosed" not in await house.process.stderr.read()


async def test_the_chat_goes_on_when_its_own_file_is_lost(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with running(tmp_path) as house:
            user = a_mother(tmp_path)
            await say(http, house.address, user, "/language")
            await until_seen(http, house.address, user, "请选择语言")
            await house.end(signal.SIGTERM)
        for file in tmp_path.glob("webchat.sqlite*"):
            file.unlink()
        async with running(tmp_path) as house:
            await say(http, house.address, user, "/language")
            await until_seen(http, house.address, user, "请选择语言")
            await house.end(signal.SIGTERM)


async def test_operators_mistakes_are_one_clear_sentence(tmp_path: Path) -> None:
    world = World(limits=Limits.off())
    async with serve(create_app(world)) as telegram:
        said = await fails(tmp_path / "a", telegram_token="1:wrong", telegram_api=telegram)
        assert "AFTERBELL_TELEGRAM_TOKEN" in said and "1:wrong" not in said
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "AFTERBELL_PORT" in await fails(tmp_path / "b", port=str(taken.getsockname()[1]))
    assert "AFTERBELL_TIMEZONE" in await fails(tmp_path / "c", timezone="Mars/Olympus")
    assert "AFTERBELL_PORT" in await fails(tmp_path / "c", port="many")
    assert "AFTERBELL_WEBHOOK_SECRET" in await fails(tmp_path / "c", webhook_url="https://example.org")
    webhook = {"webhook_url": "https://example.org", "webhook_secret": "two words"}
    assert "AFTERBELL_WEBHOOK_SECRET" in await fails(tmp_path / "c", **webhook)
    said = await fails(tmp_path / "d", database_url="postgresql://nobody:hidden@127.0.0.1:1/none")
    assert "AFTERBELL_DATABASE_URL" in said and "hidden" not in said
    assert "AFTERBELL_TELEGRAM_TOKEN" in await fails(tmp_path / "e", "bot")
    assert "migrate" in await fails(tmp_path / "f", "console")
    (tmp_path / "file").write_text("")
    assert "AFTERBELL_DATA_DIR" in await fails(tmp_path / "file" / "below")


async def test_a_bot_that_gives_up_leaves_word_for_the_console(tmp_path: Path, postgres: Databases) -> None:
    """The bot and the console are processes of their own: the console says why nobody hears anything, until a bot
    with a good token runs."""
    url = await postgres.fresh(loaded=False)
    school = make_school(url)
    world = World(limits=Limits.off())
    world.add_bot("4242:token")
    settings = {"database_url": url, "secret_key": KEY}

    async def troubles() -> list[tuple[str, Trouble]]:
        async with school.look() as uow:
            return [(one.channel, one.code) for one in await channel_troubles(uow)]

    async with serve(create_app(world)) as telegram:
        settings["telegram_api"] = telegram
        said = await fails(tmp_path, "bot", telegram_token="1:wrong", **settings)
        assert "AFTERBELL_TELEGRAM_TOKEN" in said and "1:wrong" not in said
        assert await troubles() == [("telegram", Trouble.TOKEN_REFUSED)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "afterbell",
            "bot",
            cwd=ROOT,
            env=environment(tmp_path, telegram_token="4242:token", **settings),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(60):
                while await troubles():
                    await asyncio.sleep(0.05)
            process.terminate()
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    await school.close()


@pytest.mark.parametrize("command", ["--help", "staff add --help"])
async def test_help_is_there(tmp_path: Path, command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "afterbell",
        *command.split(),
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0 and b"Usage" in out
