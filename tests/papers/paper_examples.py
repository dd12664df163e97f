"""Invented papers: an ordinary one of each kind, and the extremes a school will meet."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from papers import (
    AgreementPaper,
    ApplicationPaper,
    CollectedChild,
    DaySheetPaper,
    PickupPaper,
    PickupPerson,
    SheetAdult,
    SheetChild,
    Signature,
    Slip,
    TimelineEntry,
)

RARE = "𬎆𠅤㛃䶮堃喆镕祎芃犇淼赟玥璟昀翀䜣𫖯𬱖𬍛"
PRINTED_AT = datetime(2026, 11, 24, 16, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
HOSTILE = '<b>=1+1 & "quoted" {guardian} %s \\n **x**'
LONG = "孩子放学后家中无人看管，父母均在外地务工，由祖父母照料，希望参加课后服务至最晚一批。" * 12

BODY = """为明确双方权利和义务，学校与监护人就学生参加课后服务达成以下协议。

# 一、服务内容
1. 完成作业：教师看护答疑，不讲授新课。
2. 自主阅读与特色课程：按“菜单”选择，名额不足时公开抽签，兄弟姐妹可申请同组。
3. Homework help follows the school's timetable (Monday to Friday), 寒暑假及法定节假日除外。

# 二、接送与安全
- 接送人须为监护人登记的成年人，教师核对姓名后放行。
- 监护人如不能按时到校，应尽早告知值班教师，学校安排孩子在校内等候。
（一）学生身体不适时，学校先联系监护人，再联系其他接送人。
（二）学生中途退出不需要理由，随时可以办理。

