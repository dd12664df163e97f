"""Receive: what comes in is written down before anybody is told that it arrived.

Both doors, the long poll and the webhook, hand their updates to the ``Intake`` and wait; the next round of the wire
stores them all in one transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ARRAY, Integer, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.wire import plain
from bot.wire.channel import Channel
from bot.wire.http import SlowDown
from bot.wire.trouble import Troubles
from bot.wire.updates import INBOX
from care.channels import Trouble
from care.prepared import Prepared
from care.records.delivery import InboxState
from care.work import UnitOfWork

STORED = Response()
ALLOWED = ["message", "callback_query", "my_chat_member"]
LONG_POLL_S = 25
BACKOFF_S = (1, 2, 5, 10, 30)
WORKS = (Trouble.TOKEN_REFUSED, Trouble.WEBHOOK_CHANGED, Trouble.OTHER_POLLER, Trouble.UNREACHABLE)
"""What an update that comes in, or could have, speaks against."""
BODY_LIMIT = 1_000_000
WEBHOOK_STAYS_S = 60.0
STORE_WITHIN_S = 10.0
"""How long a webhook's delivery waits to be stored before the server is asked to bring it again."""

log = structlog.get_logger()

WORDS = {
    Trouble.WEBHOOK_CHANGED: "somebody has set a webhook for this bot",
    Trouble.OTHER_POLLER: "another program polls this bot",
    Trouble.UNREACHABLE: "no updates",
}
"""For the log."""
ADD = {
    "sqlite": Prepared(sqlite.insert(INBOX).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(INBOX).on_conflict_do_nothing()),
}
_key_of_chat = func.unnest(bindparam("keys", type_=ARRAY(Integer))).column_valued("key")
OURS = Prepared(select(_key_of_chat).where(func.pg_try_advisory_xact_lock(6166, _key_of_chat)))
"""The chats of which no other process stores an update now; none does until this one's is handled or stands in line."""


