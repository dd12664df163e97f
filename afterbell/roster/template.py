"""An empty workbook to fill in: headings, a note under each, and one invented row per sheet."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from afterbell.roster.headings import NOTES_SHEET, SHEETS, SheetPlan

NEEDED = PatternFill("solid", fgColor="FFF2CC")
TEXT_FORMAT = "@"
TEXT_ROWS = 500
"""Rows that are set to text beforehand, so that Excel makes no dates of 1-4 and keeps leading noughts."""

NOTES = (
    "每张表第一行是列名，第二行是虚构的示例：填写前请删除。黄色列必填。不需要的表可以删除。",
    "每次导入要么全部成功，要么什么都不写入，并逐行说明要改什么。再次导入会更新，不会删除。",
    "The first row of each sheet names the columns, the second is an invented example: delete it before you start.",
    "Yellow columns must be filled in. Sheets you do not need can be deleted.",
    "An import stores everything or, with a line for each thing to mend, nothing. Importing again updates; it deletes "
    "nothing.",
)


def write_template(file: Path) -> None:
    """Writes the workbook to ``file``. Raises FileExistsError rather than writing over a filled one."""
    workbook = Workbook()
    notes = workbook.active
    assert isinstance(notes, Worksheet)
    notes.title = NOTES_SHEET.title
    notes.column_dimensions["A"].width = 110
    for at, words in enumerate(NOTES, start=1):
        notes.cell(at, 1, words).alignment = Alignment(wrap_text=True)
    for plan in SHEETS:
        _write_sheet(workbook.create_sheet(plan.title), plan)
    with file.open("xb") as target:
        workbook.save(target)


def _write_sheet(sheet: Worksheet, plan: SheetPlan) -> None:
    sheet.freeze_panes = "A2"
    for at, column in enumerate(plan.columns, start=1):
        heading = sheet.cell(1, at, column.heading)
        heading.font = Font(bold=True)
        heading.alignment = Alignment(wrap_text=True, vertical="top")
        if column.needed:
            heading.fill = NEEDED
        if column.note:
            heading.comment = Comment(column.note, "AfterBell")
        sheet.column_dimensions[get_column_letter(at)].width = 18
        if isinstance(column.example, date | time | int):
            sheet.cell(2, at, column.example)
            continue
        for row in range(2, TEXT_ROWS):
            sheet.cell(row, at).number_format = TEXT_FORMAT
        if column.example is not None:
            sheet.cell(2, at, column.example)
