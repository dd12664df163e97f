"""The office slips a row while it enters the paper: the family reads what was entered, calls, and reads the correction
(S14)."""

from __future__ import annotations

from datetime import time

import pytest
from databases import Databases
from gate import at, open_gate
from sqlalchemy import select

from care.paper.correct import Right, correct
from care.paper.enter import Collector, Entry, enter
from care.paper.sheet import PaperChild, paper_children, paper_session
from care.records import Letter, Step
from care.rollcall import mark

WORDS = {
    "zh_CN": {
        "released": "由{adult}接走",
        "corrected": "有误，{office}已撤回：看错一行。",
        "here": "{child}现由学校照看。",
        "absent": "{child}今天没有到。原因：感冒",
        "call": "请立即致电学校",
        "right": "于 17:01 由{other}接走",
    },
    "en": {
        "released": "was collected by {adult} at 17:05",
        "corrected": "entered by mistake. {office} has taken it back: 看错一行.",
        "here": "{child} is with the school.",
        "absent": "{child} was not there today. Reason: 感冒",
        "call": "If this is not right",
        "right": "was collected by {other} at 17:01",
    },
}


@pytest.mark.parametrize("language", WORDS)
async def test_a_slip_of_the_row(sqlite: Databases, language: str) -> None:
    said = WORDS[language]
    async with open_gate(sqlite, "2(3)", moment=at(17, 8)) as gate:
        session = await gate.session("2(3)")
        first, second, third, *_ = await gate.children("2(3)")
        families = []
        for child in (first, second, third):
            await gate.speaks(language, *[person.id for person in await gate.guardians(child)])
            families.append(await gate.players(child))
        office = await gate.stage.star("office")
        who = await gate.actor(office)

        async def lines() -> dict[int, PaperChild]:
            async with gate.stage.school.look(who) as uow:
                return {one.id: one for one in await paper_children(uow, await paper_session(uow, session))}

        found = await lines()
        adults = [found[child.id].adults.authorised for child in (first, second, third)]
        values = {"office": who.name, "adult": adults[0][0].name, "child": found[first.id].name}
        async with gate.stage.school.work(who) as uow:
            by = [Collector(one[0].adult, one[0].id) for one in adults]
            entries = [
                Entry(child.id, found[child.id].seq, collector=one, left_at=time(17, 5))
                for child, one in zip((first, second), by, strict=False)
            ]
            await enter(uow, session, entries, time(14, 40))
        await gate.stage.later(seconds=5)
        assert any(one.sees(said["released"].format(**values)) for one in families[0])

        async with gate.stage.school.work(who) as uow:
            await correct(uow, first.id, (await lines())[first.id].seq, "看错一行", Right())
            other = adults[1][1]
            right = Right(collector=Collector(other.adult, other.id), left_at=time(17, 1))
            await correct(uow, second.id, (await lines())[second.id].seq, "看错一行", right)
        await gate.stage.later(seconds=5)
        told = [one for one in families[0] if one.sees(said["corrected"].format(**values))]
        assert told and all(one.sees(said["here"].format(**values)) for one in told)
        assert any(one.sees(said["right"].format(other=other.name)) for one in families[1])
        assert not any(one.sees(said["here"].format(child=found[second.id].name)) for one in families[1])


@pytest.mark.parametrize("language", WORDS)
async def test_an_absence_of_the_paper_is_told(sqlite: Databases, language: str) -> None:
    """The reason stands on the paper, so nobody is asked; but a slip of the row must show."""
    said = WORDS[language]
    async with open_gate(sqlite, "2(3)", moment=at(14, 45)) as gate:
        session = await gate.session("2(3)")
        child, *_ = await gate.children("2(3)")
        await gate.speaks(language, *[person.id for person in await gate.guardians(child)])
        family = await gate.players(child)
        async with gate.stage.school.work(await gate.actor(gate.teachers["2(3)"])) as uow:
            await mark(uow, child.id, Step.ABSENT)
        who = await gate.actor(await gate.stage.star("office"))
        for note in ("感冒", ""):
            async with gate.stage.school.work(who) as uow:
                rows = await paper_children(uow, await paper_session(uow, session))
                (mine,) = [one for one in rows if one.id == child.id]
                await enter(uow, session, [Entry(child.id, mine.seq, came=False, note=note)], time(14, 45))
        await gate.stage.later(seconds=5)
        told = [one for one in family if one.sees(said["absent"].format(child=mine.name))]
        assert told and all(one.sees(said["call"]) for one in told)
        letters = await gate.stage.ask(select(Letter).where(Letter.kind == "paper_absent"))
        assert len(letters) == len(family)
