"""The roster workbook: read, checked as a whole, then stored as a whole."""

from __future__ import annotations

from pathlib import Path

from care.school import School


class RosterError(Exception):
    """A workbook that cannot be taken: one line per problem, each saying how to mend it."""


async def import_roster(school: School, file: Path) -> str:
    """Imports a workbook in one transaction. Raises RosterError, and then nothing is stored."""
    raise RosterError("The roster import is not ready yet.")


__all__ = ["RosterError", "import_roster"]
