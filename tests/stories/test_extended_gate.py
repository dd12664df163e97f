"""Children in extended care leave from there: given by who answers for them, whatever that teacher's class is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from databases import Databases
from gate import GateStage, at, open_gate
from sqlalchemy import update
from stage import USERS_FROM, Player

from care.extended import handover as extended_handover
from care.extended.roll import sign_in
from care.extended.session import choose_teacher, session_on
from care.permissions import SYSTEM
from care.records import AlarmKind, Application, DayChild, LeaveMode, Person, SchoolClass, Step, Student


@asynccontextmanager
async def in_extended_care(databases: Databases) -> AsyncIterator[tuple[GateStage, Player, list[DayChild]]]:
    """At 17:20: two children of 3(6) with the homeroom teacher of 4(8), whom the office has planned for extended
    care and whose duty reaches no other class."""
    async with open_gate(databases, "3(6)") as gate:
        stage, teacher = gate.stage, gate.teachers["3(6)"]
        children = (await gate.children("3(6)"))[:2]
        keeper = await stage.homeroom_of("4(8)")
        await gate.only_homeroom(keeper)
        ids = [child.application_id for child in children]
        async with stage.school.work(SYSTEM) as uow:
            chosen = update(Application).where(Application.id.in_(ids))
            await uow.session.execute(chosen.values(extended_weekdays=[2], leave_mode=LeaveMode.ALONE))
        await stage.at(at(17, 20))
        async with stage.school.work(await stage.act_as(await gate.lead())) as uow:
            await choose_teacher(uow, keeper.user_id - USERS_FROM)
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            await sign_in(uow)
        async with stage.school.work(await stage.act_as(teacher)) as uow:
            given = await extended_handover.give(uow, children[0].session_id)
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            await extended_handover.take(uow, given.id, given.version, everyone=True)
        yield gate, keeper, children


async def test_a_teacher_of_another_class_gives_refuses_and_takes_back(sqlite: Databases) -> None:
    async with in_extended_care(sqlite) as (gate, keeper, (child, other)):
        name, (mother, *_) = await gate.name(child), await gate.guardians(child)
        await keeper.send("/handover")
        await keeper.tap(name)
        await keeper.tap("不在名单")
        await keeper.send("一位戴帽子的男士")
        keeper.reads("请稍等")
        assert [alarm.kind for alarm in await gate.alarms(child)] == [AlarmKind.REFUSED]
        await keeper.tap(name)
        await keeper.tap(mother.name)
        await keeper.tap("我认识来人")
        assert (await gate.last(child)).step is Step.RELEASED
        await keeper.tap("撤回")
        await keeper.tap("点错了孩子")
        link = await gate.last(child)
        assert (link.step, link.holder_name) == (Step.UNDONE, keeper.user.name)
        await keeper.tap(await gate.name(other))
        await keeper.tap("自行回家")
        await keeper.tap("是，自行回家")
        assert (await gate.last(other)).step is Step.RELEASED
        keeper.finds("等待 1 · 路上 0 · 已接走 1")


async def test_the_class_and_the_family_read_that_it_is_in_extended_care(sqlite: Databases) -> None:
    """Never a word that could mean that it has gone home with somebody."""
    async with in_extended_care(sqlite) as (gate, keeper, (child, _)):
        teacher, name = gate.teachers["3(6)"], await gate.name(child)
        await teacher.send("/checkin")
        teacher.reads("➜ 途中、延时托管或已接走")
        await teacher.send(f"/checkin {name}")
        await teacher.tap("修改")
        teacher.reads(f"在延时托管，17:20（{keeper.user.name}）")
        await keeper.send("/handover")
        await keeper.tap(name)
        mum = (await gate.players(child))[0]
        await mum.send("/children")
        mum.reads(f"今天：17:20 起在延时托管（澹台书院），由{keeper.user.name}老师看护")
        for player in (teacher, keeper, mum):
            player.misses("已交接")


def offers(player: Player, name: str) -> bool:
    """Whether the newest message has a button with this name on it."""
    assert player.last is not None
    return any(name in str(button["text"]) for row in player.last.buttons() for button in row)


async def test_more_children_than_a_message_holds_are_shown_class_by_class(
    sqlite: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.handover.lists.MANY", 1)
    async with in_extended_care(sqlite) as (gate, keeper, (child, other)):
        name, others, (mother, *_) = await gate.name(child), await gate.name(other), await gate.guardians(child)
        await keeper.send("/handover")
        keeper.reads("请点班级")
        assert not offers(keeper, name)
        await keeper.tap("3(6) · 2")
        assert offers(keeper, name) and offers(keeper, others)
        await keeper.tap(name)
        await keeper.tap("返回名单")
        assert offers(keeper, others)
        await keeper.tap("全部班级")
        keeper.reads("请点班级")
        await keeper.tap("3(6) · 2")
        await keeper.tap(name)
        await keeper.tap(mother.name)
        await keeper.tap("我认识来人")
        assert (await gate.last(child)).step is Step.RELEASED


async def test_a_teacher_stays_in_the_class_while_its_children_wait(
    sqlite: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each hand-over, and when one is held or taken back; then the classes come again, or when they are asked
    for."""
    monkeypatch.setattr("bot.chat.handover.lists.MANY", 0)
    async with in_extended_care(sqlite) as (gate, keeper, (child, other)):
        name, second, (mother, *_) = await gate.name(child), await gate.name(other), await gate.guardians(child)
        third = (await gate.children("3(6)"))[2]
        async with gate.stage.school.work(SYSTEM) as uow:
            school_class = SchoolClass(grade=3, number=99, capacity=9)
            uow.session.add(school_class)
            await uow.session.flush()
            (await uow.session.get_one(DayChild, third.id)).extended_at = uow.now
            (await uow.session.get_one(Student, third.student_id)).school_class_id = school_class.id

        async def hand_over(player: Player) -> None:
            await player.tap(name)
            await player.tap(mother.name)
            await player.tap("我认识来人")
            assert (await gate.last(child)).step is Step.RELEASED

        await keeper.send("/handover")
        keeper.reads("请点班级")
        await hand_over_by_data(gate, keeper, child, mother)
        keeper.reads("请点班级")
        await keeper.tap("撤回")
        await keeper.tap("点错了孩子")
        await keeper.tap("3(6) · 2")
        await hand_over(keeper)
        assert offers(keeper, second) and not offers(keeper, "3(99)")
        await keeper.tap("撤回")
        await keeper.tap("点错了孩子")
        assert offers(keeper, name) and offers(keeper, second)
        await keeper.tap(name)
        await keeper.tap("不在名单")
        await keeper.send("一位戴帽子的男士")
        keeper.reads("请稍等")
        assert offers(keeper, second)
        await hand_over(keeper)
        await keeper.tap(second)
        await keeper.tap("自行回家")
        await keeper.tap("是，自行回家")
        keeper.reads("请点班级")
        assert offers(keeper, "3(99) · 1")
        await keeper.tap("3(99) · 1")
        await keeper.tap("全部班级")
        await keeper.tap("3(99) · 1")
        assert offers(keeper, await gate.name(third))
        await keeper.send("/handover")
        keeper.reads("请点班级")


