"""When things happened: on school days, in working hours, each after the one before, none after the clock's start."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from random import Random

from afterbell.demo.book import START, local
from afterbell.demo.term import TERM_STARTS, school_days

OPENS = 8 * 60 + 10
CLOSES = 17 * 60 + 40
CLOSES_TODAY = 16 * 60 + 25
"""Minutes of the day; on the day of the start nothing happens in the last quarter of an hour before it."""

RUSH = 0.8
"""The part of the applications that came in the first eight school days."""
RUSH_DAYS = 8
QUIET_DAYS = 14
"""What began more than so many school days ago has come to its end by the start."""


class Days:
    """The school days from the term's first to the clock's start."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    @cached_property
    def days(self) -> list[datetime]:
        return [local(day, 0) for day in school_days(TERM_STARTS, START.date())]

    def moments(self, steps: int, days_ago: int | None, early: bool = False) -> list[datetime]:
        """As many moments in order; the last one ``days_ago`` school days before the start, or some time before.

        ``early``: all within the first weeks of the term.
        """
        gaps = self.rng.choices((0, 1, 2), (35, 50, 15), k=steps - 1)
        last = len(self.days) - 1
        indexes = [self._begin(early) if days_ago is None else max(0, last - days_ago - sum(gaps))]
        for gap in gaps:
            indexes.append(indexes[-1] + gap)
        return [moment for index in sorted(set(indexes)) for moment in self._of_day(index, indexes.count(index))]

    def _begin(self, early: bool) -> int:
        if early or self.rng.random() < RUSH:
            return self.rng.randrange(RUSH_DAYS)
        return self.rng.randrange(RUSH_DAYS, len(self.days) - QUIET_DAYS)

    def _of_day(self, index: int, count: int) -> list[datetime]:
        closes = CLOSES_TODAY if index == len(self.days) - 1 else CLOSES
        minutes = sorted(self.rng.sample(range(OPENS, closes), count))
        return [self.days[index] + timedelta(minutes=m, seconds=self.rng.randrange(60)) for m in minutes]

    def after(self, moment: datetime) -> datetime:
        """A moment of one of the school days after this one, or of the last."""
        later = next((i for i, day in enumerate(self.days) if day > moment), len(self.days) - 1)
        return self._of_day(min(later + self.rng.randrange(3), len(self.days) - 1), 1)[0]
