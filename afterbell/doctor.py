"""``afterbell doctor``: looks at settings, data folder, database, key, clock, Telegram and address, and says in one
line each what is well and how to mend what is not. Changes nothing, and never prints a secret."""

from __future__ import annotations

import ipaddress
import re
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import typer
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from telegram import Bot, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from afterbell.settings import Settings
from bot.wire.http import AiohttpRequest
from care.migrate import is_current
from care.school import open_engines
from papers.typeface import FONTS, Glyphs

FREE_LEAST = 500 * 1024 * 1024
LATE = timedelta(minutes=5)
SHORT_KEY = 32
TELEGRAM_PORTS = (None, 443, 80, 88, 8443)

Finding = tuple[bool, str]
"""(whether it is well, what was seen and how to mend it)."""


async def examine(settings: Settings) -> bool:
    """Prints one line per check; True when nothing needs mending."""
    well = True
    async for ok, words in _findings(settings):
        well = well and ok
        typer.echo(f"{'ok' if ok else '!!'}  {words}")
    return well


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for finding in (*_folder(settings), *_key(settings), *_clock(settings), *_address(settings), *_fonts()):
        yield finding
    async for finding in _telegram(settings):
        yield finding
    async for finding in _database(settings):
        yield finding


# The machine


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield False, f"data folder: {folder} does not exist yet: `afterbell migrate` makes it"
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            yield True, f"data folder: {folder} can be written to"
    except OSError as error:
        yield False, f"data folder: {folder} cannot be written to ({error.strerror}): give it to this user"
    free = shutil.disk_usage(folder).free
    size = f"{free / 1024**3:.1f} GB free"
    yield (True, f"disk: {size}") if free >= FREE_LEAST else (False, f"disk: only {size}: make room")


def _key(settings: Settings) -> Iterator[Finding]:
    file = settings.data_dir / "secret.key"
    if settings.secret_key:
        if len(settings.secret_key) < SHORT_KEY:
            yield False, f"secret key: AFTERBELL_SECRET_KEY is short: set at least {SHORT_KEY} random letters"
        else:
            yield True, "secret key: from AFTERBELL_SECRET_KEY (keep a copy outside this computer)"
    elif not file.exists():
        yield False, "secret key: not there yet: the first `afterbell run` makes it"
    elif not file.read_text().strip():
        yield False, f"secret key: {file} is empty: bring it back from a backup"
    elif stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield False, f"secret key: others on this computer can read {file}: chmod 600 {file}"
    else:
        yield True, f"secret key: {file}, readable by its owner only"


def _clock(settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    here = f"{now.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    yield True, f"time zone: {settings.timezone}; it is {here} at the school"
    if settings.clock is not None:
        yield False, "clock: AFTERBELL_CLOCK is set, so the school's time is not the real time: leave it empty"
    else:
        yield True, "clock: the school runs on the computer's clock"


def _fonts() -> Iterator[Finding]:
    try:
        readable = all(Glyphs(path).find(ord("A")) is not None or path is not FONTS[0] for path in FONTS)
    except (OSError, ValueError, KeyError):
        readable = False
    yield readable, "fonts: " + ("readable" if readable else "a file is missing or damaged: install AfterBell again")


# Addresses


def _address(settings: Settings) -> Iterator[Finding]:
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


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
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


# The records


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield False, "database: not there yet: run `afterbell migrate`"
        return
    writer, reader = open_engines(settings.database)
    try:
        if not await is_current(reader):
            yield False, "database: its schema is not this program's: run `afterbell migrate`, or upgrade the program"
            return
        yield await _whole(reader)
        async for finding in _records(settings, writer, reader):
            yield finding
    except (SQLAlchemyError, OSError) as error:
        yield False, f"database: cannot be used ({type(error).__name__}): check AFTERBELL_DATABASE_URL"
    finally:
        await writer.dispose()
        await reader.dispose()


async def _whole(reader: AsyncEngine) -> Finding:
    if reader.dialect.name != "sqlite":
        return True, "database: PostgreSQL, schema up to date"
    async with reader.connect() as connection:
        answer = await connection.scalar(text("PRAGMA quick_check(1)"))
    if answer != "ok":
        return False, "database: the file is damaged: stop the program and restore the last backup"
    return True, "database: SQLite, whole, schema up to date"


async def _records(settings: Settings, writer: AsyncEngine, reader: AsyncEngine) -> AsyncIterator[Finding]:
    yield True, "records: reachable"
