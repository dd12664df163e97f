"""Expected but missing: the family is asked at once, the staff are told, and it stays open until it is closed."""

from __future__ import annotations

from roll_steps import (
    chain,
    data_of,
    family_of,
    last,
    lead_of,
    listed,
    moment,
    no_care_teacher,
    now,
    on_duty,
    opens,
    person_id,
    steps,
)
from sqlalchemy import select, update
from stage import Player, Stage

from care import rollcall
from care.records import (
    Alarm,
    Contact,
    DayChild,
    Guardianship,
    Letter,
    LetterState,
    Person,
    Reach,
    Role,
    StaffRole,
    Step,
)

CLOSED = "这件事已经处理完毕。"


async def care_teacher(stage: Stage, class_name: str = "2(3)") -> Player:
    """A care teacher who is not the class's own, signed in for it: so the homeroom teacher has to be told."""
    query = select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER).order_by(StaffRole.id)
    player = stage.persona((await stage.ask(query))[0])
    await player.send("/checkin")
    await player.tap(class_name)
    await player.tap("✍ 值班签到")
    return player


async def with_family(stage: Stage, count: int = 2, class_name: str = "2(3)") -> tuple[DayChild, str, list[Player]]:
    """A child of the list with so many guardians."""
    for child, name in await listed(stage, class_name):
        family = await family_of(stage, child.student_id)
        if len(family) == count:
            return child, name, family
    raise AssertionError("no such child")


async def alarms(stage: Stage, child: DayChild) -> list[Alarm]:
    return await stage.ask(select(Alarm).where(Alarm.day_child_id == child.id).order_by(Alarm.id))


async def letters(stage: Stage, kind: str) -> list[int]:
    """Who got one of a kind that was really sent."""
    query = select(Letter.person_id).where(Letter.kind == kind, Letter.state == LetterState.SENT)
    return sorted(await stage.ask(query))


async def missing(teacher: Player, child: DayChild) -> None:
    await teacher.send(f"/checkin {child.number} 缺")


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
    assert now(mum, question).text == f"{name}的情况已于 14:50 确认，不用再答复。" and not now(mum, question).buttons()
    (alarm,) = await alarms(stage, child)
    assert (alarm.closed_by, alarm.reason) == (person_id(homeroom), "电话联系家长：孩子在家长身边")
    assert await steps(stage, child.id) == ["expected", "absent", "explained"]
    await mum.tap(data=f"ma:{alarm.id}:not_here", message=question)
    assert now(mum, question).text == f"{name}的情况已于 14:50 确认，不用再答复。"


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
        assert sum(noted == message.text for message in parent.messages) == 2, "the question says so as well"
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


