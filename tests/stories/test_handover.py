"""The gate: children leave with adults who may have them, and with nobody else (S10, S14)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from databases import Databases
from gate import CLASSES, DAY, GateStage, at, open_gate
from sqlalchemy import func, select, update

from care.extended import handover as extended_handover
from care.extended.roll import sign_in as extended_sign_in
from care.records import (
    Adult,
    AlarmKind,
    Application,
    CustodyEvent,
    Delegate,
    Event,
    Guardianship,
    Holder,
    LeaveMode,
    Letter,
    Person,
    PickupPerson,
    PickupPlan,
    Proof,
    Relation,
    Signature,
    Step,
    WrongCode,
)

WAIT = "请稍等，学校会派人到门口。"
STALE = "情况已有变化，请查看最新状态后再决定。"
NOT_YOURS = "没有找到，或者您无权查看。"


@pytest.fixture
async def gate(sqlite: Databases) -> AsyncIterator[GateStage]:
    """Tuesday at 17:00, all of 2(3), 3(6) and 2(5) are here."""
    async with open_gate(sqlite, *CLASSES) as gate:
        yield gate


@pytest.fixture
async def both(databases: Databases) -> AsyncIterator[GateStage]:
    """2(3) alone, on both kinds of database."""
    async with open_gate(databases, "2(3)") as gate:
        yield gate


async def test_a_mother_says_her_code(both: GateStage) -> None:
    """From the list to the receipt in the family's chats."""
    gate, teacher = both, both.teachers["2(3)"]
    child, *others = await gate.children("2(3)")
    mother, *rest = await gate.guardians(child)
    code = await gate.code(Adult.GUARDIAN, mother.id)
    await teacher.send("/handover")
    teacher.reads(f"等待 {len(others) + 1} · 路上 0 · 已接走 0")
    await teacher.send(f"{code[:3].lower()} {code[3:]}")
    teacher.reads("接送码正确")
    teacher.reads(f"{mother.name}，手机尾号 {(mother.phone or '')[-4:]}")
    teacher.reads(f"{await gate.name(child)}（2(3)班，{child.number} 号）")
    await teacher.tap("✔ 交接")
    teacher.reads(f"等待 {len(others)} · 路上 0 · 已接走 1")
    link = await gate.last(child)
    assert (link.step, link.holder, link.holder_id, link.holder_name) == (
        Step.RELEASED,
        Holder.ADULT,
        mother.id,
        mother.name,
    )
    assert link.proof is Proof.CODE
    assert link.data["relation"] in set(Relation)
    for player in await gate.players(child):
        player.reads(f"已于 17:00 由{teacher.user.name}交给")
        player.reads(f"{mother.name}（接送码）")
    (mum, *_) = await gate.players(child)
    await mum.tap("✔ 已知悉")
    mum.reads("已确认，谢谢")
    await mum.tap(data=f"hq:{child.id}.{link.seq}")
    assert len(await gate.stage.ask(select(Event).where(Event.action == "release_acknowledged"))) == 1
    assert len(rest) == len(await gate.players(child)) - 1


async def test_setting_out_long_before_the_end_is_asked_about(sqlite: Databases) -> None:
    """A slip of the finger at half past four brings no family to an empty gate."""
    async with open_gate(sqlite, "2(3)", moment=at(16, 30)) as gate:
        teacher = gate.teachers["2(3)"]
        child, *others = await gate.children("2(3)")
        (mum, *_) = await gate.players(child)
        await teacher.send("/handover")
        await teacher.tap("➜ 全部出发")
        teacher.reads("2(3)：17:10 才放学。现在就出发吗？")
        mum.misses("带往东门")
        assert (await gate.last(child)).step is Step.PRESENT
        await teacher.tap("是，现在出发")
        teacher.reads(f"等待 0 · 路上 {len(others) + 1} · 已接走 0")
        mum.reads("带往东门")


async def test_a_code_for_a_child_who_has_gone(gate: GateStage) -> None:
    """The mother comes after the father: her code says at once with whom the child went, and when."""
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    mother, *_, father = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(father.name)
    await teacher.tap("我认识来人")
    await teacher.send(await gate.code(Adult.GUARDIAN, mother.id))
    teacher.reads(f"{mother.name}：这位来人的孩子现在都不在校。")
    teacher.reads(f"• {await gate.name(child)}（2(3)班，1 号）")
    teacher.reads(f"17:00 由{teacher.user.name}交给")
    teacher.reads(father.name)
    assert (await gate.last(child)).holder_id == father.id, "nothing is released twice"


