"""The web chat beside the bot: the embedded default without Telegram, and the way in for families without it."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import func, select
from starlette.routing import BaseRoute

from afterbell import demo
from afterbell.demo import START, DemoPerson
from afterbell.demo.others import Others
from afterbell.settings import Settings
from bot.chat.menus import as_commands, commands_for
from care.calendar import load_calendar
from care.clock import MovableClock
from care.people import actor_for, children_of
from care.records.delivery import Update
from care.records.people import Contact, Person
from care.school import School
from locales import words
from scheduler.parts import by_itself
from scheduler.tick import save_clock
from webchat.limits import Limits
from webchat.model import Wire
from webchat.page import ChatPage
from webchat.people import Somebody
from webchat.server import routes
from webchat.store import Store
from webchat.world import World

BOT_NAME = "AfterBell"
CHANNEL = "web"
LATEST = time(19, 0)
"""The demonstration's jumps to a school day end before the quiet hours."""


class WebChat:
    """The local Bot API server with its page. In the demonstration any invented person can be played."""

    def __init__(self, school: School, settings: Settings, demonstration: bool) -> None:
        self.school = school
        derived = school.keys.fingerprint("webchat", "bot-token")
        self.token = f"1:{derived[:35]}"
        self.world = World(now=school.clock.now, limits=Limits(), store=Store(settings.data_dir / "webchat.sqlite"))
        self.bot = self.world.add_bot(self.token, username="afterbell_bot", name=BOT_NAME)
        self.others = Others(school) if demonstration else None
        movable = isinstance(school.clock, MovableClock)
        clock = DemoClock(school, self.others) if self.others is not None and movable else None
        self.page = ChatPage(
            self.world,
            self.token,
            key=school.keys.fingerprint("webchat", "visitors"),
            people=self.people if demonstration else None,
            menu_of=self.menu_of if demonstration else None,
            clock=clock,
            zone=settings.timezone,
            title=school.name,
        )

    def routes(self) -> list[BaseRoute]:
        return routes(self.world, self.page)

    async def people(self) -> list[Somebody]:
        """Everybody whom a visitor of the demonstration can play."""
        return [_somebody(person) for person in await demo.people(self.school)]

    async def stay_ahead(self) -> None:
        """Numbers updates above those that the inbox knows: with an older or new chat file (a restored backup), equal
        numbers would pass for updates already handled."""
        async with self.school.look() as uow:
            newest = await uow.session.scalar(select(func.max(Update.update_id)).where(Update.channel == CHANNEL))
        if newest is not None and newest >= self.bot.updates.next_id:
            self.bot.updates.jump(newest + 1)

    async def welcome_linked(self) -> None:
        """The demonstration's linked people have pressed "start" long ago."""
        async with self.school.look() as uow:
            linked = await demo.linked(uow)
        for one in linked:
            self.world.add_user(one.name, user_id=one.user_id, language=one.language, phone=one.phone)
            self.bot.chat(one.user_id).started = True

    async def menu_of(self, user_id: int) -> list[Wire]:
        """The menu of somebody whom the demonstration has linked, as the bot sets it where a slip is opened; empty for
        others."""
        async with self.school.look() as uow:
            query = select(Person).join(Contact, Contact.person_id == Person.id)
            query = query.where(Contact.channel == CHANNEL, Contact.chat_id == user_id)
            person = await uow.session.scalar(query)
            if person is None:
                return []
            names = commands_for(await actor_for(uow, person), bool(await children_of(uow, person.id)))
            spoken = words(person.language or self.school.language, "chat")
        return [{**command} for command in as_commands(spoken, names)]

    def hang_up(self) -> None:
        self.world.hang_up()

    async def close(self) -> None:
        await self.world.aclose()


def _somebody(person: DemoPerson) -> Somebody:
    return Somebody(
        user_id=person.user_id,
        name=person.name,
        about=person.about,
        group=person.group,
        phone=person.phone,
        language=person.language,
        start_payload=person.start_payload,
        start_here=bool(person.why),
        why=person.why,
    )


class DemoClock:
    """The movable clock of the demonstration, as the chat page moves it."""

    def __init__(self, school: School, others: Others) -> None:
        self.school = school
        self.others = others

    def now(self) -> datetime:
        return self.school.clock.now()

    async def jump(self, to: datetime) -> None:
        clock = self.school.clock
        assert isinstance(clock, MovableClock)
        if to > clock.now():
            await by_itself("others", self.others.play(to))
        clock.jump(to)
        await save_clock(self.school)
        self.school.wake()

    async def next_school_day(self) -> datetime:
        """The next school day at the hour at which the demonstration begins."""
        async with self.school.look() as uow:
            calendar = await load_calendar(uow)
        local = self.school.clock.local()
        start = START.timetz().replace(tzinfo=None)
        if calendar.is_school_day(local.date()) and local.time() < start:
            return datetime.combine(local.date(), start, self.school.zone)
        hour = max(start, local.time().replace(second=59, microsecond=0))  # so that a whole day has passed
        return datetime.combine(calendar.next_school_day(local.date()), min(hour, LATEST), self.school.zone)