async def test_closed_from_the_list_in_own_words(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, name, _family = await with_family(stage)
    await missing(teacher, child)
    await teacher.tap("打开名单")
    await teacher.tap(f"✗{child.number} ")
    teacher.reads("未答复")
    await teacher.tap("写明原因并结束")
    await teacher.send("长" * 201)
    teacher.reads("200")
    await teacher.tap("‹ 返回", message=next(m for m in reversed(teacher.messages) if m.buttons()))
    await teacher.send("外公说在医院")
    teacher.reads("现在不需要输入文字")
    assert (await alarms(stage, child))[0].closed_at is None
    await teacher.send("/checkin")
    await teacher.tap(f"✗{child.number} ")
    await teacher.tap("写明原因并结束")
    await teacher.send("/checkin")
    await teacher.send("王老师你在吗")  # said to somebody else: no reason of anything any more
    teacher.reads("现在不需要输入文字")
    await teacher.tap(f"✗{child.number} ")
    await teacher.tap("写明原因并结束")
    await teacher.send("/help")
    await teacher.send("在图书馆")
    outdated = data_of(last(teacher), "✔ 不在校：结束警报")
    await teacher.send("外公说 <b>在医院</b>")
    teacher.reads(f"2(3)班{name}：“外公说 <b>在医院</b>”。孩子确实不在校吗？")
    await teacher.tap(data=outdated)  # which asked about other words
    assert (await alarms(stage, child))[0].closed_at is None
    await teacher.tap("✔ 不在校：结束警报")
    teacher.reads("结束：外公说 <b>在医院</b>")
    (alarm,) = await alarms(stage, child)
    assert (alarm.reason, alarm.closed_by) == ("外公说 <b>在医院</b>", person_id(teacher))
    await teacher.send("/checkin")
    assert f"⌂{child.number} {name}" in teacher.buttons
    await teacher.send("再说一句")
    teacher.reads("现在不需要输入文字")


async def test_found_at_school(small_afternoon: Stage) -> None:
    """Words that say where in the school the child is close nothing: the roll says that it is here."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, name, (mum, _dad) = await with_family(stage)
    await missing(teacher, child)
    lead = await lead_of(stage)
    await mum.tap("不在我这里")
    await mum.send("/pickup")
    mum.reads(f"2(3)班{name}：今天点名未到，详情请看 /children。")
    await lead.tap("写明原因并结束")
    await lead.send("在图书馆找到了")
    lead.reads("孩子确实不在校吗？")
    assert await steps(stage, child.id) == ["expected", "absent"]
    await lead.tap("孩子在校：去点名")
    await lead.tap("✓ 到")
    assert await steps(stage, child.id) == ["expected", "absent", "present"]
    assert (await chain(stage, child.id))[-1].holder_id == person_id(teacher)
    mum.reads(f"{name}已到校")
    await lead.send("还有一句")
    lead.reads("现在不需要输入文字")


async def test_two_close_it_and_one_is_told(afternoon: Stage) -> None:
    stage = afternoon
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    child, _name, _family = await with_family(stage)
    await missing(teacher, child)
    await teacher.tap("修改")
    for player in (teacher, homeroom):
        await player.tap("写明原因并结束")
    for player in (teacher, homeroom):
        player._acts.tap(last(player).id, data_of(last(player), "生病，在家"))
    await stage.calm()
    (alarm,) = await alarms(stage, child)
    assert alarm.closed_at is not None and (await steps(stage, child.id)).count("explained") == 1
    for player in (teacher, homeroom):
        player.finds("结束：生病，在家")
    await homeroom.send("还有一句")
    homeroom.finds("结束：生病，在家")
    assert len(await alarms(stage, child)) == 1


async def test_who_may_not(small_afternoon: Stage) -> None:
    """A stranger, another family, a guardian who was restricted since, a teacher of another class: nothing is said."""
    stage = small_afternoon
    await opens(stage)
    await no_care_teacher(stage)
    teacher = await on_duty(stage)
    child, _name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    (alarm,) = await alarms(stage, child)
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Guardianship)
            .where(Guardianship.student_id == child.student_id, Guardianship.person_id == person_id(dad))
            .values(restricted=True)
        )
    other = await stage.homeroom_of("3(5)")
    for player in (dad, other, (await family_of(stage, (await listed(stage, "3(5)"))[0][0].student_id))[0]):
        for data in (f"ma:{alarm.id}:with_me", f"mc:{alarm.id}", f"mb:{alarm.id}", f"mr:{alarm.id}:0"):
            await player.tap(data=data)
            assert player.toasts[-1] in ("没有找到，或者您无权查看。", "This was not found, or you may not see it.")
    for data in (f"mc:{alarm.id}", f"mr:{alarm.id}:0"):
        await mum.tap(data=data)
        assert mum.toasts[-1] in ("没有找到，或者您无权查看。", "您的职责不包含这项操作。")
    for data in ("ma:1", "ma:x:with_me", f"ma:{alarm.id}:on_leave", f"mr:{alarm.id}:9", f"mr:{alarm.id}", "mc:1:2"):
        await teacher.tap(data=data)
        assert teacher.answers[-1].text
    await teacher.tap(data=f"ma:{alarm.id}:with_me")
    assert teacher.toasts[-1] == "您的职责不包含这项操作。"
    (alarm,) = await alarms(stage, child)
    assert (alarm.answer, alarm.closed_at) == ("", None)
    before = len(dad.messages)
    await teacher.send(f"/checkin {child.number}")
    mum.reads("已到校")
    assert len(dad.messages) == before


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


async def test_a_day_that_cannot_close(small_afternoon: Stage) -> None:
    """The duty lead is told which children keep it open, in either language, once."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    child, _name, _family = await with_family(stage)
    await missing(teacher, child)
    lead = await lead_of(stage)
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(lead))).language = "en"
    await stage.at(moment(stage, 20, 1))
    lead.finds("Tue 24 Nov cannot close yet.")
    lead.finds("children are not accounted for:")
    lead.finds("alarms are open.")
    count = len(lead.messages)
    await stage.at(moment(stage, 20, 2))
    assert len(lead.messages) == count
