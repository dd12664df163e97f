"""The day sheet: opened again it says all it was told, on every page who it is for, and what must not be overlooked in
words."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import paper_examples as example
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from test_layout import TYPEFACE, VALUES, assert_clear, filled

from locales import LANGUAGES, words
from papers import Printer, SheetAdult, SheetChild
from papers.day_sheet import COMES, NEVER, lay_out_day_sheet
from papers.marks import Page, Text
from papers.sheet import LEFT, RIGHT


@pytest.fixture(scope="module")
def printer() -> Printer:
    return Printer()


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf), strict=True).pages]


def flat(text: str) -> str:
    return "".join(text.split())


def lines(laid: list[Page]) -> list[str]:
    return [mark.text for page in laid for mark in page if isinstance(mark, Text)]


def test_it_says_everything_it_was_told(printer: Printer) -> None:
    paper = example.day_sheet()
    text = flat("".join(pages(printer.day_sheets([paper], "zh_CN"))))
    told = [paper.school, paper.group, paper.date, paper.times, paper.venue, paper.gate, paper.teacher, paper.lead]
    told += [paper.lead_phone, paper.seal, f"打印人：{paper.printed_by}", "2026年11月24日16:40"]
    for child in paper.children:
        told += [child.name, child.state]
        told += [part for adult in child.adults for part in (adult.name, adult.relation, adult.phone)]
    assert [value for value in told if flat(value) not in text] == []


def test_what_must_not_be_overlooked_is_in_words_and_a_sign() -> None:
    said = lines(lay_out_day_sheet(example.day_sheet(), TYPEFACE, words("zh_CN", "papers")))
    assert f"{NEVER} 禁止接走：坏叔叔 13500000009" in said
    assert f"{COMES} 今天来接：外婆 王丽萍 13800000001" in said
    assert "".join(said).count("（仅限今天）") == 1
    assert said.count("今天延时托管") == 1
    assert [line for line in said if "可自行离校" in line] == ["在校 · 可自行离校"]
    english = lines(lay_out_day_sheet(example.day_sheet(language="en"), TYPEFACE, words("en", "papers")))
    assert any(line.startswith(f"{NEVER} MUST NOT COLLECT:") for line in english)
    assert not TYPEFACE.missing(NEVER + COMES)


def test_the_stop_list_stands_before_who_may_collect() -> None:
    said = lines(lay_out_day_sheet(example.day_sheet(), TYPEFACE, words("zh_CN", "papers")))
    at = next(number for number, line in enumerate(said) if "坏叔叔" in line)
    assert said[at + 1] == "爸爸 欧阳镕 13900000002"


def test_nobody_on_the_list_is_said() -> None:
    only_stopped = SheetAdult("坏叔叔", "", "", stopped=True)
    child = replace(example.day_sheet().children[0], adults=(only_stopped,), plan="李四")
    said = lines(lay_out_day_sheet(example.day_sheet(children=0, **{}), TYPEFACE, words("en", "papers")))
    assert "No child is planned for this session." in said
    said = lines(lay_out_day_sheet(replace(example.day_sheet(), children=(child,)), TYPEFACE, words("zh_CN", "papers")))
    assert "名单上没有人：请问值班领导。" in said
    assert any("已不在名单上：李四" in line for line in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_children_go_over_pages_that_can_come_apart(printer: Printer, language: str) -> None:
    paper = example.day_sheet(45, language)
    found = pages(printer.day_sheets([paper], language))
    assert len(found) >= 3
    for number, page in enumerate(found, 1):
        text = flat(page)
        for value in (paper.group, paper.date, paper.teacher, paper.lead_phone, paper.seal):
            assert flat(value) in text
        assert (f"第{number}页，共{len(found)}页" if language == "zh_CN" else f"Page{number}of{len(found)}") in text
        assert ("本表含电话号码" if language == "zh_CN" else "Thispaperholdsphonenumbers") in text
    alone = "可自行离校" if language == "zh_CN" else "mayleavealone"
    assert flat("".join(found)).count(alone) == sum(child.alone for child in paper.children) == 11
    assert all(child.name in flat("".join(found)) for child in paper.children)


def test_several_classes_each_begin_on_a_page_and_count_their_own(printer: Printer) -> None:
    sheets = [example.day_sheet(30, group=f"3({number})班") for number in range(1, 4)]
    found = [flat(page) for page in pages(printer.day_sheets(sheets, "zh_CN"))]
    each = len(found) // 3
    assert [f"第1页，共{each}页" in page for page in found] == ([True] + [False] * (each - 1)) * 3
    for number, page in enumerate(found):
        assert f"3({number // each + 1})班" in page
    with pytest.raises(ValueError, match="no day sheets"):
        printer.day_sheets([], "zh_CN")


def test_the_same_sheet_is_the_same_small_file(printer: Printer) -> None:
    first = printer.day_sheets([example.day_sheet(27)], "zh_CN")
    assert Printer().day_sheets([example.day_sheet(27)], "zh_CN") == first
    assert len(first) < 80_000
    document = PdfReader(BytesIO(first))
    assert document.metadata is not None and document.metadata.title == "日签到表 3(2)班 11月24日 周二"
    assert (round(document.pages[0].mediabox.width), round(document.pages[0].mediabox.height)) == (595, 842)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_or_covered(language: str) -> None:
    assert_clear(lay_out_day_sheet(example.day_sheet(27, language), TYPEFACE, words(language, "papers")), LEFT, RIGHT)


@pytest.mark.parametrize("language", LANGUAGES)
@given(value=VALUES, adults=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_whatever_is_written_fits(language: str, value: str, adults: int) -> None:
    adult = SheetAdult(value, value, value, stopped=True)
    child = SheetChild(value[:3], value, value, value, False, False, True, value, (adult,) * adults)
    paper = replace(filled(example.day_sheet(), value), children=(child,) * 3)
    assert_clear(lay_out_day_sheet(paper, TYPEFACE, words(language, "papers")), LEFT, RIGHT)


def test_a_row_higher_than_a_page_flows_on() -> None:
    adults = tuple(SheetAdult(f"王{number}·{example.RARE}", "外婆", f"139{number:08}") for number in range(90))
    child = replace(example.day_sheet().children[0], adults=adults)
    laid = lay_out_day_sheet(replace(example.day_sheet(), children=(child,)), TYPEFACE, words("zh_CN", "papers"))
    assert_clear(laid, LEFT, RIGHT)
    text = "".join(lines(laid))
    assert len(laid) > 2 and all(f"王{number}·" in text for number in range(90))


def test_another_reader_finds_the_text_too(printer: Printer, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("needs poppler-utils")
    (tmp_path / "sheet.pdf").write_bytes(printer.day_sheets([example.day_sheet()], "zh_CN"))
    found = subprocess.run(["pdftotext", "sheet.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "禁止接走" in found.stdout and "13500000009" in found.stdout
