"""A child is still with its teacher after midnight: it goes home by the chat, as by day (S14)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from databases import Databases
from gate import DAY, GateStage, at, open_gate
from sqlalchemy import select, update

from care.board.today import board
from care.records import Adult, Application, CareDay, DayChild, Letter, Proof, Relation, Step
from care.release.giving import release

EVENING = ("child_uncollected", "child_uncollected_lead", "day_still_open")


def night(hour: int, minute: int = 0) -> datetime:
    return at(hour, minute).replace(day=DAY.day + 1)


async def send_home(gate: GateStage, child: DayChild) -> None:
    """As by the list, without the chat."""
    teacher, (guardian, *_) = gate.teachers["2(3)"], await gate.guardians(child)
    async with gate.stage.school.work(await gate.actor(teacher)) as uow:
        await release(uow, {child.id: child.last_seq}, Adult.GUARDIAN, guardian.id, Proof.LIST)


async def kinds(gate: GateStage) -> Counter[str]:
    return Counter(await gate.stage.ask(select(Letter.kind).where(Letter.kind.not_in(EVENING))))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_grandmother_comes_after_midnight(sqlite: Databases, language: str) -> None:
    async with open_gate(sqlite, "2(3)") as gate:
        child, *others = await gate.children("2(3)")
        for one in others:
            await send_home(gate, one)
        teacher, (mum, *_), lead = gate.teachers["2(3)"], await gate.players(child), await gate.lead()
        name = await gate.name(child)
        (mother, *_rest) = await gate.guardians(child)
        await gate.speaks("en" if language == "en" else "zh_CN", mother.id)
        row = await gate.listed(child, "沈桂兰", Relation.GRANDMOTHER, "13900000077")
        code = await gate.code(Adult.LISTED, row)
        await gate.stage.at(at(23, 50))
        lead.finds(f"⚠ 还没有人接：{name}")
        before = await kinds(gate)

        await gate.stage.at(night(0, 20))
        assert await kinds(gate) == before, "nothing is planned or reminded of for a day gone"
        async with gate.stage.school.look(await gate.actor(lead)) as uow:
            shown = await board(uow)
        assert shown is not None and (shown.day, shown.tally.waiting) == (DAY, 1)
        await mum.send("/children")
        mum.reads("Afternoon of Tue 24 Nov: with" if language == "en" else "11月24日 周二下午：12:30 起由")
        await teacher.send("/handover")
        teacher.reads("等待 1 ·")
        await teacher.send(code)
        await teacher.tap("✔ 交接")
        assert (await gate.last(child)).holder_name == "沈桂兰"
        mum.finds("at Wed 25 Nov 00:20 by" if language == "en" else "已于 11月25日 周三 00:20")
        await teacher.tap(data=f"hw:{child.id}:{(await gate.last(child)).seq}:wrong_adult")
        assert (await gate.last(child)).step is Step.UNDONE, "it can be taken back, as by day"
        await teacher.send(code)
        await teacher.tap("✔ 交接")

        await gate.stage.at(night(0, 23))
        (closed,) = await gate.stage.ask(select(CareDay.closed_at).where(CareDay.date == DAY))
        assert closed == night(0, 23), "every child is home: the day closes, and is sealed"
        await teacher.tap(data=f"hs:{await gate.session('2(3)')}")
        assert teacher.toasts[-1] == "那是另一天的，已经结束。请重新发送指令，查看今天的。"
        await gate.stage.at(night(12, 30))
        assert len(await gate.stage.ask(select(CareDay.date))) == 2
        await teacher.send("/handover")
        teacher.reads("等待 0 ·")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_pickup_says_who_has_the_child_in_truth(sqlite: Databases, language: str) -> None:
    """The plan was extended care; nobody has handed the child over there, and it is past midnight."""
    async with open_gate(sqlite, "2(3)") as gate:
        child, *others = await gate.children("2(3)")
        for one in others:
            await send_home(gate, one)
        mum, (mother, *_rest) = (await gate.players(child))[0], await gate.guardians(child)
        await gate.speaks("en" if language == "en" else "zh_CN", mother.id)
        async with gate.stage.school.work() as uow:
            mine = Application.student_id == child.student_id
            await uow.session.execute(update(Application).where(mine).values(extended_weekdays=[2]))
        await gate.stage.at(at(17, 20))
        await mum.send("/pickup")
        mum.reads("澹台书院")
        mum.reads("at 18:30" if language == "en" else "18:30 放学")
        await gate.stage.at(night(0, 20))
        await mum.send("/pickup")
        name, teacher = await gate.name(child), gate.teachers["2(3)"].user.name
        if language == "en":
            mum.reads(f"{name}, class 2(3): not collected yet.\nAfternoon of Tue 24 Nov: with {teacher} in 2(3)班教室")
        else:
            mum.reads(f"{name}（2(3)班）还没有接走。\n11月24日 周二下午：12:30 起由{teacher}老师在2(3)班教室看护")
        mum.reads("Please collect at 东门." if language == "en" else "请到东门接。")
        assert mum.last is not None and "澹台书院" not in mum.last.text.split("\n\n")[0]
