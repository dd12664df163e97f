"""Once an alarm of the gate is over, every screen that was told of it says so, and no button asks for it any more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from databases import Databases
from gate import GateStage, at, open_gate
from stage import USERS_FROM, Player

from care.alarms import close
from care.records import AlarmKind

BUTTON = "写明原因并结束"


@pytest.fixture
async def gate(sqlite: Databases) -> AsyncIterator[GateStage]:
    async with open_gate(sqlite, "2(3)") as opened:
        yield opened


async def another_lead(gate: GateStage, lead: Player) -> Player:
    """The head, who answers for every day."""
    head = await gate.stage.star("head")
    assert head.user_id != lead.user_id
    return head


async def test_a_dispute_that_another_closes(gate: GateStage) -> None:
    """The head closes it while the duty lead is asked for a reason: both letters say so, and what the lead types then
    is no reason, but a word for the gate again."""
    child = (await gate.children("2(3)"))[0]
    teacher, lead, name = gate.teachers["2(3)"], await gate.lead(), await gate.name(child)
    head = await another_lead(gate, lead)
    mum, (mother, *_) = (await gate.players(child))[0], await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    await mum.tap("✖ 不对")
    letter = lead.last
    await lead.tap(BUTTON)
    (alarm,) = await gate.alarms(child)
    async with gate.stage.school.work(await gate.actor(head)) as uow:
        await close(uow, alarm.id, "妈妈接走，手机点错了")
    await gate.stage.calm()
    over = f"家长对交接有异议：{name}（2(3)班，1 号）\n✔ 17:00 由{head.user.name}结束：妈妈接走，手机点错了"
    for player in (lead, head):
        player.finds(over)
        assert BUTTON not in player.buttons
    await lead.tap(BUTTON, message=letter)
    assert lead.toasts[-1] == "这件事已经处理完了。"
    await lead.send("其实是外婆")
    lead.reads("这件事已经处理完了。")
    await lead.send("其实是外婆")
    lead.misses("原因已记录")
    assert [one.reason for one in await gate.alarms(child)] == ["妈妈接走，手机点错了"]
    mum.finds(f"{head.user.name}已核实：“妈妈接走，手机点错了”。")


async def test_an_adult_who_was_refused_twice(gate: GateStage) -> None:
    """Two letters of one alarm, closed once. In English for who reads English."""
    child = (await gate.children("2(3)"))[0]
    teacher, lead, name = gate.teachers["2(3)"], await gate.lead(), await gate.name(child)
    await gate.speaks("en", lead.user_id - USERS_FROM)
    for words in ("一位先生", "另一位先生"):
        await teacher.send("/handover 1")
        await teacher.tap("不在名单")
        await teacher.send(words)
    assert lead.buttons.count("Close with a reason") == 2
    await lead.tap("Close with a reason")
    await lead.send("both have left")
    over = f"Adult refused at the gate: {name}, class 2(3), list no. 1\n• 一位先生\n• 另一位先生\n✔ Closed 17:00 by "
    assert sum(over in message.text for message in lead.messages) == 2
    assert "Close with a reason" not in lead.buttons
    assert over not in teacher.screen(), "whoever stood at the gate reads no word of an alarm"


async def test_a_child_who_is_collected_late(gate: GateStage) -> None:
    """The release ends it, without a word from the duty lead."""
    child, *others = await gate.children("2(3)")
    teacher, lead, name = gate.teachers["2(3)"], await gate.lead(), await gate.name(child)
    for one in others:
        person = (await gate.guardians(one))[0]
        await teacher.tap(data=f"hg:l:1:g{person.id}:{one.id}.{(await gate.last(one)).seq}")
    await gate.stage.at(at(17, 40))
    lead.reads(f"⚠ 还没有人接：{name}")
    assert BUTTON not in lead.buttons, "while the child is here no word ends it"
    mother = (await gate.guardians(child))[0]
    await gate.stage.at(at(17, 45))
    await teacher.tap(data=f"hg:l:1:g{mother.id}:{child.id}.{(await gate.last(child)).seq}")
    (alarm,) = await gate.alarms(child)
    assert alarm.kind is AlarmKind.UNCOLLECTED
    lead.misses("⚠ 还没有人接")
    lead.finds(f"尚未接走：{name}（2(3)班，1 号）\n✔ 17:45 已了结。\n")
    assert BUTTON not in lead.buttons
