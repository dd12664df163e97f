"""Trouble with a channel as a whole, as this process meets it. What the office is shown follows within seconds.

It is kept in memory, so that a poll costs nothing, and compared every second with what is written down, by the process
that leads: so that a change is written once, and what an earlier process left behind is set right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from care.channels import Trouble, channel_troubles, note_trouble
from care.school import School

LOOK_EVERY_S = 1.0
SILENCE_SHOWN_S = 30.0
"""A shorter one is nobody's business."""
OTHER_POLLER_LASTS_S = 120.0
"""Since it was met last: the two take turns, so that a poll which succeeds proves nothing."""
RENEWED_WITHIN_S = 5.0
"""A silence that is ordered anew when the last one ends goes on."""
SECOND_TIME = frozenset({Trouble.UNREACHABLE, Trouble.OTHER_POLLER})
"""Once is no news: a connection breaks now and then, and a poll of before a restart may still be open."""

log = structlog.get_logger()


@dataclass
class Row:
    """One trouble, from the first time it was met."""

    since: datetime
    times: int = 0
    until: datetime | None = None
    """When it is over; None: with the next success."""


class Troubles:
    """What is wrong with each channel. ``leads`` says whether this process polls and sends."""

    def __init__(self, school: School, channels: Collection[str], leads: Callable[[], bool]) -> None:
        self.school = school
        self._channels = frozenset(channels)
        self._leads = leads
        self._led = False
        self._failed = False
        self._met: dict[str, dict[Trouble, Row]] = {}
        self._tried: set[str] = set()
        """Channels that have worked: of others, what an earlier process noted may still be true."""

    def note(self, channel: str, code: Trouble, lasts_s: float = 0.0) -> None:
        """It was met. ``lasts_s``: seconds for which a silence was ordered."""
        if code is Trouble.SILENCED and lasts_s <= SILENCE_SHOWN_S:
            return
        now = self.school.clock.now()
        row = self._rows(channel).setdefault(code, Row(now))
        row.times += 1
        if code is Trouble.OTHER_POLLER:
            row.until = now + timedelta(seconds=OTHER_POLLER_LASTS_S)
        elif code is Trouble.SILENCED:
            row.until = now + timedelta(seconds=lasts_s + RENEWED_WITHIN_S)

    def works(self, channel: str, *codes: Trouble) -> None:
        """A call succeeded, which speaks against these. Before this process led, it says nothing of now."""
        if not self._leads():
            return
        self._tried.add(channel)
        rows = self._rows(channel)
        for code in codes:
            if code in rows and rows[code].until is None:
                del rows[code]

    def of(self, channel: str) -> Trouble | None:
        """The gravest that is wrong with a channel now."""
        rows = self._rows(channel)
        return next((code for code in Trouble if code in rows and rows[code].times > (code in SECOND_TIME)), None)

    def _rows(self, channel: str) -> dict[Trouble, Row]:
        """Those that are not over."""
        now = self.school.clock.now()
        rows = self._met.setdefault(channel, {})
        for code in [code for code, row in rows.items() if row.until is not None and row.until <= now]:
            del rows[code]
        return rows

    async def run(self) -> None:
        """Keeps what is written down true, until cancelled."""
        while True:
            await self.keep()
            await asyncio.sleep(LOOK_EVERY_S)

    async def keep(self) -> bool:
        """Writes down what has changed. False where another process leads, which knows better, and where it cannot be
        written: that is logged once until it can, and raises nothing."""
        try:
            written = await self._write()
        except Exception as error:  # noqa: BLE001 - the database is away: polling and sending must not know
            if not self._failed:
                log.warning("a channel's trouble cannot be noted", error=type(error).__name__)
            self._failed = True
            return False
        self._failed = False
        return written

    async def _write(self) -> bool:
        before, self._led = self._led, self._leads()
        if not self._led:
            if before:
                self._met.clear()
                self._tried.clear()
            return False
        async with self.school.look() as uow:
            noted = {one.channel: one.code for one in await channel_troubles(uow)}
        wanted = {channel: self.of(channel) for channel in self._met}
        wanted = {channel: code for channel, code in wanted.items() if code is not None or channel in self._tried}
        wanted |= dict.fromkeys(noted.keys() - self._channels)
        for channel, code in wanted.items():
            if noted.get(channel) is not code:
                row = self._met[channel].get(code) if code is not None else None
                await note_trouble(self.school, channel, code, row.since if row is not None else None)
        return True
