"""One chat, several conversations at a time: no word goes to the wrong one."""

from __future__ import annotations

from journey import ZH, again, applicant, decides, in_state, open_slip, read_all, submit_for, to_approved
from sqlalchemy import select, update
from stage import Stage

from care.enrolment import Move
from care.records import Application, Person, State


async def test_a_teacher_who_is_also_a_mother(small_stage: Stage) -> None:
    """She decides about her class and applies for her own child at the same time: no word goes astray."""
    stage = small_stage
    (mother_in_school,) = await stage.ask(select(Person).where(Person.name == "孟慧蓉"))
    both = stage.persona(mother_in_school.id)
    await _make_way_for(stage, "何书宁")
    (submitted, *_) = await in_state(stage, State.SUBMITTED, "4(2)") or await _one_for(stage, "4(2)")
    await both.send("/review")
    await both.tap(data=f"rv:returned:{submitted.id}:{submitted.version}")
    both.reads("需要改什么")
    await both.send("/apply")
    await read_all(both)
    for key in ("yes", "day", "next", "need", "next", "no_extended"):
        await both.tap(ZH[key])
    await both.tap("添加")
    await both.send("何奶奶")
    both.reads("何奶奶是何书宁的什么人")
    assert (await again(stage, submitted.id)).state is State.SUBMITTED, "the name was not sent to a family"
    await both.tap("奶奶")
    await both.send("19900007777")
    for key in ("next", "no_note", "no_courses", "submit"):
        await both.tap(ZH[key])
    both.reads("已提交")
    await both.send("谢谢")
    both.reads("需要改什么")
    assert (await again(stage, submitted.id)).state is State.SUBMITTED, "a late word is not the remark"
    await both.send("请补充电话")
    both.reads("已退回，家长收到：请补充电话")
    assert (await again(stage, submitted.id)).state is State.RETURNED
    assert (await stage.application_of("何书宁")).state is State.SUBMITTED


async def _make_way_for(stage: Stage, child: str) -> None:
    """Withdraws the application that the demonstration has for a child."""
    application = await stage.application_of(child)
    family = await applicant(stage, application)
    await family.send("/withdraw")
    await family.tap("自今天 11月23日 周一 起")
    await family.tap("确认自 11月23日 周一 起退出")
    assert (await again(stage, application.id)).state is State.WITHDRAWN


async def _one_for(stage: Stage, class_name: str) -> list[Application]:
    reviewed = await in_state(stage, State.REVIEWED, class_name)
    await decides(stage, await stage.star("office"), Move.RETURN, reviewed[0].id, "请核对")
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Application).where(Application.id == reviewed[0].id).values(state=State.SUBMITTED)
        )
    return await in_state(stage, State.SUBMITTED, class_name)


async def test_an_application_begun_while_a_name_is_awaited(small_stage: Stage) -> None:
    """The twins' father signs for one and applies for the other: his name is asked for again before it counts."""
    stage = small_stage
    dad = await stage.star("twins_father")
    await open_slip(stage, dad)
    application = await submit_for(stage, dad, "陆子砚")
    await to_approved(stage, application.id, "1(2)")
    await dad.tap("阅读并签署协议")
    while not any("签字" in button for button in dad.buttons):
        await dad.tap("继续阅读")
    await dad.tap("签字")
    await dad.send("/apply")
    await dad.tap("陆子衡")
    await read_all(dad)
    await dad.tap("不同意")
    await dad.send("陆绍源")
    dad.reads("请输入您的姓名")
    assert (await again(stage, application.id)).state is State.APPROVED
    await dad.send("陆绍源")
    await dad.tap("确认签署")
    dad.finds("陆子砚已参加课后服务")


async def test_a_day_awaited_is_not_answered_by_the_way(small_stage: Stage) -> None:
    """A date typed after another conversation is not taken for the day of leaving."""
    stage = small_stage
    (enrolled, *_) = await in_state(stage, State.ENROLLED, "3(4)")
    family = await applicant(stage, enrolled)
    await family.send("/withdraw")
    await family.send("/cancel")
    family.reads("已取消，未作任何改动")
    await family.send("2026-12-01")
    family.reads("这里输入的文字没有人看")
    assert (await again(stage, enrolled.id)).leaves_on is None
    await family.send("/withdraw")
    await family.send("2026-12-01")
    await family.tap("确认自 12月1日 周二 起退出")
    assert str((await again(stage, enrolled.id)).leaves_on) == "2026-12-01"
