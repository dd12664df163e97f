"""The town in its busy hour: families that come one after the other, and the staff who are there all the time."""

from __future__ import annotations

import asyncio

from reliability.cast import Cast
from reliability.families import Family, Story
from reliability.people import Pace, Resident
from reliability.school_staff import Head, Teacher
from reliability.witness import TOKEN, Witness


class Town:
    """``at_once`` families are at it at the same time; when one is done, the next one comes, until the gate closes."""

    def __init__(self, witness: Witness, cast: Cast, pace: Pace, at_once: int, seed: int) -> None:
        self.witness = witness
        self.cast = cast
        self.families: list[Family] = []
        self._pace, self._at_once, self._seed = pace, at_once, seed
        self._coming = list(reversed(cast.stories))
        self._tasks: list[asyncio.Task[None]] = []
        self._open = True
        bot = witness.world.bots[TOKEN]
        for who in cast.known:
            witness.world.add_user(who.name, user_id=who.user_id, language=who.language)
            bot.chat(who.user_id).started = True

    @property
    def stories(self) -> list[Story]:
        """The stories of the families that have come."""
        return [family.story for family in self.families]

    @property
    def residents(self) -> list[Resident]:
        return [*self.families, *self._staff]

    def open(self) -> None:
        """Lets everybody begin."""
        world = self.witness.world
        teachers: list[Resident] = []
        for class_id, who in self.cast.teachers.items():
            stories = [story for story in self.cast.stories if story.class_id == class_id]
            teachers.append(Teacher(world, who, stories, self._pace, self._seed))
        heads = [Head(world, who, self._to_approve, self._pace, self._seed) for who in self.cast.heads]
        self._staff: list[Resident] = [*teachers, *heads]
        self._tasks += [asyncio.create_task(resident.live()) for resident in self._staff]
        self._gate = [asyncio.create_task(self._come()) for _ in range(self._at_once)]

    async def finish(self, seconds: float) -> list[str]:
        """Closes the gate and waits for those who are inside; the screens of those who are stuck after so long."""
        self._open = False
        await asyncio.wait(self._gate, timeout=seconds)
        broken = [task.exception() for task in [*self._gate, *self._tasks] if task.done() and not task.cancelled()]
        stuck = [family for family in self.families if not family.done]
        return [
            *(f"a resident could not go on: {error!r}" for error in broken if error),
            *(f"{family.story.child}'s family is stuck in “{family.part.name}”\n{family.screen()}" for family in stuck),
        ]

    async def close(self) -> None:
        """Everybody puts the phone away."""
        for task in [*self._gate, *self._tasks]:
            task.cancel()
        await asyncio.gather(*self._gate, *self._tasks, return_exceptions=True)
        for resident in self.residents:
            resident.unwatch()

    async def _come(self) -> None:
        while self._open and self._coming:
            family = Family(self.witness.world, self._coming.pop(), self._pace, self._seed)
            self.families.append(family)
            await family.live()

    def _to_approve(self) -> list[Story]:
        return [f.story for f in self.families if f.story.decision != "refused" and f.part.name in ("wait", "correct")]