async def hand_over_by_data(gate: GateStage, keeper: Player, child: DayChild, mother: Person) -> None:
    """From the list of the classes, as by a name that was typed there."""
    await keeper.tap(data=f"hg:l:1:g{mother.id}:{child.id}.{(await gate.last(child)).seq}")
    assert (await gate.last(child)).step is Step.RELEASED


async def test_who_says_that_extended_care_hands_over_on_paper(sqlite: Databases) -> None:
    """Only who answers for it has the button; the class's teacher, who may hand these children over, does not."""
    async with in_extended_care(sqlite) as (gate, keeper, _children):
        teacher = gate.teachers["3(6)"]
        await gate.only_homeroom(teacher)
        async with gate.stage.school.look() as uow:
            session = await session_on(uow, uow.day)
        assert session is not None

        async def has(who: Player, button: str) -> bool:
            await who.send("/handover")
            await who.tap(data=f"hs:{session.id}")
            who.reads(session.venue)
            assert who.last is not None
            return button in str(who.last.markup)

        assert not await has(teacher, "改用纸质交接")
        assert await has(keeper, "改用纸质交接")
        await keeper.tap("✎ 改用纸质交接")
        await keeper.tap("是，改用纸质")
        assert await has(keeper, "恢复在这里交接")
        assert not await has(teacher, "恢复在这里交接")
        teacher.reads("17:20 起改用纸质交接")


