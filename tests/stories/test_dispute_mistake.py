"""A guardian says that a hand-over is not right: the board says who says so, and "it was a mistake" takes it back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from databases import Databases
from gate import GateStage, open_gate
from roll_steps import labels, now

from care.alarms import alarms_of
from care.records import Answer, Guardianship, Relation
from care.whereabouts import in_care


@pytest.fixture
async def gate(sqlite: Databases) -> AsyncIterator[GateStage]:
    async with open_gate(sqlite, "2(3)") as opened:
        yield opened


async def test_a_slip_of_the_finger(gate: GateStage) -> None:
    """The lead hears that it was one; the alarm stays until it is closed, and "not right" can be said again."""
    child = (await gate.children("2(3)"))[0]
    teacher, lead, name = gate.teachers["2(3)"], await gate.lead(), await gate.name(child)
    (mother, *_), (mum, *_others) = await gate.guardians(child), await gate.players(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    await mum.tap("✖ 不对")
    mum.reads("您表示这次交接不对。\n已")
    async with gate.stage.school.look(await gate.actor(lead)) as uow:
        (card,) = await alarms_of(uow, uow.day)
    assert [(one.name, one.answer) for one in card.answers] == [(mum.user.name, Answer.NOT_RIGHT)]
    assert (card.holder_name, card.given_by) == (mother.name, teacher.user.name)
    await mum.tap("↩ 点错了")
    mum.reads("您表示刚才的“不对”是点错了。")
    lead.reads(f"{mum.user.name}表示刚才的“不对”是点错了：{name}（2(3)班，1 号）")
    assert lead.last is not None and mother.phone in (lead.last.text or ""), "whom to ring up"
    assert "写明原因并结束" in lead.buttons
    (alarm,) = await gate.alarms(child)
    assert (alarm.closed_at, alarm.answer) == (None, "mistake")
    await mum.tap("✖ 不对")
    lead.reads(f"{mum.user.name}表示“不对”：{name}（2(3)班，1 号）")
    (alarm,) = await gate.alarms(child)
    assert (alarm.closed_at, alarm.answer) == (None, "not_right")
    await lead.tap("写明原因并结束")
    await lead.send("妈妈接走，手机点错了")
    assert "写明原因并结束" not in lead.buttons
    async with gate.stage.school.look() as uow:
        assert not (await in_care(uow, [child.student_id], uow.day))[child.student_id].disputed
    await mum.tap(data=f"hy:{child.id}.{(await gate.last(child)).seq}")
    assert mum.toasts[-1] == "这件事已经处理完了。"


async def test_both_guardians_say_so(gate: GateStage) -> None:
    """The second "not right" is kept, the lead hears it, and the first's mistake does not take it back."""
    for child in await gate.children("2(3)"):
        players = await gate.players(child)
        if len(players) > 1:
            break
    teacher, lead = gate.teachers["2(3)"], await gate.lead()
    mother, mum, dad = (await gate.guardians(child))[0], players[0], players[1]
    await teacher.send(f"/handover {child.number}")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    data = f"hy:{child.id}.{(await gate.last(child)).seq}"
    await mum.tap("✖ 不对")
    await dad.tap(data=data)
    assert dad.toasts[-1] == "没有找到，或者您无权查看。"
    await dad.tap("✖ 不对")
    lead.reads(f"{dad.user.name}表示“不对”")
    await mum.tap("↩ 点错了")
    async with gate.stage.school.look(await gate.actor(lead)) as uow:
        (card,) = await alarms_of(uow, uow.day)
    assert {one.name: one.answer for one in card.answers} == {
        dad.user.name: Answer.NOT_RIGHT,
        mum.user.name: Answer.MISTAKE,
    }


async def test_of_brother_and_sister_one_is_not_right(gate: GateStage) -> None:
    """Both are in one letter, and each keeps its own answer: nothing that is said of one takes the other's buttons."""
    first, second = (await gate.children("2(3)"))[:2]
    one, two = await gate.name(first), await gate.name(second)
    (mother, *_) = await gate.guardians(first)
    async with gate.stage.school.work() as uow:
        uow.session.add(Guardianship(student_id=second.student_id, person_id=mother.id, relation=Relation.MOTHER))
    teacher, lead, (mum, *_others) = gate.teachers["2(3)"], await gate.lead(), await gate.players(first)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人 · 全部 2 个孩子")
    letter = mum.last
    assert letter is not None
    await mum.tap(f"✖ 不对：{two}", message=letter)
    assert labels(now(mum, letter)) == ["✔ 已知悉", f"✖ 不对：{one}", f"↩ 点错了：{two}"]
    text = now(mum, letter).text or ""
    assert text.startswith(f"{one}已于") and text.index("您表示这次交接不对。") > text.index(f"{two}已于")
    assert (await gate.alarms(first), len(await gate.alarms(second))) == ([], 1)
    await mum.tap("✔ 已知悉", message=now(mum, letter))
    assert labels(now(mum, letter)) == [f"↩ 点错了：{two}"]
    text = now(mum, letter).text or ""
    assert text.index("✔ 已确认，谢谢。") < text.index(f"{two}已于") and text.count("您表示这次交接不对。") == 1
    assert await gate.alarms(first) == []
    await mum.tap(f"↩ 点错了：{two}", message=now(mum, letter))
    lead.reads(f"{mum.user.name}表示刚才的“不对”是点错了：{two}")
    assert labels(now(mum, letter)) == ["✔ 已知悉", f"✖ 不对：{one}", f"✖ 不对：{two}"]


async def test_a_forged_button_shows_no_other_family(gate: GateStage) -> None:
    """A child of somebody else behind one's own, in the data of a button, is neither shown nor answered for."""
    mine, theirs = (await gate.children("2(3)"))[:2]
    teacher, (mum, *_others) = gate.teachers["2(3)"], await gate.players(mine)
    for child in (mine, theirs):
        await teacher.send(f"/handover {child.number}")
        await teacher.tap((await gate.guardians(child))[0].name)
        await teacher.tap("我认识来人")
    letter, links = mum.last, [f"{child.id}.{(await gate.last(child)).seq}" for child in (mine, theirs)]
    assert letter is not None
    await mum.tap(data=":".join(["hx", *links]), message=letter)
    assert labels(now(mum, letter)) == ["↩ 点错了：交接没有问题"]
    assert await gate.name(theirs) not in (now(mum, letter).text or "")
    assert (len(await gate.alarms(mine)), await gate.alarms(theirs)) == (1, [])
