"""Our webhook as the Bot API knows it: set at the start, and set again when somebody changes or removes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from telegram.error import InvalidToken, TelegramError

from bot.wire.channel import Channel
from bot.wire.http import SlowDown
from bot.wire.receive import ALLOWED, WORKS
from bot.wire.trouble import Troubles
from care.channels import Trouble

LOOK_EVERY_S = 30.0

log = structlog.get_logger()


class Hook:
    """Where the server brings a channel's updates."""

    def __init__(self, channel: Channel, url: str, secret: str, leads: Callable[[], bool], troubles: Troubles) -> None:
        self.channel = channel
        self.url = url
        self._secret = secret
        self._leads = leads
        self._troubles = troubles
        self._lost = False

    async def set(self) -> None:
        await self.channel.bot.set_webhook(self.url, secret_token=self._secret, allowed_updates=ALLOWED)

    async def watch(self) -> None:
        """Looks twice a minute, until cancelled, while this process leads: nothing else would tell that it is gone."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._leads():
                await self._look()

    async def _look(self) -> None:
        name = self.channel.name
        try:
            info = await self.channel.bot.get_webhook_info()
            if info.url == self.url:
                self._lost = False
                self._troubles.works(name, *WORKS)
                return
            self._troubles.note(name, Trouble.WEBHOOK_CHANGED)
            if not self._lost:
                log.warning("somebody has changed or removed the webhook; it is set again", channel=name)
            self._lost = True
            await self.set()
        except InvalidToken:
            log.error("the bot's token is refused; waiting", channel=name)
            self._troubles.note(name, Trouble.TOKEN_REFUSED)
        except SlowDown as error:
            self._troubles.note(name, Trouble.SILENCED, error.seconds)
        except TelegramError as error:
            log.warning("the webhook cannot be looked at", channel=name, error=type(error).__name__)
            self._troubles.note(name, Trouble.UNREACHABLE)
