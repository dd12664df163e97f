"""A local Bot API server over real HTTP, and the bot library that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from page_server import Server
from telegram import Bot
from telegram.request import HTTPXRequest

from webchat.limits import Limits
from webchat.persona import Persona
from webchat.server import create_app, serve
from webchat.world import World

TOKEN = "4242:local-token"
Call = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's warning about times in seconds would fail the tests that read ``retry_after``."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def world() -> World:
    world = World(limits=Limits.off(), webhook_wait=0.02)
    world.add_bot(TOKEN)
    return world


@pytest.fixture
async def base_url(world: World) -> AsyncIterator[str]:
    async with serve(create_app(world, control=True)) as url:
        yield url


@pytest.fixture
async def http(base_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=base_url) as session:
        yield session


@pytest.fixture
async def bot(base_url: str) -> AsyncIterator[Bot]:
    bot = Bot(
        TOKEN,
        base_url=f"{base_url}/bot",
        base_file_url=f"{base_url}/file/bot",
        request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
    )
    async with bot:
        yield bot


@pytest.fixture
def mum(world: World) -> Persona:
    return Persona(world, TOKEN, name="林岚", phone="13800000001")


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def call(http: aiohttp.ClientSession) -> Call:
    """A raw call: the status and the whole answer."""

    async def call(method: str, **params: object) -> tuple[int, dict[str, Any]]:
        async with http.post(f"/bot{TOKEN}/{method}", json=params) as answer:
            return answer.status, await answer.json()

    return call


@pytest.fixture
def demonstration(token: str) -> Server:
    return Server(token, real=False)


@pytest.fixture
def real(token: str) -> Server:
    return Server(token, real=True)
