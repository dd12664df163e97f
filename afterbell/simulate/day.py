"""Plays one day from its opening to its close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterbell import demo
from afterbell.simulate.account import Account, account_of
from afterbell.simulate.fates import draw_fates
from afterbell.simulate.habit import Habit
from afterbell.simulate.habits import HABITS
from afterbell.simulate.pace import Pace
from afterbell.simulate.town import Town, open_town
from care.calendar_changes import set_day, set_times
from care.day.plan import term_on
from care.people import holders
from care.records import Role
from care.term import waves
from scheduler import due

EARLIER = timedelta(minutes=60)
QUIET, BUSY = timedelta(minutes=10), timedelta(minutes=1)
"""How often the clock ticks by itself before care and after it, and (mostly) during it."""
FOLLOWS = 5
"""The make-up day is the Saturday of the week, with Friday's timetable."""


@dataclass(frozen=True)
class Kind:
    """What kind of day is played."""

    make_up: bool = False
    early_end: bool = False

    def morning(self) -> datetime:
        """The demonstration begins in the middle of a Monday afternoon: the next day is played, or the Saturday."""
        day = demo.START + timedelta(days=5 if self.make_up else 1)
        return day.replace(hour=11, minute=30)


async def simulate(
    classes: Sequence[str] = (),
    seed: int = 1,
    habits: Sequence[Habit] = HABITS,
    kind: Kind | None = None,
    children: int | None = None,
    step: timedelta = BUSY,
) -> Account:
    """A day of the whole demonstration school, or of some classes (and no more than so many children of each), with
    these habits."""
    kind = kind or Kind()
    async with open_town(kind.morning(), classes, children, seed) as town:
        pace = Pace(town.clock, seed)
        await _calendar(town, kind)
        await town.settle()  # who is told of it is told now

        async def tick() -> None:
            await due.tick(town.school)

        async def settle() -> None:
            await town.settle()
            for phone, message in town.news():
                for habit in habits:
                    await habit.reads(town, pace, phone, message)

        for habit in habits:
            await habit.morning(town, pace)
        pace.step = QUIET
        await pace.until(town.moment(12, 5), tick, settle)  # the day opens
        async with town.school.look() as uow:
            town.know(await draw_fates(uow, seed))
        for habit in habits:
            await habit.begin(town, pace)
        await pace.until(town.moment(14, 20), tick, settle)
        pace.step = step
        await pace.until(town.moment(18, 50), tick, settle)
        pace.step = QUIET
        await pace.until(town.moment(20, 10), tick, settle)
        return await account_of(town, pace.done)


async def _calendar(town: Town, kind: Kind) -> None:
    """The office sets what is out of the ordinary, on the morning itself."""
    async with town.school.look() as uow:
        office = (await holders(uow, Role.OFFICE))[0]
    async with town.school.work(await town.actor(office)) as uow:
        if kind.make_up:
            await set_day(uow, town.day, school=True, care=True, follows_weekday=FOLLOWS)
        if kind.early_end:
            term = await term_on(uow, town.day)
            assert term is not None
            earlier = {
                one.id: (one.starts_at, (datetime.combine(town.day, one.ends_at) - EARLIER).time())
                for one in await waves(uow, term.id)
            }
            await set_times(uow, town.day, earlier)