async def test_a_code_is_scanned(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child, other = (await gate.children("2(3)"))[:2]
    (mother, *_) = await gate.guardians(child)
    code = await gate.code(Adult.GUARDIAN, mother.id)
    await teacher.send(f"/start pk{code}")
    teacher.reads("接送码正确")
    await teacher.tap("✔ 交接")
    assert (await gate.last(child)).proof is Proof.CODE
    teacher.reads("2(3)班 · 东门 · 17:10 结束")
    (mum, *_) = await gate.players(other)
    await mum.send(f"/start pk{code}")
    mum.reads("这是接送码，请在门口出示给老师。")
    assert await gate.stage.ask(select(WrongCode)) == [], "a scan by somebody else is no try at a slip"


async def test_the_code_of_a_forged_button(gate: GateStage) -> None:
    """A release by code needs the code: typed in this chat, today."""
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover")
    await teacher.tap(data=f"hg:c:0:g{mother.id}:{child.id}.{(await gate.last(child)).seq}")
    assert teacher.toasts[-1] == STALE
    assert (await gate.last(child)).step is Step.PRESENT


async def test_ten_wrong_codes(gate: GateStage) -> None:
    """After that the right one does not help either: there are the list and the signature."""
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    (mother, *_) = await gate.guardians(child)
    code = await gate.code(Adult.GUARDIAN, mother.id)
    await teacher.send("/handover")
    for number in range(10):
        await teacher.send(f"/handover ABCDE{'23456789AB'[number]}")
        teacher.reads("今天没有这个接送码")
    await teacher.send(code)
    teacher.reads("请改用名单并签字交接")
    await teacher.send("1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    assert (await gate.last(child)).proof is Proof.LIST
    colleague = gate.teachers["2(5)"]
    await colleague.send(f"/handover {code}")
    colleague.misses("接送码正确")
    colleague.reads("现在都不在校")


async def test_yesterdays_code_is_none(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    (mother, *_) = await gate.guardians(child)
    code = await gate.code(Adult.GUARDIAN, mother.id, DAY.replace(day=23))
    await teacher.send(f"/handover {code}")
    teacher.reads("今天没有这个接送码")


async def test_from_the_list(gate: GateStage) -> None:
    """By number and by name; the same tap twice makes one link, and a colleague is told who was faster."""
    teacher, colleague = gate.teachers["2(3)"], await gate.stage.star("grade_leader")
    child, other = (await gate.children("2(3)"))[:2]
    father = (await gate.guardians(child))[-1]
    name = await gate.name(child)
    await teacher.send("/handover")
    await teacher.send("1")
    teacher.reads(f"{name}（2(3)班，1 号）")
    teacher.reads("谁来接？")
    await colleague.send("/handover")
    await colleague.tap("2(3)")
    await colleague.tap(name)
    for player in (teacher, colleague):
        await player.tap(father.name)
        player.reads("手机尾号")
    stale = colleague.last
    twice = teacher.last
    assert twice is not None
    data = str(twice.buttons()[0][0]["callback_data"])
    await teacher.tap("我认识来人", message=twice)
    await teacher.tap(data=data)
    assert [link.step for link in await gate.links(child)].count(Step.RELEASED) == 1
    await colleague.tap("我认识来人", message=stale)
    assert colleague.toasts[-1] == f"{name}已于 17:00 由{teacher.user.name}交给{father.name}。"
    colleague.reads("已接走 1")
    link = await gate.last(child)
    assert (link.holder_name, link.by_name, link.proof) == (father.name, teacher.user.name, Proof.LIST)
    letters = await gate.stage.ask(select(Letter).where(Letter.kind == "released"))
    assert len(letters) == len(await gate.guardians(child))
    await teacher.send(await gate.name(other))
    teacher.reads("谁来接？")
    await teacher.send("不存在的名字")
    teacher.reads("这既不是接送码（6 位字母和数字），名单上也没有这个孩子。")


async def test_the_class_is_led_to_the_gate(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    children = await gate.children("2(3)")
    first, second, third = children[:3]
    (mother, *_) = await gate.guardians(first)
    async with gate.stage.school.work() as uow:  # a brother and sister in one class
        uow.session.add(Guardianship(student_id=second.student_id, person_id=mother.id, relation=Relation.MOTHER))
        uow.session.add(
            PickupPlan(
                date=DAY,
                student_id=third.student_id,
                adult=Adult.GUARDIAN,
                adult_id=1,
                name="<b>=1+1",
                said_by=mother.id,
                said_at=uow.now,
            )
        )
    (grown, *_) = await gate.guardians(third)
    await teacher.send("/handover")
    teacher.reads(f"3 {await gate.name(third)}：<b>=1+1来接")
    await teacher.send("3")
    teacher.reads("今天由<b>=1+1来接")
    await teacher.tap(grown.name)
    await teacher.tap("我认识来人")
    (mum, *_) = await gate.players(first)
    await teacher.tap(f"➜ 全部出发（{len(children) - 1} 人）")
    teacher.reads(f"等待 0 · 路上 {len(children) - 1} · 已接走 1")
    mum.reads(f"{await gate.name(first)}、{await gate.name(second)}正由{teacher.user.name}带往东门。")
    assert sum("带往东门" in (message.text or "") for message in mum.messages) == 1
    for player in await gate.players(third):
        player.misses("带往东门")
    await teacher.tap(data=f"ho:{await gate.session('2(3)')}")
    assert sum("带往东门" in (message.text or "") for message in mum.messages) == 1
    assert (await gate.last(first)).holder_name == teacher.user.name
    await teacher.send("1")
    await teacher.tap(mother.name)
    assert any("全部 2 个孩子" in button for button in _labels(teacher))
    await teacher.tap("我认识来人 · 全部 2 个孩子")
    teacher.reads("已接走 3")
    mum.reads(f"{await gate.name(first)}已于 17:00")
    mum.reads(f"{await gate.name(second)}已于 17:00")
    assert [b for b in mum.buttons if "不对" in b] == [
        f"✖ 不对：{await gate.name(first)}",
        f"✖ 不对：{await gate.name(second)}",
    ]


async def test_brother_and_sister_in_two_classes(gate: GateStage) -> None:
    """A grandmother who is named in both applications comes once; the teacher at the gate is one of grade 2."""
    first, second = (await gate.children("2(3)"))[0], (await gate.children("2(5)"))[0]
    far = (await gate.children("3(6)"))[0]
    for child in (first, second, far):
        await gate.listed(child, "钱秀英", Relation.GRANDMOTHER, "19900007777")
    grandmother = await gate.listed((await gate.children("2(3)"))[1], "钱秀英", Relation.GRANDMOTHER, "19900008888")
    teacher, leader = gate.teachers["2(3)"], await gate.stage.star("grade_leader")
    rows = await gate.stage.ask(
        select(func.max(PickupPerson.id)).where(PickupPerson.name == "钱秀英", PickupPerson.phone == "19900007777")
    )
    code = await gate.code(Adult.LISTED, rows[0])
    await gate.only_homeroom(teacher)
    await teacher.send(f"/handover {code}")
    for child, place in ((second, "2(5)"), (far, "3(6)")):
        teacher.reads(f"{await gate.name(child)}（{place}班，1 号）：由另一位老师交接")
    assert _labels(teacher) == ["✔ 交接", "‹ 返回名单"], "of the own class"
    await leader.send(f"/handover {code}")
    for child, place in ((first, "2(3)"), (second, "2(5)"), (far, "3(6)")):
        leader.reads(f"{await gate.name(child)}（{place}班，1 号）")
    assert grandmother, "another woman of that name, with another phone, is somebody else"
    leader.misses(await gate.name((await gate.children("2(3)"))[1]))
    await teacher.tap("✔ 交接")
    await leader.tap("✔ 交接 · 全部 3 个孩子")
    assert leader.toasts[-1].startswith(f"{await gate.name(first)}已于 17:00 由{teacher.user.name}交给钱秀英")
    assert (await gate.last(second)).step is Step.PRESENT, "all or none"
    await leader.send(f"/handover {code}")
    await leader.tap("✔ 交接 · 全部 2 个孩子")
    for child in (first, second, far):
        link = await gate.last(child)
        assert (link.step, link.holder_name, link.proof) == (Step.RELEASED, "钱秀英", Proof.CODE)
    assert (await gate.last(first)).data["adult_id"] != (await gate.last(second)).data["adult_id"]


async def test_two_children_of_one_name(gate: GateStage) -> None:
    teacher = gate.teachers["2(5)"]
    twins = [child for child in await gate.children("2(5)") if await gate.name(child) == "王梓涵"]
    assert len(twins) == 2
    names = [[person.name for person in await gate.guardians(child)] for child in twins]
    await teacher.send("/handover")
    for child, parents in zip(twins, names, strict=True):
        assert f"{child.number} 王梓涵 · {parents[0]}" in teacher.buttons
    await teacher.send("王梓涵")
    await teacher.tap(f"{twins[1].number} 王梓涵 · {names[1][0]}")
    teacher.reads(f"王梓涵（2(5)班，{twins[1].number} 号，家长{names[1][0]}）")
    assert not any(names[0][0] in button for button in _labels(teacher))
    await teacher.tap(names[1][1])
    await teacher.tap("我认识来人")
    teacher.reads(f"请注意：2(5)班有两个孩子都叫王梓涵。这一个是 {twins[1].number} 号，家长是{names[1][0]}。")
    assert (await gate.last(twins[1])).step is Step.PRESENT, "the first tap gives nobody away"
    await teacher.tap(f"是，{twins[1].number} 号")
    assert (await gate.last(twins[1])).step is Step.RELEASED
    assert (await gate.last(twins[0])).step is Step.PRESENT


def _labels(player: object) -> list[str]:
    return [str(button["text"]) for row in player.last.buttons() for button in row]  # type: ignore[attr-defined]


async def test_somebody_who_is_on_no_list(gate: GateStage) -> None:
    """Recorded, custody unchanged, the duty lead knows; the teacher's screen says nothing."""
    teacher, lead = gate.teachers["2(3)"], await gate.lead()
    child = (await gate.children("2(3)"))[0]
    name = await gate.name(child)
    await teacher.send("/handover")
    await teacher.tap(name)
    await teacher.tap("其他人：不在名单上")
    teacher.reads(f"谁来接{name}")
    await teacher.send("一位自称舅舅的先生")
    teacher.reads(WAIT)
    lead.reads("不在名单上：一位自称舅舅的先生到门口要接" + name)
    lead.reads("已请对方稍等")
    assert (await gate.last(child)).step is Step.PRESENT
    (alarm,) = await gate.alarms(child)
    assert (alarm.kind, alarm.remark) == (AlarmKind.REFUSED, "一位自称舅舅的先生")
    for player in await gate.players(child):
        player.misses("舅舅")
    await teacher.tap(data=f"hc:{alarm.id}")
    assert teacher.toasts[-1] == "您的职责不包含这项操作。"
    await lead.tap("写明原因并结束")
    await lead.send("已与母亲通电话，确认不认识此人")
    lead.reads("已结束，原因已记录。")
    (alarm,) = await gate.alarms(child)
    assert alarm.closed_at is not None and alarm.reason == "已与母亲通电话，确认不认识此人"
    (mother, *_) = await gate.guardians(child)
    await teacher.send("1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    assert (await gate.last(child)).step is Step.RELEASED


@pytest.mark.parametrize("way", ["the name", "typed", "a code", "a forged button"])
async def test_the_father_on_the_stop_list(gate: GateStage, way: str) -> None:
    """However he tries: nothing on the screen, a silent alarm, the child stays."""
    teacher, lead = gate.teachers["3(6)"], await gate.lead()
    child = await gate.child("许沐言")
    (father,) = await gate.stage.ask(select(Person).where(Person.name == "许长旭"))
    await teacher.send("/handover")
    await teacher.tap("许沐言")
    if way == "the name":
        assert any("许长旭 ※" in button for button in teacher.buttons)
        teacher.reads("※ 请先联系值班领导。")
        await teacher.tap("许长旭 ※")
    elif way == "typed":
        await teacher.tap("其他人：不在名单上")
        await teacher.send("父亲许长旭")
    elif way == "a code":
        await teacher.send(await gate.code(Adult.GUARDIAN, father.id))
    else:
        await teacher.tap(data=f"hg:l:0:g{father.id}:{child.id}.{(await gate.last(child)).seq}")
    teacher.reads(WAIT)
    for word in ("禁止", "法院", "不得", "stop"):
        teacher.misses(word)
        assert not any(word in toast for toast in teacher.toasts)
    lead.reads("⚠ 禁止接送名单：")
    lead.reads("许长旭到门口要接许沐言（3(6)班")
    assert [link.step for link in await gate.links(child)] == [Step.EXPECTED, Step.PRESENT]
    (alarm,) = await gate.alarms(child)
    assert alarm.kind is AlarmKind.REFUSED and alarm.lead_told_at is not None
    assert len(await gate.stage.ask(select(Letter).where(Letter.kind == "release_refused"))) == 1
    await teacher.send("/handover 许沐言")
    await teacher.tap("许长旭 ※")
    told = await gate.stage.ask(select(Letter).where(Letter.kind == "release_refused"))
    assert len(told) <= 2, "the same adult again is hardly news"


async def test_a_stop_listed_adult_on_the_familys_own_list(gate: GateStage) -> None:
    """The stop-list comes first, even against what the mother has written."""
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    await gate.listed(child, "赵 德彪", Relation.UNCLE, "19900001234")
    await teacher.send("/handover 1")
    await teacher.tap("赵 德彪")
    stale = teacher.last
    teacher.reads("手机尾号 1234")
    await gate.stop(child, "赵德彪")
    await teacher.tap("我认识来人", message=stale)
    teacher.reads(WAIT)
    await teacher.send("/handover 1")
    await teacher.tap("赵 德彪 ※")
    teacher.reads(WAIT)
    assert (await gate.last(child)).step is Step.PRESENT
    assert len(await gate.alarms(child)) == 1


async def test_a_delegate_for_one_day(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child, other = (await gate.children("2(3)"))[:2]
    (mother, *_) = await gate.guardians(child)
    ids = []
    async with gate.stage.school.work() as uow:
        for day in (DAY, DAY.replace(day=25)):
            row = Delegate(
                date=day,
                guardian_id=mother.id,
                student_ids=[child.student_id, other.student_id],  # the other child is not hers
                name="陈阿姨",
                relation=Relation.NANNY,
                phone="19900004321",
                made_at=uow.now,
            )
            uow.session.add(row)
            await uow.session.flush()
            ids.append(row.id)
    code = await gate.code(Adult.DELEGATE, ids[0])
    await teacher.send("/handover")
    await teacher.send(code)
    teacher.reads("陈阿姨")
    assert await gate.name(other) not in (teacher.last.text if teacher.last else "")
    used = teacher.last
    await teacher.tap("✔ 交接")
    assert (await gate.last(child)).holder_name == "陈阿姨"
    await teacher.send(code)
    teacher.reads("陈阿姨：这位来人的孩子现在都不在校。")
    await teacher.tap("✔ 交接", message=used)
    assert [link.step for link in await gate.links(child)].count(Step.RELEASED) == 1
    seq = (await gate.last(other)).seq
    for adult_id in ids:
        await teacher.tap(data=f"hg:l:0:d{adult_id}:{other.id}.{seq}")
        assert teacher.toasts[-1] == "此人不在这名学生的接送名单上。"
    assert (await gate.last(other)).step is Step.PRESENT


async def test_a_delegate_who_was_withdrawn(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    (mother, *_) = await gate.guardians(child)
    async with gate.stage.school.work() as uow:
        row = Delegate(
            date=DAY,
            guardian_id=mother.id,
            student_ids=[child.student_id],
            name="陈阿姨",
            relation=Relation.NANNY,
            phone="19900004321",
            made_at=uow.now,
        )
        uow.session.add(row)
        await uow.session.flush()
    code = await gate.code(Adult.DELEGATE, row.id)
    await teacher.send(f"/handover {code}")
    before = teacher.last
    async with gate.stage.school.work() as uow:
        await uow.session.execute(update(Delegate).values(withdrawn_at=uow.now))
    await teacher.tap("✔ 交接", message=before)
    assert teacher.toasts[-1] == "此人不在这名学生的接送名单上。"
    await teacher.send(code)
    teacher.reads("这个接送码已失效：家长已收回。")
    assert (await gate.last(child)).step is Step.PRESENT


async def test_taken_back_within_two_minutes(both: GateStage) -> None:
    """Appended, not erased; with a reason, which the guardians read."""
    gate, teacher = both, both.teachers["2(3)"]
    child, other = (await gate.children("2(3)"))[:2]
    name = await gate.name(child)
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    assert f"↩ 撤回：1 {name}" in teacher.buttons
    await gate.stage.later(seconds=110)
    await teacher.tap(f"↩ 撤回：1 {name}")
    teacher.reads("还在您身边吗？")
    teacher.reads("如果孩子已被不该接的人接走，请不要撤回，马上联系值班领导。")
    assert "点错了来人" in _labels(teacher), "a slip of the finger, not a child given to the wrong adult"
    twice = teacher.last
    await teacher.tap("点错了孩子")
    teacher.reads(f"↩ 已撤回：{name}")
    await teacher.tap(data=f"hw:{child.id}:3:wrong_child", message=twice)
    assert teacher.toasts[-1] == STALE
    released, undone = (await gate.links(child))[-2:]
    assert (released.step, undone.step) == (Step.RELEASED, Step.UNDONE)
    assert undone.holder_name == teacher.user.name and undone.data == {"why": "wrong_child"}
    (mum, *_) = await gate.players(child)
    mum.reads(f"{name}的交接是误记，{teacher.user.name}已撤回：点错了孩子。{name}仍在学校。")
    await mum.tap("✖ 不对")
    assert mum.toasts[-1] == STALE, "what was taken back cannot be disputed"
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    await gate.stage.later(seconds=121)
    old = teacher.last
    await teacher.tap(f"↩ 撤回：1 {name}", message=old)
    assert teacher.toasts[-1] == "已超过两分钟，请告诉值班领导。"
    assert f"↩ 撤回：1 {name}" not in _labels(teacher)
    await teacher.tap(data=f"hw:{child.id}:5:wrong_child")
    assert teacher.toasts[-1] == "已超过两分钟，请告诉值班领导。"
    assert (await gate.last(child)).step is Step.RELEASED
    assert (await gate.last(other)).step is Step.PRESENT


async def test_who_may_take_a_hand_over_back(gate: GateStage) -> None:
    teacher, lead, leader = gate.teachers["2(3)"], await gate.lead(), await gate.stage.star("grade_leader")
    child = (await gate.children("2(3)"))[0]
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    await leader.send("/handover")
    await leader.tap(data=f"hw:{child.id}:3:wrong_adult")
    assert leader.toasts[-1] == f"只有交接的{teacher.user.name}或值班领导可以撤回。"
    await lead.send("/handover")
    await lead.tap("2(3)")
    await lead.tap(data=f"hk:{child.id}")
    await lead.tap("↩ 撤回")
    await lead.send("来人说不清孩子的名字")
    lead.reads("↩ 已撤回")
    undone = await gate.last(child)
    assert (undone.step, undone.holder_name, undone.by_name, undone.remark) == (
        Step.UNDONE,
        teacher.user.name,
        lead.user.name,
        "来人说不清孩子的名字",
    )


async def test_a_guardian_says_not_right(both: GateStage) -> None:
    gate, teacher = both, both.teachers["2(3)"]
    lead, head = await gate.lead(), await gate.stage.star("head")
    child, other = (await gate.children("2(3)"))[:2]
    name = await gate.name(child)
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    mum = (await gate.players(child))[0]
    stranger = (await gate.players(other))[0]
    for data in (f"hx:{child.id}:3", f"hq:{child.id}.3"):
        await stranger.tap(data=data)
        assert stranger.toasts[-1] == NOT_YOURS
    letter = mum.last
    await mum.tap("✖ 不对")
    mum.reads("已立即通知值班领导、校长和班主任")
    await mum.tap("✖ 不对", message=letter)
    for player in {lead.user_id: lead, head.user_id: head, teacher.user_id: teacher}.values():
        assert sum("表示“不对”" in (message.text or "") for message in player.messages) == 1
        player.finds(f"{mum.user.name}表示“不对”：{name}（2(3)班，1 号）")
    (alarm,) = await gate.alarms(child)
    assert alarm.kind is AlarmKind.DISPUTED and alarm.opened_by == mother.id
    assert (await gate.last(child)).step is Step.RELEASED
    await mum.send("/children")
    mum.reads("有家长表示“不对”，值班领导正在核实。")
    await lead.tap("写明原因并结束")
    lead.reads("请输入。\n家长会看到您写的内容。")
    await lead.send("外婆接走，母亲忘记了")
    lead.reads(f"{name}（2(3)班，1 号）：已结束，原因已记录。")
    await lead.tap(data=f"hc:{alarm.id}")
    assert lead.toasts[-1] == "这件事已经处理完了。"
    await mum.send("/children")
    assert mum.last is not None and "正在核实" not in mum.last.text
    mum.finds(f"您表示{name}的交接“不对”。\n{lead.user.name}已核实：“外婆接走，母亲忘记了”。如有疑问，请致电学校。")
    for dad in (await gate.players(child))[1:]:
        dad.finds(f"{mum.user.name}表示{name}的交接“不对”。\n{lead.user.name}已核实：“外婆接走，母亲忘记了”。")
    await mum.send("/pickup")  # of the next day
    assert "延时托管" in str(mum.last.markup) and "今天延时托管" not in str(mum.last.markup)


async def test_nobody_comes(both: GateStage) -> None:
    """10, 20 and 30 minutes after the end: who is expected, the other guardian, the duty lead; across restarts."""
    gate = both
    stage, teacher, lead = gate.stage, gate.teachers["2(3)"], await gate.lead()
    children = await gate.children("2(3)")
    child, *_ = [one for one in children if len(await gate.guardians(one)) == 2]
    name = await gate.name(child)
    first, second = await gate.guardians(child)
    async with stage.school.work() as uow:
        uow.session.add(
            PickupPlan(
                date=DAY,
                student_id=child.student_id,
                adult=Adult.GUARDIAN,
                adult_id=second.id,
                name=second.name,
                said_by=first.id,
                said_at=uow.now,
            )
        )
    for one in children:
        if one.id != child.id:
            person = (await gate.guardians(one))[0]
            await teacher.tap(data=f"hg:l:1:g{person.id}:{one.id}.{(await gate.last(one)).seq}")
    dad, mum = stage.persona(second.id), stage.persona(first.id)
    still = f"{name}还在学校：课后服务已于 17:10 结束。请到东门来接。"
    await stage.at(at(17, 19, 59))
    dad.misses(still)
    await stage.at(at(17, 20))
    dad.reads(still)
    mum.misses(still)
    await stage.restart()
    await stage.later(seconds=1)
    assert sum(still in (message.text or "") for message in dad.messages) == 1
    await stage.at(at(17, 30))
    mum.reads(still)
    mum.reads("另一位家长也已收到通知")
    assert sum(still in (message.text or "") for message in dad.messages) == 1
    lead.misses("还没有人接")
    await stage.restart()
    await stage.at(at(17, 40))
    lead.reads(f"⚠ 还没有人接：{name}")
    lead.reads(second.phone or "")
    await stage.later(minutes=5)
    assert sum("还没有人接" in (message.text or "") for message in lead.messages) == 1
    (alarm,) = await gate.alarms(child)
    assert alarm.kind is AlarmKind.UNCOLLECTED and alarm.closed_at is None
    await teacher.tap(data=f"hg:l:1:g{second.id}:{child.id}.{(await gate.last(child)).seq}")
    (alarm,) = await gate.alarms(child)
    assert alarm.closed_at is not None
    await teacher.tap(data=f"hw:{child.id}:{(await gate.last(child)).seq}:wrong_adult")
    await stage.later(seconds=5)
    assert [one.closed_at is None for one in await gate.alarms(child)] == [False, True], "the child is here again"
    assert sum("⚠ 还没有人接" in (message.text or "") for message in lead.messages) == 1
    lead.reads(f"⚠ 还没有人接：{name}")
    lead.finds(f"尚未接走：{name}（2(3)班")


async def test_a_clock_that_jumps_past_all_three_steps(gate: GateStage) -> None:
    child = (await gate.children("2(3)"))[0]
    await gate.stage.at(at(18))
    first = (await gate.guardians(child))[0]
    kinds = await gate.stage.ask(
        select(Letter.unique_key).where(Letter.kind == "child_uncollected", Letter.person_id == first.id)
    )
    assert kinds == [f"late:{child.id}:1:{first.id}"]
    assert len(await gate.alarms(child)) == 1
    letters = await gate.stage.ask(select(func.count(Letter.id)).where(Letter.kind.startswith("child_uncollected")))
    await gate.stage.later(minutes=30)
    after = await gate.stage.ask(select(func.count(Letter.id)).where(Letter.kind.startswith("child_uncollected")))
    assert letters == after


async def test_who_goes_home_alone(gate: GateStage) -> None:
    """From grade 3 on, where the family has agreed; never in grades 1 and 2, whatever the application says."""
    old, young = (await gate.children("3(6)"))[0], (await gate.children("2(3)"))[0]
    other = (await gate.children("3(6)"))[1]
    async with gate.stage.school.work() as uow:
        await uow.session.execute(update(Application).values(leave_mode=LeaveMode.COLLECTED))
        for child in (old, young):
            await uow.session.execute(
                update(Application).where(Application.id == child.application_id).values(leave_mode=LeaveMode.ALONE)
            )
    teacher = gate.teachers["3(6)"]
    await teacher.send("/handover 1")
    await teacher.tap("自行回家")
    await teacher.tap("是，自行回家")
    link = await gate.last(old)
    assert (link.step, link.holder) == (Step.RELEASED, Holder.FAMILY)
    (mum, *_) = await gate.players(old)
    mum.reads(f"{await gate.name(old)}已于 17:00 自行离校（{teacher.user.name}记录）。")
    await teacher.tap(data=f"hl:{other.id}:{(await gate.last(other)).seq}:1")
    assert teacher.toasts[-1] == "家长没有同意这个孩子自行回家。"
    teacher = gate.teachers["2(3)"]
    await teacher.send("/handover 1")
    assert "自行回家" not in _labels(teacher)
    await teacher.tap(data=f"hl:{young.id}:{(await gate.last(young)).seq}:1")
    assert teacher.toasts[-1] == "一、二年级学生必须由成年人接走。"
    for child in (young, other):
        assert (await gate.last(child)).step is Step.PRESENT


async def test_the_gate_is_no_business_of_others(gate: GateStage) -> None:
    """Guardians, and teachers of another class."""
    child = (await gate.children("2(3)"))[0]
    mother = (await gate.guardians(child))[0]
    seq = (await gate.last(child)).seq
    session_id = await gate.session("2(3)")
    taps = [
        f"hs:{session_id}", f"ho:{session_id}", f"hk:{child.id}", f"ha:{child.id}:g{mother.id}", f"hz:{child.id}:0",
        f"hg:l:1:g{mother.id}:{child.id}.{seq}", f"hl:{child.id}:{seq}:1", f"hn:{child.id}", f"hu:{child.id}:{seq}",
        f"hw:{child.id}:{seq}:wrong_child",
    ]  # fmt: skip
    before = await gate.stage.ask(select(func.count(CustodyEvent.id)))
    colleague = await gate.stage.homeroom_of("4(8)")
    await gate.only_homeroom(colleague)
    for player in ((await gate.players(child))[0], colleague):
        await player.send("/help")
        for data in taps:
            await player.tap(data=data)
            assert player.answers[-1].text in (NOT_YOURS, "您的职责不包含这项操作。"), data
    junk = ["hg", "hg:l", "hg:l:1:g1", "hg:l:1:x1:1.1", "hg:l:1:g1:1", "hg:x:1:g1:1.1", "hg:l:2:g1:1.1", "hg:l:1:g:1.1",
            "hk:0", "ha:1", "ha:1:g", "hz:1", "hu:1", "hw:1:1", "hw:1:1:nonsense", "hq:1", "hq:1.x", "hx:1", "hx:0:0",
            "hc:0", "hs:99999999999999999", "hl:1:1", f"hg:l:1:g{mother.id}:{child.id}.{seq}:{child.id}.{seq}:x",
            f"hz:{child.id}:99"]  # fmt: skip
    teacher = gate.teachers["2(3)"]
    await teacher.send("/handover")
    for data in junk:
        count = len(teacher.answers)
        await teacher.tap(data=data)
        assert len(teacher.answers) == count + 1, data
        teacher.misses("抱歉")
    assert await gate.stage.ask(select(func.count(CustodyEvent.id))) == before
    assert await gate.stage.ask(select(Signature)) == []


async def test_a_teacher_whose_own_child_it_is(gate: GateStage) -> None:
    """Two people confirm a hand-over; who has come for the own child is given it by a colleague."""
    teacher, colleague = gate.teachers["2(3)"], gate.teachers["2(5)"]
    child = (await gate.children("2(3)"))[0]
    me = teacher.user_id - 10**9
    async with gate.stage.school.work() as uow:
        uow.session.add(Guardianship(student_id=child.student_id, person_id=me, relation=Relation.GUARDIAN))
    seq = (await gate.last(child)).seq
    await teacher.send("/handover")
    await teacher.tap(data=f"hg:l:0:g{me}:{child.id}.{seq}")
    assert teacher.toasts[-1] == "这是您自己的孩子，请由同事交接给您。"
    await colleague.send("/handover")
    await colleague.tap(data=f"hg:l:0:g{me}:{child.id}.{seq}")
    link = await gate.last(child)
    assert (link.step, link.holder_name, link.by_name) == (Step.RELEASED, teacher.user.name, colleague.user.name)


async def test_the_duty_lead_stands_at_the_gate(gate: GateStage) -> None:
    """Their own screen stays silent; somebody else of the leading group is told."""
    lead, child = await gate.lead(), await gate.child("许沐言")
    await lead.send("/handover")
    await lead.tap("3(6)")
    await lead.tap("许沐言")
    await lead.tap("许长旭 ※")
    lead.misses("禁止")
    told = await gate.stage.ask(select(Letter.person_id).where(Letter.kind == "release_refused"))
    assert told and lead.user_id - 10**9 not in told
    assert (await gate.last(child)).step is Step.PRESENT


async def test_in_english(gate: GateStage) -> None:
    teacher = gate.teachers["2(3)"]
    child = (await gate.children("2(3)"))[0]
    name = await gate.name(child)
    people = await gate.guardians(child)
    lead = await gate.lead()
    await gate.speaks("en", *(person.id for person in people), teacher.user_id - 10**9, lead.user_id - 10**9)
    code = await gate.code(Adult.GUARDIAN, people[0].id)
    await teacher.send("/handover")
    teacher.reads("care ends at 17:10")
    teacher.reads("· on the way 0 · collected 0")
    await teacher.tap("Line out all")
    mum = (await gate.players(child))[0]
    mum.reads(f"{name} is on the way to the gate (东门), with {teacher.user.name}.")
    await teacher.send(f"/handover {code}")
    teacher.reads("The pick-up code is right.")
    await teacher.tap("Hand over")
    mum.reads(f"{name} was handed to mother {people[0].name} at 17:00 by {teacher.user.name} (by pick-up code).")
    await teacher.tap("Undo")
    await teacher.send("<b>=1+1")
    mum.reads("has been taken back by " + teacher.user.name + ": <b>=1+1.")
    await teacher.send("/handover 1")
    await teacher.tap("Somebody else: not on the list")
    await teacher.send("a man in a hat")
    teacher.reads("One moment, please: a colleague will come to the gate.")
    lead.reads("Not on the list: a man in a hat asked for")
    await teacher.send(f"/handover {code}")
    await teacher.tap("Hand over")
    await gate.stage.later(minutes=1)
    await mum.tap("Not right")
    lead.reads(f"“Not right”, says {people[0].name}")
    await gate.stage.at(at(17, 40))
    lead.finds("Not collected:")


async def test_who_stays_for_extended_care(sqlite: Databases) -> None:
    """They are not led to the class's gate, and no minute is counted for them there: extended care has its own list,
    its own release, its own clock."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, teacher = gate.stage, gate.teachers["2(3)"]
        child, other, *_rest = await gate.children("2(3)")
        async with stage.school.work() as uow:
            chosen = update(Application).where(Application.id == child.application_id)
            await uow.session.execute(chosen.values(extended_weekdays=[2]))
        name = await gate.name(child)
        (mum, *_) = await gate.players(child)
        await teacher.send("/handover")
        assert any(f"1 {name}（" in button for button in teacher.buttons), "marked as one who stays"
        await teacher.tap("➜ 全部出发")
        mum.misses("带往东门")
        assert (await gate.last(child)).step is Step.PRESENT
        await stage.at(at(17, 20))
        mum.misses("还在学校")
        (someone, *_) = await gate.players(other)
        someone.finds("还在学校")
        keeper = await gate.lead()
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            session = await extended_sign_in(uow)
        async with stage.school.work(await stage.act_as(teacher)) as uow:
            given = await extended_handover.give(uow, child.session_id)
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            await extended_handover.take(uow, given.id, given.version, everyone=True)
        assert (await gate.last(child)).holder_name == keeper.user.name
        await teacher.send("/handover")
        assert not any(name in button for button in _labels(teacher)), "extended care has the child"
        await keeper.send("/handover")
        keeper.reads(session.venue)
        keeper.reads("18:30 结束")
        keeper.reads("等待 1 · 路上 0 · 已接走 0")
        await stage.at(at(18, 39))
        mum.misses("还在学校")
        await stage.at(at(18, 40))
        mum.reads(f"{name}还在学校：课后服务已于 18:30 结束。请到{session.venue}来接。")
        (mother, *_) = await gate.guardians(child)
        await keeper.tap(name)
        await keeper.tap(mother.name)
        await keeper.tap("我认识来人")
        link = await gate.last(child)
        assert (link.step, link.holder_name, link.by_name) == (Step.RELEASED, mother.name, keeper.user.name)
        keeper.finds("等待 0 · 路上 0 · 已接走 1")
