"""A stage: the school's bot at work behind a real Bot API over HTTP, and the people who talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from databases import make_school
from sqlalchemy import delete, select, update

from afterbell import demo
from afterbell.simulate.town import is_calm
from bot.chat.register import register
from bot.chat.voice import voice
from bot.wire.budget import Limits as Pace
from bot.wire.channel import Channel
from bot.wire.receive import Poller
from bot.wire.wire import Wire
from care.clock import MovableClock
from care.linking import CODE_LENGTH
from care.people import actor_for
from care.permissions import Actor
from care.records import (
    Application,
    Contact,
    DayRules,
    Person,
    SchoolClass,
    Slip,
    StaffRole,
    State,
    Student,
)
from care.records.people import Role
from care.school import School
from care.work import UnitOfWork
from papers import Printer
from scheduler import due
from webchat.limits import Limits
from webchat.model import Message
from webchat.persona import Persona
from webchat.server import create_app, serve
from webchat.world import World

TOKEN = "1:token-of-the-tests"
USERS_FROM = 1_000_000_000
FAST = Pace(overall_per_s=1e6, chat_per_s=1e6, chat_burst=1e6)


class Phone(NamedTuple):
    """What somebody of the demonstration has told their phone."""

    name: str
    language: str
    number: str


class Player(Persona):
    """A person who waits, after everything they do, until the bot has said all it has to say."""

    def __init__(self, stage: Stage, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stage = stage

    async def send(self, text: str) -> Message:
        message = await super().send(text)
        await self.stage.calm()
        return message

    async def tap(self, label: str | None = None, *, data: str | None = None, message: Message | None = None) -> str:
        query = await super().tap(label, data=data, message=message)
        await self.stage.calm()
        return query

    async def share_phone(self, *, of: Persona | str | None = None) -> Message:
        message = await super().share_phone(of=of)
        await self.stage.calm()
        return message

    async def send_file(self, name: str, content: bytes, mime: str = "application/octet-stream") -> Message:
        message = await super().send_file(name, content, mime)
        await self.stage.calm()
        return message

    async def block(self) -> None:
        await super().block()
        await self.stage.calm()

    async def unblock(self) -> None:
        await super().unblock()
        await self.stage.calm()

    def reads(self, text: str) -> None:
        """The newest message of the bot has this in it."""
        message = self.last
        assert message is not None and text in (message.text or message.caption or ""), self.screen()

    @property
    def offered(self) -> list[str]:
        """The labels of the buttons under the newest message."""
        rows = (self.last.markup or {}).get("inline_keyboard", []) if self.last else []
        return [str(button["text"]) for row in rows for button in row]

    def finds(self, text: str) -> None:
        """Some message of the bot has this in it."""
        assert self.sees(text), f"«{text}» is not in\n{self.screen()}"

    def misses(self, text: str) -> None:
        assert not self.sees(text), f"«{text}» is in\n{self.screen()}"


class Stage:
    """The school, the world around it, and its bot, which can be killed and started again."""

    def __init__(self, school: School, world: World, address: str) -> None:
        self.school = school
        self.world = world
        self.address = address
        self.token = TOKEN
        self.printer = Printer()
        self.people: dict[int, Phone] = {}
        self.slips: dict[int, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        async with self.school.look() as uow:
            rows = await uow.session.execute(select(Person.id, Person.name, Person.language, Person.phone))
            self.people = {
                USERS_FROM + n: Phone(name, "en" if words == "en" else "zh-hans", phone or "")
                for n, name, words, phone in rows
            }
            unused = Slip.used_at.is_(None) & Slip.withdrawn_at.is_(None)
            for slip in await uow.session.execute(select(Slip.person_id, Slip.id).where(unused).order_by(Slip.id)):
                self.slips[slip.person_id] = slip.id
            for one in await demo.linked(uow):
                self.world.add_user(one.name, user_id=one.user_id, language=one.language, phone=one.phone)
                self.world.bots[TOKEN].chat(one.user_id).started = True
        await self.start()

    async def start(self) -> None:
        """Starts the bot."""
        self.channel = Channel("web", TOKEN, self.address, register)
        await self.channel.open()
        channels = {"web": self.channel}
        self.wire = Wire(self.school, channels, voice(self.school, self.printer), FAST)
        self.wire.worker.look_every_s = 0.2
        self.school.listeners[:] = [self.wire.wake]
        poller = Poller(self.channel, self.wire.intake, self.wire.leader.leads, self.wire.troubles)
        self._tasks = [asyncio.create_task(self.wire.run()), asyncio.create_task(poller.run())]

    async def kill(self) -> None:
        """Ends the bot as it stands, without a word."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.channel.close()

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    # people

    def persona(self, person_id: int) -> Player:
        """Somebody of the demonstration, at their phone."""
        person = self.people[USERS_FROM + person_id]
        return Player(
            self,
            self.world,
            TOKEN,
            name=person.name,
            user_id=USERS_FROM + person_id,
            language=person.language,
            phone=person.number,
        )

    async def star(self, key: str) -> Player:
        """One of the people whom the demonstration names: mother, twins_father, english_mother, homeroom, office …"""
        async with self.school.look() as uow:
            stars = {star.about_key: star for star in await demo.stars(uow)}
        return self.persona(stars[key].person_id)

    def slip_of(self, persona: Persona) -> str:
        """The code on the slip this person holds."""
        return self.school.keys.code("slip", self.slips[persona.user_id - USERS_FROM], CODE_LENGTH)

    async def homeroom_of(self, class_name: str) -> Player:
        async with self.school.look() as uow:
            return self.persona(await homeroom_id(uow, class_name))

    async def act_as(self, persona: Persona) -> Actor:
        async with self.school.look() as uow:
            person = await uow.session.get_one(Person, persona.user_id - USERS_FROM)
            return await actor_for(uow, person)

    async def calm(self, seconds: float = 20) -> None:
        """Waits until every update is handled and every letter that is due has gone out."""
        async with asyncio.timeout(seconds):
            while not await is_calm(self.school, self.world, TOKEN):
                await asyncio.sleep(0.005)

    # time and records

    async def later(self, **lapse: float) -> None:
        await self.at(self.school.clock.now() + timedelta(**lapse))

    async def at(self, moment: datetime) -> None:
        """Moves the clock and lets it tick once."""
        clock = self.school.clock
        assert isinstance(clock, MovableClock)
        clock.jump(moment)
        await due.tick(self.school)
        self.school.wake()
        await self.calm()

    async def application_of(self, student: str) -> Application:
        """The newest application for a child of this name, read through a session of its own."""
        async with self.school.look() as uow:
            query = select(Application).join(Student).where(Student.name == student).order_by(Application.id.desc())
            found = (await uow.session.scalars(query)).first()
            assert found is not None, f"no application for {student}"
            return found

    async def ask(self, query: Any) -> list[Any]:
        async with self.school.look() as uow:
            return list(await uow.session.scalars(query))

    async def contacts(self) -> list[Contact]:
        return await self.ask(select(Contact))


