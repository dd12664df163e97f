"""The whole way, as a family and a school walk it: from the slip in the school bag to the signed agreement."""

from __future__ import annotations

import io

from pypdf import PdfReader
from sqlalchemy import select
from stage import Player, Stage

from care.enrolment import decide
from care.enrolment.states import Move
from care.records import Agreement, Consent, Event, PickupPerson, State


async def approve(stage: Stage, student: str) -> None:
    """The office approves, as the console does."""
    office = await stage.star("office")
    application = await stage.application_of(student)
    async with stage.school.work(await stage.act_as(office)) as uow:
        await decide(uow, Move.APPROVE, application.id, version=application.version)
    await stage.calm()


async def answer_in_chinese(mum: Player) -> None:
    """Answers every question once; the child is of grade 2, so it is collected only."""
    await mum.send("/apply")
    mum.reads("14:35–17:10")
    for _ in range(3):
        await mum.tap("›")
    mum.reads("同意学校")
    await mum.tap("同意")
    mum.reads("哪几天")
    assert "☑" not in mum.screen()
    await mum.tap("周一")
    await mum.tap("周三")
    await mum.tap("下一步")
    mum.reads("为什么需要")
    await mum.tap("家长下班较晚")
    await mum.send("爸爸长期出差")
    mum.reads("您的说明：爸爸长期出差")
    await mum.tap("下一步")
    mum.reads("澹台书院")
    await mum.tap("周三")
    await mum.tap("下一步")
    mum.reads("还有谁可以接")
    await mum.tap("添加")
    await mum.send("钱秀英")
    await mum.tap("奶奶")
    await mum.send("12345")
    await mum.send("199 0000 7777")
    mum.reads("1. 钱秀英")
    await mum.tap("下一步")
    mum.reads("健康")
    await mum.tap("我同意并填写")
    await mum.send("对花生过敏")
    mum.reads("课程")
    await mum.send("书法")
    mum.reads("请核对")


async def test_from_slip_to_signed_agreement_in_chinese(stage: Stage) -> None:
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    await mum.send(f"/start {stage.slip_of(mum)}")
    mum.reads("您是林芷若的妈妈，2(3)班")

    await answer_in_chinese(mum)
    mum.finds("钱秀英")
    mum.finds("书法")
    assert "花生" not in mum.screen()  # her own message is gone from the chat as well
    await mum.tap("确认提交")
    mum.reads("已提交")

    teacher.reads("林芷若")
    assert "花生" not in teacher.screen()
    await teacher.tap("健康说明")
    assert teacher.toasts[-1] == "对花生过敏"
    teacher.finds("周一、周三")
    await teacher.tap("✔ 通过")
    teacher.reads("已通过")
    mum.reads("班级审核已通过")

    await approve(stage, "林芷若")
    mum.reads("学校已批准")
    assert (await stage.application_of("林芷若")).state is State.APPROVED
    await mum.tap("阅读并签署协议")
    mum.reads("协议")
    while not any("签字" in button for button in mum.buttons):
        await mum.tap("继续阅读")
    await mum.tap("签字")
    mum.reads("请输入您的姓名")
    await mum.send("苏晚晴")
    mum.finds("签名须与学校登记的姓名一致：苏婉晴")
    await mum.send("苏婉晴")
    await mum.tap("确认签署")
    mum.finds("林芷若已参加课后服务")

    application = await stage.application_of("林芷若")
    assert application.state is State.ENROLLED
    (agreement,) = await stage.ask(select(Agreement).where(Agreement.application_id == application.id))
    assert agreement.typed_name == "苏婉晴" and agreement.channel == "web" and len(agreement.text_sha256) == 64
    ((name, pdf),) = mum.documents.items()
    assert name == f"协议书-{application.id}.pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert "林芷若" in text and "苏婉晴" in text
    events = await stage.ask(
        select(Event.action)
        .where(Event.subject == "application", Event.subject_id == application.id)
        .order_by(Event.id)
    )
    assert events == ["submitted", "passed", "approved", "signed", "enrolled"]
    adults = await stage.ask(select(PickupPerson).where(PickupPerson.application_id == application.id))
    assert [(a.name, a.phone) for a in adults] == [("钱秀英", "19900007777")]
    kinds = await stage.ask(select(Consent.kind).where(Consent.student_id == application.student_id))
    assert {kind.value for kind in kinds} == {"minor_data", "health"}
    assert application.health_note is not None and "花生".encode() not in application.health_note
