"""Where people reach the school: the public address, the webhook, and Telegram's Bot API."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from telegram import Bot, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from afterbell.doctor.machine import Finding
from afterbell.settings import Settings
from bot.wire.http import AiohttpRequest

TELEGRAM_PORTS = (None, 443, 80, 88, 8443)


def address(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.address)
    host = parts.hostname or ""
    local = _is_loopback(host)
    if not settings.public_url and (settings.telegram_token or not local or host == "0.0.0.0"):
        yield (
            False,
            (
                f"address: links in messages lead to {settings.address}, which others cannot open: "
                "set AFTERBELL_PUBLIC_URL to the address people use"
            ),
        )
    elif parts.scheme == "http" and not local and not _is_private(host):
        yield False, f"address: {settings.address} sends sign-ins in the clear: put it behind https"
    else:
        yield True, f"address: {settings.address}" + (" (this computer only)" if local else "")
    if settings.webhook_url:
        yield _webhook_setting(settings)


def _webhook_setting(settings: Settings) -> Finding:
    parts = urlsplit(settings.webhook_url)
    if parts.scheme != "https" and not _is_loopback(urlsplit(settings.telegram_api).hostname or ""):
        return False, "webhook: Telegram only calls https addresses: write AFTERBELL_WEBHOOK_URL with https://"
    if parts.scheme == "https" and parts.port not in TELEGRAM_PORTS:
        return False, "webhook: Telegram only calls the ports 443, 80, 88 and 8443: change AFTERBELL_WEBHOOK_URL"
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", settings.webhook_secret):
        return False, "webhook: AFTERBELL_WEBHOOK_SECRET must be 16 to 256 letters, digits, _ or -"
    return True, f"webhook: Telegram is to call {settings.webhook_url}/telegram/telegram"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


async def telegram(settings: Settings) -> AsyncIterator[Finding]:
    """Errors are told by their kind only: the library's own words may hold the token."""
    if not settings.telegram_token:
        yield True, f"telegram: no token set; people use the chat page {settings.address}/chat"
        return
    request = AiohttpRequest(connections=2, read_timeout=10)
    try:
        bot = Bot(settings.telegram_token, f"{settings.telegram_api}/bot", request=request, get_updates_request=request)
        async with bot:
            yield True, f"telegram: the token is that of @{bot.username}"
            yield _webhook_state(settings, await bot.get_webhook_info())
    except InvalidToken:
        yield False, "telegram: the token is refused: copy AFTERBELL_TELEGRAM_TOKEN again from @BotFather"
    except TelegramError as error:
        host = urlsplit(settings.telegram_api).hostname
        yield False, f"telegram: {host} cannot be reached ({type(error).__name__}): check network and proxy"


def _webhook_state(settings: Settings, info: WebhookInfo) -> Finding:
    wanted = f"{settings.webhook_url}/telegram/telegram" if settings.webhook_url else ""
    host = urlsplit(info.url).hostname
    if info.url and info.url != wanted:
        return False, (
            f"telegram: another program receives this bot's messages, at {host}: if it is not yours, get a new "
            "token from @BotFather; if it is, `afterbell run` takes over"
        )
    if wanted and not info.url:
        return False, "telegram: no webhook is set there yet: `afterbell run` or `afterbell bot` sets it"
    failed = info.last_error_date
    if wanted and failed is not None and datetime.now(UTC) - failed < timedelta(hours=1):
        return False, f"telegram: its last call to the webhook failed: {info.last_error_message}"
    return True, "telegram: " + (f"calls the webhook at {host}" if wanted else "no webhook; messages are fetched")
