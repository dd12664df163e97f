"""The gate: whose business it is, and whose it is not (S10, S14)."""

from __future__ import annotations

from gate import NOT_YOURS, GateStage
from sqlalchemy import func, select

from care.records import CustodyEvent, Guardianship, Letter, Relation, Signature, Step


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
