"""What the letters about a child who was not collected say is so: who has been told, and that the child may stay."""

from __future__ import annotations

import pytest
from databases import Databases
from gate import at, open_gate
from roll_steps import lead_of, listed, now, opens, person_id
from sqlalchemy import update
from stage import Player, Stage

from care.custody.chain import Link, Side, append
from care.permissions import SYSTEM
from care.records import Contact, Holder, Person, Proof, Reach, Step, Term


async def test_who_has_been_told(sqlite: Databases) -> None:
    """Everybody has; one of two, for the other has blocked the bot; nobody."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, lead = gate.stage, await gate.lead()
        whole, half, none = (await gate.children("2(3)"))[:3]
        async with stage.school.work(SYSTEM) as uow:
            first = (await gate.guardians(half))[0]
            blocked = update(Contact).where(Contact.person_id == first.id)
            await uow.session.execute(blocked.values(reach=Reach.BLOCKED))
            people = [person.id for person in await gate.guardians(none)]
            await uow.session.execute(update(Contact).where(Contact.person_id.in_(people)).values(reach=Reach.GONE))
        await stage.at(at(17, 40))
        (letter,) = [one for one in lead.messages if "没有人接" in (one.text or "")]
        said = {}
        names = [await gate.name(child) for child in (whole, half, none)]
        for child, name in zip((whole, half, none), names, strict=True):
            await lead.tap(f"{child.number} {name}", message=letter)
            said[name] = now(lead, letter).text or ""
            assert f"还没有人接：{name}" in said[name]
            await lead.tap("‹ 返回名单", message=now(lead, letter))
        other = (await gate.guardians(half))[1]
        assert f"已通知：{other.name}。请电话联系：{first.name}。" in said[names[1]]
        assert "没有一位家长能在这里收到通知" in said[names[2]]
        stage.persona(other.id).finds("其他家长无法在这里收到通知")
        stage.persona((await gate.guardians(whole))[1].id).finds("另一位家长也已收到通知")


@pytest.mark.parametrize(
    ("language", "said", "list_"),
    [
        ("zh_CN", "课后服务已结束，还有 {n} 名孩子没有点名记录，不知道是否在校：", "打开名单"),
        ("en", "care is over, and the roll says nothing about {n} children: ", "Open the list"),
    ],
)
async def test_a_roll_that_nobody_called(small_afternoon: Stage, language: str, said: str, list_: str) -> None:
    """The duty lead has one letter for the class, in the own language, with the list behind it."""
    stage = small_afternoon
    await opens(stage)
    lead, n = await lead_of(stage), len(await listed(stage, "2(3)"))
    async with stage.school.work(SYSTEM) as uow:
        (await uow.session.get_one(Person, person_id(lead))).language = language
    await stage.at(at(17, 40))
    (told,) = [m for m in lead.messages if "2(3)" in (m.text or "") and said.format(n=n) in (m.text or "")]
    await lead.tap(list_, message=told)
    assert "2(3)" in (now(lead, told).text or "")


@pytest.mark.parametrize(
    ("language", "said", "one", "tap", "back", "close", "date"),
    [
        ("zh_CN", "⚠ 2(3)：还有 {n} 名孩子没有人接。", "⚠ 还没有人接：", "点孩子姓名", "‹ 返回名单",
         "写明原因并结束", "11月24日"),
        ("en", "⚠ 2(3): {n} children have not been collected.", "⚠ Not collected: ", "Tap a child", "‹ To the list",
         "Close with a reason", "Tue 24 Nov"),
    ],
)  # fmt: skip
async def test_a_class_that_nobody_has_handed_over(
    sqlite: Databases, language: str, said: str, one: str, tap: str, back: str, close: str, date: str
) -> None:
    """One letter for the class: who has them, each child behind a button; it moves with what happens. Whoever comes
    due later has a letter of their own."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, lead, teacher = gate.stage, await gate.lead(), gate.teachers["2(3)"]
        first, second, *others = await gate.children("2(3)")
        n = 2 + len(others)
        await gate.speaks(language, person_id(lead))
        await stage.at(at(17, 40))
        await stage.restart()
        await stage.at(at(17, 41))
        (letter,) = [m for m in lead.messages if said.format(n=n) in (m.text or "")]
        lead.misses(one)
        assert tap in (letter.text or "") and date not in (letter.text or "")
        giver = (await gate.last(first)).holder_name
        assert [await gate.name(child) in (letter.text or "") for child in (first, second, *others)] == [True] * n
        assert (letter.text or "").count(giver) == 1, "children of one teacher stand together"
        mother = (await gate.guardians(first))[0]
        await lead.tap(f"{first.number} {await gate.name(first)}", message=letter)
        card = now(lead, letter)
        assert one in (card.text or "") and (mother.phone or "?") in (card.text or "")
        assert close not in str(card.markup), "it ends with the hand-over"
        await lead.tap(back, message=now(lead, letter))
        assert said.format(n=n) in (now(lead, letter).text or "")
        shown = f"{second.number} {await gate.name(second)}"
        await teacher.tap(data=f"hg:l:1:g{(await gate.guardians(second))[0].id}:{second.id}.{second.last_seq}")
        await lead.tap(shown, message=letter)
        assert lead.toasts[-1] and said.format(n=n - 1) in (now(lead, letter).text or "")
        assert shown not in str(now(lead, letter).markup)


