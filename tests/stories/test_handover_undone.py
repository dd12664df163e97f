"""The gate: a hand-over is taken back, or a guardian says that it is not right (S14)."""

from __future__ import annotations

from gate import NOT_YOURS, STALE, GateStage, labels

from care.records import AlarmKind, Step


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
    assert "点错了来人" in labels(teacher), "a slip of the finger, not a child given to the wrong adult"
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
    assert f"↩ 撤回：1 {name}" not in labels(teacher)
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
    for data in (f"hx:{child.id}.3", f"hq:{child.id}.3"):
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
    mum.finds(f"您曾表示这次交接不对。{lead.user.name}已于 17:00 核实，结果已另外发给您。")
    assert not any("点错了" in button or "不对" in button for button in mum.buttons)
    for player in await gate.players(child):
        assert sum("母亲忘记了" in (message.text or "") for message in player.messages) == 1
    for dad in (await gate.players(child))[1:]:
        dad.finds(f"{mum.user.name}表示{name}的交接“不对”。\n{lead.user.name}已核实：“外婆接走，母亲忘记了”。")
    await mum.send("/pickup")  # of the next day
    assert "延时托管" in str(mum.last.markup) and "今天延时托管" not in str(mum.last.markup)
