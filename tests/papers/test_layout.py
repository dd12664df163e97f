"""The layout before it is a PDF: on every page each line of text stands inside the margins and clear of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import combinations
from typing import TypeVar

import paper_examples as example
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locales import words
from papers.agreement import lay_out_agreement
from papers.application import lay_out_application
from papers.marks import PAGE_HEIGHT, PAGE_WIDTH, Page, Text
from papers.sheet import LEFT, RIGHT
from papers.slips import lay_out_slips
from papers.typeface import MM_PER_POINT, Typeface

TYPEFACE = Typeface()
VALUES = st.text(alphabet=st.sampled_from("欧阳𬎆，。 aWi-’😀\n"), max_size=90)
Paper = TypeVar("Paper")
Box = tuple[float, float, float, float]


def boxes(page: Page) -> Iterator[Box]:
    for mark in page:
        if isinstance(mark, Text):
            height = mark.style.size * MM_PER_POINT
            width = TYPEFACE.width(mark.text, mark.style.size) + mark.spread * (len(mark.text) - 1)
            yield mark.x, mark.y - 0.76 * height, mark.x + width, mark.y + 0.1 * height


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def assert_clear(pages: Sequence[Page], left: float, right: float) -> None:
    for page in pages:
        found = list(boxes(page))
        for box in found:
            assert left - 0.01 <= box[0]
            assert box[2] <= right + 0.01
            assert box[1] >= 0
            assert box[3] <= PAGE_HEIGHT
        crossing = [pair for pair in combinations(found, 2) if overlap(*pair)]
        assert crossing == []


def filled(paper: Paper, value: str) -> Paper:
    return replace(
        paper, **{field.name: value for field in fields(paper) if isinstance(getattr(paper, field.name), str)}
    )


PAPERS: dict[str, Callable[[str], list[Page]]] = {
    "application": lambda lang: lay_out_application(example.application(lang), TYPEFACE, words(lang, "papers")),
    "crowded": lambda lang: lay_out_application(example.crowded_application(), TYPEFACE, words(lang, "papers")),
    "signed": lambda lang: lay_out_agreement(example.agreement(), TYPEFACE, words(lang, "papers")),
    "unsigned": lambda lang: lay_out_agreement(example.agreement(signed=False), TYPEFACE, words(lang, "papers")),
}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("name", PAPERS)
def test_nothing_is_cut_or_covered(name: str, language: str) -> None:
    assert_clear(PAPERS[name](language), LEFT, RIGHT)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@given(value=VALUES)
@settings(max_examples=15, deadline=None)
def test_whatever_is_written_into_an_application_fits(language: str, value: str) -> None:
    paper = replace(filled(example.application(), value), answers=((value, value * 3),))
    assert_clear(lay_out_application(paper, TYPEFACE, words(language, "papers")), LEFT, RIGHT)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@given(value=VALUES, body=VALUES)
@settings(max_examples=15, deadline=None)
def test_whatever_is_written_into_an_agreement_fits(language: str, value: str, body: str) -> None:
    signed = filled(example.agreement().signed, value)
    paper = replace(
        filled(example.agreement(), value), body=f"# {body}\n- {body}\n1. {body}\n{body * 20}", signed=signed
    )
    assert_clear(lay_out_agreement(paper, TYPEFACE, words(language, "papers")), LEFT, RIGHT)


@pytest.mark.parametrize("signed", [True, False])
def test_an_endless_signature_flows_over_pages(signed: bool) -> None:
    signature = filled(example.agreement().signed, example.LONG * 2)
    paper = replace(filled(example.agreement(), example.LONG), signed=signature if signed else None)
    assert_clear(lay_out_agreement(paper, TYPEFACE, words("en", "papers")), LEFT, RIGHT)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@given(value=VALUES)
@settings(max_examples=15, deadline=None)
def test_whatever_is_written_on_a_slip_stays_inside_its_cut_lines(language: str, value: str) -> None:
    slip = replace(filled(example.slip(), value), link="https://t.me/afterbell_demo_bot?start=x", code="K7Q2-MX4T")
    (page,) = lay_out_slips([slip], TYPEFACE, words(language, "papers"))
    own = tuple(mark for mark in page if not (isinstance(mark, Text) and mark.text == "✂"))
    assert_clear([own], 9, PAGE_WIDTH / 2 - 9)
    assert max(box[3] for box in boxes(own)) <= PAGE_HEIGHT / 3 - 4
