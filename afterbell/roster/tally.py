"""What an import did, told to the operator."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from care.telling import Told

SHOWN = 10


@dataclass
class Counts:
    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass
class Tally:
    """``changed`` and ``gone`` name what an operator should look at; what is gone from the file is never touched.
    ``looked``: nothing was stored, it is what would be."""

    looked: bool = False
    counts: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    _people: set[int] = field(default_factory=set)

    def add(self, what: str) -> None:
        self.counts[what].added += 1

    def same(self, what: str) -> None:
        self.counts[what].unchanged += 1

    def change(self, what: str, words: str) -> None:
        self.counts[what].changed += 1
        self.changed.append(words)

    @property
    def people(self) -> int:
        """How many are told something, each counted once."""
        return len(self._people)

    def tell(self, term: str, of_what: str, told: Told) -> None:
        self._people |= {one.person_id for one in told.people}
        are = "would be" if self.looked else "are"
        self.told.append(
            f"{term}: {told.guardians} guardians and {told.staff} of the staff {are} told of {of_what}, once"
        )

    def as_data(self) -> dict[str, list[int]]:
        return {what: [count.added, count.changed, count.unchanged] for what, count in self.counts.items()}

    def text(self) -> str:
        width = max((len(what) for what in self.counts), default=0)
        lines = ["Nothing has been stored. This would be:" if self.looked else "Imported:"]
        lines += [
            f"  {what:<{width}}  {count.added} added, {count.changed} changed, {count.unchanged} unchanged"
            for what, count in self.counts.items()
        ]
        lines += _listed("Changed:", self.changed)
        lines += _listed("No longer in the file (left as they are):", self.gone)
        lines += _listed("In the chat:", self.told)
        lines += _listed("Please look at:", self.notes)
        return "\n".join(lines)


def _listed(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = [f"  and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
    return [title, *(f"  {item}" for item in items[:SHOWN]), *more]
