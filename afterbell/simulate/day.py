"""Plays one day from its opening to its close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from afterbell import demo
from afterbell.simulate.account import Account, account_of
from afterbell.simulate.habits import HABITS, Habit
from afterbell.simulate.pace import Pace
from afterbell.simulate.town import open_town
from scheduler import due


def _tomorrow() -> datetime:
    """The demonstration begins in the middle of a Monday afternoon: the next day is played, from its first bell."""
    return (demo.START + timedelta(days=1)).replace(hour=11, minute=55)


async def simulate(classes: Sequence[str] = (), seed: int = 1, habits: Sequence[Habit] = HABITS) -> Account:
    """A day of the whole demonstration school, or of some classes, with these habits."""
    async with open_town(_tomorrow(), classes) as town:
        pace = Pace(town.clock, seed)

        async def tick() -> None:
            await due.tick(town.school)

        await pace.until(town.moment(12, 5), tick, town.settle)  # the day opens
        for habit in habits:
            pace.plan(await habit.deeds(town, pace))
        await pace.until(town.moment(20, 10), tick, town.settle)
        return await account_of(town.school, town.day, pace.done)
