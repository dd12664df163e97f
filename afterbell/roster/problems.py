"""What is wrong with a workbook, gathered so that the operator can mend everything at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from afterbell.settings import OperatorError

SHOWN = 30


class RosterError(OperatorError):
    """A workbook that cannot be taken: one line per problem, each saying how to mend it. Nothing was stored."""


@dataclass
class Problems:
    """Problems in the order of the workbook."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)

    def raise_if_any(self) -> None:
        if not self.lines:
            return
        shown = self.lines[:SHOWN]
        more = len(self.lines) - len(shown)
        if more:
            shown.append(f"and {more} more")
        raise RosterError("\n".join(["Nothing was imported. Mend these in the workbook and import again:", *shown]))
