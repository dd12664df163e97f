"""The sheets and columns of the workbook, each with its Chinese and its English name, a note and an example."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, time

Example = str | int | date | time | None


@dataclass(frozen=True)
class Column:
    """One column; ``also`` are other headings under which schools keep the same thing."""

    field: str
    zh: str
    en: str
    note: str
    example: Example = None
    needed: bool = False
    also: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        return f"{self.zh} {self.en}"

    def is_called(self, heading: str) -> bool:
        return bare(heading) in {bare(name) for name in (self.zh, self.en, self.heading, *self.also)}


@dataclass(frozen=True)
class SheetPlan:
    kind: str
    zh: str
    en: str
    columns: tuple[Column, ...]

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"

    def is_called(self, title: str) -> bool:
        return bare(title) in {bare(self.zh), bare(self.en), bare(self.title)}


def bare(words: str) -> str:
    """For comparing headings: width, case, spaces and punctuation do not matter."""
    return "".join(char for char in unicodedata.normalize("NFKC", words).casefold() if char.isalnum())


def _guardian(n: int, name: str | None, relation: str | None, phone: str | None) -> tuple[Column, ...]:
    zh, en = f"监护人{n}", f"Guardian {n}"
    return (
        Column(f"guardian{n}", f"{zh}姓名", f"{en} name", "可空 optional", name, also=(zh, en, f"家长{n}姓名")),
        Column(f"relation{n}", f"{zh}关系", f"{en} relation", "妈妈 爸爸 奶奶 …", relation, also=(f"家长{n}关系",)),
        Column(f"phone{n}", f"{zh}电话", f"{en} phone", "手机号 digits", phone, also=(f"家长{n}电话", f"{zh}手机")),
    )


_TERM = Column("term", "学期", "Term", "只有一个学期时可空 optional with one term")
_CLASS = Column("school_class", "班级", "Class", "2(3) = 二年级3班", "2(3)", needed=True)

NOTES_SHEET = SheetPlan("notes", "说明", "Notes", ())

SHEETS: tuple[SheetPlan, ...] = (
    SheetPlan(
        "school",
        "学校",
        "School",
        (
            Column("zh_CN", "校名", "Name (Chinese)", "校名 in Chinese", "晨溪小学", also=("学校名称", "Name zh")),
            Column("en", "英文校名", "Name (English)", "可空 optional", "Chenxi Primary School", also=("Name en",)),
        ),
    ),
    SheetPlan(
        "term",
        "学期",
        "Term",
        (
            Column("name", "名称", "Name", "学期名称", "2026–2027学年第二学期", needed=True),
            Column("starts", "开始日期", "Starts", "日期 date", date(2027, 3, 1), needed=True),
            Column("ends", "结束日期", "Ends", "日期 date", date(2027, 7, 2), needed=True),
            Column("apply_from", "申请开始", "Apply from", "日期 date", date(2027, 2, 22), needed=True),
            Column("apply_until", "申请截止", "Apply until", "日期 date", date(2027, 3, 12), needed=True),
            Column("grades", "年级", "Grades", "1,2,3,4", "1,2,3,4", needed=True),
            Column("extended_venue", "延时场地", "Extended venue", "无延时托管时三列都空 all three or none", "图书馆"),
            Column("extended_until", "延时结束", "Extended until", "时间 time", time(18, 30)),
            Column("extended_places", "延时名额", "Extended places", "数字 number", 40),
        ),
    ),
    SheetPlan(
        "waves",
        "批次",
        "Waves",
        (
            _TERM,
            Column("grades", "年级", "Grades", "一起放学的年级", "1,2", needed=True),
            Column("starts", "开始时间", "Start", "时间 time", time(14, 35), needed=True),
            Column("ends", "结束时间", "End", "时间 time", time(17, 10), needed=True),
            Column("gate", "校门", "Gate", "放学的校门", "东门", needed=True),
            Column("guidance_venue", "辅导场地", "Guidance venue", "作业辅导的场地", "各班教室", needed=True),
            Column("course_venue", "课程场地", "Course venue", "特色课程的场地", "专用场地", needed=True),
        ),
    ),
    SheetPlan(
        "classes",
        "班级",
        "Classes",
        (
            Column("grade", "年级", "Grade", "数字 number", 2, needed=True),
            Column("number", "班", "Number", "数字 number", 3, needed=True, also=("班号", "Class")),
            Column("capacity", "名额", "Capacity", "课后服务名额 places in care", 36, needed=True),
        ),
    ),
    SheetPlan(
        "students",
        "学生",
        "Students",
        (
            _CLASS,
            Column("name", "姓名", "Name", "学生姓名", "林芷若", needed=True),
            Column("student_no", "学号", "Student no.", "校内唯一 unique in the school", "20250301", needed=True),
            *_guardian(1, "苏婉晴", "妈妈", "13800000001"),
            *_guardian(2, "林启川", "爸爸", "13800000002"),
            *_guardian(3, None, None, None),
            Column("stop", "禁止接送", "Stop-list", "不得接走孩子的人，顿号分开 names", also=("禁止接送名单",)),
            Column("stop_reason", "禁止接送原因", "Stop-list reason", "可空 optional"),
            Column("left_on", "离校日期", "Left on", "只有已离校的学生 only for who has left"),
        ),
    ),
    SheetPlan(
        "staff",
        "教职工",
        "Staff",
        (
            Column("name", "姓名", "Name", "一人多职写多行 one row per duty", "尹若岚", needed=True),
            Column("role", "职务", "Role", "班主任 年级组长 …", "班主任", needed=True),
            Column("grade", "年级", "Grade", "只有年级组长 grade leader only"),
            Column("school_class", "班级", "Class", "只有班主任 homeroom only", "2(3)"),
            Column("phone", "电话", "Phone", "手机号 digits", "13800000003", also=("手机",)),
        ),
    ),
    SheetPlan(
        "texts",
        "文本",
        "Texts",
        (
            _TERM,
            Column("kind", "种类", "Kind", "服务说明 安全保障 申报条件 协议书", "申报条件", needed=True),
            Column("language", "语言", "Language", "中文 / English", "中文", needed=True),
            Column("title", "标题", "Title", "", "课后服务申报条件", needed=True),
            Column("body", "正文", "Body", "", "一至四年级学生，家长自愿申请。", needed=True),
        ),
    ),
    SheetPlan(
        "calendar",
        "校历",
        "Calendar",
        (
            Column("first", "开始日期", "From", "日期 date", date(2027, 4, 3), needed=True),
            Column("last", "结束日期", "Until", "一天时可空 optional for one day", date(2027, 4, 5)),
            Column("lessons", "上课", "Lessons", "是 / 否 yes / no", "否", needed=True),
            Column("care", "课后服务", "Care", "是 / 否 yes / no", "否", needed=True),
            Column("follows", "按星期几上课", "Follows", "调休上课日 make-up day: 1–5"),
            Column("note", "备注", "Note", "", "清明节"),
        ),
    ),
)
