"""The uncollected clock: a letter that did not hold when its turn came is sent once it holds, to each person once."""

from __future__ import annotations

from datetime import datetime

from databases import Databases
from gate import GateStage, at, open_gate
from sqlalchemy import select

from care.outbox import drop_letter
from care.paper.mark import back_from_paper, go_on_paper
from care.records import DayChild, Letter, LetterState
from care.records.day import Proof
from care.records.pickup import Adult
from care.release.giving import release
from care.release.undoing import Slip, undo
from scheduler import due

STILL = "还在学校"


async def ticks_unheard(gate: GateStage, moment: datetime) -> None:
    """The clock ticks while nothing goes out: the bot is down."""
    await gate.stage.kill()
    gate.stage.school.clock.jump(moment)  # type: ignore[attr-defined]
    await due.tick(gate.stage.school)


async def states(gate: GateStage, child: DayChild) -> dict[int, LetterState]:
    """What became of the letters that ask for a child, by step."""
    rows = await gate.stage.ask(select(Letter).where(Letter.unique_key.startswith(f"late:{child.id}:")))
    return {row.params["step"]: row.state for row in rows}


async def test_who_was_to_be_asked_while_the_class_was_on_paper(sqlite: Databases) -> None:
    async with open_gate(sqlite, "2(3)") as gate:
        stage, child, lead = gate.stage, (await gate.children("2(3)"))[0], await gate.lead()
        teacher, session = await gate.actor(gate.teachers["2(3)"]), await gate.session("2(3)")
        first, second = await gate.players(child)
        await ticks_unheard(gate, at(17, 32))
        async with stage.school.work(teacher) as uow:
            await go_on_paper(uow, session)
        await stage.start()
        await stage.later(minutes=10)
        assert await states(gate, child) == {1: LetterState.LAPSED, 2: LetterState.LAPSED}
        lead.misses("还没有人接")

        async with stage.school.work(teacher) as uow:
            await back_from_paper(uow, session)
        for _ in range(3):
            await stage.later(seconds=5)
        assert await states(gate, child) == {1: LetterState.SENT, 2: LetterState.SENT}
        name = await gate.name(child)
        for one in (first, second):
            assert sum(f"{name}{STILL}" in (message.text or "") for message in one.messages) == 1
        assert sum("名孩子没有人接" in (m.text or "") and name in (m.text or "") for m in lead.messages) == 1
        second.finds("另一位家长也已收到通知")


async def test_a_release_that_was_taken_back(sqlite: Databases) -> None:
    """A letter came to nothing while the child counted as collected. One that the office has dropped stays dropped."""
    async with open_gate(sqlite, "2(3)") as gate:
        stage, (child, dropped, *_) = gate.stage, await gate.children("2(3)")
        teacher, (mum, _dad) = await gate.actor(gate.teachers["2(3)"]), await gate.guardians(child)
        await ticks_unheard(gate, at(17, 20))
        async with stage.school.work(await gate.actor(await stage.star("office"))) as uow:
            query = select(Letter.id).where(Letter.unique_key.startswith(f"late:{dropped.id}:1:"))
            await drop_letter(uow, (await uow.session.scalars(query)).one())
        async with stage.school.work(teacher) as uow:
            await release(uow, {child.id: None}, Adult.GUARDIAN, mum.id, Proof.LIST)
        await stage.start()
        await stage.calm()
        assert await states(gate, child) == {1: LetterState.LAPSED}
        async with stage.school.work(teacher) as uow:
            await undo(uow, child.id, slip=Slip.WRONG_CHILD)
        for _ in range(2):
            await stage.later(seconds=5)
        assert await states(gate, child) == {1: LetterState.SENT}
        stage.persona(mum.id).finds(STILL)
        assert await states(gate, dropped) == {1: LetterState.LAPSED}