# 三、其他
本协议自签署之日起至本学期结束有效。自愿参加，自愿退出。"""


def application(language: str = "zh_CN") -> ApplicationPaper:
    if language == "en":
        return _english_application()
    return ApplicationPaper(
        school="青禾路实验小学",
        term="2026–2027 学年第一学期",
        number="A-2026-0147",
        student="欧阳𬎆玥",
        student_no="20240117",
        school_class="三年级（2）班",
        guardian="欧阳镕",
        relation="父亲",
        phone="138 0000 1234",
        submitted_on="2026年9月2日 19:12",
        state="学校已批准，待签订协议",
        answers=(
            ("参加的星期", "星期一、星期三、星期五"),
            ("放学后是否有人接送", "父母均上班，17:20 后由祖母接"),
            ("需要学校知道的健康情况", "花生过敏，随身带药（书包外袋）"),
            ("希望的课程", "1. 陶艺　2. 足球　3. 书法"),
        ),
        pickup=(
            PickupPerson("欧阳堃", "祖父", "139 0000 5678"),
            PickupPerson("赟", "姑姑", ""),
        ),
        criteria_version="第 2 版（2026年8月25日）",
        timeline=(
            TimelineEntry("9月2日 19:12", "欧阳镕", "提交申请"),
            TimelineEntry("9月3日 08:05", "李芃（班主任）", "退回修改", "请补充每周三的接送人电话。"),
            TimelineEntry("9月3日 12:31", "欧阳镕", "重新提交"),
            TimelineEntry("9月3日 16:20", "李芃（班主任）", "班级审核通过", "情况属实，双职工家庭。"),
            TimelineEntry("9月4日 10:00", "周喆（领导小组）", "学校批准"),
        ),
        printed_at=PRINTED_AT,
    )


def _english_application() -> ApplicationPaper:
    return ApplicationPaper(
        school="Qinghe Road Experimental Primary School",
        term="School year 2026–2027, first term",
        number="A-2026-0147",
        student="Ouyang 𬎆玥",
        student_no="20240117",
        school_class="Grade 3, class 2",
        guardian="Marguerite de la Fontaine-Oyelaran",
        relation="Mother",
        phone="+86 138 0000 1234",
        submitted_on="2 September 2026, 19:12",
        state="Approved by the school, agreement to be signed",
        answers=(
            ("Which weekdays", "Monday, Wednesday and Friday"),
            (
                "Who can collect the child at the end of lessons, and why is care needed",
                "Both parents work until 18:00; "
                "the grandmother comes after 17:20 on the days when her own appointments allow it.",
            ),
        ),
        pickup=(PickupPerson("Jean-Baptiste Oyelaran", "Uncle", "+86 139 0000 5678"),),
        criteria_version="Version 2, 25 August 2026",
        timeline=(
            TimelineEntry("2 Sep 19:12", "Marguerite de la Fontaine-Oyelaran", "Submitted"),
            TimelineEntry(
                "3 Sep 08:05",
                "Li Peng (homeroom teacher)",
                "Returned for correction",
                "Please add the phone number of whoever comes on Wednesdays.",
            ),
        ),
        printed_at=PRINTED_AT,
    )


def crowded_application() -> ApplicationPaper:
    """Twelve pick-up persons, forty steps, very long and empty values, and text that looks like code."""
    return replace(
        application(),
        student=HOSTILE,
        guardian="阿卜杜热合曼·买买提吐尔逊·阿不都克里木江·伊斯坎达尔",
        phone="",
        answers=(("情况说明", LONG), ("", ""), ("链接", "https://example.org/" + "a1" * 120), (LONG[:90], "是")),
        pickup=tuple(PickupPerson(f"接送人{at}·{RARE[at]}", "亲属", f"13{at:09d}") for at in range(12)),
        timeline=tuple(
            TimelineEntry(
                f"9月{1 + at // 2}日 08:{at:02d}", f"李芃{at}", f"第{at + 1}步", LONG if at == 20 else "说明" * (at % 9)
            )
            for at in range(40)
        ),
    )


def agreement(*, signed: bool = True, language: str = "zh_CN") -> AgreementPaper:
    proof = Signature("欧阳镕", "2026年9月5日 20:03", "输入姓名并确认短信验证码", "Telegram（本人账号）")
    return AgreementPaper(
        school="青禾路实验小学" if language == "zh_CN" else "Qinghe Road Experimental Primary School",
        term="2026–2027 学年第一学期",
        number="G-2026-0098",
        student="欧阳𬎆玥",
        school_class="三年级（2）班",
        guardian="欧阳镕",
        relation="父亲",
        title="课后服务家长协议书" if language == "zh_CN" else "",
        body=BODY,
        version="3",
        text_sha256=hashlib.sha256(BODY.encode()).hexdigest(),
        signed=proof if signed else None,
        weekdays="星期一、星期三、星期五",
        times="15:25–17:25",
        venue="三年级（2）班教室",
        printed_at=PRINTED_AT,
    )


def slip(at: int = 0, **changes: str) -> Slip:
    code = f"K7Q{at:02d}-MX4T"
    plain = Slip(
        school="青禾路实验小学",
        student=f"欧阳{RARE[at % len(RARE)]}玥",
        school_class="三年级（2）班",
        guardian="欧阳镕",
        relation="父亲",
        link=f"https://t.me/afterbell_demo_bot?start={code}",
        address="t.me/afterbell_demo_bot",
        code=code,
        valid_until="2026年12月1日",
        printed_at=PRINTED_AT,
    )
    return replace(plain, **changes)


def pickup() -> PickupPaper:
    return PickupPaper(
        school="青禾路实验小学",
        number="D-17",
        day="11月24日 周二",
        adult="欧阳堃",
        relation="祖父",
        children=(
            CollectedChild("欧阳𬎆玥", "3(2)", "17:25", "西门"),
            CollectedChild("欧阳芃", "1(4)", "17:10", "东门"),
        ),
        code="K7M 2QX",
        link="https://t.me/afterbell_bot?start=pkK7M2QX",
        printed_at=PRINTED_AT,
    )


def day_sheet(children: int = 4, language: str = "zh_CN", **changes: Any) -> DaySheetPaper:
    """A class's sheet; its first child is collected already, the second must not be given to an uncle, the third comes
    home with a delegate, the fourth may leave alone."""
    grandmother = SheetAdult("王丽萍", "外婆", "13800000001", today=True)
    father = SheetAdult("欧阳镕", "爸爸", "13900000002")
    lists = (
        (grandmother, father),
        (SheetAdult("坏叔叔", "", "13500000009", stopped=True), father),
        (father, SheetAdult("刘姐", "保姆", "13500000010", today=True, delegate=True)),
        (father,),
    )
    rows = tuple(
        SheetChild(
            number=str(at + 1),
            name=f"欧阳{RARE[at % len(RARE)]}玥",
            school_class="",
            state="已接走 17:02 王丽萍" if at == 0 else "在校",
            gone=at == 0,
            alone=at % 4 == 3,
            extended=at % 4 == 2,
            plan="",
            adults=lists[at % 4],
        )
        for at in range(children)
    )
    plain = DaySheetPaper(
        school="青禾路实验小学" if language == "zh_CN" else "Qinghe Road Experimental Primary School",
        group="3(2)班" if language == "zh_CN" else "Class 3(2)",
        date="11月24日 周二",
        times="15:25–17:25",
        venue="3(2)班教室",
        gate="东门",
        teacher="李芃",
        lead="周喆",
        lead_phone="13800138000",
        seal="5c0e" * 16,
        children=rows,
        printed_by="李芃",
        printed_at=PRINTED_AT,
    )
    return replace(plain, **changes)
