"""An adult signs with a finger on the teacher's phone: the page, the release by it, and what becomes of old links."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator

import httpx
import pytest
from databases import Databases
from gate import GateStage, open_gate
from sqlalchemy import select

from care.records import AlarmKind, Guardianship, Proof, Relation, Signature, Step
from console.app import Desk, create_app

ADDRESS = "https://school.test"
INK = "[[[10,10],[200,40],[300,200]]]"
BUTTON = "✍ 手写签名"


@pytest.fixture
async def gate(databases: Databases) -> AsyncIterator[GateStage]:
    async with open_gate(databases, "2(5)") as gate:
        gate.stage.school.address = ADDRESS
        yield gate


@pytest.fixture
async def browser(gate: GateStage) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in."""
    school = gate.stage.school
    app = create_app(Desk(school, gate.stage.printer, lambda code: code, school.called))
    transport = httpx.ASGITransport(app=app)
    headers = {"accept-language": "zh", "origin": ADDRESS}
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as client:
        yield client


async def page(browser: httpx.AsyncClient, url: str) -> str:
    answer = await browser.get(url.removeprefix(ADDRESS))
    assert "unsafe" not in answer.headers["content-security-policy"]
    return html.unescape(answer.text)


async def done(browser: httpx.AsyncClient, gate: GateStage, url: str, points: str = INK) -> tuple[int, str]:
    answer = await browser.post(url.removeprefix(ADDRESS), data={"points": points})
    await gate.stage.calm()
    return answer.status_code, html.unescape(answer.text)


async def test_signed_with_a_finger(gate: GateStage, browser: httpx.AsyncClient) -> None:
    teacher = gate.teachers["2(5)"]
    child, other = (await gate.children("2(5)"))[:2]
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    url, before = teacher.link(BUTTON), len(teacher.messages)
    assert url.startswith(f"{ADDRESS}/sign/")
    shown = await page(browser, url)
    for word in (await gate.name(child), mother.name, "2(5)班，1 号", teacher.user.name, "请用手指签名", "<canvas"):
        assert word in shown
    assert (mother.phone or "-") not in shown
    assert (await gate.last(child)).step is Step.PRESENT, "to look changes nothing"
    status, said = await done(browser, gate, url, "[]")
    assert (status, "签名太短" in said, "<canvas" in said) == (422, True, True)
    status, said = await done(browser, gate, url)
    assert (status, "谢谢，交接已记录" in said) == (200, True)
    link = await gate.last(child)
    assert (link.step, link.proof, link.holder_name, link.by_name) == (
        Step.RELEASED,
        Proof.SIGNATURE,
        mother.name,
        teacher.user.name,
    )
    (signature,) = await gate.stage.ask(select(Signature))
    assert (signature.id, signature.name) == (link.data["signature"], mother.name)
    assert signature.drawn.startswith("<svg") and "M10 10" in signature.drawn
    teacher.reads(f"✔ {await gate.name(child)}")
    assert len(teacher.messages) == before, "in place of the question about the adult, whose buttons are gone"
    assert not any("我认识来人" in label or BUTTON in label for label in teacher.buttons)
    (mum, *_) = await gate.players(child)
    mum.reads("（手写签名）")
    status, said = await done(browser, gate, url)
    assert (status, "谢谢，交接已记录" in said) == (200, True), "the same page sent twice"
    assert len(await gate.stage.ask(select(Signature))) == 1
    assert "已于 17:00 由" in await page(browser, url)
    await teacher.tap("↩ 撤回")
    await teacher.tap("点错了来人")
    assert (await gate.last(child)).step is Step.UNDONE
    status, said = await done(browser, gate, url)
    assert (status, "情况已有变化" in said) == (409, True), "a used link is no second release"
    assert (await gate.last(child)).step is Step.UNDONE
    assert (await gate.last(other)).step is Step.PRESENT


async def test_signed_when_the_teacher_has_deleted_the_question(gate: GateStage, browser: httpx.AsyncClient) -> None:
    teacher = gate.teachers["2(5)"]
    child = (await gate.children("2(5)"))[0]
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    url, question = teacher.link(BUTTON), teacher.last
    assert question is not None
    del teacher.chat.messages[question.id]
    await done(browser, gate, url)
    teacher.reads(f"✔ {await gate.name(child)}")
    assert teacher.last is not None and teacher.last.id > question.id


