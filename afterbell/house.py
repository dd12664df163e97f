"""Running one school: the chosen roles in one process, started in order and stopped without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from telegram.error import InvalidToken, TelegramError

from afterbell.build import remember_bot
from afterbell.settings import Settings, SettingsError
from bot.chat.menus import as_commands, commands_for
from bot.chat.register import register
from bot.chat.voice import voice
from bot.wire.channel import Channel
from bot.wire.hook import Hook
from bot.wire.receive import Poller, webhook
from bot.wire.wire import Wire
from care.changes import hear_others
from care.channels import Trouble
from care.migrate import is_current
from care.permissions import NOBODY
from care.school import School
from care.work import UnitOfWork
from console.app import Desk, error_pages
from console.app import routes as console_routes
from locales import LANGUAGES, words
from papers import Printer
from scheduler.tick import Ticker, save_clock

if TYPE_CHECKING:
    from afterbell.weblocal import WebChat

OPEN_S = 5
"""Seconds that the start waits for the channels before it says that it is running."""
FINISH_S = 3.0
"""Seconds that what is in hand has to finish after a stop was asked for."""
LAST_WORD_S = 5
"""Seconds in which a process that must give up tells the office why."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Roles:
    """What this process does."""

    bot: bool = True
    console: bool = True
    scheduler: bool = True


