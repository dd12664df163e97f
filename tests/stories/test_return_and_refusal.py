"""An application comes back with a remark, is corrected without typing all again, or is refused and made anew."""

from __future__ import annotations

from journey import again, answer_all, apply, decides, forms, open_slip, sign_in_chat, student, submit_for
from sqlalchemy import select
from stage import Stage

from care.enrolment import Move
from care.records import Event, State

REMARK = "请写清楚接送人的电话"


async def timeline(stage: Stage, application_id: int) -> list[tuple[str, str, str]]:
    query = select(Event).where(Event.subject == "application", Event.subject_id == application_id).order_by(Event.id)
    return [(event.action, event.actor_name, event.remark) for event in await stage.ask(query)]


async def test_returned_corrected_passed(stage: Stage) -> None:
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    await open_slip(stage, mum)
    await apply(mum, young=True)
    first = await stage.application_of("林芷若")
    teacher.reads("林芷若")
    await teacher.tap("退回修改")
    teacher.reads("林芷若的申请需要改什么")
    await teacher.send("字" * 501)
    teacher.reads("请控制在 500 字以内")
    await teacher.send(REMARK)
    teacher.reads("已退回，家长收到：" + REMARK)
    mum.reads("“" + REMARK + "”")

    await mum.tap("修改申请")
    mum.reads("学校的意见：" + REMARK)
    mum.reads("日期：周一")
    mum.reads("原因：家长下班较晚")
    await mum.tap("✎ 接送人")
    await mum.tap("添加")
    await mum.send("钱秀英")
    await mum.tap("奶奶")
    await mum.send("19900007777")
    await mum.tap("下一步")
    mum.reads("学校的意见：" + REMARK)
    mum.reads("钱秀英")
    await mum.tap("确认提交")
    second = await stage.application_of("林芷若")
    assert (second.id, second.state, second.weekdays) == (first.id, State.SUBMITTED, first.weekdays)
    teacher.reads("家长已修改并重新提交")
    teacher.finds("钱秀英")
    await teacher.tap("✔ 通过")
    assert await timeline(stage, first.id) == [
        ("submitted", "苏婉晴", ""),
        ("returned", teacher.user.name, REMARK),
        ("submitted", "苏婉晴", ""),
        ("passed", teacher.user.name, ""),
    ]


async def test_a_correction_is_not_lost_by_looking_elsewhere(small_stage: Stage) -> None:
    stage = small_stage
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    await open_slip(stage, mum)
    application = await submit_for(stage, mum, "林芷若")
    await decides(stage, teacher, Move.RETURN, application.id, REMARK)
    await mum.tap("修改申请")
    await mum.tap("✎ 课程")
    await mum.send("围棋")
    await mum.send("/children")
    await mum.tap("修改申请")
    mum.reads("课程意愿：围棋")
    await mum.send("/cancel")
    await mum.send("/apply")
    mum.reads("您为林芷若填写的申请还没有完成")
    await mum.tap("继续填写")
    mum.reads("课程意愿：围棋")
    await mum.send("/apply")
    await mum.tap("重新填写")
    mum.reads("修改的内容已放弃")
    assert (await again(stage, application.id)).state is State.RETURNED


async def test_the_school_returns_too(small_stage: Stage) -> None:
    """By the command of the console; the timeline names who and why."""
    stage = small_stage
    mum, office = await stage.star("mother"), await stage.star("office")
    await open_slip(stage, mum)
    application = await submit_for(stage, mum, "林芷若")
    await decides(stage, await stage.homeroom_of("2(3)"), Move.PASS, application.id)
    await decides(stage, office, Move.RETURN, application.id, "请补充原因")
    mum.reads("“请补充原因”")
    assert (await timeline(stage, application.id))[-1] == ("returned", office.user.name, "请补充原因")


async def test_refused_then_applied_again(stage: Stage) -> None:
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    await open_slip(stage, mum)
    first = await submit_for(stage, mum, "林芷若")
    await teacher.tap("不通过")
    await teacher.tap("返回")
    assert any("✔ 通过" in button for button in teacher.buttons)
    await teacher.tap("不通过")
    await teacher.send("材料不全，<b>请</b>补齐 {child}")
    mum.reads("“材料不全，<b>请</b>补齐 {child}”")
    assert (await again(stage, first.id)).state is State.REFUSED

    await mum.send("/children")
    mum.reads("未通过")
    await mum.tap("重新申请")
    await answer_all(mum, young=True, start="")
    await mum.tap("确认提交")
    second = await stage.application_of("林芷若")
    assert second.id != first.id and second.state is State.SUBMITTED
    await mum.send("/children")
    mum.reads("待班级审核")


async def test_a_father_of_twins_loses_neither_draft(small_stage: Stage) -> None:
    stage = small_stage
    dad = await stage.star("twins_father")
    await open_slip(stage, dad)
    await dad.send("/apply")
    dad.reads("为哪个孩子申请")
    await dad.tap("陆子砚")
    choice = dad.last
    await answer_all(dad, young=True, start="")
    await dad.send("/apply")
    dad.reads("您为陆子砚填写的申请还没有完成")
    await dad.tap("为其他孩子申请")
    await dad.tap("陆子衡")
    await dad.tap("›")
    ids = [(await student(stage, name)).id for name in ("陆子砚", "陆子衡")]
    kept = await forms(stage, dad)
    assert [kept[f"apply:{number}"].step for number in ids] == ["summary", "info"]

    await dad.send("/apply")
    dad.reads("您有几份申请还没有填完")
    await dad.tap("继续：陆子砚")
    dad.reads("请核对陆子砚")
    await dad.tap("确认提交")
    dad.reads("陆子砚（1(2)班）的申请已提交")
    assert choice is not None
    await dad.tap("为陆子衡申请")
    dad.reads("您为陆子衡填写的申请还没有完成")
    await dad.tap("继续填写")
    await answer_all(dad, young=True, start="")
    await dad.tap("确认提交")
    made = [await stage.application_of(name) for name in ("陆子砚", "陆子衡")]
    assert [(a.student_id, a.state) for a in made] == [(number, State.SUBMITTED) for number in ids]
    await dad.send("/apply")
    dad.reads("陆子衡：待班级审核")
    assert dad.buttons == [] or "陆子" not in dad.buttons[-1]


async def test_a_second_child_of_one_chat(small_stage: Stage) -> None:
    """Mother of a child in 1(3) and one in 4(6): applies for each, signs for one while the other waits."""
    stage = small_stage
    dad = await stage.star("twins_father")
    await open_slip(stage, dad)
    for name in ("陆子砚", "陆子衡"):
        await submit_for(stage, dad, name)
    one, two = await stage.application_of("陆子砚"), await stage.application_of("陆子衡")
    teacher, office = await stage.homeroom_of("1(2)"), await stage.star("office")
    await decides(stage, teacher, Move.PASS, one.id)
    await decides(stage, office, Move.APPROVE, one.id)
    await dad.send("/children")
    dad.reads("已批准，待签协议")
    dad.reads("待班级审核")
    await dad.tap("阅读并签署协议 · 陆子砚")
    await sign_in_chat(dad, "陆绍源")
    dad.finds("陆子砚已参加课后服务")
    assert (await again(stage, one.id)).state is State.ENROLLED
    assert (await again(stage, two.id)).state is State.SUBMITTED
