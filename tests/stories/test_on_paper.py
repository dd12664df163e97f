"""The teacher's phone is nearly empty: the hand-over goes on paper, nobody is asked to come meanwhile (S14)."""

from __future__ import annotations

from datetime import time

import pytest
from databases import Databases
from gate import at, open_gate
from stage import USERS_FROM

from care.paper.enter import Collector, Entry, enter
from care.paper.sheet import paper_children, paper_session
from care.records import CareSession

WORDS = {
    "zh_CN": {
        "button": "✎ 改用纸质交接",
        "asks": "从现在起改用纸质交接？",
        "yes": "是，改用纸质",
        "says": "✎ 17:05 起改用纸质交接（",
        "again": "恢复在这里交接",
        "lead": "✎ 2(3)：",
        "still": "还在学校",
        "nobody": "这份名单上的孩子都已有着落",
    },
    "en": {
        "button": "✎ Hand over on paper",
        "asks": "hand over on paper from now on?",
        "yes": "Yes, on paper",
        "says": "✎ On paper since 17:05, by ",
        "again": "The chat works again",
        "lead": "hand-over on paper since 17:05, says ",
        "still": "is still at school",
        "nobody": "Every child of this list is accounted for",
    },
}


@pytest.mark.parametrize("language", WORDS)
async def test_the_phone_is_nearly_empty(sqlite: Databases, language: str) -> None:
    said = WORDS[language]
    async with open_gate(sqlite, "2(3)", moment=at(17, 5)) as gate:
        teacher, lead, session = gate.teachers["2(3)"], await gate.lead(), await gate.session("2(3)")
        child, *others = await gate.children("2(3)")
        guardians = [person.id for person in await gate.guardians(child)]
        await gate.speaks(language, teacher.user_id - USERS_FROM, lead.user_id - USERS_FROM, *guardians)
        family = await gate.players(child)
        await teacher.send("/handover")
        await teacher.tap(said["button"])
        teacher.reads(said["asks"])
        await teacher.tap(said["yes"])
        teacher.reads(said["says"] + teacher.user.name)
        yes = f"hp:{session}:1"
        await teacher.tap(data=yes)  # the old button once more
        teacher.reads(said["says"] + teacher.user.name)
        lead.reads(said["lead"])
        await gate.stage.at(at(17, 45))
        assert not any(one.sees(said["still"]) for one in family)
        assert await gate.alarms(child) == []

        await teacher.tap(said["again"])
        await gate.stage.later(seconds=5)
        assert any(one.sees(said["still"]) for one in family), "the clock goes on where it would be"
        await teacher.send("/handover")
        await teacher.tap(said["button"])
        await teacher.tap(said["yes"])
        office = await gate.stage.star("office")
        async with gate.stage.school.work(await gate.actor(office)) as uow:
            lines = [
                Entry(one.id, one.seq, collector=Collector(adult.adult, adult.id), left_at=time(17, 15))
                for one in await paper_children(uow, await paper_session(uow, session))
                for adult in [one.adults.authorised[0]]
            ]
            assert await enter(uow, session, lines, time(14, 40)) == len(others) + 1
        (row,) = await gate.stage.ask(CareSession.__table__.select().with_only_columns(CareSession.paper_since))
        assert row is None
        assert all(alarm.closed_at is not None for alarm in await gate.alarms(child))
        await teacher.tap(data=yes)
        assert said["nobody"] in teacher.toasts[-1]
        with pytest.raises(AssertionError):
            teacher.reads(said["says"])
