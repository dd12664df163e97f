"""The button that fills the empty lines of a paper page fills those of children who leave with their class alone."""

from __future__ import annotations

from databases import Databases
from gate import GateStage, open_gate
from office_steps import office_console
from test_extended_gate import in_extended_care

from care.pickup.plan import say_who_comes
from care.records import Adult, DayChild, Step
from care.rollcall import mark


async def somebody_comes(gate: GateStage, child: DayChild) -> None:
    one = (await gate.guardians(child))[0]
    async with gate.stage.school.work(await gate.stage.act_as(gate.stage.persona(one.id))) as uow:
        await say_who_comes(uow, [child.student_id], Adult.GUARDIAN, one.id)


async def line(gate: GateStage, child: DayChild) -> str:
    async with office_console(gate.stage) as office:
        page = (await office.get(f"/paper?session={child.session_id}")).text
    return str(page.split(f'id="child-{child.id}"')[1].split("</section>")[0])


async def test_not_for_who_stays_for_extended_care(sqlite: Databases) -> None:
    async with in_extended_care(sqlite) as (gate, _keeper, (child, _other)):
        await somebody_comes(gate, child)
        assert "data-comes" not in await line(gate, child)


async def test_not_for_a_child_that_is_looked_for(sqlite: Databases) -> None:
    async with open_gate(sqlite, "2(3)") as gate:
        child = (await gate.children("2(3)"))[0]
        await somebody_comes(gate, child)
        assert "data-comes" in await line(gate, child)
        async with gate.stage.school.work(await gate.stage.act_as(gate.teachers["2(3)"])) as uow:
            await mark(uow, child.id, Step.ABSENT)
        assert "data-comes" not in await line(gate, child)
