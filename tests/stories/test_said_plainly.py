"""Small words that were misleading: a second tap, a wrong name, a note before consent, a named language."""

from __future__ import annotations

from datetime import datetime

from journey import ZH, again, answer_all, open_slip, read_all, student, submit_for
from sqlalchemy import select
from stage import Stage

from care.records import Application, Person, State
from care.records.delivery import Form


async def test_confirming_twice_says_that_it_has_arrived(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await answer_all(mum, young=True)
    summary = mum.last
    await mum.tap(ZH["submit"])
    await mum.tap(ZH["submit"], message=summary)
    assert mum.toasts[-1] == "林芷若的申请学校已收到：待班级审核。"
    child = await student(stage, "林芷若")
    assert len(await stage.ask(select(Application.id).where(Application.student_id == child.id))) == 1


async def test_a_wrong_name_is_refused_before_the_confirmation(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    application = await submit_for(stage, mum, "林芷若")
    async with stage.school.work() as uow:
        (await uow.session.get_one(Application, application.id)).state = State.APPROVED
    await mum.send("/children")
    await mum.tap("阅读并签署协议")
    while not any("签字" in button for button in mum.buttons):
        await mum.tap("继续阅读")
    await mum.tap("签字")
    await mum.send("苏")
    mum.reads("苏婉晴")
    assert not mum.offered
    await mum.send("苏婉晴")
    await mum.tap("确认签署")
    assert (await again(stage, application.id)).state is State.ENROLLED


async def test_a_note_typed_before_consent_leaves_the_chat_and_is_not_kept(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await read_all(mum)
    for key in ("yes", "day", "next", "need", "next", "no_extended", "nobody"):
        await mum.tap(ZH[key])
    mum.reads("下午看护孩子的其他老师看不到")
    await mum.send("花生过敏")
    mum.reads("没有保存")
    mum.misses("花生")
    for form in await stage.ask(select(Form)):
        assert "花生" not in str(form.answers) and not form.answers.get("health")


async def test_a_language_named_with_the_command_is_taken(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    for said, language, answer in (("en", "en", "English"), ("中文", "zh_CN", "中文"), ("English", "en", "English")):
        await mum.send(f"/language {said}")
        mum.finds(answer)
        (person,) = await stage.ask(select(Person).where(Person.name == "苏婉晴"))
        assert person.language == language
    await mum.send("/language xx")
    mum.reads("Please choose a language")


async def test_no_sign_in_on_a_day_without_extended_care(small_stage: Stage) -> None:
    stage = small_stage
    head = await stage.star("head")
    await head.send("/extended")
    assert "延时托管签到" in head.offered
    await stage.at(datetime(2026, 11, 29, 16, 0, tzinfo=stage.school.zone))
    await head.send("/extended")
    head.reads("今天没有延时托管")
    assert "延时托管签到" not in head.offered
