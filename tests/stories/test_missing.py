"""A child that should be there and is not: the family is asked, the staff told."""

from __future__ import annotations

from missing_steps import alarms, care_teacher, letters, missing, with_family
from roll_steps import chain, data_of, last, lead_of, moment, now, on_duty, opens, person_id, steps
from sqlalchemy import select, update
from stage import Stage

from care import rollcall
from care.records import Contact, Person, Reach, Step


async def test_the_family_is_asked_and_the_staff_told(afternoon: Stage) -> None:
    stage = afternoon
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    child, name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    for parent in (mum, dad):
        parent.reads(f"2(3)班点名时没有见到{name}（14:35）。孩子在您身边吗？")
    homeroom.finds(f"⚠ 2(3)班{name}：14:35 点名未到")
    homeroom.finds("未答复")
    assert (await chain(stage, child.id))[-1].holder == "nobody"
    await stage.at(moment(stage, 14, 37))
    question, asked_dad, told = last(mum), last(dad), last(homeroom)
    await mum.tap("在我身边")
    assert now(mum, question).text == f"您已答复：{name}在您身边。已告知老师，谢谢。"
    assert now(dad, asked_dad).text == f"{mum.user.name}已答复：{name}在其身边。" and not now(dad, asked_dad).buttons()
    dad.reads(f"{mum.user.name}已答复：{name}在其身边。")
    (phone,) = await stage.ask(select(Person.phone).where(Person.id == person_id(mum)))
    for player in (teacher, homeroom):
        player.reads(f"{phone}：答复“在我身边”")
    link = (await chain(stage, child.id))[-1]
    assert (link.step, link.holder, link.holder_id) == ("explained", "adult", person_id(mum))
    (alarm,) = await alarms(stage, child)
    assert alarm.closed_at is None and alarm.lead_told_at is None
    await stage.at(moment(stage, 14, 50))
    assert await letters(stage, "child_missing_lead") == []
    await homeroom.tap("写明原因并结束", message=last(homeroom))
    homeroom.reads(f"2(3)班{name}为什么不在校？")
    await homeroom.tap("电话联系家长：孩子在家长身边")
    homeroom.reads(f"✔ 14:50 由{homeroom.user.name}结束：电话联系家长：孩子在家长身边")
    teacher.reads(f"✔ 14:50 由{homeroom.user.name}结束")
    assert f"✔ 14:50 由{homeroom.user.name}结束" in now(homeroom, told).text
    for player in (teacher, homeroom):
        assert not any("写明原因并结束" in button for button in player.buttons), player.screen()
    ended = f"{name}的情况已于 14:50 确认：“电话联系家长：孩子在家长身边”。不用再答复。"
    assert now(mum, question).text == ended and not now(mum, question).buttons()
    for parent in (mum, dad):
        assert sum("电话联系家长" in (message.text or "") for message in parent.messages) == 1, parent.screen()
    (alarm,) = await alarms(stage, child)
    assert (alarm.closed_by, alarm.reason) == (person_id(homeroom), "电话联系家长：孩子在家长身边")
    assert await steps(stage, child.id) == ["expected", "absent", "explained"]
    await mum.tap(data=f"ma:{alarm.id}:not_here", message=question)
    assert now(mum, question).text == ended


async def test_nobody_answers(afternoon: Stage) -> None:
    """After ten minutes the duty lead is told, exactly once, however often the clock ticks and the bot starts."""
    stage = afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, name, _family = await with_family(stage)
    await missing(teacher, child)
    lead = await lead_of(stage)
    await stage.at(moment(stage, 14, 44))
    lead.misses(name)
    await stage.restart()
    for minute in (45, 45, 46):
        await stage.at(moment(stage, 14, minute))
    lead.reads(f"⚠ 2(3)班{name}：14:35 点名未到")
    lead.reads("未答复")
    await stage.restart()
    await stage.at(moment(stage, 15, 30))
    assert await letters(stage, "child_missing_lead") == [person_id(lead)]
    await lead.tap("写明原因并结束")
    await lead.tap("生病，在家")
    lead.finds("结束：生病，在家")
    assert (await chain(stage, child.id))[-1].remark == "生病，在家"
    for parent in _family:
        noted = f"学校记录：{name}不在校，原因是“生病，在家”。如果您不知道{name}在哪里，请马上打电话给学校。"
        parent.reads(noted)
        assert sum("生病，在家" in (message.text or "") for message in parent.messages) == 1, "in a letter, once"
        parent.finds(f"{name}的情况已于 15:30 确认，不用再答复。")
        assert not any("在我身边" in button for button in parent.buttons)


async def test_there_after_all(afternoon: Stage) -> None:
    """The child arrives: who was asked or told hears it, and old buttons say that it is over."""
    stage = afternoon
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    child, name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    question = last(mum)
    yes = data_of(question, "在我身边")
    await stage.at(moment(stage, 14, 41))
    await teacher.send(f"/checkin {child.number}")
    for parent in (mum, dad):
        parent.reads(f"{name}已到校，14:41 在2(3)班点到。")
    homeroom.reads(f"2(3)班{name}\n✔ 已到，14:41")
    await mum.tap(data=yes, message=question)
    assert now(mum, question).text == f"{name}的情况已于 14:41 确认，不用再答复。" and not now(mum, question).buttons()
    assert mum.toasts
    assert await steps(stage, child.id) == ["expected", "absent", "present"]
    await missing(teacher, child)  # and gone again: a new alarm, and a new question
    mum.reads("孩子在您身边吗？")
    assert [alarm.closed_at is None for alarm in await alarms(stage, child)] == [False, True]


async def test_a_mistake_set_right_before_anything_went_out(small_afternoon: Stage) -> None:
    """Nobody is told "is here" who was never asked."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, _name, (mum, _dad) = await with_family(stage)
    before = len(mum.messages)
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await rollcall.mark(uow, child.id, Step.ABSENT)
        await rollcall.mark(uow, child.id, Step.PRESENT)
    await stage.calm()
    assert len(mum.messages) == before


async def test_in_english(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, name, (parent, other) = await with_family(stage)
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(parent))).language = "en"
    await teacher.send(f"/checkin {child.number} absent")
    parent.reads(f"{name} is not at roll call in 2(3) (14:35). Is the child with you?")
    await parent.tap("No, not with me")
    parent.finds(f"You answered: {name} is not with you.\nThe teacher and the duty lead are looking for the child.")
    await parent.tap("The child is with me now")
    parent.finds(f"You answered: {name} is with you. The teacher has been told. Thank you.")
    other.reads(f"{parent.user.name}已答复：{name}在其身边。")
    await teacher.send(f"/checkin {child.number}")
    parent.reads(f"{name} is here now: at roll call in 2(3), 14:35.")


async def test_a_family_that_cannot_be_reached(small_afternoon: Stage) -> None:
    """The duty lead is told at once."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, name, family = await with_family(stage)
    async with stage.school.work() as uow:
        of_family = Contact.person_id.in_([person_id(parent) for parent in family])
        await uow.session.execute(update(Contact).where(of_family).values(reach=Reach.BLOCKED))
    await missing(teacher, child)
    (await lead_of(stage)).reads(f"⚠ 2(3)班{name}：14:35 点名未到")
