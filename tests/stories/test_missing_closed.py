"""A child that should be there and is not: who closes the alarm, how, and who may not."""

from __future__ import annotations

from missing_steps import alarms, care_teacher, missing, with_family
from roll_steps import (
    chain,
    data_of,
    family_of,
    last,
    lead_of,
    listed,
    moment,
    no_care_teacher,
    on_duty,
    opens,
    person_id,
    steps,
)
from sqlalchemy import update
from stage import Stage

from care.records import Guardianship, Person


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
    for nothing in ("ok", "1", "。"):
        await teacher.send(nothing)
        teacher.reads("请用几个字写明原因")
    await teacher.send("长" * 201)
    teacher.reads("200")
    await teacher.tap("‹ 返回", message=next(m for m in reversed(teacher.messages) if m.buttons()))
    await teacher.send("外公说在医院")
    teacher.reads("这里输入的文字没有人看")
    assert (await alarms(stage, child))[0].closed_at is None
    await teacher.send("/checkin")
    await teacher.tap(f"✗{child.number} ")
    await teacher.tap("写明原因并结束")
    await teacher.send("/checkin")
    await teacher.send("王老师你在吗")  # said to somebody else: no reason of anything any more
    teacher.reads("这里输入的文字没有人看")
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
    teacher.reads("这里输入的文字没有人看")


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
    lead.reads("这里输入的文字没有人看")


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
