"""A missing child that is found after care is over: the family reads once that it is here and to be collected."""

from __future__ import annotations

import pytest
from databases import Databases
from gate import GateStage, at, open_gate
from sqlalchemy import select
from stage import USERS_FROM, Player

from care import rollcall
from care.paper.mark import go_on_paper
from care.records import DayChild, Letter, Step


async def goes_missing(gate: GateStage, child: DayChild) -> None:
    async with gate.stage.school.work(await gate.actor(gate.teachers["2(3)"])) as uow:
        await rollcall.mark(uow, child.id, Step.ABSENT)


async def is_found(gate: GateStage, child: DayChild) -> None:
    async with gate.stage.school.work(await gate.actor(gate.teachers["2(3)"])) as uow:
        await rollcall.mark(uow, child.id, Step.PRESENT)
    await gate.stage.later(seconds=5)


async def told(gate: GateStage, child: DayChild, *kinds: str) -> list[str]:
    """Letters of these kinds to the child's family, oldest first."""
    people = [person.id for person in await gate.guardians(child)]
    query = select(Letter.kind).where(Letter.person_id.in_(people), Letter.kind.in_(kinds)).order_by(Letter.id)
    return await gate.stage.ask(query)


def count(player: Player, *words: str) -> int:
    return sum(any(one in (message.text or "") for one in words) for message in player.messages)


@pytest.mark.parametrize(
    ("language", "here", "come", "still"),
    [
        ("zh_CN", "已到校，17:45 在2(3)班点到。\n课后服务已于 17:10 结束，请到东门来接。", "请到东门来接", "还在学校"),
        (
            "en",
            "at roll call in 2(3), 17:45.\nCare ended at 17:10: please come to the gate (",
            "please come to the gate",
            "is still at school",
        ),
    ],
)
async def test_found_after_the_end(sqlite: Databases, language: str, here: str, come: str, still: str) -> None:
    """From then on the uncollected clock counts anew. All of the family has been asked by then: the duty lead hears
    of the child as long after it as ever, and reads that they know."""
    async with open_gate(sqlite, "2(3)", moment=at(16, 20)) as gate:
        child, lead = (await gate.children("2(3)"))[0], await gate.lead()
        family = await gate.players(child)
        await gate.speaks(language, *(one.user_id - USERS_FROM for one in family))
        await goes_missing(gate, child)
        await gate.stage.at(at(17, 25))
        before = len(await told(gate, child, "dismissal", "child_uncollected"))
        await gate.stage.at(at(17, 45))
        await is_found(gate, child)
        for one in family:
            one.reads(here)
            assert count(one, come) == 1 and count(one, still) == 0
        assert len(await told(gate, child, "dismissal", "child_uncollected")) == before == 0
        name = await gate.name(child)
        assert count(lead, f"还没有人接：{name}") == 0
        await gate.stage.at(at(17, 54, 59))
        assert (count(family[0], still), count(lead, f"还没有人接：{name}")) == (0, 0)
        await gate.stage.at(at(17, 55, 1))
        assert [count(one, still) for one in family] == [1, 0]
        lead.finds(f"还没有人接：{name}（2(3)班，1 号）。\n已通知全部家长。")
        await gate.stage.at(at(18, 16))
        assert [count(one, still) for one in family] == [1, 1]
        assert count(lead, f"还没有人接：{name}") == 1


async def test_found_before_the_end(sqlite: Databases) -> None:
    """Nothing is said of the gate, and the reminder comes as ever."""
    async with open_gate(sqlite, "2(3)", moment=at(16, 20)) as gate:
        child = (await gate.children("2(3)"))[0]
        (mum, *_rest) = await gate.players(child)
        await goes_missing(gate, child)
        await gate.stage.at(at(17))
        await is_found(gate, child)
        assert count(mum, "请到东门来接") == 0
        assert set(await told(gate, child, "dismissal")) == {"dismissal"}


async def test_found_while_the_class_is_on_paper(sqlite: Databases) -> None:
    """Nobody is asked to come."""
    async with open_gate(sqlite, "2(3)", moment=at(16, 20)) as gate:
        child = (await gate.children("2(3)"))[0]
        (mum, *_rest) = await gate.players(child)
        await goes_missing(gate, child)
        await gate.stage.at(at(17, 15))
        async with gate.stage.school.work(await gate.actor(gate.teachers["2(3)"])) as uow:
            await go_on_paper(uow, await gate.session("2(3)"))
        await is_found(gate, child)
        mum.reads("已到校，17:15 在2(3)班点到。")
        assert count(mum, "请到东门来接") == 0
