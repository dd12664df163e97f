"""The account of the long run, written into ``docs/reliability.md`` between two marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from care.school import POINTS
from reliability.driver import RANDOM, Run
from reliability.wire_account import Account

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- accounted: begin (written by make reliability) -->"
END = "<!-- accounted: end -->"


HOUR, AFTERNOON = "The busy hour", "The afternoon"


@dataclass
class Total:
    """All runs of a town on one kind of database. ``figures`` and ``kills`` are sums; ``doubles`` counts by kind of
    letter."""

    town: str
    name: str
    runs: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    doubles: Counter[str] = field(default_factory=Counter)

    def add(self, run: Run, found: Account) -> None:
        self.runs += 1
        self.kills.update(run.kills)
        self.reached.update(run.reached)
        self.figures.update(found.figures)
        self.doubles.update(found.doubles.kinds)


OWN_ROWS = {
    HOUR: {"families": "families that applied, were decided on and signed"},
    AFTERNOON: {
        "children": "children in care, each accounted for in the end",
        "links": "links of custody, each from one tap, each giver the holder before",
        "releases": "releases at the gate, none of a child who was released already",
    },
}
ROWS = {
    "updates": "updates given to the bot, each with exactly one effect",
    "letters": "letters in the outbox, each there once",
    "messages": "messages that arrived in a chat",
    "sent more than once": "letters that were tried more than once",
    "seen twice": "messages that somebody saw twice",
}
RUNS = {HOUR: "busy hours", AFTERNOON: "afternoons, each closed and sealed"}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line) + " |"
                     for line in lines)  # fmt: skip


def written(totals: Sequence[Total], said: str) -> str:
    """The part of the document that a run writes; ``said`` tells when and how it was run."""
    towns = dict.fromkeys(total.town for total in totals)
    parts = [_of_town(town, [total for total in totals if total.town == town]) for town in towns]
    return "\n\n".join([said, *(part for of_town in parts for part in of_town)])


def _of_town(town: str, totals: Sequence[Total]) -> list[str]:
    names = [total.name for total in totals]
    kills = [
        [f"`{point}`" if point in POINTS else point, *(total.kills[point] for total in totals)]
        for point in (*POINTS, RANDOM)
    ]
    kills.append(["**all kills**", *(total.kills.total() for total in totals)])
    rows = OWN_ROWS[town] | ROWS
    figures = [[words, *(total.figures[name] for total in totals)] for name, words in rows.items()]
    seen = sorted({kind for total in totals for kind in total.doubles})
    doubles = [[f"… of which `{kind}`", *(total.doubles[kind] for total in totals)] for kind in seen]
    runs: list[list[object]] = [[RUNS[town], *(total.runs for total in totals)]]
    nothing: list[list[object]] = [["effects lost or doubled, letters lost or doubled", *(0 for _ in totals)]]
    return [
        f"### {town}",
        table(["killed at", *names], kills),
        table(["accounted", *names], [*runs, *figures, *doubles, *nothing]),
    ]


def write(totals: Sequence[Total], said: str, document: Path = DOCUMENT) -> None:
    """Puts the account between the marks; the rest of the document is written by hand and stays."""
    text = document.read_text()
    between = f"{BEGIN}\n\n{written(totals, said)}\n\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{document} has lost the marks between which the account is written")
    document.write_text(pattern.sub(lambda _: between, text))
