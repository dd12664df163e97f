"""A keyboard stays clickable for ever: every old button says how things stand now, and changes nothing."""

from __future__ import annotations

from datetime import timedelta

from journey import (
    ZH,
    again,
    answer_all,
    applicant,
    decides,
    forms,
    in_state,
    open_slip,
    sign_in_chat,
    student,
    submit_for,
    to_approved,
)
from sqlalchemy import select
from stage import Player, Stage

from care.enrolment import Move
from care.records import Agreement, State, TextKind
from care.term import NewText, publish_text

STALE = "情况已有变化，请查看最新状态后再决定。"


async def ready_to_sign(stage: Stage) -> tuple[Player, int]:
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    application = await submit_for(stage, mum, "林芷若")
    await to_approved(stage, application.id, "2(3)")
    return mum, application.id


async def publish(stage: Stage, term_id: int, body: str, kind: TextKind = TextKind.AGREEMENT) -> None:
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        await publish_text(uow, term_id, kind, [NewText("zh_CN", "新版协议书", body), NewText("en", "New", body)])


async def test_a_button_of_an_earlier_question(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await mum.tap("继续阅读")
    old = mum.last
    assert old is not None
    token = old.buttons()[0][-1]["callback_data"]
    for label in ("继续阅读", "我已阅读", ZH["yes"], "周一", ZH["next"]):
        await mum.tap(label)
    await mum.tap(data=str(token), message=old)
    assert mum.toasts[-1] == "那是之前的问题，现在的问题在下面。"
    mum.reads("为什么需要")
    child = await student(stage, "林芷若")
    assert (await forms(stage, mum))[f"apply:{child.id}"].answers["weekdays"] == [1]


async def test_the_choice_of_a_child_tapped_again_loses_nothing(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    child = await student(stage, "林芷若")
    await mum.tap(data=f"ap:{child.id}")
    mum.reads("您为林芷若填写的申请还没有完成")
    await mum.tap("继续填写")
    mum.reads("请核对")


async def test_a_button_after_the_submission(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    summary = str(mum.last.buttons()[0][0]["callback_data"])  # type: ignore[union-attr]
    await mum.tap(ZH["submit"])
    before = await stage.application_of("林芷若")
    await mum.tap(data=summary)
    assert mum.toasts[-1] == "林芷若的申请学校已收到：待班级审核。"
    await mum.tap(data=f"ap:{before.student_id}")
    assert mum.toasts[-1] == "该学生本学期已有申请，不能重复提交。"
    assert (await again(stage, before.id)).version == before.version


async def test_a_double_tap_removes_one_adult(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    await mum.tap("✎ 接送人")
    for name, phone in (("钱秀英", "19900007777"), ("林国强", "19900007778")):
        await mum.tap("添加")
        await mum.send(name)
        await mum.tap("其他成年人")
        await mum.send(phone)
    token = str(mum.last.buttons()[0][0]["callback_data"])  # type: ignore[union-attr]
    await mum.tap(data=token)
    await mum.tap(data=token)
    mum.reads("1. 林国强")


async def test_a_review_card_after_the_decision(small_stage: Stage) -> None:
    stage = small_stage
    (application, *_) = await in_state(stage, State.SUBMITTED, "2(3)")
    teacher, leader = await stage.homeroom_of("2(3)"), await stage.star("grade_leader")
    await teacher.send("/review")
    await teacher.tap(data=f"ro:{application.id}")
    await decides(stage, leader, Move.REFUSE, application.id, "不在范围内")
    await teacher.tap("✔ 通过")
    assert teacher.toasts[-1] == STALE
    teacher.reads("未通过")
    assert not any("✔ 通过" in button for button in teacher.buttons)
    assert (await again(stage, application.id)).state is State.REFUSED


async def test_a_newer_text_must_be_read_before_signing(small_stage: Stage) -> None:
    stage = small_stage
    mum, number = await ready_to_sign(stage)
    await mum.tap("阅读并签署协议")
    while not any("签字" in button for button in mum.buttons):
        await mum.tap("继续阅读")
    last_page = mum.last
    await publish(stage, (await again(stage, number)).term_id, "第二版的全文。")
    await mum.tap("签字", message=last_page)
    assert mum.toasts[-1] == "学校已发布新版协议，请阅读新版后再签字。"
    await mum.send("/children")
    await mum.tap("阅读并签署协议")
    mum.reads("第二版的全文")
    await mum.tap("签字")
    await mum.send("苏婉晴")
    await publish(stage, (await again(stage, number)).term_id, "第三版的全文。")
    await mum.tap("确认签署")
    mum.reads("学校已发布新版协议")
    assert (await again(stage, number)).state is State.APPROVED
    await mum.tap("阅读并签署协议")
    mum.reads("第三版的全文")
    await sign_in_chat(mum, "苏婉晴")
    (agreement,) = await stage.ask(select(Agreement).where(Agreement.application_id == number))
    assert agreement.text_version == 3


async def test_a_text_that_changes_between_two_pages(small_stage: Stage) -> None:
    stage = small_stage
    mum, number = await ready_to_sign(stage)
    term_id = (await again(stage, number)).term_id
    await publish(stage, term_id, "甲" * 5000)
    await mum.send("/children")
    await mum.tap("阅读并签署协议")
    await publish(stage, term_id, "乙" * 5000)
    await mum.tap("继续阅读")
    assert mum.toasts[-1] == "学校已发布新版协议，请阅读新版后再签字。"
    mum.reads("第 1/2 页")
    mum.reads("乙乙乙")


async def test_signed_by_a_double_tap_and_by_an_old_name(small_stage: Stage) -> None:
    stage = small_stage
    mum, number = await ready_to_sign(stage)
    await mum.tap("阅读并签署协议")
    while not any("签字" in button for button in mum.buttons):
        await mum.tap("继续阅读")
    await mum.tap("签字")
    await mum.send("苏 婉晴")
    older = mum.last
    await mum.send("苏婉晴")
    right = mum.last
    await mum.tap("确认签署", message=older)
    assert mum.toasts[-1] == "这个问题已经结束。"
    assert (await again(stage, number)).state is State.APPROVED
    await mum.tap("确认签署", message=right)
    await mum.tap("确认签署", message=right)
    assert mum.toasts[-1] == "这个问题已经结束。"
    assert len(await stage.ask(select(Agreement).where(Agreement.application_id == number))) == 1
    await mum.tap(data=f"sg:{number}:0")
    assert mum.toasts[-1] == STALE


async def test_put_off_then_signed(small_stage: Stage) -> None:
    stage = small_stage
    mum, number = await ready_to_sign(stage)
    await mum.tap("阅读并签署协议")
    while not any("签字" in button for button in mum.buttons):
        await mum.tap("继续阅读")
    await mum.tap("签字")
    await mum.send("苏婉晴")
    await mum.tap("暂不签署")
    mum.reads("尚未签署")
    assert (await again(stage, number)).state is State.APPROVED
    await mum.send("/children")
    await mum.tap("阅读并签署协议")
    await sign_in_chat(mum, "苏 婉晴")
    mum.finds("林芷若已参加课后服务")


async def test_withdrawn_twice(small_stage: Stage) -> None:
    stage = small_stage
    (enrolled, *_) = await in_state(stage, State.ENROLLED, "3(4)")
    family = await applicant(stage, enrolled)
    await family.send("/withdraw")
    question = family.last
    await family.tap("自今天 11月23日 周一 起", message=question)
    await family.tap("确认自 11月23日 周一 起退出")
    after = await again(stage, enrolled.id)
    await family.tap("自 11月24日 周二 起", message=question)
    assert family.toasts[-1] == STALE
    now = await again(stage, enrolled.id)
    assert (now.state, now.version, now.leaves_on) == (State.WITHDRAWN, after.version, after.leaves_on)


async def test_old_buttons_of_a_day_are_still_answered_after_weeks(small_stage: Stage) -> None:
    stage = small_stage
    mum, number = await ready_to_sign(stage)
    letter = mum.last
    await stage.at(stage.school.clock.now() + timedelta(days=21))
    await mum.tap("阅读并签署协议", message=letter)
    mum.reads("协议")
    assert (await again(stage, number)).state is State.APPROVED


async def test_the_second_of_two_taps_sees_what_the_first_one_did(stage: Stage) -> None:
    teacher = await stage.homeroom_of("2(3)")
    (application, *_) = await in_state(stage, State.SUBMITTED, "2(3)")
    await teacher.send("/review")
    await teacher.tap(data=f"ro:{application.id}")
    card = teacher.last
    assert card is not None
    tapped = f"rv:passed:{application.id}:{application.version}"
    await teacher.tap(data=tapped)
    teacher.finds("✔ 已通过")
    await teacher.tap(data=tapped, message=card)
    teacher.finds("✔ 已通过")
    assert not any("情况已有变化" in toast for toast in teacher.toasts)


async def test_cancelling_a_remark_brings_the_application_back(small_stage: Stage) -> None:
    teacher = await small_stage.homeroom_of("2(3)")
    (application, *_) = await in_state(small_stage, State.SUBMITTED, "2(3)")
    await teacher.send("/review")
    await teacher.tap(data=f"ro:{application.id}")
    await teacher.tap("退回修改")
    await teacher.send("/cancel")
    assert any("✔ 通过" in button for button in teacher.buttons)
