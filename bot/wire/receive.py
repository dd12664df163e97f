"""Receive: what comes in is written down before anybody is told that it arrived."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.wire.channel import Channel
from bot.wire.http import SlowDown
from care.records.delivery import Update
from care.school import School

ALLOWED = ["message", "callback_query", "my_chat_member"]
LONG_POLL_S = 25
BACKOFF_S = (1, 2, 5, 10, 30)
BODY_LIMIT = 1_000_000

log = structlog.get_logger()


def chat_of(update: dict[str, Any]) -> int:
    """The chat whose order an update belongs to; 0 when it has none."""
    for name in ("message", "my_chat_member"):
        if name in update:
            return int(update[name]["chat"]["id"])
    if "callback_query" in update:
        query = update["callback_query"]
        return int(query.get("message", {}).get("chat", query["from"])["id"])
    return 0


async def write_down(school: School, channel: str, updates: Sequence[dict[str, Any]]) -> None:
    """Stores updates in the order they came; one already stored is left alone."""
    if not updates:
        return
    insert = sqlite.insert if school.is_sqlite else postgresql.insert
    now = school.clock.now()
    rows = [
        {
            "channel": channel,
            "update_id": update["update_id"],
            "chat_id": chat_of(update),
            "payload": json.dumps(update, ensure_ascii=False, separators=(",", ":")),
            "received_at": now,
            "state": "waiting",
            "attempts": 0,
            "error": "",
        }
        for update in updates
    ]
    async with school.work() as uow:
        await uow.session.execute(insert(Update).on_conflict_do_nothing(), rows)


class Poller:
    """Asks for updates by long poll. The offset moves only after the updates are stored; a restart needs none."""

    def __init__(self, school: School, channel: Channel, arrived: Callable[[], None]) -> None:
        self.school = school
        self.channel = channel
        self.arrived = arrived

    async def run(self) -> None:
        """Polls until cancelled. Trouble is logged and waited out, ever longer, to half a minute."""
        offset: int | None = None
        failures = 0
        while True:
            try:
                offset = await self._poll(offset)
                failures = 0
            except InvalidToken:
                log.error("the bot's token is refused; waiting", channel=self.channel.name)
                await asyncio.sleep(BACKOFF_S[-1])
            except SlowDown as error:
                await asyncio.sleep(error.seconds)
            except TelegramError as error:
                wait = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                failures += 1
                text = "another program polls this bot" if isinstance(error, Conflict) else "no updates"
                log.warning(text, channel=self.channel.name, error=type(error).__name__, again_in_s=wait)
                await asyncio.sleep(wait)
            except Exception as error:  # noqa: BLE001 - a database in trouble: what is not confirmed comes again
                log.error("updates cannot be stored", channel=self.channel.name, error=type(error).__name__)
                await asyncio.sleep(BACKOFF_S[1])

    async def _poll(self, offset: int | None) -> int | None:
        data: dict[str, Any] = {"timeout": LONG_POLL_S, "allowed_updates": ALLOWED, "limit": 100}
        if offset is not None:
            data["offset"] = offset
        updates: Any = await self.channel.poll(data, LONG_POLL_S + 10)
        if not updates:
            return offset
        await write_down(self.school, self.channel.name, updates)
        self.arrived()
        return int(updates[-1]["update_id"]) + 1


def webhook(school: School, channel: str, secret: str, arrived: Callable[[], None]) -> Route:
    """The webhook's route: 200 only after the update is stored."""

    async def receive(request: Request) -> Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return PlainTextResponse("wrong secret token", 403)
        body = await request.body()
        if len(body) > BODY_LIMIT:
            return PlainTextResponse("too large", 413)
        try:
            update = json.loads(body)
            update["update_id"], chat_of(update)
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("not an update", 400)
        await write_down(school, channel, [update])
        arrived()
        return PlainTextResponse("")

    return Route(f"/telegram/{channel}", receive, methods=["POST"], name=f"webhook-{channel}")