async def homeroom_id(uow: UnitOfWork, class_name: str) -> int:
    grade, number = int(class_name[0]), int(class_name[2:-1])
    query = (
        select(StaffRole.person_id)
        .join(SchoolClass, SchoolClass.id == StaffRole.school_class_id)
        .where(StaffRole.role == Role.HOMEROOM, SchoolClass.grade == grade, SchoolClass.number == number)
    )
    return (await uow.session.scalars(query)).one()


async def care_runs_in(school: School, *classes: str) -> None:
    """From now on care days open, for these classes alone, so that a tick has little to do; nobody stays for extended
    care, and no application waits so long that somebody is reminded of it. Who attends on Tuesdays stands first in the
    class's register: a list of Tuesday counts from 1 without a gap."""
    async with school.work() as uow:
        await uow.session.execute(delete(DayRules))
        rows = (await uow.session.execute(select(SchoolClass.id, SchoolClass.grade, SchoolClass.number))).all()
        others = [row.id for row in rows if f"{row.grade}({row.number})" not in classes]
        of_others = select(Student.id).where(Student.school_class_id.in_(others))
        await uow.session.execute(update(Application).where(Application.student_id.in_(of_others)).values(weekdays=[]))
        await uow.session.execute(
            update(Application).values(extended_weekdays=[], state_since=uow.now + timedelta(days=100))
        )
        enrolled = select(Application.student_id, Application.weekdays).where(Application.state == State.ENROLLED)
        first = [student_id for student_id, days in await uow.session.execute(enrolled) if 2 in days]
        behind = update(Student).where(Student.id.not_in(first)).values(student_no="9" + Student.student_no)
        await uow.session.execute(behind)


@asynccontextmanager
async def open_stage(
    database: str,
    limits: Limits | None = None,
    prepare: Callable[[Stage], None] | None = None,
    afternoon: Sequence[str] = (),
    clock: MovableClock | None = None,
) -> AsyncIterator[Stage]:
    """``afternoon``: the classes whose care runs (all of it: day, roll, pick-up); none: no care day ever opens."""
    school = make_school(database, clock)
    if afternoon:
        await care_runs_in(school, *afternoon)
    world = World(now=school.clock.now, limits=limits or Limits.off())
    world.add_bot(TOKEN)
    async with serve(create_app(world)) as address:
        stage = Stage(school, world, address)
        await stage.open()
        try:
            yield stage
        finally:
            await stage.kill()
            await school.close()
