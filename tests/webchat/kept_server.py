"""A server with a store, run as its own process so that a test can kill it: ``kept_server.py STORE PORT``.

``POST /say`` is what a user's page does: it answers once the update has been accepted.
"""

from __future__ import annotations

import asyncio
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webchat.acts import Acts
from webchat.limits import Limits
from webchat.server import routes, serve
from webchat.store import Store
from webchat.world import World


async def main(path: str, port: int) -> None:
    world = World(limits=Limits.off(), store=Store(path))
    bot = world.add_bot("4242:local-token")
    mum = world.add_user("林岚", user_id=77)

    async def say(request: Request) -> Response:
        message = Acts(world, bot, mum).say((await request.json())["text"])
        return JSONResponse({"message_id": message.id})

    async with serve(Starlette(routes=[*routes(world), Route("/say", say, methods=["POST"])]), port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