async def test_a_link_after_five_minutes_and_a_forged_one(gate: GateStage, browser: httpx.AsyncClient) -> None:
    teacher = gate.teachers["2(5)"]
    child = (await gate.children("2(5)"))[0]
    (mother, *_) = await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    url = teacher.link(BUTTON)
    for forged in (url + "x", url[:-3], f"{ADDRESS}/sign/x", f"{ADDRESS}/sign/<b>"):
        assert "签名页面无效" in await page(browser, forged)
        assert (await done(browser, gate, forged))[0] == 422
    answer = await browser.post(
        url.removeprefix(ADDRESS), data={"points": INK}, headers={"origin": "https://evil.test"}
    )
    assert answer.status_code == 403
    await gate.stage.later(minutes=5)
    assert "签名页面已超过五分钟" in await page(browser, url)
    status, said = await done(browser, gate, url)
    assert (status, "签名页面已超过五分钟" in said) == (422, True)
    assert (await gate.last(child)).step is Step.PRESENT
    assert await gate.stage.ask(select(Signature)) == []


async def test_two_of_one_name_and_brother_and_sister_on_the_page(gate: GateStage, browser: httpx.AsyncClient) -> None:
    teacher = gate.teachers["2(5)"]
    first, second = [one for one in await gate.children("2(5)") if await gate.name(one) == "王梓涵"]
    (mother, *_) = await gate.guardians(first)
    sister = (await gate.children("2(5)"))[0]
    async with gate.stage.school.work() as uow:
        uow.session.add(Guardianship(student_id=sister.student_id, person_id=mother.id, relation=Relation.MOTHER))
    await teacher.send(f"/handover {first.number}")
    await teacher.tap(mother.name)
    url = teacher.link(f"{BUTTON} · 全部 2 个孩子")
    shown = await page(browser, url)
    assert f"2(5)班，{first.number} 号 · 家长{mother.name}" in shown
    assert await gate.name(sister) in shown
    await done(browser, gate, url)
    links = [await gate.last(child) for child in (first, sister)]
    assert [link.step for link in links] == [Step.RELEASED, Step.RELEASED]
    assert links[0].data["signature"] == links[1].data["signature"]
    assert (await gate.last(second)).step is Step.PRESENT


async def test_put_on_the_stop_list_while_signing(gate: GateStage, browser: httpx.AsyncClient) -> None:
    """The page says no more than that one has to wait; so does the teacher's chat; the duty lead knows."""
    teacher, lead = gate.teachers["2(5)"], await gate.lead()
    child = (await gate.children("2(5)"))[0]
    uncle = await gate.listed(child, "赵德彪", Relation.UNCLE, "19900001234")
    await teacher.send("/handover 1")
    await teacher.tap("赵德彪")
    url = teacher.link(BUTTON)
    await gate.stop(child, "赵德彪")
    assert "请用手指签名" in await page(browser, url)
    status, said = await done(browser, gate, url)
    assert (status, "请稍等，学校会派人到门口。" in said, "禁止" in said, "不得" in said) == (200, True, False, False)
    teacher.reads("请稍等，学校会派人到门口。")
    teacher.misses("禁止")
    assert not any("赵德彪" in label or BUTTON in label for label in teacher.buttons)
    lead.reads("⚠ 禁止接送名单：赵德彪到门口要接")
    assert (await gate.last(child)).step is Step.PRESENT
    assert await gate.stage.ask(select(Signature)) == []
    (alarm,) = await gate.alarms(child)
    assert (alarm.kind, uncle > 0) == (AlarmKind.REFUSED, True)


async def test_no_button_without_an_address_that_can_be_opened(gate: GateStage) -> None:
    teacher = gate.teachers["2(5)"]
    child = (await gate.children("2(5)"))[0]
    (mother, *_) = await gate.guardians(child)
    for address, button, words in (("", False, False), ("http://school.test", False, True)):
        gate.stage.school.address = address
        await teacher.send("/handover 1")
        await teacher.tap(mother.name)
        assert any(BUTTON in one for one in teacher.buttons) is button
        assert ("/sign/" in (teacher.last.text if teacher.last else "")) is words
