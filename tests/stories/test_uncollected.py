"""The gate: nobody comes for a child, and who is told of it, step by step."""

from __future__ import annotations

from gate import DAY, GateStage, at
from sqlalchemy import func, select
from test_somebody_comes import only_one_waits

from care.records import Adult, AlarmKind, Letter, PickupPlan


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


async def test_who_stays_after_all_is_waited_for_anew(gate: GateStage) -> None:
    """Everybody has been told, then the family asks for extended care: the alarm is over, and 10, 20 and 30 minutes
    after that ends each hears it anew."""
    stage, lead = gate.stage, await gate.lead()
    children = await gate.children("2(3)")
    child, *_ = [one for one in children if len(await gate.guardians(one)) == 2]
    name, (mum, dad) = await gate.name(child), await gate.players(child)
    for one in children:
        if one.id != child.id:
            person = (await gate.guardians(one))[0]
            await gate.teachers["2(3)"].tap(data=f"hg:l:1:g{person.id}:{one.id}.{(await gate.last(one)).seq}")
    await stage.at(at(17, 40))
    lead.reads(f"⚠ 还没有人接：{name}")
    await mum.send("/extended")
    await mum.tap("今天参加延时")
    (alarm,) = await gate.alarms(child)
    assert alarm.closed_at is not None
    lead.misses("写明原因并结束")
    still = f"{name}还在学校"

    def asked() -> list[int]:
        return [sum(still in (message.text or "") for message in one.messages) for one in (mum, dad)]

    await stage.at(at(18, 39))
    assert asked() == [0, 0], "what they had been told says that it stays"
    await stage.at(at(18, 40))
    assert asked() == [1, 0]
    await stage.at(at(18, 50))
    assert asked() == [1, 1]
    await stage.at(at(19, 0))
    lead.reads(f"⚠ 还没有人接：{name}")
    lead.reads("已通知全部家长。")
    await stage.later(minutes=10)
    assert asked() == [1, 1]
    assert [one.closed_at is None for one in await gate.alarms(child)] == [False, True]


async def test_the_letter_says_where_a_child_is_waited_for_that_stays_after_all(gate: GateStage) -> None:
    """What stands on the screen of the first who was told moves with the child; and once extended care is over, the
    place and the hour are those of extended care, whether the class has handed it over or not."""
    stage = gate.stage
    child = await only_one_waits(gate)
    name, (mum, dad) = await gate.name(child), await gate.players(child)
    await stage.at(at(17, 20))
    told = mum if "今天延时托管" in mum.buttons else dad
    still = f"{name}还在学校：课后服务已于 17:10 结束。请到东门来接。"
    (letter,) = [message for message in told.messages if still in message.text]
    await told.send("/extended")
    await told.tap("今天参加延时")
    await stage.calm()
    moved = f"{name}今天参加延时托管：澹台书院，至 18:30，请到那里接孩子。"
    assert (told.chat.messages[letter.id].text, told.chat.messages[letter.id].markup) == (moved, None)
    await stage.at(at(18, 40))
    told.reads(f"{name}还在学校：课后服务已于 18:30 结束。请到澹台书院来接。")
