"""One busy hour: families apply and the staff decide, while the program is killed and started again, until all is
done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from afterbell import demo
from care.calendar import load_calendar
from reliability import cast
from reliability.driver import TICK_POINTS, Plan, Run, Scene, open_scene
from reliability.families import Story
from reliability.town import Town

FINISH_S = 120


@dataclass
class Hour:
    """What came of it. ``stories``: of the families that have come."""

    run: Run
    stories: list[Story]


async def run_hour(database: str, folder: Path, plan: Plan, at_once: int = 14) -> Hour:
    """Runs one hour on a database that holds the demonstration school, with so many families at a time. The processes
    are ended when this returns, however it returns."""
    async with open_scene(database, folder, plan) as scene:
        chosen = await cast.choose(scene.school, plan.seed)
        await cast.make_ready(scene.school)
        town = Town(scene.run.witness, chosen, plan.pace, at_once, plan.seed)
        town.open()
        try:
            await _all_kills(scene, await _school_days(scene))
            await scene.to_the_end(town.finish(FINISH_S if not scene.run.stuck else 0))
        finally:
            await town.close()
    return Hour(scene.run, town.stories)


async def _all_kills(scene: Scene, days: list[datetime]) -> None:
    for kill in scene.run.plan.kills:
        victim = await scene.arm(kill)
        if kill in TICK_POINTS and days:  # another day: something is due
            scene.clock.jump(days.pop(0))
        await scene.falls(victim, kill)
        if scene.run.stuck:
            return


async def _school_days(scene: Scene) -> list[datetime]:
    """The same time of the next school days."""
    async with scene.school.look() as uow:
        calendar = await load_calendar(uow)
    days = [demo.START + timedelta(days=n) for n in range(1, 13)]
    return [day for day in days if calendar.is_school_day(day.date())]
