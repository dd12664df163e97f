"""The office puts an adult on a child's stop-list in the console, and takes them off: its teachers hear it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate import WAIT, GateStage
from office_steps import in_english, office_console
from openpyxl import Workbook
from sqlalchemy import select
from stage import USERS_FROM

from afterbell.roster import import_roster
from care.pickup.plan import say_who_comes
from care.records import Adult, Guardianship, Letter, Relation, Step, StopListEntry, Student


@pytest.fixture
async def entry_id(gate: GateStage) -> int:
    """The first child of 2(3) has an uncle on its list, and the office has just put him on the stop-list."""
    child = (await gate.children("2(3)"))[0]
    await gate.listed(child, "赵德彪", Relation.UNCLE, "19900001234")
    async with office_console(gate.stage) as office:
        where = f"/children/{child.student_id}/stop-list"
        done = await office.post(where, name="赵德彪", phone="", reason="妈妈来校说明，有法院裁定")
        assert done.status_code == 303
    await gate.stage.calm()
    (entry,) = await gate.stage.ask(select(StopListEntry).where(StopListEntry.student_id == child.student_id))
    return int(entry.id)


async def test_the_teachers_hear_it_while_the_child_is_here(gate: GateStage, entry_id: int) -> None:
    teacher, other = gate.teachers["2(3)"], gate.teachers["3(6)"]
    child = (await gate.children("2(3)"))[0]
    name = await gate.name(child)
    teacher.reads(f"⊘ {name}（2(3)班）：从现在起，不能让赵德彪接走孩子。")
    teacher.reads("请对方稍等，并点一下此人的名字")
    teacher.misses("法院")
    other.misses("赵德彪")
    for player in await gate.players(child):
        player.misses("赵德彪")
    await teacher.send("/handover 1")
    await teacher.tap("赵德彪 ※")
    teacher.reads(WAIT)
    assert (await gate.last(child)).step is Step.PRESENT
    (await gate.lead()).reads("⚠ 禁止接送名单：赵德彪到门口要接")


async def test_taken_off_the_child_may_go_with_the_adult(gate: GateStage, entry_id: int) -> None:
    teacher = gate.teachers["2(3)"]
    await in_english(gate.stage, teacher)
    child = (await gate.children("2(3)"))[0]
    name = await gate.name(child)
    async with office_console(gate.stage, "zh_CN") as office:
        page = (await office.get(f"/children/{child.student_id}")).text
        assert "禁止接送名单" in page and "将赵德彪移出名单" in page
        done = await office.post(f"/stop-list/{entry_id}/end", reason="裁定已撤销")
        page = (await office.get(done.headers["location"].split("#")[0])).text
        assert "移出禁止接送名单" in page and "名单上没有人。" in page
    await gate.stage.calm()
    teacher.reads(f"{name}, 2(3): 赵德彪 is on the stop-list no longer.")
    teacher.misses("裁定")
    await teacher.send("/handover 1")
    await teacher.tap("赵德彪")
    await teacher.tap("I know this adult")
    assert (await gate.last(child)).holder_name == "赵德彪"


async def test_named_in_the_workbook_too(gate: GateStage, tmp_path: Path) -> None:
    """As from the console: the gate hears it, and the family that had named the adult names another one."""
    stage, child = gate.stage, (await gate.children("2(3)"))[0]
    (mother, *_), uncle = await gate.guardians(child), await gate.listed(child, "赵德彪", Relation.UNCLE, "19900001234")
    mum, name = stage.persona(mother.id), await gate.name(child)
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await say_who_comes(uow, [child.student_id], Adult.LISTED, uncle)
    (number,) = await stage.ask(select(Student.student_no).where(Student.id == child.student_id))
    book, written = tmp_path / "roster.xlsx", Workbook()
    sheet = written.create_sheet("学生", 0)
    sheet.append(("班级", "姓名", "学号", "禁止接送", "禁止接送原因"))
    sheet.append(("2(3)", name, number, "赵德彪", "法院裁定"))
    written.save(book)
    await import_roster(stage.school, book, look=True)
    assert not await stage.ask(select(Letter.id).where(Letter.kind == "stop_list_changed"))
    for _ in range(2):  # the same workbook again says nothing new
        await import_roster(stage.school, book)
    await stage.calm()
    gate.teachers["2(3)"].reads(f"⊘ {name}（2(3)班）：从现在起，不能让赵德彪接走孩子。")
    mum.reads("学校无法安排赵德彪来接")
    (await gate.lead()).reads(f"从现在起，赵德彪不得接{name}。")
    kinds = await stage.ask(select(Letter.kind).where(Letter.kind.in_(("stop_list_changed", "pickup_unaccepted"))))
    assert kinds.count("stop_list_changed") == len(set(await told_at_the_gate(gate))) >= 1
    assert kinds.count("pickup_unaccepted") == len(await told_of_another(gate))


async def told_at_the_gate(gate: GateStage) -> list[int]:
    return list(await gate.stage.ask(select(Letter.person_id).where(Letter.kind == "stop_list_changed")))


async def told_of_another(gate: GateStage) -> set[int]:
    return set(await gate.stage.ask(select(Letter.person_id).where(Letter.kind == "pickup_unaccepted")))


async def test_taken_off_again_the_adult_comes(gate: GateStage) -> None:
    """What asked for somebody else reads as it stands now."""
    stage, child = gate.stage, (await gate.children("2(3)"))[0]
    (mother, *_), uncle = await gate.guardians(child), await gate.listed(child, "赵德彪", Relation.UNCLE, "19900001234")
    mum = stage.persona(mother.id)
    async with stage.school.work(await stage.act_as(mum)) as uow:
        await say_who_comes(uow, [child.student_id], Adult.LISTED, uncle)
    async with office_console(stage) as office:
        await office.post(f"/children/{child.student_id}/stop-list", name="赵德彪", phone="", reason="法院裁定")
        await stage.calm()
        mum.reads("学校无法安排赵德彪来接")
        (entry,) = await stage.ask(select(StopListEntry.id).where(StopListEntry.student_id == child.student_id))
        await office.post(f"/stop-list/{entry}/end", reason="裁定已撤销")
    await stage.calm()
    mum.misses("学校无法安排")
    mum.reads("由赵德彪")


async def test_nobody_hears_of_a_child_who_has_gone(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    (mother, *_), uncle = await gate.guardians(child), await gate.listed(child, "赵德彪", Relation.UNCLE, "19900001234")
    async with gate.stage.school.work(await gate.stage.act_as(gate.stage.persona(mother.id))) as uow:
        await say_who_comes(uow, [child.student_id], Adult.LISTED, uncle)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    assert (await gate.last(child)).step is Step.RELEASED
    async with office_console(gate.stage) as office:
        await office.post(f"/children/{child.student_id}/stop-list", name="赵德彪", phone="", reason="法院裁定")
    await gate.stage.calm()
    assert await gate.stage.ask(select(Letter).where(Letter.kind == "stop_list_changed")) == []
    assert await told_of_another(gate) == set(), "named for today, and gone"
    assert await gate.stage.ask(select(StopListEntry).where(StopListEntry.name == "赵德彪"))


async def test_a_teacher_who_is_of_the_family_hears_nothing(gate: GateStage) -> None:
    """It may be the very adult."""
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    async with gate.stage.school.work() as uow:
        person_id = teacher.user_id - USERS_FROM
        uow.session.add(Guardianship(student_id=child.student_id, person_id=person_id, relation=Relation.FATHER))
    async with office_console(gate.stage) as office:
        await office.post(f"/children/{child.student_id}/stop-list", name="赵德彪", phone="", reason="法院裁定")
    await gate.stage.calm()
    assert await gate.stage.ask(select(Letter).where(Letter.kind == "stop_list_changed")) == []
