"""A guardian says that a hand-over is not right: the board says who says so, and "it was a mistake" takes it back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from databases import Databases
from gate import GateStage, open_gate

from care.alarms import alarms_of
from care.records import Answer
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
    await mum.tap(data=f"hy:{child.id}:{(await gate.last(child)).seq}")
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
    data = f"hy:{child.id}:{(await gate.last(child)).seq}"
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