@pytest.mark.parametrize(
    ("language", "date"), [("zh_CN", "（这是11月24日 周二的情况。）"), ("en", "This is about Tue 24 Nov.")]
)
async def test_a_letter_of_the_night_says_its_date(sqlite: Databases, language: str, date: str) -> None:
    """The clock stood still until after midnight: of a class, of one child, and of a family, each with the date."""
    async with open_gate(sqlite, "2(3)", "3(6)") as gate:
        stage, lead = gate.stage, await gate.lead()
        child, *away = await gate.children("3(6)")
        async with stage.school.work(SYSTEM) as uow:
            for one in away:
                await append(uow, one.id, Link(Step.RELEASED, Side(Holder.ADULT, None, "林秀英"), Proof.LIST))
        (mum, *_) = await gate.players(child)
        await gate.speaks(language, person_id(lead), person_id(mum))
        await stage.at(at(0, 20).replace(day=25))
        assert sum(date in (message.text or "") for message in lead.messages) == 2
        mum.finds("Tue 24 Nov 17:25" if language == "en" else "11月24日 周二 17:25")


async def test_the_list_is_over_with_the_last_child(sqlite: Databases) -> None:
    """Nobody taps it: while somebody waits it stays, and then it says so by itself, without a button."""
    async with open_gate(sqlite, "2(3)") as gate:
        children, teacher, lead = await gate.children("2(3)"), gate.teachers["2(3)"], await gate.lead()
        await gate.stage.at(at(17, 40))
        (letter,) = [m for m in lead.messages if f"⚠ 2(3)：还有 {len(children)} 名孩子没有人接。" in (m.text or "")]
        for child in children:
            assert now(lead, letter).markup
            grown = (await gate.guardians(child))[0]
            await teacher.tap(data=f"hg:l:1:g{grown.id}:{child.id}.{child.last_seq}")
        assert (now(lead, letter).text, now(lead, letter).markup) == ("这些孩子都不用再等人来接了。", None)


async def test_nobody_else_opens_the_list(sqlite: Databases) -> None:
    """A mother and a teacher tap what stands on the duty lead's buttons."""
    async with open_gate(sqlite, "2(3)") as gate:
        child = (await gate.children("2(3)"))[0]
        await gate.stage.at(at(17, 40))
        (alarm,) = await gate.alarms(child)
        for player in ((await gate.players(child))[0], gate.teachers["2(3)"]):
            before = len(player.messages)
            for data in (f"hf:{alarm.id}", f"hv:{await gate.session('2(3)')}"):
                await player.tap(data=data)
                assert player.toasts[-1]
            assert len(player.messages) == before


def offers_extended_care(player: Player) -> bool:
    """Whether the newest message does."""
    return player.last is not None and "今天延时托管" in str(player.last.markup)


async def test_the_first_step_offers_extended_care(sqlite: Databases) -> None:
    async with open_gate(sqlite, "2(3)") as gate:
        (mum, dad, *_) = await gate.players((await gate.children("2(3)"))[0])
        await gate.stage.at(at(17, 20))
        mum.reads("还在学校")
        assert offers_extended_care(mum)
        await mum.tap("今天延时托管")
        mum.reads("延时托管")
        await gate.stage.at(at(17, 30))
        dad.reads("还在学校")
        assert not offers_extended_care(dad)


async def test_no_place_no_offer(sqlite: Databases) -> None:
    async with open_gate(sqlite, "2(3)") as gate:
        async with gate.stage.school.work(SYSTEM) as uow:
            await uow.session.execute(update(Term).values(extended_capacity=0))
        (mum, *_) = await gate.players((await gate.children("2(3)"))[0])
        await gate.stage.at(at(17, 20))
        mum.reads("还在学校")
        assert not offers_extended_care(mum)
