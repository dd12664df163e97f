"""Put the Bot API and the chat page on HTTP: routes to mount, an app, and a server for tests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import asdict

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from webchat.botapi import BotApi, Files
from webchat.faults import FAULT_KINDS
from webchat.page import ChatPage
from webchat.world import World


def routes(world: World, page: ChatPage | None = None, *, control: bool = False) -> list[BaseRoute]:
    """The Bot API, and the chat page when there is one. ``control`` adds the route that lets tests in other
    processes make the server misbehave; never turn it on where strangers can reach it."""
    found: list[BaseRoute] = [
        Route("/bot{token}/{method}", BotApi(world)),
        Route("/file/bot{token}/{path:path}", Files(world), methods=["GET"]),
    ]
    if control:
        found.append(Route("/webchat/misbehave", Control(world).misbehave, methods=["POST"]))
        found.append(Route("/webchat/calls", Control(world).calls, methods=["GET"]))
    if page:
        found += page.routes()
    return found


def create_app(world: World, page: ChatPage | None = None, *, control: bool = False) -> Starlette:
    app = Starlette(routes=routes(world, page, control=control))
    app.state.world = world
    return app


class Control:
    """Misbehaviour by HTTP: the same as ``world.faults.add`` and the bot's own switches."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def misbehave(self, request: Request) -> Response:
        wish = await request.json()
        world = self._world
        kind = wish.get("kind")
        if kind == "clear":
            world.faults.clear()
        elif kind in FAULT_KINDS:
            world.faults.add(wish.pop("method", "*"), wish.pop("kind"), **wish)
        elif kind in ("revoke", "restore", "duplicate", "jump"):
            bot = world.bots[wish["token"]]
            if kind == "duplicate":
                bot.updates.duplicate_next = int(wish.get("times", 1))
            elif kind == "jump":
                bot.updates.jump(int(wish["to"]))
            else:
                bot.revoked = kind == "revoke"
        else:
            return JSONResponse({"ok": False, "kinds": [*FAULT_KINDS, "clear", "revoke", "restore"]}, 400)
        return JSONResponse({"ok": True})

    async def calls(self, request: Request) -> Response:
        return JSONResponse([asdict(call) for call in self._world.calls])


async def _leave(world: World, close: bool) -> None:
    if close:
        await world.aclose()
    else:
        world.hang_up()


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, port: int = 0, *, close_world: bool = True) -> AsyncIterator[str]:
    """Run uvicorn in this loop on the loopback address; yields the base URL. At the end the world of an app made by
    ``create_app`` is closed too; with ``close_world=False`` it stays, to be served again."""
    # the protocol is named because asyncio turns Nagle's delay off only for sockets that name it
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))
    try:
        while not server.started:
            if running.done():
                await running
            await asyncio.sleep(0.001)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        world = getattr(app.state, "world", None) if isinstance(app, Starlette) else None
        if isinstance(world, World):
            await _leave(world, close_world)
        server.should_exit = True
        await running
        listener.close()
