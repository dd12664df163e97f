"""Class names as teachers type them."""

from __future__ import annotations

import pytest

from bot.chat.class_names import read_class

AS_TYPED = """
2(3) | 2（3） | 2 (3) 班 | ２（３）班 | 二(3) | 二（三）班 | 二年级3班 | 二年级（3）班 | 2年级3班 | 二年3班
2.3 | 2-3 | 2/3 | G2C3 | g2 c3 | Grade 2, Class 3 | grade 2 class 3
"""
NOT_ONE = "3 | 23 | 203 | 2( | 2() | 0(3) | 二三(2) | 三十( | 林二 | 3缺 | (3) | G2"


@pytest.mark.parametrize("words", [one.strip() for line in AS_TYPED.splitlines() for one in line.split("|") if one])
def test_a_class(words: str) -> None:
    assert read_class(words) == (2, 3)


@pytest.mark.parametrize(
    ("words", "meant"), [("四(十二)班", (4, 12)), ("1(10)", (1, 10)), ("三年级二十班", (3, 20)), ("一(十)", (1, 10))]
)
def test_more_than_nine(words: str, meant: tuple[int, int]) -> None:
    assert read_class(words) == meant


@pytest.mark.parametrize("words", ["", *NOT_ONE.split(" | ")])
def test_no_class(words: str) -> None:
    assert read_class(words) is None
