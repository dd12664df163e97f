"""Files: only a workbook of a sane size is read, and the template takes what is typed into it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from afterbell_house import settings_in
from openpyxl import Workbook, load_workbook
from roster_book import (
    CLASSES,
    STUDENT_HEADINGS,
    WHOLE,
    Import,
    refused,
    rows_of,
    write_book,
)
from typer.testing import CliRunner

from afterbell.build import open_school
from afterbell.command import app
from afterbell.roster import RosterError, import_roster, write_template
from afterbell.roster.headings import SHEETS
from care.records import (
    SchoolClass,
    Student,
)
from care.school import School


async def test_what_is_no_workbook_is_said_in_one_sentence(school: School, tmp_path: Path) -> None:
    whole = write_book(tmp_path / "whole.xlsx", WHOLE).read_bytes()
    bad = {
        "text.xlsx": b"hello",
        "empty.xlsx": b"",
        "cut.xlsx": whole[: len(whole) // 2],
        "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RosterError, match=r"is not an \.xlsx workbook") as refusal:
            await import_roster(school, tmp_path / name)
        assert "\n" not in str(refusal.value)
    with zipfile.ZipFile(tmp_path / "other.docx", "w") as parts:
        parts.writestr("word/document.xml", "<w/>")
    with pytest.raises(RosterError, match=r"is not an \.xlsx workbook"):
        await import_roster(school, tmp_path / "other.docx")
    with zipfile.ZipFile(tmp_path / "broken.xlsx", "w") as parts:
        parts.writestr("xl/workbook.xml", "<nonsense")
    with pytest.raises(RosterError, match="cannot be read as a workbook"):
        await import_roster(school, tmp_path / "broken.xlsx")
    for name in ("missing.xlsx", "."):
        with pytest.raises(RosterError, match="There is no file"):
            await import_roster(school, tmp_path / name)


async def test_bombs_and_giants_are_refused_before_they_are_read(school: School, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", "<a/>")
        with parts.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(160):
                part.write(bytes(1024 * 1024))
    assert bomb.stat().st_size < 1024 * 1024
    with pytest.raises(RosterError, match="unpacks to more"):
        await import_roster(school, bomb)

    giant = tmp_path / "giant.xlsx"
    with giant.open("wb") as file:
        file.truncate(20 * 1024 * 1024 + 1)
    with pytest.raises(RosterError, match="larger than 20 MB"):
        await import_roster(school, giant)

    laughs = write_book(tmp_path / "laughs.xlsx", WHOLE)
    with zipfile.ZipFile(laughs) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    content["xl/workbook.xml"] = b'<!DOCTYPE x [<!ENTITY a "b">]>' + content["xl/workbook.xml"]
    with zipfile.ZipFile(laughs, "w") as parts:
        for name, xml in content.items():
            parts.writestr(name, xml)
    with pytest.raises(RosterError, match="a DTD"):
        await import_roster(school, laughs)


async def test_too_many_rows(school: School, tmp_path: Path) -> None:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("班级")
    sheet.append(list(CLASSES[0]))
    for n in range(20_001):
        sheet.append([1, n, 1])
    workbook.save(tmp_path / "many.xlsx")
    with pytest.raises(RosterError, match="more than 20,000 rows"):
        await import_roster(school, tmp_path / "many.xlsx")


async def test_sheets_that_nobody_knows(school: School, take: Import) -> None:
    said = await refused(school, take, {"Sheet1": (("a",), ("b",))})
    assert said.startswith("The workbook has none of the sheets that are read: 学校 School")
    told = await take({**WHOLE, "Sheet1": (("a",),), "说明": (("a",),)})
    assert "sheets that were not read: Sheet1" in told


async def test_empty_rows_and_columns_do_no_harm(school: School, take: Import) -> None:
    await take({"班级": ((None,), ("年级", None, "班", "名额"), (None,), (1, None, 1, 36), ("  ",), (2, None, 1, 36))})
    assert len(await rows_of(school, SchoolClass)) == 2


async def test_the_template_can_be_imported_as_it_is(school: School, tmp_path: Path) -> None:
    file = tmp_path / "template.xlsx"
    write_template(file)
    told = await import_roster(school, file)
    assert "students   1 added" in told
    workbook = load_workbook(file)
    assert workbook.sheetnames == ["说明 Notes", *(plan.title for plan in SHEETS)]
    with pytest.raises(FileExistsError):
        write_template(file)


async def test_the_template_takes_what_is_typed_into_it(school: School, tmp_path: Path) -> None:
    """Cells set to text beforehand keep leading noughts, and hold dates and grades that Excel would else convert."""
    file = tmp_path / "template.xlsx"
    write_template(file)
    workbook = load_workbook(file)
    sheet = workbook["学生 Students"]
    for at, value in enumerate(("2(3)", "周晨", "00123", "周海", "爸爸", "13800000077"), start=1):
        sheet.cell(3, at, value)
    assert sheet.cell(3, 3).number_format == "@"
    workbook.save(file)
    await import_roster(school, file)
    assert {s.student_no for s in await rows_of(school, Student)} == {"20250301", "00123"}


async def test_a_school_of_full_size_is_imported_in_seconds(tmp_path: Path) -> None:
    school = await open_school(settings_in(tmp_path / "data"))
    try:
        classes = [(g, n, 36) for g in (1, 2, 3, 4) for n in range(1, 9)]
        rows = [
            (
                f"{1 + n % 4}({1 + n // 4 % 8})",
                f"学生{n}",
                20260000 + n,
                f"母{n}",
                "妈妈",
                13800000000 + n,
                f"父{n}",
                "爸爸",
                13900000000 + n,
            )
            for n in range(1440)
        ]
        file = write_book(tmp_path / "big.xlsx", {"班级": (CLASSES[0], *classes), "学生": (STUDENT_HEADINGS, *rows)})
        await import_roster(school, file)
        assert "guardians  0 added, 0 changed, 2880 unchanged" in await import_roster(school, file)
    finally:
        await school.close()


def template(file: Path) -> tuple[int, str]:
    """The exit status of ``afterbell import --template``, and what it said."""
    result = CliRunner().invoke(app, ["import", "--template", str(file)])
    return result.exit_code, result.output


def test_the_template_is_written_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "roster.xlsx"
    assert template(file)[0] == 0
    assert load_workbook(file).sheetnames[0] == "说明 Notes"
    status, said = template(file)
    assert status == 1
    assert "exists already: choose another name" in said
    assert template(tmp_path / "no" / "roster.xlsx")[0] == 1
