"""The simulated school: the demonstration on a database of its own, its bot at work behind a real Bot API over HTTP."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from pathlib import Path

from sqlalchemy import BindParameter, bindparam, or_, select

from afterbell import demo
from afterbell.simulate.fates import Fate
from afterbell.simulate.phone import Phone
from bot.chat.register import register
from bot.chat.voice import voice
from bot.wire.budget import Limits as Pace
from bot.wire.channel import Channel
from bot.wire.receive import Poller
from bot.wire.wire import Wire
from care.clock import MovableClock, stopped_clock
from care.keys import Keys
from care.migrate import migrate
from care.people import actor_for
from care.permissions import SYSTEM, Actor
from care.records import (
    Application,
    InboxState,
    Letter,
    LetterState,
    Person,
    SchoolClass,
    StaffRole,
    State,
    Student,
    Update,
)
from care.school import School, open_engines
from console.app import Desk
from console.app import create_app as create_console
from papers import Printer
from webchat.limits import Limits
from webchat.model import Event, Message
from webchat.persona import Persona
from webchat.server import create_app, serve
from webchat.world import World

TOKEN = "1:token-of-the-simulation"
USERS_FROM = 1_000_000_000
AT_ONCE = Pace(overall_per_s=1e6, chat_per_s=1e6, chat_burst=1e6)
"""The clock stands still while letters go out: what they take is not simulated time."""
CALM_S = 120.0
NOW: BindParameter[datetime] = bindparam("now")
UNDER_WAY = select(
    or_(
        select(Update.id)
        .where(Update.state == InboxState.WAITING, or_(Update.retry_at.is_(None), Update.retry_at <= NOW))
        .exists(),
        select(Letter.id).where(Letter.state == LetterState.SENDING).exists(),
        select(Letter.id).where(Letter.state == LetterState.WAITING, Letter.due_at <= NOW).exists(),
    )
)
"""Whether an update waits to be handled, or a letter that is due to be sent. Asked hundreds of times in a simulated
hour, so it is put together once."""


class Town:
    """The school and its people. ``day`` is the date that is played."""

    def __init__(self, school: School, world: World, day: date, seed: int = 1) -> None:
        self.school, self.world, self.day, self.seed = school, world, day, seed
        self.console = ""
        """Where the console's pages are served, the signing page among them."""
        self.people: dict[int, demo.DemoPerson] = {}
        self.fates: dict[int, Fate] = {}
        """What is to happen to each child of the day's plan, by its row there."""
        self.roll_acts: dict[int, int] = {}
        """Taps and typed commands that a roll took, by session."""
        self.staff: set[int] = set()
        """Whoever has a duty at the school."""
        self.blocked: set[int] = set()
        """Guardians who have blocked the bot on this day."""
        self._phones: dict[int, Phone] = {}
        self._arrived: dict[tuple[int, int], None] = {}
        self._by_guardian: dict[int, list[Fate]] = {}
        world.watch(self._notice)

    @property
    def clock(self) -> MovableClock:
        clock = self.school.clock
        assert isinstance(clock, MovableClock)
        return clock

    def moment(self, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(self.day, time(hour, minute), self.school.zone)

    def persona(self, person_id: int) -> Persona:
        """A person at their phone."""
        person = self.people[USERS_FROM + person_id]
        persona = Persona(
            self.world,
            TOKEN,
            name=person.name,
            user_id=person.user_id,
            language=person.language,
            phone=person.phone,
        )
        persona.unwatch()  # thousands of them: none waits for a message of its own
        return persona

    def phone(self, person_id: int) -> Phone:
        if person_id not in self._phones:
            self._phones[person_id] = Phone(self.persona(person_id), person_id, self.seed)
        return self._phones[person_id]

    @property
    def phones(self) -> list[Phone]:
        return list(self._phones.values())

    def fates_of(self, person_id: int) -> list[Fate]:
        """The children of whom somebody is a guardian."""
        return self._by_guardian.get(person_id, [])

    def know(self, fates: list[Fate]) -> None:
        self.fates = {one.child_id: one for one in fates}
        self._by_guardian = {}
        for one in fates:
            for person_id in one.guardians:
                self._by_guardian.setdefault(person_id, []).append(one)

    def _notice(self, event: Event) -> None:
        if event.kind == "message":
            self._arrived[event.chat_id, event.message_id] = None

    def news(self) -> list[tuple[Phone, Message]]:
        """Messages of the bot that have come since this was asked last."""
        arrived, self._arrived = self._arrived, {}
        found = []
        for chat_id, message_id in sorted(arrived):
            message = self.world.bots[TOKEN].chat(chat_id).messages.get(message_id)
            if message is not None and message.sender_id != chat_id and message.markup:
                found.append((self.phone(chat_id - USERS_FROM), message))
        return found

    async def actor(self, person_id: int) -> Actor:
        async with self.school.look() as uow:
            return await actor_for(uow, await uow.session.get_one(Person, person_id))

    async def settle(self) -> None:
        """Waits until every update is handled and every letter that is due has gone out."""
        self.school.wake()
        async with asyncio.timeout(CALM_S):
            while not await is_calm(self.school, self.world, TOKEN):  # noqa: ASYNC110 - the wire has no word for having nothing left
                await asyncio.sleep(0.005)


async def is_calm(school: School, world: World, token: str) -> bool:
    """Whether the bot has handled every update and sent every letter that is due."""
    if len(world.bots[token].updates):
        return False
    async with school.look() as uow:
        return not (await uow.connection.execute(UNDER_WAY, {"now": uow.now})).scalar_one()


async def _open_school(folder: Path, start: datetime) -> School:
    writer, reader = open_engines(f"sqlite+aiosqlite:///{folder / 'simulation.sqlite'}")
    await migrate(writer)
    school = School(
        name=demo.SCHOOL_NAME["zh_CN"],
        names=demo.SCHOOL_NAME,
        zone=start.tzinfo,  # type: ignore[arg-type]
        language="zh_CN",
        clock=stopped_clock(start.tzinfo, start),  # type: ignore[arg-type]
        keys=Keys("the key of a school that is gone when the simulation ends"),
        writer=writer,
        reader=reader,
        address="https://school.example",  # the chat puts no plain http address on a button
    )
    await demo.load(school)
    return school


async def _narrow(school: School, classes: Sequence[str], children: int | None) -> None:
    """Care in these classes alone, and for the first ``children`` of each."""
    async with school.work(SYSTEM) as uow:
        query = select(Application, SchoolClass).join(Student, Student.id == Application.student_id)
        query = query.join(SchoolClass, SchoolClass.id == Student.school_class_id)
        enrolled = Counter[str]()
        for application, school_class in await uow.session.execute(query.order_by(Student.student_no)):
            name = school_class.name
            enrolled[name] += application.state is State.ENROLLED
            if name not in classes or (children is not None and enrolled[name] > children):
                application.weekdays = []


@asynccontextmanager
async def open_town(
    start: datetime, classes: Sequence[str] = (), children: int | None = None, seed: int = 1
) -> AsyncIterator[Town]:
    """The whole school, or some classes; it stands at ``start`` and is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="afterbell-simulation-") as folder:
        school = await _open_school(Path(folder), start)
        if classes:
            await _narrow(school, classes, children)
        world = World(now=school.clock.now, limits=Limits.off())
        world.add_bot(TOKEN)
        town = Town(school, world, school.clock.today(), seed)
        async with school.look() as uow:
            town.staff = set(await uow.session.scalars(select(StaffRole.person_id)))
        console = create_console(Desk(school, Printer(), lambda code: code, school.called))
        async with serve(create_app(world)) as address, _bot_at_work(town, address), serve(console) as town.console:
            yield town
        await school.close()


@asynccontextmanager
async def _bot_at_work(town: Town, address: str) -> AsyncIterator[None]:
    town.people = {person.user_id: person for person in await demo.people(town.school)}
    async with town.school.look() as uow:
        for one in await demo.linked(uow):
            town.world.add_user(one.name, user_id=one.user_id, language=one.language, phone=one.phone)
            town.world.bots[TOKEN].chat(one.user_id).started = True
    channel = Channel("web", TOKEN, address, register)
    await channel.open()
    wire = Wire(town.school, {"web": channel}, voice(town.school, Printer()), AT_ONCE)
    wire.worker.look_every_s = 0.05
    town.school.listeners[:] = [wire.wake]
    poller = Poller(channel, wire.intake, wire.leader.leads, wire.troubles)
    tasks = [asyncio.create_task(wire.run()), asyncio.create_task(poller.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await channel.close()
