"""The gate: a code is said, scanned, wrong, or of another day (S14)."""

from __future__ import annotations

from gate import DAY, STALE, GateStage
from sqlalchemy import select

from care.records import Adult, Event, Holder, Proof, Relation, Step, WrongCode


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
