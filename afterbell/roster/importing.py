"""One import from file to summary: read, check, store, and say what was done."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from afterbell.build import name_school
from afterbell.roster.check import check
from afterbell.roster.problems import Problems
from afterbell.roster.rows import read_roster
from afterbell.roster.store import store
from afterbell.roster.workbook import open_book
from care.school import School


async def import_roster(school: School, file: Path, look: bool = False) -> str:
    """Imports a workbook in one transaction and returns what was done, for the operator; with ``look`` what would be
    done, and nothing is stored.

    Raises RosterError with a line for each problem, and then nothing is stored.
    """
    problems = Problems()
    book = await asyncio.to_thread(open_book, file, problems)
    roster = read_roster(book, problems, school.clock.today())
    check(roster, problems)
    problems.raise_if_any()
    digest = await asyncio.to_thread(_sha256, file)
    tally = await store(school, roster, problems, file, digest, look)
    if roster.names and not look:
        await name_school(school, {**school.names, **roster.names})
    if book.not_read:
        tally.notes.append(f"sheets that were not read: {', '.join(book.not_read)}")
    return tally.text()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
