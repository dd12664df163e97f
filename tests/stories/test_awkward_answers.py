"""What people really type and send: markup, braces, emoji, much too long, pictures, commands in the middle."""

from __future__ import annotations

import pytest
from journey import (
    ZH,
    forms,
    in_state,
    open_slip,
    read_all,
    student,
    submit_for,
    to_approved,
)
from sqlalchemy import select, update
from stage import Player, Stage

from care.records import Application, PickupPerson, State, Student, TextKind
from care.term import NewText, publish_text

NAME = "名\n字"
ODD = ["<b>=1+1</b>", "{child}", "%s %(child)s", "👩‍👧 奶奶", "O'Brien; DROP TABLE", "_*[x](y)*_", NAME]


async def at_pickup(mum: Player) -> None:
    await mum.send("/apply")
    await read_all(mum)
    for key in ("yes", "day", "next", "need", "next", "no_extended"):
        await mum.tap(ZH[key])


@pytest.mark.parametrize("odd", ODD)
async def test_odd_names_and_words_come_back_as_typed(small_stage: Stage, odd: str) -> None:
    stage = small_stage
    mum, teacher = await stage.star("mother"), await stage.homeroom_of("2(3)")
    async with stage.school.work() as uow:
        await uow.session.execute(update(Student).where(Student.name == "林芷若").values(name=odd))
    await open_slip(stage, mum)
    await at_pickup(mum)
    await mum.tap("添加")
    await mum.send(odd)
    if odd != NAME:
        mum.reads("请只输入接送人的全名")
        await mum.send(NAME)
    await mum.tap("其他成年人")
    await mum.send("19900007777")
    await mum.tap(ZH["next"])
    await mum.tap("我同意并填写")
    await mum.send(odd)
    await mum.send(odd)
    mum.reads(odd.splitlines()[0])
    await mum.tap(ZH["submit"])
    application = await stage.application_of(odd)
    (adult,) = await stage.ask(select(PickupPerson.name).where(PickupPerson.application_id == application.id))
    assert adult == "名 字"
    assert application.courses_wished == odd
    assert stage.school.keys.open(application.health_note or b"") == odd
    card = teacher.last
    await teacher.tap("健康说明")
    assert teacher.toasts[-1] == odd
    assert teacher.last == card
    await teacher.tap("退回修改")
    await teacher.send(f"请补 {odd}")
    mum.reads(f"“请补 {odd}”")
    await mum.tap("申请表 PDF") if "申请表 PDF" in mum.buttons else await mum.tap(data=f"pdf:{application.id}")
    assert mum.documents, "the paper shows odd words, too"


async def test_much_too_long_at_every_question(small_stage: Stage) -> None:
    """4,096 characters: one sentence says the limit, the question stays, nothing given is lost."""
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    endless = "长" * 4096
    child = await student(stage, "林芷若")
    flow = f"apply:{child.id}"

    async def stays(step: str, sentence: str) -> None:
        before = (await forms(stage, mum))[flow].answers
        await mum.send(endless)
        mum.reads(sentence)
        form = (await forms(stage, mum))[flow]
        assert (form.step, form.answers) == (step, before)

    await mum.send("/apply")
    await stays("info", "请点问题下方的按钮")
    await read_all(mum)
    await stays("consent", "请点问题下方的按钮")
    await mum.tap(ZH["yes"])
    await stays("weekdays", "请点问题下方的按钮")
    await mum.tap(ZH["day"])
    await mum.tap(ZH["next"])
    await stays("needs", "请控制在 500 字以内")
    await mum.tap(ZH["need"])
    await mum.tap(ZH["next"])
    await stays("extended", "请点问题下方的按钮")
    await mum.tap(ZH["no_extended"])
    await stays("pickup", "请点问题下方的按钮")
    await mum.tap("添加")
    await stays("pickup_name", "不超过 40 字")
    await mum.send("钱秀英")
    await stays("pickup_relation", "请点问题下方的按钮")
    await mum.tap("奶奶")
    await stays("pickup_phone", "这不是电话号码")
    await mum.send("19900007777")
    await mum.tap(ZH["next"])
    await stays("health", "请先点按同意")
    await mum.tap("我同意并填写")
    await stays("health_words", "请控制在 500 字以内")
    await mum.send("长" * 500)
    await stays("courses", "请控制在 500 字以内")
    await mum.send("长" * 500)
    await stays("summary", "请点问题下方的按钮")
    await mum.tap("✎ 原因")
    await mum.send("长" * 500)
    await mum.tap(ZH["next"])
    await mum.tap(ZH["submit"])
    mum.reads("已提交")
    teacher = await stage.homeroom_of("2(3)")
    teacher.finds("林芷若")
    assert not await stage.ask(select(Application.id).where(Application.courses_wished == endless))


