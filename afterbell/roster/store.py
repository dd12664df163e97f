"""Stores a checked workbook in one transaction: what the database says is compared, changed where it differs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from afterbell.roster.problems import Problems
from afterbell.roster.rows import Roster
from afterbell.roster.store_people import stops_take_hold, store_left, store_staff, store_students
from afterbell.roster.store_term import (
    store_calendar,
    store_capacities,
    store_classes,
    store_terms,
    store_texts,
    store_waves,
)
from afterbell.roster.tally import Tally
from afterbell.roster.telling import plans_before, tell_of_plans
from afterbell.roster.work import Import
from care.permissions import SYSTEM
from care.school import School, take_turn
from care.work import UnitOfWork

LOCK = 0x524F5354


class _OnlyLooked(Exception):
    """Undoes what was done to see what it would do."""


async def store(
    school: School, roster: Roster, problems: Problems, file: Path, digest: str, look: bool = False
) -> Tally:
    """Raises RosterError, and then nothing is stored. With ``look`` nothing is stored either: the tally says what would
    be."""
    tally = Tally(look)
    with suppress(_OnlyLooked):
        async with school.work(SYSTEM) as uow:
            await _store(uow, roster, problems, tally)
            if look:
                raise _OnlyLooked
            rows, told = tally.as_data(), tally.people
            uow.record("roster_imported", "school", 0, file=file.name[:120], sha256=digest, rows=rows, told=told)
    return tally


async def _store(uow: UnitOfWork, roster: Roster, problems: Problems, tally: Tally) -> None:
    await take_turn(uow, LOCK)
    work = Import(uow, problems, tally)
    plans = await plans_before(uow)
    with uow.session.no_autoflush:
        await store_classes(work, roster)
        await store_terms(work, roster)
        await uow.session.flush()
        await store_waves(work, roster)
        await store_calendar(work, roster)
        await store_students(work, roster)
        await store_staff(work, roster)
        problems.raise_if_any()
    await uow.session.flush()
    work.finish()
    await stops_take_hold(work)
    await store_texts(work, roster)
    await store_left(work)
    await store_capacities(work)
    await tell_of_plans(work, plans)
    problems.raise_if_any()
