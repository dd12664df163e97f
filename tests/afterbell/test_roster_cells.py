"""What people type is read as they mean it; what cannot be read is refused with a line that says how to mend it."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from roster_book import (
    CLASSES,
    STAFF,
    STUDENT_HEADINGS,
    STUDENTS,
    TERM,
    TEXTS,
    WAVES,
    WHOLE,
    Import,
    refused,
    rows_of,
    students,
    write_book,
)

from afterbell.roster import import_roster
from care.records import (
    Person,
    Student,
)
from care.school import School


async def test_cells_that_look_like_formulas_and_markup_are_plain_names(school: School, tmp_path: Path) -> None:
    file = write_book(
        tmp_path / "roster.xlsx", students(("1(1)", "x", "1", "<b>甲</b>", "妈妈", None, "{name}", "爸爸"))
    )
    workbook = load_workbook(file)
    cell = workbook["学生"]["B2"]
    cell.value, cell.data_type = "=1+1", "s"
    workbook.save(file)
    await import_roster(school, file)
    assert [s.name for s in await rows_of(school, Student)] == ["=1+1"]
    assert [p.name for p in await rows_of(school, Person)] == ["<b>甲</b>", "{name}"]


async def test_a_formula_is_read_by_its_value_or_refused_without_one(
    school: School, take: Import, tmp_path: Path
) -> None:
    said = await refused(school, take, students(("1(1)", '=CONCATENATE("王","甲")', "1")))
    assert "学生, row 2, column B (姓名): the formula has no value yet" in said

    file = write_book(tmp_path / "calculated.xlsx", students(("1(1)", "=A1", "1")))
    with zipfile.ZipFile(file) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    for name, xml in content.items():
        if b"<f>A1</f>" in xml:
            content[name] = (
                xml.replace(b"<f>A1</f><v", b"<f>A1</f><v>7</v><v")
                .replace(b"<v></v>", b"")
                .replace(b"<v />", b"")
                .replace(b"<v/>", b"")
            )
    with zipfile.ZipFile(file, "w") as parts:
        for name, xml in content.items():
            parts.writestr(name, xml)
    await import_roster(school, file)
    assert [s.name for s in await rows_of(school, Student)] == ["7"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("2(9)", "甲", "1"), "column A (班级): there is no class 2(9): add it to the sheet 班级 Classes"),
        (("二", "甲", "1"), "column A (班级): '二' is no class: write 2(3)"),
        ((None, "甲", "1"), "column A (班级): empty: fill it in"),
        (("1(1)", None, "1"), "column B (姓名): empty: fill it in"),
        (("1(1)", "长" * 41, "1"), "column B (姓名): a name has at most 40"),
        (("1(1)", "甲", None), "column C (学号): empty"),
        (("1(1)", "甲", "9" * 21), "column C (学号): longer than 20"),
        (("1(1)", "甲", 123456789012345678), "column C (学号): Excel has rounded"),
        (("1(1)", "甲", "1", "乙", "妈妈", "12345"), "column F (监护人1电话): '12345' is no phone number"),
        (("1(1)", "甲", "1", "乙", "邻居"), "column E (监护人1关系): '邻居' is not known: write one of 妈妈, 爸爸"),
        (("1(1)", "甲", "1", None, None, "13800000001"), "a phone number without a name"),
        (("1(1)", "甲", "1", "乙", "", "13800000001", "丙", "", "13800000001"), "twice for this child"),
        (("1(1)", "#N/A", "1"), "column B (姓名): the cell shows #N/A"),
        (("1(1)", "甲", "1", *[None] * 7, "x"), "row 2, column K: there is something under no heading"),
    ],
)
async def test_a_student_row_that_cannot_be_taken(school: School, take: Import, row: Any, says: str) -> None:
    assert says in await refused(school, take, students(row))


@pytest.mark.parametrize(
    ("sheets", "says"),
    [
        ({"学期": (TERM[0], ("x", "someday", *TERM[1][2:]))}, "'someday' is no date: write it like 2026-09-01"),
        ({"学期": (TERM[0], ("x", "2026-02-30", *TERM[1][2:]))}, "is no date"),
        ({"学期": (TERM[0], ("x", date(2027, 2, 1), *TERM[1][2:]))}, "the term ends before it starts"),
        ({"学期": (TERM[0], (*TERM[1][:5], date(2026, 1, 4), *TERM[1][6:]))}, "Excel took the grades for a date"),
        ({"学期": (TERM[0], (*TERM[1][:5], "all", *TERM[1][6:]))}, "'all' are no grades"),
        ({"学期": (TERM[0], (*TERM[1][:5], "1-99", *TERM[1][6:]))}, "are no grades"),
        ({"学期": (TERM[0], (*TERM[1][:8], None))}, "fill in all three, or none"),
        ({"学期": (TERM[0], TERM[1], TERM[1])}, "this term is in row 2 already"),
        ({"学期": TERM, "批次": (WAVES[0], WAVES[1], ("2,3", *WAVES[2][1:]))}, "grade 2 leaves with row 2 already"),
        ({"学期": TERM, "批次": (WAVES[0], ("5", *WAVES[1][1:]))}, "has no grade 5"),
        ({"学期": TERM, "批次": (WAVES[0], ("1", "17:10", "14:35", *WAVES[1][3:]))}, "ends before it starts"),
        ({"学期": TERM, "批次": (WAVES[0], ("1", "14:35", "19:00", *WAVES[1][3:]))}, "extended care ends at 18:30"),
        ({"学期": TERM, "批次": (WAVES[0], ("1", "25:00", *WAVES[1][2:]))}, "'25:00' is no time"),
        ({"批次": WAVES}, "there is no term yet: add the sheet 学期 Term"),
        ({"班级": (CLASSES[0], (1, 1, 36), (1, 1, 30))}, "this class is in row 2 already"),
        ({"班级": (CLASSES[0], (1, 1, "many"))}, "'many' must be a whole number from 0 to 200"),
        ({"班级": (CLASSES[0], (1, 1.5, 3))}, "'1.5' must be a whole number"),
        ({"班级": CLASSES, "学生": (STUDENT_HEADINGS, STUDENTS[1], STUDENTS[1])}, "this student number is in row 2"),
        ({"班级": CLASSES, "学生": ((*STUDENT_HEADINGS, "禁止接"),)}, "the heading '禁止接' is not known"),
        ({"班级": CLASSES, "学生": ((*STUDENT_HEADINGS, "Name"),)}, "Name is there twice"),
        ({"班级": CLASSES, "学生": (("班级", "姓名"), ("1(1)", "甲"))}, "no column 学号 Student no.: add it"),
        ({"班级": CLASSES, "Classes": CLASSES}, "there are two sheets of this kind"),
        ({"教职工": (STAFF[0], ("甲", "厨师"))}, "'厨师' is not known: write one of 领导小组组长, 领导小组副组长"),
        ({"教职工": (STAFF[0], ("甲", "年级组长"))}, "a grade leader needs a grade"),
        ({"教职工": (STAFF[0], ("甲", "班主任"))}, "a homeroom teacher needs a class"),
        ({"教职工": (STAFF[0], ("甲", "班主任", None, "2(3)"))}, "there is no class 2(3)"),
        ({"教职工": (STAFF[0], ("甲", "财务"), ("甲", "财务"))}, "this duty is in row 2 already"),
        ({"学期": TERM, "文本": (TEXTS[0], TEXTS[1], TEXTS[1])}, "this text is in row 2 already"),
        ({"学期": TERM, "文本": (TEXTS[0], ("协议书", "法语", "x", "y"))}, "'法语' is not known"),
        ({"校历": (("From", "Lessons", "Care"), (date(2026, 10, 1), "否", "是"))}, "no care on a day without lessons"),
        (
            {"校历": (("From", "Until", "Lessons", "Care"), ("2026-10-07", "2026-10-01", "否", "否"))},
            "must be the first",
        ),
    ],
)
async def test_sheets_that_cannot_be_taken(school: School, take: Import, sheets: Any, says: str) -> None:
    assert says in await refused(school, take, sheets)


async def test_every_problem_is_named_at_once_up_to_thirty(school: School, take: Import) -> None:
    said = await refused(school, take, students(*[("1(1)", f"甲{n}", f"{n}", "乙", "", "1") for n in range(35)]))
    lines = said.splitlines()
    assert lines[0].startswith("Nothing was imported")
    assert len(lines) == 32
    assert lines[-1] == "and 5 more"


async def test_one_wrong_cell_keeps_everything_out_also_in_a_full_database(school: School, take: Import) -> None:
    await take(WHOLE)
    bad = {**WHOLE, "教职工": (*STAFF, ("甲", "班主任", None, "4(8)"))}
    bad["班级"] = (*CLASSES, (3, 1, 36))
    assert "there is no class 4(8)" in await refused(school, take, bad)