async def test_the_family_reads_where_the_child_is(sqlite: Databases) -> None:
    """The venue of extended care, on the spot and on the way out; the teacher's list is that of extended care."""
    async with in_extended_care(sqlite) as (gate, keeper, (child, _other)):
        (mum, *_rest), name = await gate.players(child), await gate.name(child)
        await mum.send("/children")
        mum.reads(f"在延时托管（澹台书院），由{keeper.user.name}老师看护")
        await keeper.send("/handover")
        await keeper.tap("➜ 全部出发")
        mum.reads("澹台书院")
        await mum.send("/children")
        mum.reads("澹台书院")
        await keeper.tap(name)
        await keeper.tap("‹ 返回名单")
        keeper.reads("澹台书院 · 18:30 结束")


async def test_who_gave_the_child_is_named_alike(sqlite: Databases) -> None:
    """Where a colleague gives a child whom the class's teacher has: in the letter, and whenever the family asks."""
    async with open_gate(sqlite, "2(3)", "2(5)") as gate:
        child, colleague = (await gate.children("2(3)"))[0], gate.teachers["2(5)"]
        (mum, *_rest), (mother, *_others) = await gate.players(child), await gate.guardians(child)
        await colleague.send("/handover")
        await colleague.tap(data=f"hg:l:1:g{mother.id}:{child.id}.{(await gate.last(child)).seq}")
        mum.reads(colleague.user.name)
        await mum.send("/children")
        mum.reads(f"由{mother.name}（妈妈）接走，{colleague.user.name}老师交接")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_who_stays_after_all_is_brought_back_from_the_way_to_the_gate(sqlite: Databases, language: str) -> None:
    """The class has set out when a family asks for extended care: the teacher reads what to do with the child."""
    async with open_gate(sqlite, "3(6)") as gate:
        stage, teacher, keeper = gate.stage, gate.teachers["3(6)"], await gate.stage.homeroom_of("4(8)")
        child, *others = await gate.children("3(6)")
        (mum, *_rest), name = await gate.players(child), await gate.name(child)
        await stage.at(at(17, 20))
        async with stage.school.work(await stage.act_as(keeper)) as uow:
            await sign_in(uow)
        if language == "en":
            await gate.speaks("en", teacher.user_id - USERS_FROM)
        await teacher.send("/handover")
        await teacher.tap("➜ Line out all" if language == "en" else "➜ 全部出发")
        await mum.send("/extended")
        await mum.tap("今天参加延时")
        if language == "en":
            teacher.finds("The child is on the way to the gate with ")
        else:
            me = f"{teacher.user.name}老师"
            teacher.finds(f"孩子正由{me}带往校门，需由{me}带回，再发送 /extended 交接。")
        await teacher.send("/handover")
        label = next(one for one in teacher.offered if name in one)
        n = len(others)
        if language == "en":
            teacher.reads(f"Waiting 0 · on the way {n} · collected 0")
            teacher.reads("⚠ On the way to the gate, but to stay for extended care now: ")
            assert label.startswith("⚠ ") and label.endswith(f"{name}: bring back")
        else:
            teacher.reads(f"等待 0 · 路上 {n} · 已接走 0")
            teacher.reads("⚠ 已出发去校门，但现在改为参加延时托管：")
            assert label.startswith("⚠ ") and label.endswith(f"{name}：请带回")
        await teacher.send("/extended")
        await teacher.tap("Hand over 3(6): 1" if language == "en" else "交接 3(6)：1 人")
        await teacher.tap("Hand over these 1" if language == "en" else "交接这 1 人")
        await keeper.tap("1 人全部到齐")
        link = await gate.last(child)
        assert (link.step, link.holder_name) == (Step.HANDED_OVER, keeper.user.name)
        await teacher.send("/handover")
        assert name not in str(teacher.offered)
