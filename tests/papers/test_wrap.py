"""Line breaks: Chinese by character, English by word, punctuation never left at the wrong end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.wrap import clean, wrap


def squares(text: str) -> float:
    """A Chinese character is two wide, a Latin letter one."""
    return sum(2 if ord(character) > 0x2000 else 1 for character in text)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("孩子放学后家中无人", 8, ["孩子放学", "后家中无", "人"]),
        ("the quick brown fox", 10, ["the quick", "brown fox"]),
        ("孩子放学，后家中", 8, ["孩子放", "学，后家", "中"]),
        ("孩子放（后家）中", 8, ["孩子放", "（后家）", "中"]),
        ("用bot办理", 5, ["用bot", "办理"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("one\n\ntwo", 9, ["one", "", "two"]),
        ("𬎆𬎆𬎆", 4, ["𬎆𬎆", "𬎆"]),
        ("", 9, [""]),
    ],
)
def test_breaks(text: str, width: float, lines: list[str]) -> None:
    assert wrap(text, width, squares) == lines


@given(st.text(alphabet=st.sampled_from("孩子放学，。（）“”abc de-fé’…\n"), max_size=60), st.integers(4, 20))
def test_no_line_is_too_wide_and_no_character_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width, squares)
    assert all(squares(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


@pytest.mark.parametrize(
    ("given_text", "printed"),
    [
        ("a\u200bb\u202ec\x00d\ufeff", "abcd"),
        ("葛\U000e0100城", "葛城"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("the child’s “menu”", 'the child\'s "menu"'),
        ("按“菜单”选择", "按“菜单”选择"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("\ud800x", "x"),
    ],
)
def test_prints_nothing_invisible(given_text: str, printed: str) -> None:
    assert clean(given_text) == printed
