"""The roster workbook: read, checked as a whole, then stored as a whole. ``docs/roster.md`` describes it."""

from afterbell.roster.importing import import_roster
from afterbell.roster.problems import RosterError
from afterbell.roster.template import write_template

__all__ = ["RosterError", "import_roster", "write_template"]
