"""One afternoon: the clock goes from noon to the seal, people act, and the program is killed and started again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reliability.afternoon import cast as casting
from reliability.afternoon.families import Guardian
from reliability.afternoon.player import Player, Scenery
from reliability.afternoon.staff import Lead
from reliability.afternoon.story import DUE, Cast, Child, Fate, Part, moment
from reliability.afternoon.teachers import ClassTeacher, Keeper
from reliability.driver import TICK_POINTS, Plan, Run, Scene, open_scene
from reliability.people import Pace
from reliability.witness import TOKEN, Witness

PASSES = 6
"""A process dies when it passes its point for the n-th time, n up to this: there is not much to do in one part."""
PART_S = 120
"""So long people may take for what they do in one part."""


@dataclass
class Afternoon:
    """What came of it."""

    run: Run
    cast: Cast


class Town:
    """The people of the afternoon."""

    def __init__(self, witness: Witness, cast: Cast, pace: Pace, seed: int) -> None:
        world = witness.world
        bot = world.bots[TOKEN]
        for who in cast.known:
            world.add_user(who.name, user_id=who.user_id, language=who.language)
            bot.chat(who.user_id).started = True
        self.scenery = Scenery(cast)

        def guardian(child: Child, first: bool) -> Guardian:
            return Guardian(world, child, first, self.scenery, pace, seed)

        families = {child: (guardian(child, True), guardian(child, False)) for child in cast.children}
        stay = {child: family for child, family in families.items() if child.fate is Fate.STAYS}
        keeper = Keeper(world, stay, self.scenery, pace, seed)
        teachers = [
            ClassTeacher(
                world,
                teacher,
                {child: families[child] for child in cast.of(teacher)},
                lambda: keeper.is_there,
                self.scenery,
                pace,
                seed,
            )
            for teacher in cast.teachers
        ]
        people = [one for family in families.values() for one in family]
        self.players: list[Player] = [*people, keeper, Lead(world, self.scenery, pace, seed), *teachers]
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        self._tasks = [asyncio.create_task(player.live()) for player in self.players]

    def begin(self, part: Part) -> None:
        """Everybody looks up."""
        self.scenery.part = part
        self.stir()

    def stir(self) -> None:
        for player in self.players:
            player.stir()

    async def pass_time(self, falling: asyncio.Task[None]) -> None:
        """Until the program has fallen; when everybody has done what there was to do, some chat."""
        while not falling.done():
            if not self.scenery.restless and all(player.is_idle for player in self.players):
                self.scenery.restless = True
                self.stir()
            await asyncio.sleep(0.02)
        self.scenery.restless = False
        await falling

    async def finish(self) -> list[str]:
        """Waits until everybody has done what belongs to this part; the screens of those who are stuck."""
        deadline = time.monotonic() + PART_S
        while busy := [player for player in self.players if not player.is_idle]:
            broken = [task.exception() for task in self._tasks if task.done()]
            if broken:
                return [f"somebody could not go on: {error!r}" for error in broken]
            if time.monotonic() > deadline:
                part = Part(self.scenery.part).name
                return [f"{one.who.name} is stuck in {part}: {one.open_tasks()}\n{one.screen()}" for one in busy]
            await asyncio.sleep(0.02)
        return []

    async def close(self) -> None:
        """Everybody puts the phone away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for player in self.players:
            player.unwatch()


async def run_afternoon(
    database: str, folder: Path, plan: Plan, classes: tuple[str, ...] = casting.CLASSES
) -> Afternoon:
    """Runs one afternoon of these classes on a database that holds the demonstration school."""
    async with open_scene(database, folder, plan) as scene:
        cast = await casting.make_ready(scene.school, plan.seed, classes)
        scene.clock.jump(moment(Part.NOON).replace(minute=0, hour=11))
        town = Town(scene.run.witness, cast, plan.pace, plan.seed)
        town.open()
        kills = spread(plan.kills, plan.seed)
        try:
            for part in Part:
                await _play(scene, town, part, kills[part])
                if scene.run.stuck:
                    break
            await scene.to_the_end(town.finish())
        finally:
            await town.close()
    return Afternoon(scene.run, cast)


def spread(kills: Sequence[str], seed: int) -> dict[Part, list[str]]:
    """The kills by the part in which they happen: those of a tick where something is due, one in a part and first; the
    others in turn, from a part that is drawn. The same for the same seed."""
    rng = Random(seed)
    found: dict[Part, list[str]] = {part: [] for part in Part}
    ticks = [kill for kill in kills if kill in TICK_POINTS]
    for part, kill in zip(rng.sample(DUE, len(ticks)), ticks, strict=True):
        found[part].append(kill)
    free = [part for part in Part if not found[part]]
    rng.shuffle(free)
    for at, kill in enumerate(kill for kill in kills if kill not in TICK_POINTS):
        found[free[at % len(free)]].append(kill)
    return found


async def _play(scene: Scene, town: Town, part: Part, kills: Sequence[str]) -> None:
    """The clock is moved, and what is due goes out; then people act. The first kill may come in either half."""
    falling = await _arm(scene, kills[0]) if kills else None
    scene.clock.jump(max(moment(part), scene.clock.now()))
    await scene.start()
    quiet = asyncio.create_task(scene.until_quiet())
    if falling is not None:
        await asyncio.wait({falling, quiet}, return_when=asyncio.FIRST_COMPLETED)
        if falling.done():
            await scene.start()
    scene.run.stuck += await quiet
    town.begin(part)
    if falling is not None:
        await town.pass_time(falling)
    for kill in kills[1:]:
        await town.pass_time(await _arm(scene, kill))
    await scene.start()
    if not scene.run.stuck:
        scene.run.stuck += await town.finish()
    if not scene.run.stuck:
        scene.run.stuck += await scene.until_quiet(ticks=False)


async def _arm(scene: Scene, kill: str) -> asyncio.Task[None]:
    """Begins a life that ends with this kill."""
    victim = await scene.arm(kill, most=1 if kill in TICK_POINTS else PASSES)
    return asyncio.create_task(scene.falls(victim, kill))