@dataclass
class House:
    """One school's doors in this process."""

    school: School
    settings: Settings
    roles: Roles
    web: WebChat | None = None
    channels: dict[str, Channel] = field(default_factory=dict)
    started: Callable[[], None] = lambda: None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.printer = Printer()
        if self.roles.bot:
            if self.settings.telegram_token:
                api = self.settings.telegram_api
                self.channels["telegram"] = Channel("telegram", self.settings.telegram_token, api, register)
            if self.web is not None:
                api = f"http://{_loopback(self.settings.host)}:{self.settings.port}"
                self.channels["web"] = Channel("web", self.web.token, api, register)
        self.wire = Wire(self.school, self.channels, voice(self.school, self.printer))
        others = self.web.others if self.web is not None else None
        self.ticker = Ticker(self.school, first=others.play if others is not None else None)

    # HTTP

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = []
        if self.web is not None:
            found += self.web.routes()
        if "telegram" in self.channels and self.settings.webhook_url:
            found.append(webhook("telegram", self.settings.webhook_secret, self.wire.intake))
        if self.roles.console:
            found += console_routes(self.desk())
        return found

    def desk(self) -> Desk:
        async def current(uow: UnitOfWork) -> bool:
            return await is_current(self.school.reader)

        return Desk(self.school, self.printer, self.deep_link, self.school.called, current)

    def deep_link(self, code: str) -> str:
        """Where a slip's QR code leads: the Telegram bot, or the chat page where there is none."""
        if self.school.bot_name and (self.web is None or self.settings.telegram_token):
            return f"https://t.me/{self.school.bot_name}?start={code}"
        return f"{self.school.address}/chat?start={code}"

    def _server(self) -> uvicorn.Server:
        app = Starlette(routes=self.routes(), exception_handlers=error_pages(self.desk()) if self.roles.console else {})
        config = uvicorn.Config(
            app,
            host=self.settings.host,
            port=self.settings.port,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=True,
            timeout_graceful_shutdown=1,
        )
        return uvicorn.Server(config)

    # start and stop

    async def run(self) -> None:
        """Runs until SIGINT or SIGTERM. Raises SettingsError for what an operator must mend."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._stop.set)
        server = self._server() if self.routes() else None
        try:
            if server is not None:
                await self._serve(server)
            await self._start_doors()
            self.started()
            await self._until_stopped()
        finally:
            await self._shut_down(server)

    async def _serve(self, server: uvicorn.Server) -> None:
        task = asyncio.create_task(_serve_quietly(server))
        self._tasks.append(task)
        while not server.started:
            if task.done():
                raise SettingsError(
                    f"AFTERBELL_PORT: cannot listen on {self.settings.host}:{self.settings.port}; "
                    "is another program using it?"
                )
            await asyncio.sleep(0.01)

    async def _start_doors(self) -> None:
        if self.channels:
            if self.web is not None:
                await self.web.stay_ahead()
            self.school.listeners.append(self.wire.wake)
            self._start(self.wire.run())
            openings = [self._start(self._run_channel(channel)) for channel in self.channels.values()]
            await self._wait_for_channels(openings)
        if self.roles.console:
            self._start(hear_others(self.school))
        if self.roles.scheduler:
            self.ticker.start()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def _wait_for_channels(self, tasks: list[asyncio.Task[None]]) -> None:
        """Gives the channels a moment to open, so that a wrong token is told at once; a far side that cannot be
        reached holds up nothing else."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_S):
                while not all(channel.is_open for channel in self.channels.values()):
                    for task in tasks:
                        if task.done():
                            task.result()
                    if self._stop.is_set():
                        return
                    await asyncio.sleep(0.02)

    async def _run_channel(self, channel: Channel) -> None:
        """Opens a channel, introduces the bot there, and fetches updates; each is tried until it is done."""
        leads, troubles = self.wire.leader.leads, self.wire.troubles
        hook: Hook | None = None
        if channel.name == "telegram" and self.settings.webhook_url:
            address = f"{self.settings.webhook_url}/telegram/{channel.name}"
            hook = Hook(channel, address, self.settings.webhook_secret, leads, troubles)
        await self._until_done(channel, channel.open)
        if channel.name == "telegram":
            await remember_bot(self.school, channel.bot.username)
        await self._until_done(channel, lambda: self._introduce(channel, hook))
        self.wire.wake()
        if hook is not None:
            await hook.watch()
        else:
            await Poller(channel, self.wire.intake, leads, troubles).run()

    async def _until_done(self, channel: Channel, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        wait = 1
        while True:
            try:
                await act()
                self.wire.troubles.works(channel.name, Trouble.TOKEN_REFUSED, Trouble.UNREACHABLE)
                return
            except InvalidToken as error:
                await self._last_word(channel, Trouble.TOKEN_REFUSED)
                raise SettingsError(
                    "AFTERBELL_TELEGRAM_TOKEN: Telegram refuses this token. Copy it again from @BotFather "
                    "(or AFTERBELL_TELEGRAM_API is not the address of a Bot API)."
                ) from error
            except TelegramError as error:
                self.wire.troubles.note(channel.name, Trouble.UNREACHABLE)
                log.warning("the Bot API cannot be reached", channel=channel.name, error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 30)

    async def _last_word(self, channel: Channel, trouble: Trouble) -> None:
        """Notes why this process gives up, unless another one leads, which knows better."""
        self.wire.troubles.note(channel.name, trouble)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                while True:
                    if await self.wire.troubles.keep():
                        return
                    await asyncio.sleep(0.1)

    async def _introduce(self, channel: Channel, hook: Hook | None) -> None:
        """Tells the server how updates are fetched, and sets the menu that strangers see."""
        if hook is not None:
            await hook.set()
        else:
            await channel.bot.delete_webhook()
        for language in LANGUAGES:
            menu = as_commands(words(language, "chat"), commands_for(NOBODY, False))
            pairs = [(command["command"], command["description"]) for command in menu]
            code = "" if language == self.school.language else language[:2]
            await channel.bot.set_my_commands(pairs, language_code=code or None)

    async def _until_stopped(self) -> None:
        """Waits for the signal; a part that breaks ends the house with its error."""
        stop = asyncio.create_task(self._stop.wait())
        working: set[asyncio.Task[Any]] = {stop, *self._tasks}
        while not stop.done():
            done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()

    async def _shut_down(self, server: uvicorn.Server | None) -> None:
        ending: list[Coroutine[Any, Any, None]] = []
        if self.ticker.running:
            ending.append(self.ticker.stop(FINISH_S))
        if self.channels:
            ending.append(self.wire.finish(FINISH_S))
        await asyncio.gather(*ending)
        self.school.changes.close()
        if self.web is not None:
            self.web.hang_up()
        if server is not None:
            server.should_exit = True
        pending = [task for task in self._tasks if not task.done()]
        if pending:
            await asyncio.wait(pending, timeout=0.3)
        for task in pending:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in self.channels.values():
            with contextlib.suppress(TelegramError):
                await channel.close()
        await save_clock(self.school)
        if self.web is not None:
            await self.web.close()
        await self.school.close()


async def _serve_quietly(server: uvicorn.Server) -> None:
    """Serves without uvicorn's own signal handlers; a taken port ends it instead of the process."""
    with contextlib.suppress(SystemExit):
        await server._serve()


def _loopback(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