async def test_another_reason_needs_words(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await read_all(mum)
    for label in (ZH["yes"], ZH["day"], ZH["next"], ZH["need"], "其他原因", ZH["next"]):
        await mum.tap(label)
    assert mum.toasts[-1] == "您选择了“其他原因”，请输入具体原因。"
    await mum.send("爷爷住院")
    await mum.tap("删除我的说明")
    mum.misses("您的说明：爷爷住院\n")
    await mum.tap(ZH["next"])
    assert mum.toasts[-1] == "您选择了“其他原因”，请输入具体原因。"
    await mum.send("爷爷住院")
    await mum.tap(ZH["next"])
    mum.reads("延时托管")


async def test_six_adults_and_no_seventh(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await at_pickup(mum)
    for number in range(6):
        await mum.tap("添加")
        await mum.send(f"{'很长的名字' * 7}{'甲乙丙丁戊己'[number]}")
        await mum.tap("其他成年人")
        await mum.send(f"1990000777{number}")
    assert not any("添加" in button for button in mum.buttons)
    child = await student(stage, "林芷若")
    version = (await forms(stage, mum))[f"apply:{child.id}"].version
    await mum.tap(data=f"f:{child.id}:{version}:add")
    assert mum.toasts[-1] == "最多可填写 6 位接送人。"
    for label in (ZH["next"], ZH["no_note"], ZH["no_courses"], ZH["submit"]):
        await mum.tap(label)
    application = await stage.application_of("林芷若")
    adults = await stage.ask(select(PickupPerson).where(PickupPerson.application_id == application.id))
    assert len(adults) == 6 and len({adult.name for adult in adults}) == 6


async def test_long_texts_are_read_page_by_page(small_stage: Stage) -> None:
    """Service, criteria and agreement of 20,000 characters: every page is shown, none is cut."""
    stage = small_stage
    mum, teacher, office = await stage.star("mother"), await stage.homeroom_of("2(3)"), await stage.star("office")
    body = "\n\n".join(f"第{number}条。" + "规" * 190 for number in range(1, 100))[:19990]
    await open_slip(stage, mum)
    term_id = (await in_state(stage, State.ENROLLED))[0].term_id
    async with stage.school.work(await stage.act_as(office)) as uow:
        for kind in (TextKind.SERVICE, TextKind.CRITERIA, TextKind.AGREEMENT):
            await publish_text(uow, term_id, kind, [NewText("zh_CN", "长文", body)])
    await mum.send("/apply")
    pages = 0
    while not any(ZH["yes"] in button for button in mum.buttons):
        assert mum.last is not None and len(mum.last.text) <= 4096
        pages += 1
        await mum.tap("›")
    assert pages > 12
    application = await submit_for(stage, mum, "林芷若")
    await teacher.send("/review")
    await teacher.tap(data=f"rc:{application.id}")
    seen = ""
    while True:
        assert teacher.last is not None
        seen += teacher.last.text
        if not any("继续阅读" in button for button in teacher.buttons):
            break
        await teacher.tap("继续阅读")
    assert "第96条" in seen
    await teacher.tap("返回申请")
    teacher.reads("林芷若，2(3)班")
    await to_approved(stage, application.id, "2(3)")
    await mum.tap("阅读并签署协议")
    seen = ""
    while not any("签字" in button for button in mum.buttons):
        assert mum.last is not None
        seen += mum.last.text
        await mum.tap("继续阅读")
    assert all(f"第{number}条" in seen + mum.screen() for number in range(1, 97))


async def test_pictures_files_and_commands_keep_the_form(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await at_pickup(mum)
    await mum.tap("添加")
    child = await student(stage, "林芷若")
    before = (await forms(stage, mum))[f"apply:{child.id}"]
    await mum.send_file("photo.jpg", b"\xff\xd8\xff", "image/jpeg")
    mum.reads("这里只能识别文字和按钮")
    await mum.send_file("voice.ogg", b"OggS", "audio/ogg")
    mum.reads("这里只能识别文字和按钮")
    for command in ("/help", "/children", "/language", "/start", "/nonsense", "/review"):
        await mum.send(command)
    after = (await forms(stage, mum))[f"apply:{child.id}"]
    assert (after.step, after.answers, after.version) == (before.step, before.answers, before.version)
    await mum.send("钱秀英")
    mum.reads("钱秀英是林芷若的什么人")


async def test_cancel_keeps_goes_on_and_deletes(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await at_pickup(mum)
    await mum.send("/cancel")
    mum.reads("填写的内容已保留")
    kept = mum.last
    await mum.send("钱秀英")
    mum.reads("这里输入的文字没有人看")
    await mum.tap("继续填写", message=kept)
    mum.finds("还有谁可以接")
    await mum.send("/cancel")
    await mum.send("/cancel")
    mum.reads("没有可取消的事项")
    await mum.send("/apply")
    mum.reads("您为林芷若填写的申请还没有完成")
    await mum.tap("继续填写")
    await mum.send("/cancel")
    await mum.tap("删除填写的内容")
    mum.finds("填写的内容已删除")
    child = await student(stage, "林芷若")
    assert (await forms(stage, mum))[f"apply:{child.id}"].answers == {}
    await mum.tap(data=f"fg:on:{child.id}")
    mum.reads("14:35–17:10")


async def test_no_consent_keeps_nothing(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await read_all(mum)
    await mum.tap("不同意")
    mum.reads("不提交申请，也不保存任何内容")
    child = await student(stage, "林芷若")
    form = (await forms(stage, mum))[f"apply:{child.id}"]
    assert (form.step, form.answers) == ("", {})
    assert await stage.ask(select(Application.id).where(Application.student_id == child.id)) == []
    await mum.send("/apply")
    mum.reads("14:35–17:10")
