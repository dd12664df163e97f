"""Extended care as its teacher has it: its desk, and what a class has passed over to it."""

from __future__ import annotations

from afternoon_school import at
from extended_school import at_the_academy, attending, begin, does, roll_taken

from care.extended.handover import Pass, give, take
from care.extended.roll import Desk, Stand, desk
from care.permissions import Actor
from care.records import Application
from care.school import School


async def given(school: School, teacher: Actor, session_id: int) -> Pass:
    found: Pass = await does(school, teacher, lambda uow: give(uow, session_id))
    return found


async def desk_of(school: School, who: Actor) -> Desk:
    async with school.look(who) as uow:
        found = await desk(uow)
    assert found is not None
    return found


async def stands(school: School, who: Actor) -> list[Stand]:
    return [child.stand for child in (await desk_of(school, who)).children]


async def passed_over(school: School, stay: int = 3) -> tuple[list[Application], Actor, Actor]:
    """The children of 2(3) who stay are with the teacher of extended care; it is 17:12."""
    await begin(school, stay=stay)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    await at(school, 17, 12)
    row = await given(school, giver, session.id)
    await does(school, taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    return (await attending(school))[:stay], giver, taker
