"""Quiet hours: what is not urgent reaches people between 07:30 and 20:00 school time."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from care.clock import instant

QUIET_UNTIL = time(7, 30)
QUIET_FROM = time(20, 0)


def when_awake(now: datetime, zone: ZoneInfo) -> datetime:
    """``now``, or the end of the quiet hours it falls into."""
    local = now.astimezone(zone)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now
    day = local.date() if local.time() < QUIET_UNTIL else local.date() + timedelta(days=1)
    return instant(day, QUIET_UNTIL, zone)
