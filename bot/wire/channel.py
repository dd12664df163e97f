"""A channel by which people are reached: a bot with its token and Bot API address, and the handlers of the chat."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telegram import InputFile
from telegram.ext import Application, ApplicationBuilder, ContextTypes, ExtBot
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.wire import plain
from bot.wire.http import AiohttpRequest, ready_json
from bot.wire.turn import Turn

Chat = Application[Any, Turn, Any, Any, Any, Any]


@dataclass(frozen=True)
class Document:
    """A file to send: its name as the receiver sees it, and its bytes."""

    name: str
    content: bytes


class Channel:
    """One bot on one Bot API server. ``name`` is what contacts, inbox and outbox call it."""

    def __init__(self, name: str, token: str, api: str, register: Callable[[Chat], None]) -> None:
        self.name = name
        self.bot: ExtBot[None] = ExtBot(
            token=token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=AiohttpRequest(),
            get_updates_request=AiohttpRequest(connections=2),
        )
        self.chat: Chat = (
            ApplicationBuilder()
            .bot(self.bot)
            .updater(None)
            .job_queue(None)
            .context_types(ContextTypes(context=Turn))
            .build()
        )
        register(self.chat)
        self.is_open = False

    async def open(self) -> None:
        """Connects: asks the server who the bot is. Raises telegram.error.InvalidToken for a wrong token."""
        await self.chat.initialize()
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False
        with contextlib.suppress(RuntimeError):  # it was never opened
            await self.chat.shutdown()
        for request in self.bot._request:
            await request.shutdown()

    async def call(self, method: str, payload: str, document: Document | None = None) -> Any:
        """One call of the Bot API with a body that is already JSON; raises telegram.error.TelegramError."""
        url = f"{self.bot.base_url}/{method}"
        if document is None:
            return await self.bot.request.post(url, request_data=ready_json(payload))
        parameters = {**plain.read(payload), "document": InputFile(document.content, filename=document.name)}
        data = RequestData([RequestParameter.from_input(name, value) for name, value in parameters.items()])
        return await self.bot.request.post(url, request_data=data)

    async def poll(self, data: dict[str, Any], seconds: float) -> Any:
        """getUpdates as plain JSON, on a connection of its own."""
        request = self.bot._request[0]
        url = f"{self.bot.base_url}/getUpdates"
        return await request.post(url, request_data=ready_json(plain.write(data)), read_timeout=seconds)
