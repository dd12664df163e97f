"""The account of the long run, written into ``docs/reliability.md`` between two marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from care.school import POINTS
from reliability.driver import RANDOM

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- accounted: begin (written by make reliability) -->"
END = "<!-- accounted: end -->"


@dataclass
class Total:
    """All hours on one kind of database. ``figures`` and ``kills`` are sums; ``doubles`` counts by kind of letter."""

    name: str
    hours: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    doubles: Counter[str] = field(default_factory=Counter)


ROWS = {
    "families": "families that applied, were decided on and signed",
    "updates": "updates given to the bot, each with exactly one effect",
    "letters": "letters in the outbox, each there once",
    "messages": "messages that arrived in a chat",
    "sent more than once": "letters that were tried more than once",
    "seen twice": "messages that somebody saw twice",
}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line) + " |"
                     for line in lines)  # fmt: skip


def written(totals: Sequence[Total], said: str) -> str:
    """The part of the document that a run writes; ``said`` tells when and how it was run."""
    names = [total.name for total in totals]
    kills = [
        [f"`{point}`" if point in POINTS else point, *(total.kills[point] for total in totals)]
        for point in (*POINTS, RANDOM)
    ]
    kills.append(["**all kills**", *(total.kills.total() for total in totals)])
    figures = [[words, *(total.figures[name] for total in totals)] for name, words in ROWS.items()]
    seen = sorted({kind for total in totals for kind in total.doubles})
    doubles = [[f"… of which `{kind}`", *(total.doubles[kind] for total in totals)] for kind in seen]
    hours: list[list[object]] = [["busy hours", *(total.hours for total in totals)]]
    nothing: list[list[object]] = [["effects lost or doubled, letters lost or doubled", *(0 for _ in totals)]]
    return "\n\n".join(
        [
            said,
            table(["killed at", *names], kills),
            table(["accounted", *names], [*hours, *figures, *doubles, *nothing]),
        ]
    )


def write(totals: Sequence[Total], said: str, document: Path = DOCUMENT) -> None:
    """Puts the account between the marks; the rest of the document is written by hand and stays."""
    text = document.read_text()
    between = f"{BEGIN}\n\n{written(totals, said)}\n\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{document} has lost the marks between which the account is written")
    document.write_text(pattern.sub(lambda _: between, text))
