"""The account in the document: written between the marks, and nowhere else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from care.school import POINTS
from reliability.report import AFTERNOON, BEGIN, DOCUMENT, END, HOUR, Total, write

TOTAL = Total(HOUR, "SQLite", runs=2, kills=Counter(stored=1, called=1200), doubles=Counter(reply=7))
OTHER = Total(AFTERNOON, "SQLite", runs=3, figures=Counter(children=42))


def test_the_account_stands_between_its_marks(tmp_path: Path) -> None:
    document = tmp_path / "reliability.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write([TOTAL, OTHER], "Run today.", document)
    text = document.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\nRun today.\n") and text.endswith(f"{END}\nafter\n")
    for row in (
        "| `called` | 1,200 |",
        "| **all kills** | 1,201 |",
        "| … of which `reply` | 7 |",
        "| busy hours | 2 |",
        "### The afternoon",
        "| afternoons, each closed and sealed | 3 |",
        "| children in care, each accounted for in the end | 42 |",
    ):
        assert row in text
    assert "\nold\n" not in text


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "reliability.md"
    document.write_text("by hand")
    with pytest.raises(ValueError, match="lost the marks"):
        write([TOTAL], "Run today.", document)
    assert document.read_text() == "by hand"


def test_every_point_is_explained() -> None:
    """The document says of each point at which the program may die what follows."""
    text = DOCUMENT.read_text()
    assert [point for point in POINTS if f"| `{point}` |" not in text] == [] and BEGIN in text and END in text
