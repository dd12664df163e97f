"""/pickup: somebody for one day, with a code to read out, forward or print."""

from __future__ import annotations

import asyncio
from io import BytesIO

import pytest
from pickup_slip import code_on
from pypdf import PdfReader
from sqlalchemy import select
from stage import Stage
from way_home import at, count, day_child, family, id_of, marked, released, speaks_english, stopped, with_adult

from care.errors import NotAllowed
from care.pickup.adults import may_collect
from care.pickup.codes import whose
from care.records import CareDay, Delegate, PickupPlan
from care.records.people import Person
from care.records.pickup import Adult


async def test_the_slip_can_be_printed_and_opened(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    await with_adult(stage.school, child.student_id)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    await mum.tap("别人来接")
    await mum.tap("钱秀英")
    assert mum.last
    code = code_on(mum.last.text)
    await mum.tap("接送单（PDF）")
    text = "".join(
        "".join(
            page.extract_text() for page in PdfReader(BytesIO(mum.documents["接送单-2026-11-24.pdf"])).pages
        ).split()
    )
    for told in (
        "接送单（仅限一天）",
        "钱秀英作为奶奶/外婆，可以接",
        child.child,
        "2(3)",
        "17:10",
        "东门",
        "11月24日周二",
        code,
    ):
        assert told.replace(" ", "") in text, told


async def test_somebody_for_one_day(home: Stage) -> None:
    stage = home
    child, mum, dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    await mum.tap("别人来接")
    await mum.tap("授权一人当天代接")
    mum.reads(f"11月24日 周二授权谁来接{child.child}？只在当天有效。")
    for no_name in ("12345", "<b>=1+1", "👵", "A", "名" * 41):
        await mum.send(no_name)
        mum.reads("请只输入接送人的全名")
        mum.reads("只在当天有效")
    await mum.send("Mary-Ann O'Neil")
    await mum.tap("阿姨")
    await mum.send("没有电话")
    mum.reads("这不是电话号码")
    await mum.send("+86 199-0000-1111")
    mum.reads("授权Mary-Ann O'Neil（姑姑/阿姨，19900001111）11月24日 周二接")
    question = mum.last
    await mum.tap("✔ 授权")
    assert mum.last
    mum.reads("Mary-Ann O'Neil（姑姑/阿姨）11月24日 周二可以接")
    code = code_on(mum.last.text)
    dad.reads(f"由Mary-Ann O'Neil到东门接。（{mum.user.name}告知）")
    assert code in dad.last.text  # type: ignore[union-attr]
    shown = mum.last.text
    await mum.tap("✔ 授权", message=question)
    assert mum.last.text == shown, "the same tap twice shows what it has come to"
    assert not any("已经结束" in toast for toast in mum.toasts)
    assert len(await stage.ask(select(Delegate))) == 1

    await mum.send("/pickup")
    await mum.tap("当天代接：Mary-Ann O'Neil")
    mum.reads(f"接送码：{code}")
    await mum.tap("✖ 取消授权")
    mum.reads("接送码已失效")
    dad.reads(f"{mum.user.name}撤回了今天由谁来接：")
    delegate = (await stage.ask(select(Delegate)))[0]
    async with stage.school.look() as uow:
        row = await whose(uow, code, uow.today)
        assert row is not None and (row.adult, row.adult_id) == (Adult.DELEGATE, delegate.id)
        with pytest.raises(NotAllowed, match="not_authorised"):
            await may_collect(uow, child.student_id, row.adult, row.adult_id, uow.today)
    assert await stage.ask(select(PickupPlan)) == []
    await mum.tap(data=f"puw:{delegate.id}")
    mum.reads("接送码已失效")
    await mum.tap("✔ 授权", message=question)
    assert mum.toasts[-1] == "这次填写已经结束。发送 /pickup 可重新开始。"


async def test_in_english_for_another_day(small_home: Stage) -> None:
    stage = small_home
    child, mum, dad = await family(stage, "3(5)")
    await speaks_english(stage.school, *child.people)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    mum.reads(f"{child.child}, class 3(5): care ends today at 17:25. Please collect at 西门.")
    await mum.tap("Authorise somebody for one day")
    await mum.tap("Another day")
    assert "Sat 28 Nov" not in mum.buttons
    await mum.tap("Fri 27 Nov")
    mum.reads(f"Who may collect {child.child} on Fri 27 Nov, on this day only?")
    await mum.send("Maya Lindqvist")
    await mum.tap("nanny")
    await mum.send("0044 7700 900123")
    mum.reads("Maya Lindqvist (nanny, +447700900123) may collect")
    await mum.tap("Authorise")
    mum.reads("on Fri 27 Nov, on this day only.\nPick-up code: ")
    dad.reads(f"{mum.user.name} has said who comes on Fri 27 Nov:")
    assert mum.last
    code = code_on(mum.last.text)
    await mum.tap("Read it out")
    assert "letter" in mum.toasts[-1] or "digit" in mum.toasts[-1]
    await mum.tap("Message to forward")
    mum.reads(f"Pick-up for Maya Lindqvist, only on Fri 27 Nov:\n{child.child}, class 3(5): 17:25, 西门")
    mum.reads(code)
    await mum.tap("Slip as PDF")
    (name,) = mum.documents
    assert name == "pick-up-2026-11-27.pdf"
    async with stage.school.look() as uow:
        assert await whose(uow, code, uow.today) is None, "not today"


async def test_an_adult_of_the_stop_list(home: Stage) -> None:
    """The guardian reads nothing of a list; the duty lead hears it, once."""
    stage = home
    child, mum, _dad = await family(stage)
    await stopped(stage.school, child.student_id, "赵大海", "19900008888")
    await stage.at(at(12, 30))
    lead_id = (await stage.ask(select(CareDay.duty_lead_id)))[0]
    lead = stage.persona(lead_id)
    for name, phone in (("赵大海", "19900001111"), ("别的名字", "19900008888")):
        await mum.send("/pickup")
        await mum.tap("授权一人当天代接")
        await mum.send(name)
        await mum.tap("其他成年人")
        await mum.send(phone)
        await mum.tap("✔ 授权")
        mum.reads("学校无法登记此人来接孩子，请联系学校办公室或班主任。")
    mum.misses("禁止")
    assert count(lead, "禁止接送名单") == 1
    lead.finds(f"{mum.user.name}想让赵大海今天接{child.child}")
    assert await stage.ask(select(Delegate)) == []


async def test_a_delegate_after_the_release(small_home: Stage) -> None:
    stage = small_home
    child, mum, _dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await mum.send("/pickup")
    await mum.tap("授权一人当天代接")
    await mum.send("孙小梅")
    await mum.tap("阿姨")
    await mum.send("19900002222")
    question = mum.last
    await mum.tap("✔ 授权")
    card = mum.last
    await stage.later(minutes=1)
    await released(stage.school, child.student_id, "孙小梅")
    for button in ("✖ 取消授权", "可转发的消息", "念给对方听", "接送单（PDF）"):
        await mum.tap(button, message=card)
        assert mum.toasts[-1] == "孩子已经被接走，不能再更改。", button
    assert question
    await mum.send("/cancel")
    mum.reads("没有可取消的事项")


async def test_left_half_way(small_home: Stage) -> None:
    stage = small_home
    _child, mum, _dad = await family(stage)
    await stage.at(at(12, 30))
    await mum.send("/pickup")
    await mum.tap("授权一人当天代接")
    await mum.send("孙小梅")
    await mum.send("阿姨")
    mum.reads("请点问题下方的按钮")
    old = mum.last
    await mum.tap("‹ 返回")
    await mum.tap("阿姨", message=old)
    mum.reads("请输入代接人的姓名")
    await stage.restart()
    await mum.send("孙大梅")
    mum.reads("孙大梅")
    await mum.send("/cancel")
    mum.reads("已取消")
    await mum.send("/pickup")
    await mum.tap("授权一人当天代接")
    await mum.tap("不授权了")
    assert mum.toasts[-1] == "没有授权任何人。"
    mum.reads("放学，请到东门接")
    assert "我来接" in mum.buttons
    assert await stage.ask(select(Delegate)) == []


async def test_both_parents_at_once(home: Stage) -> None:
    """The last word counts, and each reads what holds."""
    stage = home
    child, mum, dad = await family(stage)
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    await asyncio.gather(mum.tap("我来接"), dad.tap("我来接"), mum.tap("我来接"))
    await stage.calm()
    (plan,) = await stage.ask(select(PickupPlan))
    (name,) = await stage.ask(select(Person.name).where(Person.id == plan.adult_id))
    assert plan.name == name
    winner, loser = (mum, dad) if plan.adult_id == id_of(mum) else (dad, mum)
    assert "由您到东门接" in winner.messages[-1].text or winner.sees("由您到东门接")
    assert loser.sees(f"由{winner.user.name}到东门接")
    assert await day_child(stage.school, child.student_id)
