"""Which person a name and a number in the workbook are, and whom they never become."""

from __future__ import annotations

from roster_book import (
    STAFF,
    WHOLE,
    Import,
    refused,
    rows_of,
    students,
)
from sqlalchemy import select

from care.permissions import SYSTEM
from care.records import (
    Contact,
    Person,
)
from care.school import School


async def test_a_teacher_who_is_a_mother_is_one_person(school: School, take: Import) -> None:
    await take(
        {
            **students(("1(1)", "何书宁", "1", "孟慧蓉", "妈妈", "13800000001")),
            "教职工": (STAFF[0], ("孟慧蓉", "班主任", None, "2(3)", 13800000001)),
        }
    )
    assert [p.name for p in await rows_of(school, Person)] == ["孟慧蓉"]


async def test_namesakes_without_a_number_stay_two(school: School, take: Import) -> None:
    sheets = students(("1(1)", "王甲", "1", "李娜", "妈妈"), ("2(3)", "王乙", "2", "李娜", "妈妈"))
    await take(sheets)
    assert len(await rows_of(school, Person)) == 2
    await take(sheets)
    assert len(await rows_of(school, Person)) == 2


async def test_one_number_for_two_adults_isrefused(school: School, take: Import) -> None:
    said = await refused(
        school,
        take,
        students(
            ("1(1)", "王甲", "1", "李娜", "妈妈", "13800000001"), ("2(3)", "张乙", "2", "张伟", "", "13800000001")
        ),
    )
    assert "学生, row 3, column D (监护人1姓名): 13800000001 is the number of 李娜 in 学生, row 2, here of 张伟" in said


async def test_a_linked_mothers_number_never_becomes_somebody_elses(school: School, take: Import) -> None:
    await take(students(("1(1)", "王甲", "1", "李娜", "妈妈", "13800000001")))
    async with school.work(SYSTEM) as uow:
        person = (await uow.session.scalars(select(Person))).one()
        uow.session.add(Contact(person_id=person.id, channel="web", chat_id=1, linked_at=uow.now, linked_by="slip"))
    said = await refused(school, take, students(("1(1)", "王甲", "1", "张伟", "爸爸", "13800000001")))
    assert "13800000001 belongs to 李娜 in the database" in said
    told = await take(students(("1(1)", "王甲", "1", "李哪", "妈妈", "13800000001")))
    assert "李娜 → 李哪 (13800000001)" in told
    assert len(await rows_of(school, Person)) == 1


async def test_a_number_of_another_child_with_other_parents_isrefused(school: School, take: Import) -> None:
    await take(WHOLE)
    said = await refused(school, take, students(("2(3)", "周晨", "20260101", "周海", "爸爸", "13800000077")))
    assert "20260101 is 林芷若 in the database, with other guardians: check the number" in said


async def test_a_teacher_without_a_number_is_found_by_name(school: School, take: Import) -> None:
    await take({**WHOLE, "教职工": (STAFF[0], ("乔月蓉", "办公室"))})
    told = await take({"教职工": (STAFF[0], ("乔月蓉", "office", None, None, "13800000013"), ("乔月蓉", "财务"))})
    assert "乔月蓉: phone none → 13800000013" in told
    assert [p.phone for p in await rows_of(school, Person) if p.name == "乔月蓉"] == ["13800000013"]
    said = await refused(
        school,
        take,
        {
            "教职工": (
                STAFF[0],
                ("甲", "财务", None, None, "13800000071"),
                ("甲", "后勤", None, None, "13800000072"),
                ("甲", "办公室"),
            )
        },
    )
    assert "there are several 甲: fill in the phone in every row" in said
