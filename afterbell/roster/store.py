"""Stores a checked workbook in one transaction: what the database says is compared, changed where it differs."""

from __future__ import annotations

from pathlib import Path

from afterbell.roster.problems import Problems
from afterbell.roster.rows import Roster
from afterbell.roster.store_people import store_left, store_staff, store_students
from afterbell.roster.store_term import (
    store_calendar,
    store_capacities,
    store_classes,
    store_terms,
    store_texts,
    store_waves,
)
from afterbell.roster.tally import Tally
from afterbell.roster.work import Import
from care.permissions import SYSTEM
from care.school import School, take_turn

LOCK = 0x524F5354


async def store(school: School, roster: Roster, problems: Problems, file: Path, digest: str) -> Tally:
    """Raises RosterError, and then nothing is stored."""
    async with school.work(SYSTEM) as uow:
        await take_turn(uow, LOCK)
        work = Import(uow, problems, Tally())
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
        await store_texts(work, roster)
        await store_left(work)
        await store_capacities(work)
        problems.raise_if_any()
        uow.record("roster_imported", "school", 0, file=file.name[:120], sha256=digest, rows=work.tally.as_data())
    return work.tally
