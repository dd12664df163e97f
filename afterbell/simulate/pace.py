"""The pace of a simulated day: what people do lies ahead in a queue; the clock is moved from one thing to the next."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterbell.simulate.phone import Life
from care.clock import MovableClock

Act = Callable[[], Awaitable[None]]

BEAT = timedelta(seconds=5)


@dataclass(frozen=True)
class Deed:
    """Something that somebody does at a moment."""

    at: datetime
    what: str
    act: Act


def on_beat(at: datetime) -> datetime:
    """The next beat: what people do within a few seconds, they do at once."""
    return at + timedelta(microseconds=-(at.timestamp() * 1e6) % (BEAT.total_seconds() * 1e6))


class Pace:
    """Moves a clock that stands still: to the next deed, or by ``step``, whichever comes first."""

    def __init__(self, clock: MovableClock, seed: int, step: timedelta = timedelta(minutes=1)) -> None:
        self.clock, self.step = clock, step
        self.chance = random.Random(seed)
        self.done: dict[str, int] = {}
        self._order = itertools.count()
        self._ahead: list[tuple[datetime, int, Deed]] = []

    def plan(self, deeds: list[Deed]) -> None:
        for deed in deeds:
            heapq.heappush(self._ahead, (deed.at, next(self._order), deed))

    def live(self, at: datetime, what: str, life: Life) -> None:
        """From then on somebody does this, pause after pause; it counts as done when it has ended."""

        async def step() -> None:
            try:
                pause = await anext(life)
            except StopAsyncIteration:
                self.count(what)
            else:
                self.plan([Deed(on_beat(self.clock.now() + pause), "", step)])

        self.plan([Deed(on_beat(at), "", step)])

    def count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def human(self, median: timedelta) -> timedelta:
        """How long a person takes: mostly about ``median``, at times far longer, never nothing."""
        return max(timedelta(seconds=1), median * self.chance.lognormvariate(0.0, 0.8))

    async def until(self, end: datetime, tick: Act, settle: Act) -> None:
        """Runs to ``end``: ``tick`` after each step, ``settle`` once the deeds of a moment are done."""
        ticked = self.clock.now()
        while self.clock.now() < end:
            nearest = self._ahead[0][0] if self._ahead else end
            self.clock.jump(max(self.clock.now(), min(end, ticked + self.step, nearest)))
            if self.clock.now() >= ticked + self.step:
                ticked = self.clock.now()
                await tick()
            while self._ahead and self._ahead[0][0] <= self.clock.now():
                deed = heapq.heappop(self._ahead)[2]
                await deed.act()
                if deed.what:
                    self.count(deed.what)
            await settle()
