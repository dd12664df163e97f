"""What the letters about a child who was not collected say is so: who has been told, and that the child may stay."""

from __future__ import annotations

import pytest
from databases import Databases
from gate import at, open_gate
from roll_steps import lead_of, listed, now, opens, person_id
from sqlalchemy import update
from stage import Player, Stage

from care.permissions import SYSTEM
from care.records import Contact, Person, Reach, Term


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
        names = [await gate.name(child) for child in (whole, half, none)]
        said = {
            name: next(m.text or "" for m in lead.messages if f"还没有人接：{name}" in (m.text or "")) for name in names
        }
        assert "已通知全部家长。" in said[names[0]]
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
