"""The PDFs, opened again: what they say, in both languages, on how many pages, how large, and always the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import paper_examples as example
import pytest
import segno
from PIL import Image
from pypdf import PdfReader

from papers import Printer

KILOBYTE = 1024


@pytest.fixture(scope="module")
def printer() -> Printer:
    return Printer()


def opened(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf), strict=True)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in opened(pdf).pages)


def flat(text: str) -> str:
    """Without the line breaks and blanks that come from wrapping."""
    return "".join(text.split())


def test_an_application_says_everything_it_was_told(printer: Printer) -> None:
    paper = example.application()
    text = flat(text_of(printer.application(paper, "zh_CN")))
    told = [paper.school, paper.term, paper.number, paper.student, paper.student_no, paper.school_class, paper.guardian]
    told += [paper.relation, paper.phone, paper.submitted_on, paper.state, paper.criteria_version]
    told += [part for answer in paper.answers for part in answer]
    told += [part for person in paper.pickup for part in (person.name, person.relation, person.phone)]
    told += [part for entry in paper.timeline for part in (entry.at, entry.who, entry.what, entry.remark)]
    assert [value for value in told if flat(value) not in text] == []
    assert "课后服务申请表" in text
    assert "打印时间：2026年11月24日16:40" in text


def test_an_agreement_shows_its_text_and_who_signed_it(printer: Printer) -> None:
    paper = example.agreement()
    assert paper.signed is not None
    text = flat(text_of(printer.agreement(paper, "zh_CN")))
    for line in paper.body.splitlines():
        assert flat(line.removeprefix("# ").removeprefix("- ")) in text
    for value in (paper.signed.typed_name, paper.signed.signed_at, paper.signed.how, paper.signed.channel):
        assert flat(value) in text
    assert paper.text_sha256 in text
    assert f"校验值{paper.text_sha256[:12]}" in text


def test_an_unsigned_agreement_says_so(printer: Printer) -> None:
    text = text_of(printer.agreement(example.agreement(signed=False), "zh_CN"))
    assert "尚未签署" in text
    assert "Not yet signed" in text_of(printer.agreement(example.agreement(signed=False), "en"))


def test_a_slip_carries_what_the_guardian_needs(printer: Printer) -> None:
    slip = example.slip(valid_until="1 December 2026")
    text = flat(text_of(printer.slips([slip], "en")))
    for value in (
        slip.school,
        slip.student,
        slip.school_class,
        slip.guardian,
        slip.address,
        slip.code,
        slip.valid_until,
    ):
        assert flat(value) in text


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (6, 1), (7, 2), (60, 10)])
def test_six_slips_to_a_page(printer: Printer, count: int, pages: int) -> None:
    pdf = printer.slips([example.slip(at) for at in range(count)], "zh_CN")
    assert len(opened(pdf).pages) == pages
    assert flat(text_of(pdf)).count("MX4T") == count


def test_no_slips_are_no_paper(printer: Printer) -> None:
    with pytest.raises(ValueError, match="no slips"):
        printer.slips([], "zh_CN")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_pickup_slip_says_who_whom_when_and_the_code(printer: Printer, language: str) -> None:
    paper = example.pickup()
    pdf = printer.pickup(paper, language)
    text = flat(text_of(pdf))
    told = [paper.school, paper.adult, paper.relation, paper.day, paper.code]
    told += [value for child in paper.children for value in (child.name, child.school_class, child.time, child.gate)]
    assert [value for value in told if flat(value) not in text] == []
    assert len(opened(pdf).pages) == 1
    assert flat({"zh_CN": "每个孩子只能用一次", "en": "works once for each child"}[language]) in text


def test_a_pickup_slip_with_long_names_and_marks(printer: Printer) -> None:
    child = replace(example.pickup().children[0], name=example.HOSTILE, gate=example.LONG[:120])
    text = flat(text_of(printer.pickup(replace(example.pickup(), adult=example.HOSTILE, children=(child,) * 6), "en")))
    assert text.count(flat(example.HOSTILE)) >= 7


def test_english_papers_hold_no_chinese_of_ours(printer: Printer) -> None:
    paper = replace(example.application("en"), student="Ouyang Yue")
    text = text_of(printer.application(paper, "en"))
    assert "Application for after-school care" in text
    assert "Page 1 of 1" in text
    assert not any("\u4e00" <= character <= "\u9fff" for character in text)


def test_an_unknown_language_reads_as_chinese(printer: Printer) -> None:
    assert printer.application(example.application(), "xx") == printer.application(example.application(), "zh_CN")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_rare_characters_stay_text(printer: Printer, language: str) -> None:
    pdf = printer.application(replace(example.application(), guardian=example.RARE), language)
    assert example.RARE in flat(text_of(pdf))
    assert "U+" not in text_of(pdf)


def test_a_character_without_a_shape_is_named_and_not_lost(printer: Printer) -> None:
    pages = opened(
        printer.application(replace(example.crowded_application(), guardian="王😀\U0002a6c0"), "zh_CN")
    ).pages
    first, *others = [page.extract_text() for page in pages]
    assert "王😀\U0002a6c0" in first
    assert "以下字符无法打印（以方框代替）：U+1F600, U+2A6C0" in first
    assert not any("U+" in text for text in others)


def test_many_characters_without_a_shape_are_counted(printer: Printer) -> None:
    emoji = "".join(chr(0x1F600 + at) for at in range(20))
    assert "and 12 more" in text_of(printer.agreement(replace(example.agreement(), venue=emoji), "en"))


def test_a_crowded_application_loses_nothing(printer: Printer) -> None:
    paper = example.crowded_application()
    pdf = printer.application(paper, "zh_CN")
    pages = [page.extract_text() for page in opened(pdf).pages]
    assert len(pages) >= 4
    assert [f"第 {at} 页，共 {len(pages)} 页" in page for at, page in enumerate(pages, 1)] == [True] * len(pages)
    text = flat("".join(pages))
    assert flat(example.HOSTILE) in text
    assert all(f"第{at}步" in text for at in range(1, 41))
    assert all(f"接送人{at}·" in text for at in range(12))
    assert all("办理事项" in page for page in pages if "步" in page.replace("同步", ""))


def test_empty_values_are_a_dash(printer: Printer) -> None:
    paper = replace(example.application(), phone="", state=" ", answers=(), pickup=(), timeline=())
    text = text_of(printer.application(paper, "en"))
    assert text.count("—") == 2
    assert "Nobody is named besides the guardian." in text
    assert "Nothing has been done yet." in text


def test_the_file_says_what_it_is(printer: Printer) -> None:
    pdf = opened(printer.agreement(example.agreement(), "zh_CN"))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "课后服务家长协议书 G-2026-0098"
    assert pdf.metadata.author == "青禾路实验小学"
    assert pdf.metadata.creation_date == example.PRINTED_AT
    assert pdf.trailer["/Root"]["/Lang"] == "zh-CN"
    assert (round(pdf.pages[0].mediabox.width), round(pdf.pages[0].mediabox.height)) == (595, 842)


JOBS: dict[str, tuple[Callable[[Printer], bytes], int]] = {
    "application": (lambda printer: printer.application(example.application(), "zh_CN"), 60),
    "crowded": (lambda printer: printer.application(example.crowded_application(), "zh_CN"), 80),
    "agreement": (lambda printer: printer.agreement(example.agreement(), "zh_CN"), 60),
    "english": (lambda printer: printer.application(example.application("en"), "en"), 25),
    "pickup": (lambda printer: printer.pickup(example.pickup(), "zh_CN"), 50),
    "slips": (lambda printer: printer.slips([example.slip(at) for at in range(6)], "zh_CN"), 50),
}


@pytest.mark.parametrize("name", JOBS)
def test_the_same_paper_is_the_same_file_and_small(
    printer: Printer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, kilobytes = JOBS[name]
    first = job(printer)
    monkeypatch.setenv("TZ", "America/New_York")
    assert job(Printer()) == first
    assert len(first) < kilobytes * KILOBYTE


def test_printed_later_it_is_another_file(printer: Printer) -> None:
    paper = example.application()
    later = replace(paper, printed_at=paper.printed_at + timedelta(minutes=1))
    assert printer.application(paper, "en") != printer.application(later, "en")


async def test_one_printer_serves_several_threads() -> None:
    printer = Printer()
    paper = example.application()
    alone = Printer().application(paper, "zh_CN")
    together = await asyncio.gather(*(asyncio.to_thread(printer.application, paper, "zh_CN") for _ in range(8)))
    assert set(together) == {alone}


def drawn(pdf: bytes, folder: Path, dots: int) -> Image.Image:
    """The first page as a grey picture, by another PDF reader."""
    if shutil.which("pdftoppm") is None and os.environ.get("CI") != "true":
        pytest.skip("needs poppler-utils")
    (folder / "paper.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", str(dots), "-gray", "-singlefile", "paper.pdf", "paper"]
    finished = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert finished.stderr == ""
    return Image.open(folder / "paper.pgm").convert("L")


def test_the_square_on_a_slip_is_the_link(printer: Printer, tmp_path: Path) -> None:
    slip = example.slip()
    page = drawn(printer.slips([slip], "zh_CN"), tmp_path, 300)
    matrix = segno.make(slip.link, error="m", micro=False).matrix
    module = 33 / (len(matrix) + 8)
    left, top = 105 - 9 - 33 + 4.5 * module, 9 + 4.5 * module
    dot = 300 / 25.4
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            place = (round((left + column * module) * dot), round((top + row * module) * dot))
            assert (page.getpixel(place) < 128) is bool(dark)


def test_the_square_on_a_pickup_slip_is_the_link(printer: Printer, tmp_path: Path) -> None:
    """Found by its size alone: 46 mm wide, at the right edge of the text."""
    paper = example.pickup()
    page = drawn(printer.pickup(paper, "zh_CN"), tmp_path, 300)
    matrix = segno.make(paper.link, error="m", micro=False).matrix
    dot, module = 300 / 25.4, 46 / (len(matrix) + 8)
    left = 190 - 46 + 4.5 * module
    rows = range(round(60 * dot), round(200 * dot))
    top = next(y for y in rows if page.getpixel((round(left * dot), y)) < 60) / dot + module / 2
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            place = (round((left + column * module) * dot), round((top + row * module) * dot))
            assert (page.getpixel(place) < 128) is bool(dark)


def test_another_reader_finds_the_text_too(printer: Printer, tmp_path: Path) -> None:
    drawn(printer.application(example.application(), "zh_CN"), tmp_path, 30)
    text = subprocess.run(["pdftotext", "paper.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "欧阳𬎆玥" in text.stdout
