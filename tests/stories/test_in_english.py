"""A family that reads English: every screen and the paper come in English."""

from __future__ import annotations

import io
import re

from journey import answer_all, apply, forms, open_slip, sign_in_chat, student, to_approved
from pypdf import PdfReader
from sqlalchemy import select
from stage import Stage

from care.records import Agreement, Person, State

CHINESE = re.compile("[\u4e00-\u9fff]+")
NAMES = {"学年第一学期", "澹台书院", "各班教室", "专用场地", "东门", "西门"}
"""What is a name of the school's own stays as it is."""


def pdf_text(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


async def test_the_whole_way_in_english(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("english_mother")
    await mum.send("/start")
    mum.reads("Hello, this is the after-school care service of Guiyuli Primary School.")
    await open_slip(stage, mum)
    mum.reads("You are the mother of Theo Ashworth, class 3(5).")
    assert mum.commands == [
        "/pickup", "/extended", "/leave", "/children", "/apply", "/withdraw", "/language", "/help", "/cancel",
    ]  # fmt: skip

    await answer_all(mum, young=False)
    mum.reads("Please check the application for Theo Ashworth, class 3(5).")
    mum.finds("Leaves: Collected by an authorised adult only")
    await mum.tap("Confirm and submit")
    mum.reads("Submitted: the application for Theo Ashworth")
    application = await stage.application_of("Theo Ashworth")
    await to_approved(stage, application.id, "3(5)")
    mum.reads("The school has approved the application for Theo Ashworth.")
    await mum.tap("Read and sign the agreement")
    await sign_in_chat(mum, " clara  ashworth", yes="Yes, I sign", sign="Sign", read="Read on")
    mum.finds("Theo Ashworth is enrolled. Here is the signed agreement for your records.")

    (content,) = mum.documents.values()
    text = pdf_text(content)
    assert "Clara Ashworth" in text and "care agreement" in text
    assert set(CHINESE.findall(text)) <= NAMES, "the paper is in the language that was signed"
    (agreement,) = await stage.ask(select(Agreement).where(Agreement.application_id == application.id))
    assert agreement.language == "en" and agreement.typed_name == "clara ashworth"
    assert (await stage.application_of("Theo Ashworth")).state is State.ENROLLED
    left = {word for message in mum.messages for word in CHINESE.findall(message.text)} - NAMES
    assert left == set(), f"Chinese in an English chat: {left}"
    await mum.send("/children")
    await mum.tap("Agreement as PDF")
    assert "agreement-" in next(iter(mum.documents))


async def test_the_app_language_decides_until_one_is_chosen(small_stage: Stage) -> None:
    """A mother whose app speaks English is answered, and later written to, in English."""
    stage = small_stage
    mum = await stage.star("mother")
    mum.user.language = "en"
    await open_slip(stage, mum)
    mum.reads("You are the mother of 林芷若")
    assert await stage.ask(select(Person.language).where(Person.name == "苏婉晴")) == ["en"]
    await apply(mum, young=True)
    await to_approved(stage, (await stage.application_of("林芷若")).id, "2(3)")
    mum.reads("The school has approved the application for 林芷若.")


async def test_a_stranger_chooses_the_language_first(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await mum.send("/start")
    mum.reads("您好")
    await mum.send("/language")
    await mum.tap("English")
    mum.reads("Hello, this is the after-school care service")
    await mum.send("AAAA BBBB CC")
    mum.reads("This code is not known")
    await mum.send("what is this?")
    mum.reads("Hello, this is the after-school care service")
    await mum.send(stage.slip_of(mum))
    mum.reads("You are the mother of 林芷若")
    await mum.send("/help")
    mum.reads("Here is what you can do")


async def test_the_language_changes_in_the_middle_of_the_questions(small_stage: Stage) -> None:
    stage = small_stage
    mum = await stage.star("mother")
    await open_slip(stage, mum)
    await mum.send("/apply")
    await mum.tap("继续阅读")
    await mum.tap("继续阅读")
    old = mum.last
    assert old is not None
    await mum.send("/language")
    await mum.tap("English")
    mum.reads("This chat is now in English.")
    assert "Apply for after-school care" in str(mum.bot.profile.commands_for(mum.user_id, "en"))
    await mum.tap("我已阅读", message=old)
    assert mum.sees("May the school keep 林芷若's data")
    await mum.tap("Yes, I consent")
    await mum.tap("Mon")
    await mum.send("/language")
    await mum.tap("中文")
    await mum.send("你好")
    mum.reads("请点问题下方的按钮")
    child = await student(stage, "林芷若")
    assert (await forms(stage, mum))[f"apply:{child.id}"].answers["weekdays"] == [1]
