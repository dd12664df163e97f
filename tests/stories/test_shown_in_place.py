"""What is only drawn anew on a screen is no news: where the message is gone, or the person's letters go to another chat
by now, nothing comes instead. What no other letter says does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from databases import Databases
from gate import GateStage, open_gate
from gate import at as at_gate
from missing_steps import care_teacher, missing, with_family
from roll_steps import opens, person_id
from sqlalchemy import select, update
from stage import TOKEN, Player, Stage
from way_home import at, family, marked

from care.alarms import close
from care.records import Application, Class, Contact, Letter, LetterState

ELSEWHERE = 5000
BUTTON = "写明原因并结束"


@pytest.fixture
async def gate(sqlite: Databases) -> AsyncIterator[GateStage]:
    async with open_gate(sqlite, "2(3)") as opened:
        yield opened


async def another_chat(stage: Stage, player: Player) -> Player:
    """The person's letters go to this chat from now on."""
    user_id = ELSEWHERE + person_id(player)
    there = Player(stage, stage.world, TOKEN, name=player.user.name, user_id=user_id, language="zh-hans", phone="")
    there.chat.started = True
    async with stage.school.work() as uow:
        person = person_id(player)
        uow.session.add(
            Contact(person_id=person, channel="web", chat_id=user_id, linked_at=uow.now, linked_by="slip"),
        )
    return there


async def reading(stage: Stage, player: Player, how: str) -> Player:
    """Whom letters reach once what stands on the player's screen is deleted, or is in an older chat."""
    if how == "deleted":
        player.chat.messages.clear()
        return player
    return await another_chat(stage, player)


def texts(player: Player) -> list[str]:
    return [message.text or "" for message in player.messages]


async def shown(stage: Stage, kind: str) -> set[LetterState]:
    return set(await stage.ask(select(Letter.state).where(Letter.kind == kind)))


LEFT = pytest.mark.parametrize("how", ["deleted", "elsewhere"])


@LEFT
async def test_the_way_home(small_home: Stage, how: str) -> None:
    """A reminder and three answers to /pickup; the child stays for extended care, which one letter tells."""
    stage = small_home
    child, mum, dad = await family(stage)
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
    await stage.at(at(12, 30))
    await marked(stage.school, child.student_id)
    await stage.at(at(16, 40))
    for _ in range(3):
        await dad.send("/pickup")
    now = await reading(stage, dad, how)
    await mum.send("/extended")
    await mum.tap("今天参加延时")
    assert len(texts(now)) == 1, "the letter that tells it"
    drawn = await stage.ask(select(Letter).where(Letter.kind == "pickup_shown", Letter.person_id == person_id(dad)))
    assert [(one.state, one.klass) for one in drawn] == [(LetterState.LAPSED, Class.REMINDER)] * 4


@LEFT
async def test_the_card_before_of_a_missing_child(small_afternoon: Stage, how: str) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher, homeroom = await care_teacher(stage), await stage.star("homeroom")
    child, _name, (mum, _dad) = await with_family(stage)
    await missing(teacher, child)
    now = await reading(stage, homeroom, how)
    await mum.tap("不在我这里")
    (card,) = texts(now)
    assert "答复“不在我这里”" in card


@LEFT
async def test_the_reason_a_guardian_with_the_child_would_not_read(small_afternoon: Stage, how: str) -> None:
    """Who said where the child is gets no letter with the reason: it comes as one all the same."""
    stage = small_afternoon
    await opens(stage)
    teacher = await care_teacher(stage)
    child, name, (mum, dad) = await with_family(stage)
    await missing(teacher, child)
    await mum.tap("在我身边")
    now = await reading(stage, mum, how)
    await teacher.tap(BUTTON)
    await teacher.tap("生病，在家")
    (said,) = texts(now)
    assert name in said and "生病，在家" in said
    assert sum("生病，在家" in text for text in texts(dad)) == 1


@LEFT
async def test_a_child_that_is_there_after_all(small_afternoon: Stage, how: str) -> None:
    """A letter says it: the question asks nobody again."""
    stage = small_afternoon
    await opens(stage)
    teacher = await care_teacher(stage)
    child, _name, (mum, _dad) = await with_family(stage)
    await missing(teacher, child)
    now = await reading(stage, mum, how)
    await teacher.send(f"/checkin {child.number}")
    (said,) = texts(now)
    assert "已到校" in said