def chat_of(update: dict[str, Any]) -> int:
    """The chat whose order an update belongs to; 0 when it has none."""
    try:
        for name in ("message", "my_chat_member"):
            if name in update:
                return _storable(update[name]["chat"]["id"])
        query = update["callback_query"]
        return _storable(query.get("message", {}).get("chat", query["from"])["id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return 0


def _storable(number: Any) -> int:
    """Raises ValueError for an id that fits into no column."""
    found = int(number)
    if not -(2**63) <= found < 2**63:
        raise ValueError(f"not an id: {found}")
    return found


def _key(channel: str, chat_id: int) -> int:
    """What a chat is called where PostgreSQL wants 32 bits; two chats of one name now and then do no harm."""
    return zlib.crc32(f"{channel}:{chat_id}".encode()) - 2**31


def _kept(update: dict[str, Any]) -> str:
    """An update as it is stored: of the message that was tapped only which it is, for nobody reads its words again."""
    query = update.get("callback_query")
    if isinstance(query, dict) and isinstance(query.get("message"), dict):
        message = query["message"]
        kept = {name: message[name] for name in ("message_id", "chat") if name in message}
        update = {**update, "callback_query": {**query, "message": kept}}
    return plain.write(update)


@dataclass(eq=False)
class Delivery:
    """Updates that one call brought; ``stored`` is set when a round has committed them."""

    channel: str
    updates: Sequence[dict[str, Any]]
    stored: asyncio.Future[None]

    @property
    def keys(self) -> set[int]:
        return {_key(self.channel, chat_of(update)) for update in self.updates}


class Intake:
    """What has come in and is not stored yet."""

    def __init__(self, wake: Callable[[], None], reached: Callable[[str], None]) -> None:
        self._wake = wake
        self._reached = reached
        self._waiting: list[Delivery] = []

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    async def take_in(self, channel: str, updates: Sequence[dict[str, Any]], within_s: float | None = None) -> None:
        """Returns once the updates are stored, each once. Raises TimeoutError when that takes longer."""
        if not updates:
            return
        delivery = Delivery(channel, updates, asyncio.get_running_loop().create_future())
        self._waiting.append(delivery)
        self._reached("received")
        self._wake()
        try:
            async with asyncio.timeout(within_s):
                await delivery.stored
        except BaseException:
            if delivery in self._waiting:
                self._waiting.remove(delivery)
            raise

    def news(self) -> list[Delivery]:
        """What the next round stores; it stays here until ``confirm``."""
        return list(self._waiting)

    async def store(self, uow: UnitOfWork, news: Sequence[Delivery]) -> list[Delivery]:
        """Writes updates down in the order they came; one already stored is left alone. Returns the deliveries that are
        stored: not those of chats at which another process is just now, for one that is slow must not hold us up."""
        if not uow.school.is_sqlite and news:
            wanted = {key for delivery in news for key in delivery.keys}
            ours = {row.key for row in await OURS.rows(uow.connection, {"keys": sorted(wanted)})}
            news = [delivery for delivery in news if ours.issuperset(delivery.keys)]
        rows = [
            {
                "channel": delivery.channel,
                "update_id": update["update_id"],
                "chat_id": chat_of(update),
                "payload": _kept(update),
                "received_at": uow.now,
                "state": InboxState.WAITING,
                "attempts": 0,
                "error": "",
            }
            for delivery in news
            for update in delivery.updates
        ]
        if rows:
            await ADD[uow.connection.dialect.name].run(uow.connection, rows)
        return list(news)

    def confirm(self, news: Sequence[Delivery]) -> None:
        """They are stored: whoever brought them may tell the server so."""
        for delivery in news:
            if delivery in self._waiting:
                self._waiting.remove(delivery)
            if not delivery.stored.done():
                delivery.stored.set_result(None)


class Poller:
    """Asks for updates by long poll. The offset moves only after the updates are stored; a restart needs none."""

    def __init__(self, channel: Channel, intake: Intake, leads: Callable[[], bool], troubles: Troubles) -> None:
        self.channel = channel
        self.intake = intake
        self.leads = leads
        self.troubles = troubles
        self._webhook_stays_until = 0.0

    async def run(self) -> None:
        """Polls until cancelled, while this process leads. Trouble is logged and waited out, ever longer, to half a
        minute. The first poll after it is short: it tells whether all is well again."""
        offset: int | None = None
        failures, seconds = 0, 0
        while True:
            if not self.leads():
                offset, seconds = None, 0
                await asyncio.sleep(0.2)
                continue
            try:
                offset = await self._poll(offset, seconds)
                failures, seconds = 0, LONG_POLL_S
                continue
            except InvalidToken:
                log.error("the bot's token is refused; waiting", channel=self.channel.name)
                self.troubles.note(self.channel.name, Trouble.TOKEN_REFUSED)
                await asyncio.sleep(BACKOFF_S[-1])
            except SlowDown as error:
                self.troubles.note(self.channel.name, Trouble.SILENCED, error.seconds)
                await asyncio.sleep(error.seconds)
            except TelegramError as error:
                wait = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                failures += 1
                trouble = _trouble(error)
                self.troubles.note(self.channel.name, trouble)
                if trouble is Trouble.WEBHOOK_CHANGED:
                    await self._take_down_webhook()
                log.warning(WORDS[trouble], channel=self.channel.name, error=type(error).__name__, again_in_s=wait)
                await asyncio.sleep(wait)
            seconds = 0

    async def _take_down_webhook(self) -> None:
        """Who polls gets nothing while there is a webhook. Once a minute at most: the other one may set it again."""
        if time.monotonic() < self._webhook_stays_until:
            return
        self._webhook_stays_until = time.monotonic() + WEBHOOK_STAYS_S
        with contextlib.suppress(TelegramError):
            await self.channel.bot.delete_webhook()

    async def _poll(self, offset: int | None, seconds: int) -> int | None:
        data: dict[str, Any] = {"timeout": seconds, "allowed_updates": ALLOWED, "limit": 100}
        if offset is not None:
            data["offset"] = offset
        updates: Any = await self.channel.poll(data, seconds + 10)
        self.troubles.works(self.channel.name, *WORKS)
        if not updates:
            return offset
        newest = _numbered(updates)
        await self.intake.take_in(self.channel.name, updates)
        return newest + 1


def _numbered(updates: Any) -> int:
    """The last update's id. Raises TelegramError for what is no list of updates: a strange answer is asked for again,
    and never reaches a round, where it would stand in everybody's way."""
    try:
        return [_storable(update["update_id"]) for update in updates][-1]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise TelegramError("the answer holds no updates") from error


def _trouble(error: TelegramError) -> Trouble:
    if "webhook is active" in str(error):
        return Trouble.WEBHOOK_CHANGED
    return Trouble.OTHER_POLLER if isinstance(error, Conflict) else Trouble.UNREACHABLE


def webhook(channel: str, secret: str, intake: Intake) -> Route:
    """The webhook's route."""
    return Route(f"/telegram/{channel}", Webhook(channel, secret, intake), methods=["POST"], name=f"webhook-{channel}")


class Webhook:
    """Answers 200 only after the update is stored; 503 asks the server to bring it again. It is an ASGI application of
    its own, without the layer that a page's function has around it."""

    def __init__(self, channel: str, secret: str, intake: Intake) -> None:
        self._channel = channel
        self._secret = secret.encode()
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(), self._secret):
            return PlainTextResponse("wrong secret token", 403)
        body = await request.body()
        if len(body) > BODY_LIMIT:
            return PlainTextResponse("too large", 413)
        try:
            update = plain.read(body)
            update["update_id"] = _storable(update["update_id"])
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("not an update", 400)
        try:
            await self._intake.take_in(self._channel, [update], STORE_WITHIN_S)
        except TimeoutError:
            return PlainTextResponse("cannot be stored now", 503)
        return STORED
