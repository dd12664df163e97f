"""The only source of the time: the system clock, or one that can be moved (demonstration, tests, simulation)."""

from __future__ import annotations

import time as system
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment at which a clock in this zone shows ``at`` on ``day``, in UTC: what is added to it is real time, also
    where clocks change. A time that is shown twice is the first; one that is left out is so much after the gap begins
    as it says."""
    return datetime.combine(day, at, zone).astimezone(UTC)


class Clock:
    """Instants are aware and in UTC; school days are dates in the school's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def now(self) -> datetime:
        return datetime.now(UTC)

    def local(self) -> datetime:
        return self.now().astimezone(self.zone)

    def today(self) -> date:
        return self.local().date()


class MovableClock(Clock):
    """Runs on from a chosen moment and can be moved ahead, never back: what happened stays in the past."""

    def __init__(self, zone: ZoneInfo, start: datetime, ticker: Callable[[], float] = system.monotonic) -> None:
        super().__init__(zone)
        if start.tzinfo is None:
            start = start.replace(tzinfo=zone)
        self._ticker = ticker
        self._origin = start.astimezone(UTC)
        self._since = ticker()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=self._ticker() - self._since)

    def jump(self, to: datetime) -> None:
        """Moves ahead to ``to`` (aware). Raises ValueError for a moment already past."""
        if to.tzinfo is None:
            to = to.replace(tzinfo=self.zone)
        if to < self.now():
            raise ValueError("the clock only moves ahead")
        self._origin = to.astimezone(UTC)
        self._since = self._ticker()


def stopped_clock(zone: ZoneInfo, start: datetime) -> MovableClock:
    """A movable clock that stands still between jumps, for tests."""
    return MovableClock(zone, start, ticker=lambda: 0.0)
