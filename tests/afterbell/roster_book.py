"""Writes real workbooks for the tests of the roster, and looks at what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from afterbell.roster import RosterError
from care.records import Record
from care.school import School

Rows = Sequence[Sequence[Any]]
Import = Callable[[dict[str, Rows]], Awaitable[str]]

TERM = (
    ("名称", "开始日期", "结束日期", "申请开始", "申请截止", "年级", "延时场地", "延时结束", "延时名额"),
    (
        "2026–2027学年第一学期",
        date(2026, 9, 1),
        "2027-01-29",
        "2026年9月1日",
        "2027/1/29",
        "1-4",
        "图书馆",
        time(18, 30),
        40,
    ),
)
WAVES = (
    ("Grades", "Start", "End", "Gate", "Guidance venue", "Course venue"),
    ("一、二年级", "14:35", time(17, 10), "东门", "各班教室", "专用场地"),
    ("3,4", time(15, 25), "17：25", "西门", "各班教室", "专用场地"),
)
CLASSES = (("年级", "班", "名额"), (1, 1, 36), (2, 3, 36), ("二年级", "4班", "30"))
STUDENT_HEADINGS = (
    "班级",
    "姓名",
    "学号",
    "监护人1姓名",
    "监护人1关系",
    "监护人1电话",
    "监护人2姓名",
    "监护人2关系",
    "监护人2电话",
    "禁止接送",
)
STUDENTS = (
    STUDENT_HEADINGS,
    ("2(3)", "林芷若", 20260101, "苏婉晴", "妈妈", 13800000001.0, "林启川", "爸爸", "+86 138-0000-0002"),
    ("1（1）班", "林芷兰", "20260102", "苏婉晴", "母亲", "13800000001", "林启川", "父亲", "13800000002"),
    ("二年级4班", "许沐言", "20260103", "沈静瑾", "mother", "13800000003", "许长旭", "", "", "许长旭、许某某"),
)
STAFF = (
    ("姓名", "职务", "年级", "班级", "电话"),
    ("尹若岚", "班主任", None, "2(3)", "13800000011"),
    ("尹若岚", "care_teacher", None, None, None),
    ("戴晓松", "年级组长", 2, None, "13800000012"),
    ("乔月蓉", "办公室", None, None, "13800000013"),
)
TEXTS = (
    ("种类", "语言", "标题", "正文"),
    ("协议书", "中文", "协议", "第一条……"),
    ("agreement", "en", "Agreement", "First …"),
)
CALENDAR = (
    ("开始日期", "结束日期", "上课", "课后服务", "按星期几上课", "备注"),
    (date(2026, 10, 1), date(2026, 10, 7), "否", "否", None, "国庆节"),
    (date(2026, 10, 10), None, "是", "是", "周四", "调休"),
)
WHOLE: dict[str, Rows] = {
    "学校": (("校名", "英文校名"), ("晨溪小学", "Chenxi Primary School")),
    "学期": TERM,
    "批次": WAVES,
    "班级": CLASSES,
    "学生": STUDENTS,
    "教职工": STAFF,
    "文本": TEXTS,
    "校历": CALENDAR,
}


def write_book(file: Path, sheets: dict[str, Rows]) -> Path:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    workbook.save(file)
    return file


def students(*rows: Sequence[Any]) -> dict[str, Rows]:
    return {"班级": CLASSES, "学生": (STUDENT_HEADINGS, *rows)}


async def rows_of(school: School, record: type[Any], *options: Any) -> list[Any]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(record).options(*options)))


async def counts(school: School) -> dict[str, int]:
    found = {}
    async with school.look() as uow:
        for table in Record.metadata.sorted_tables:
            found[table.name] = await uow.session.scalar(select(func.count()).select_from(table)) or 0
    return found


async def refused(school: School, take: Import, sheets: dict[str, Rows]) -> str:
    """What is said about a workbook that cannot be taken; nothing of it is stored."""
    before = await counts(school)
    with pytest.raises(RosterError) as refusal:
        await take(sheets)
    assert await counts(school) == before
    return str(refusal.value)