@LEFT
async def test_nobody_waits_any_more(gate: GateStage, how: str) -> None:
    """One child that was uncollected, whose family says who comes, and who is collected then."""
    child, *others = await gate.children("2(3)")
    teacher, lead = gate.teachers["2(3)"], await gate.lead()
    for one in others:
        person = (await gate.guardians(one))[0]
        await teacher.tap(data=f"hg:l:1:g{person.id}:{one.id}.{(await gate.last(one)).seq}")
    mum, (mother, *_) = (await gate.players(child))[0], await gate.guardians(child)
    await gate.stage.at(at_gate(17, 40))
    lead.reads("⚠ 还没有人接")
    now = await reading(gate.stage, lead, how)
    await mum.send("/pickup")
    await mum.tap("我来接")
    assert await shown(gate.stage, "uncollected_shown") == {LetterState.LAPSED}
    await teacher.tap(data=f"hg:l:1:g{mother.id}:{child.id}.{(await gate.last(child)).seq}")
    assert LetterState.LAPSED in await shown(gate.stage, "gate_alarm_over")
    assert texts(now) == []


@LEFT
async def test_a_whole_class_that_is_collected(gate: GateStage, how: str) -> None:
    teacher, lead = gate.teachers["2(3)"], await gate.lead()
    await gate.stage.at(at_gate(17, 40))
    now = await reading(gate.stage, lead, how)
    for one in await gate.children("2(3)"):
        person = (await gate.guardians(one))[0]
        await teacher.tap(data=f"hg:l:1:g{person.id}:{one.id}.{(await gate.last(one)).seq}")
    assert LetterState.LAPSED in await shown(gate.stage, "class_collected")
    assert texts(now) == []


@LEFT
async def test_a_dispute_that_is_looked_into(gate: GateStage, how: str) -> None:
    """The mother reads what came of it in a letter, the duty lead what the head has written."""
    child = (await gate.children("2(3)"))[0]
    teacher, lead, head = gate.teachers["2(3)"], await gate.lead(), await gate.stage.star("head")
    mum, (mother, *_) = (await gate.players(child))[0], await gate.guardians(child)
    await teacher.send("/handover 1")
    await teacher.tap(mother.name)
    await teacher.tap("我认识来人")
    await mum.tap("✖ 不对")
    now, told = await reading(gate.stage, mum, how), await reading(gate.stage, lead, how)
    before = len(texts(head))
    (alarm,) = await gate.alarms(child)
    async with gate.stage.school.work(await gate.actor(head)) as uow:
        await close(uow, alarm.id, "妈妈接走，手机点错了")
    await gate.stage.calm()
    (said,), (ended,) = texts(now), texts(told)
    assert "已核实：“妈妈接走，手机点错了”" in said and "结束：妈妈接走，手机点错了" in ended
    assert len(texts(head)) == before
    assert await shown(gate.stage, "released_shown") == {LetterState.LAPSED}


@LEFT
@pytest.mark.parametrize("own", [False, True])
async def test_an_adult_who_was_refused_twice(gate: GateStage, how: str, own: bool) -> None:
    """Two letters of one alarm: how it ended comes once, and not to who has ended it, in the console."""
    child = (await gate.children("2(3)"))[0]
    teacher, lead, head = gate.teachers["2(3)"], await gate.lead(), await gate.stage.star("head")
    for words in ("一位先生", "另一位先生"):
        await teacher.send("/handover 1")
        await teacher.tap("不在名单")
        await teacher.send(words)
    assert sum("一位先生" in text for text in texts(lead)) == 2
    now = await reading(gate.stage, lead, how)
    (alarm,) = await gate.alarms(child)
    async with gate.stage.school.work(await gate.actor(lead if own else head)) as uow:
        await close(uow, alarm.id, "两人都已离开")
    await gate.stage.calm()
    assert ["结束：两人都已离开" in text for text in texts(now)] == ([] if own else [True])
