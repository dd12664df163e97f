"""What was said of a missing child and turns out otherwise: a leave that is taken back, a reason that was wrong."""

from __future__ import annotations

from missing_steps import alarms, letters, missing, with_family
from roll_steps import TUESDAY, last, lead_of, moment, on_duty, steps
from stage import Stage

from care.leave import give
from care.leave import take_back as withdraw
from care.missing import close
from care.records import Step
from care.rollcall import all_others_present, mark


async def test_a_leave_that_is_taken_back_looks_for_the_child_again(small_afternoon: Stage) -> None:
    """The teacher has said that it is not there: "all others present" does not touch it, and the duty lead hears."""
    stage = small_afternoon
    await stage.at(moment(stage, 14, 35))
    teacher, lead = await on_duty(stage), await lead_of(stage)
    child, name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    async with stage.school.work(await stage.act_as(mum)) as uow:
        leave = await give(uow, child.student_id, TUESDAY, TUESDAY)
    async with stage.school.work(await stage.act_as(dad)) as uow:
        await withdraw(uow, leave.id)
    await stage.calm()
    assert (await steps(stage, child.id))[-1] == "absent"
    lead.reads(name)
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await all_others_present(uow, child.session_id)
    assert (await steps(stage, child.id))[-1] == "absent"
    (alarm,) = await alarms(stage, child)
    assert alarm.closed_at is None and alarm.lead_told_at is not None


async def test_there_although_the_alarm_was_closed_with_a_reason(small_afternoon: Stage) -> None:
    """The family has read that the child is not at school; it reads that it is."""
    stage = small_afternoon
    await stage.at(moment(stage, 14, 35))
    teacher = await on_duty(stage)
    child, name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    (alarm,) = await alarms(stage, child)
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await close(uow, alarm.id, "生病，在家")
    await stage.at(moment(stage, 14, 50))
    for _twice in range(2):
        async with stage.school.work(await stage.act_as(teacher)) as uow:
            await mark(uow, child.id, Step.PRESENT)
    await stage.calm()
    assert len(await letters(stage, "child_arrived")) == 2
    for guardian in (mum, dad):
        guardian.reads(f"{name}已到校，14:50")


async def test_a_ready_reason_against_what_the_family_says_is_asked_back(small_afternoon: Stage) -> None:
    """All of them say that the child is with the family, and its mother has said that it is not."""
    stage = small_afternoon
    await stage.at(moment(stage, 14, 35))
    teacher = await on_duty(stage)
    child, name, (mum, _dad) = await with_family(stage)
    await missing(teacher, child)
    await mum.tap("不在我这里")
    (alarm,) = await alarms(stage, child)
    for again in (True, False):
        await teacher.tap(data=f"mc:{alarm.id}")
        await teacher.tap("生病，在家")
        asked = last(teacher).text
        assert "答复“不在我这里”" in asked and asked.endswith(f"2(3)班{name}：“生病，在家”。孩子确实不在校吗？")
        assert (await alarms(stage, child))[0].closed_at is None
        await teacher.tap("‹ 返回" if again else "✔ 不在校：结束警报")
    (alarm,) = await alarms(stage, child)
    assert alarm.reason == "生病，在家" and (await steps(stage, child.id))[-1] == "explained"
