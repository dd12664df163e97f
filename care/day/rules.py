"""The afternoon's settings of a term: when the day opens, how long each step may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from sqlalchemy import select

from care.errors import Invalid, NotFound
from care.permissions import Permission
from care.records.day import DayRules
from care.records.term import Term, Wave
from care.work import UnitOfWork

LONGEST_MINUTES = 180


@dataclass(frozen=True)
class Rules:
    """Minutes, and local times. ``remind_minutes`` and ``sheet_minutes`` count back from the wave's end, for reminders
    and day sheets; ``late_minutes`` count from it: for who comes, for the other guardians, and for the duty lead. Until
    ``extended_until_ask`` a family changes today's extended care without anybody being told; ``extended_automatic``:
    it is granted while there are places; else somebody decides."""

    opens_at: time = time(12, 0)
    leave_until: time = time(12, 0)
    roll_minutes: int = 20
    missing_minutes: int = 10
    remind_minutes: int = 30
    sheet_minutes: int = 40
    late_minutes: tuple[int, int, int] = (10, 20, 30)
    closes_at: time = time(20, 0)
    extended_until_ask: time = time(16, 0)
    extended_automatic: bool = True


async def rules_of(uow: UnitOfWork, term_id: int) -> Rules:
    """The term's settings, or those that are shipped."""
    row = await uow.session.get(DayRules, term_id)
    if row is None:
        return Rules()
    first, second, third = row.late_minutes
    return Rules(
        row.opens_at,
        row.leave_until,
        row.roll_minutes,
        row.missing_minutes,
        row.remind_minutes,
        row.sheet_minutes,
        (first, second, third),
        row.closes_at,
        row.extended_until_ask,
        row.extended_automatic,
    )


async def set_rules(uow: UnitOfWork, term_id: int, wanted: Rules) -> None:
    """Changes the settings; they hold from the next tick. Raises Invalid: minutes out of range, or a day that would
    open after its first wave begins or close before its last one ends."""
    uow.require(Permission.MANAGE_TERM)
    once = (wanted.roll_minutes, wanted.missing_minutes, wanted.remind_minutes, wanted.sheet_minutes)
    minutes = (*once, *wanted.late_minutes)
    in_order = list(wanted.late_minutes) == sorted(set(wanted.late_minutes))
    if not all(0 < one <= LONGEST_MINUTES for one in minutes) or not in_order:
        raise Invalid("minutes_out_of_range", limit=LONGEST_MINUTES)
    if await uow.session.get(Term, term_id) is None:
        raise NotFound()
    waves = list(await uow.session.scalars(select(Wave).where(Wave.term_id == term_id)))
    if any(wanted.opens_at > wave.starts_at for wave in waves):
        raise Invalid("opens_too_late", time=f"{min(wave.starts_at for wave in waves):%H:%M}")
    if any(wanted.closes_at < wave.ends_at for wave in waves):
        raise Invalid("closes_too_early", time=f"{max(wave.ends_at for wave in waves):%H:%M}")
    row = await uow.session.get(DayRules, term_id) or DayRules(term_id=term_id)
    row.opens_at, row.leave_until = wanted.opens_at, wanted.leave_until
    row.roll_minutes, row.missing_minutes = wanted.roll_minutes, wanted.missing_minutes
    row.remind_minutes, row.sheet_minutes = wanted.remind_minutes, wanted.sheet_minutes
    row.late_minutes = list(wanted.late_minutes)
    row.closes_at = wanted.closes_at
    row.extended_until_ask, row.extended_automatic = wanted.extended_until_ask, wanted.extended_automatic
    uow.session.add(row)
    uow.record("day_rules_set", "term", term_id)
