"""Markdown tables, and the goal beside a figure."""

from __future__ import annotations

Row = tuple[str, ...]


def row(*cells: str) -> Row:
    return cells


def table(head: tuple[str, ...], rows: list[Row]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines) + "\n"


def verdict(met: bool, goal: str) -> str:
    """The goal in brackets, and whether it is met."""
    return f" (goal {goal}: **{'met' if met else 'not met'}**)"
