"""A school run by several processes: the real program, one PostgreSQL, and a Bot API in the test's own process."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from balancer import SECRET, Balancer
from databases import KEY, make_school
from program import Process, free_port, until
from sqlalchemy import func, or_, select, text, update
from starlette.applications import Starlette
from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from afterbell import demo
from care.records import Contact, InboxState, Letter, LetterState, Update
from webchat.limits import Limits
from webchat.persona import Persona
from webchat.server import routes, serve
from webchat.world import World

ROOT = Path(__file__).parent.parent.parent
TOKEN = "4242:token-of-the-tests"
PERSON_FROM = 1_000_000_000
SPEAKING = ("sendMessage", "sendDocument", "editMessageText", "answerCallbackQuery")
LEADS = "this process sends now"

ASKED = {
    "/language": "请选择语言|已切换为中文",  # before and after its button is tapped
    "/help": "您可以",
    "/cancel": "没有可取消",
    "在吗？": "没有人看",
}
"""What people write, and the pattern that tells the answer to it from the other answers."""


class Exchange:
    """The Bot API, at an address of its own for each process, so that it is known who calls."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[tuple[int, str]] = []
        """The port of the process, and the method."""
        self._api = Router(routes(world))
        self.app = Starlette(routes=[Mount("/{port:int}", self._note)])

    async def _note(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls.append((scope["path_params"]["port"], scope["path"].rpartition("/")[2]))
        await self._api(scope, receive, send)

    def said_by(self, process: Process) -> int:
        """How many calls of this process said something to somebody."""
        return sum(port == process.port and method in SPEAKING for port, method in self.calls)


class Replicas:
    """The processes of one school, its database, and the people who write to it."""

    def __init__(self, url: str, folder: Path, exchange: Exchange, api: str, balancer: Balancer) -> None:
        self.url = url
        self.folder = folder
        self.exchange = exchange
        self.world = exchange.world
        self.api = api
        self.balancer = balancer
        self.school = make_school(url)
        self.processes: list[Process] = []
        self._began = time.monotonic()

    # processes

    async def start(self, *roles: str, ready: bool = True, **settings: str) -> list[Process]:
        """Starts one process for each role, all at once."""
        started = [await self._start(role, settings) for role in roles]
        if ready:
            await asyncio.gather(*(process.is_ready() for process in started))
        return started

    async def _start(self, role: str, settings: dict[str, str]) -> Process:
        port = free_port()
        number = len(self.processes)
        out, log = (self.folder / f"{role}{number}.{kind}" for kind in ("out", "log"))
        given = {
            "DATABASE_URL": self.url,
            "SECRET_KEY": KEY,
            "DATA_DIR": str(self.folder / "data"),
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API": f"{self.api}/{port}",
            "PORT": str(port),
            "CLOCK": (demo.START + timedelta(seconds=time.monotonic() - self._began)).isoformat(),
            **({"WEBHOOK_URL": self.balancer.address, "WEBHOOK_SECRET": SECRET} if self.balancer.address else {}),
            **settings,
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AFTERBELL_")}
        env = {**clean, **{f"AFTERBELL_{name}": value for name, value in given.items()}}
        with out.open("wb") as stdout, log.open("wb") as stderr:
            os_process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "afterbell", role, cwd=ROOT, env=env, stdout=stdout, stderr=stderr
            )
        process = Process(role, port, out, log, os_process)
        self.processes.append(process)
        if role == "bot":
            self.balancer.ports.append(port)
        return process

    async def bots(self) -> tuple[Process, Process]:
        """Two bots: the one that leads, and the other."""
        first, second = await self.start("bot", "bot")
        await until(lambda: bool(first.says(LEADS) or second.says(LEADS)))
        return (first, second) if first.says(LEADS) else (second, first)

    def pin(self, persona: Persona, process: Process) -> None:
        """What this person does is brought to this process."""
        self.balancer.pins[persona.user_id] = process.port

    async def end(self) -> None:
        for process in self.processes:
            if process.lives:
                process.wake()
                await process.kill()
        await self.school.close()

    # people

    async def move_to_telegram(self) -> None:
        """Whoever of the demonstration has a chat has it in Telegram."""
        async with self.school.work() as uow:
            await uow.session.execute(update(Contact).values(channel="telegram"))

    async def people(self, many: int) -> list[Persona]:
        """So many of the school's people, who read Chinese."""
        async with self.school.look() as uow:
            ids = list(await uow.session.scalars(select(Contact.person_id).order_by(Contact.id.desc()).limit(many)))
        return [self.persona(person_id) for person_id in ids]

    async def everybody(self) -> None:
        """All whom the school knows have pressed "start"."""
        for chat in await self.ask(select(Contact.chat_id)):
            self.world.add_user(f"人{chat - PERSON_FROM}", user_id=chat)
            self.world.bots[TOKEN].chat(chat).started = True

    def persona(self, person_id: int) -> Persona:
        persona = Persona(self.world, TOKEN, name=f"人{person_id}", user_id=PERSON_FROM + person_id)
        persona.chat.started = True
        return persona

    async def star(self, key: str) -> Persona:
        async with self.school.look() as uow:
            stars = {star.about_key: star.person_id for star in await demo.stars(uow)}
        return self.persona(stars[key])

    def answers(self, persona: Persona) -> list[str]:
        """What this person was answered, each by the words that were asked."""
        found = []
        for message in persona.messages:
            found += [asked for asked, answer in ASKED.items() if re.search(answer, message.text)]
        return found

    async def answered(self, persona: Persona, many: int, seconds: float = 10) -> float:
        what = f"{many} answers to {persona}"
        return await until(lambda: len(self.answers(persona)) >= many, seconds, what)

    # records

    async def ask(self, query: Any) -> list[Any]:
        async with self.school.look() as uow:
            return list(await uow.session.scalars(query))

    async def count(self, query: Any) -> int:
        (number,) = await self.ask(select(func.count()).select_from(query.subquery()))
        return int(number)

    async def calm(self, seconds: float = 20) -> None:
        """Waits until every update has been brought and handled, and every letter has gone out."""
        began = time.monotonic()
        while not await self._is_calm():
            assert time.monotonic() < began + seconds, await self._what_waits()
            await asyncio.sleep(0.03)

    async def _is_calm(self) -> bool:
        if len(self.world.bots[TOKEN].updates) or self.balancer.busy:
            return False
        waits = select(Update.id).where(Update.state == InboxState.WAITING)
        moves = select(Letter.id).where(or_(Letter.state == LetterState.SENDING, Letter.state == LetterState.WAITING))
        return not await self.ask(waits.limit(1)) and not await self.ask(moves.limit(1))

    async def _what_waits(self) -> str:
        states = select(func.concat(Letter.state, " ", Letter.kind, " ", func.count())).group_by(
            Letter.state, Letter.kind
        )
        inbox = select(func.concat(Update.state, " ", func.count())).group_by(Update.state)
        logs = "\n".join(process.log.read_text()[-2000:] for process in self.processes)
        return f"outbox {await self.ask(states)}, inbox {await self.ask(inbox)}\n{logs}"

    async def sending(self) -> set[int]:
        """The letters whose calls are under way."""
        return set(await self.ask(select(Letter.id).where(Letter.state == LetterState.SENDING)))

    async def as_written(self, written: dict[int, list[str]]) -> set[int]:
        """Every chat was answered in the order of its questions. Returns the letters that were tried more than once;
        only these may have arrived twice."""
        letters = select(Letter).where(Letter.method == "sendMessage").order_by(Letter.id)
        found = await self.ask(letters)
        for chat, questions in written.items():
            tries = [letter.attempts for letter in found if letter.chat_id == chat]
            signs = {asked: str(number) for number, asked in enumerate(ASKED)}
            pairs = zip(questions, tries, strict=True)
            wanted = [signs[asked] + f"{signs[asked]}?" * (tried > 1) for asked, tried in pairs]
            persona = self.persona(chat - PERSON_FROM)
            answers = "".join(signs[asked] for asked in self.answers(persona))
            assert re.fullmatch("".join(wanted), answers), f"{questions}, tried {tries}\n{persona.screen()}"
        return {letter.id for letter in found if letter.attempts > 1}

    async def each_once(self) -> None:
        """Every update was handled at the first try, every letter went out at its first call, and no round failed."""
        tried = select(Update.update_id).where((Update.state != InboxState.DONE) | (Update.attempts > 0))
        over = (LetterState.SENT, LetterState.SUPERSEDED, LetterState.LAPSED)
        wrong = select(Letter.id).where(Letter.state.not_in(over) | (Letter.attempts > 1))
        errors = [line for process in self.processes for line in process.errors]
        found = (await self.ask(tried), await self.ask(wrong), errors)
        assert found == ([], [], []), found

    async def until_none(self, *queries: Any, seconds: float = 20) -> None:
        """Waits until no row is found."""
        async with asyncio.timeout(seconds):
            while any([await self.ask(query.limit(1)) for query in queries]):
                await asyncio.sleep(0.03)

    async def waiting_for_a_lock(self, many: int = 1) -> None:
        """Returns when so many transactions stand before what another one holds."""
        query = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        async with asyncio.timeout(15), self.school.reader.connect() as connection:
            while await connection.scalar(query) < many:
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def held(self, statement: str, **values: object) -> AsyncIterator[None]:
        """Holds what a statement locks, as somebody's transaction that takes its time."""
        async with self.school.reader.connect() as connection:  # one that writes may not take its time
            await connection.execute(text(statement), values)
            yield
            await connection.rollback()


@asynccontextmanager
async def replicas(url: str, folder: Path, webhook: bool) -> AsyncIterator[Replicas]:
    """A school ready for its processes. ``webhook``: updates come by a load balancer, else the leader fetches them."""
    world = World(limits=Limits.off(), webhook_wait=0.1, webhook_wait_most=0.5)
    world.add_bot(TOKEN, username="school_bot")
    exchange = Exchange(world)
    async with serve(exchange.app) as api, Balancer.serve(webhook) as balancer:
        school = Replicas(url, folder, exchange, api, balancer)
        await school.move_to_telegram()
        try:
            yield school
        finally:
            await school.end()
            await world.aclose()
