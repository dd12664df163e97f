"""What was asked of extended care and nobody has decided while it could be (S11): it lapses once, and the family learns
why."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from afternoon_school import TUESDAY, at
from extended_school import attending, begin, by_approval, day_child, does, guardian, letters, roll_taken, wishes
from sqlalchemy import select

from care import rollcall
from care.custody.chain import Link, Side, append
from care.extended.asking import ask
from care.extended.lapsing import Why
from care.leave import give
from care.permissions import SYSTEM
from care.records import Application, CareDay, ExtendedRequest, Holder, Proof, Step, Term
from care.school import School
from care.term_changes import NOT_OFFERED, change_extended
from scheduler import afternoon

WEDNESDAY = TUESDAY.replace(day=25)


async def four_have_asked(school: School) -> list[Application]:
    """By 14:45 one is on leave, one missing, one here, one collected; nobody has decided on any of them."""
    await begin(school, stay=1)
    await by_approval(school)
    _, *children = (await attending(school))[:5]
    for one in children:
        await does(school, await guardian(school, one), lambda uow, one=one: ask(uow, one.student_id))
    away, missing, _here, gone = children
    await does(school, await guardian(school, away), lambda uow: give(uow, away.student_id, TUESDAY, TUESDAY))
    await at(school, 14, 45)
    teacher, _session = await roll_taken(school)
    lost, left = await day_child(school, missing), await day_child(school, gone)
    await does(school, teacher, lambda uow: rollcall.mark(uow, lost.id, Step.ABSENT))
    async with school.work(SYSTEM) as uow:
        await append(uow, left.id, Link(Step.RELEASED, Side(Holder.ADULT, None, "林秀英"), Proof.LIST))
    return children


async def told(school: School) -> dict[int, str]:
    """What each child's family is told, once to each guardian."""
    async with school.look() as uow:
        of = {one.id: one.student_id for one in await uow.session.scalars(select(ExtendedRequest))}
    found = await letters(school, "extended_lapsed")
    assert len(found) == len({(one.person_id, one.params["request_id"]) for one in found})
    return {of[one.params["request_id"]]: one.params["why"] for one in found}


async def test_when_extended_care_is_over(school: School) -> None:
    """Of a child who has been collected nobody needs to hear anything."""
    children = await four_have_asked(school)
    away, missing, here, _gone = children
    await at(school, 18, 29)
    assert await wishes(school, children) == ["asked"] * 4 and await told(school) == {}
    for minute in (30, 31):
        await at(school, 18, minute)
    assert await wishes(school, children) == ["lapsed"] * 4
    assert await told(school) == {
        away.student_id: Why.ON_LEAVE,
        missing.student_id: Why.AWAY,
        here.student_id: Why.LATE,
    }


async def test_when_the_school_ends_it(school: School) -> None:
    """Who is in care reads with the end that it cannot stay; who is not, that nobody has decided."""
    children = await four_have_asked(school)
    away, missing, here, _gone = children
    await at(school, 16)
    async with school.work(SYSTEM) as uow:
        await change_extended(uow, (await uow.session.scalars(select(Term.id))).one(), NOT_OFFERED)
    await afternoon.tick(school)
    assert await wishes(school, children) == ["declined", "lapsed", "lapsed", "lapsed"]
    assert await told(school) == {away.student_id: Why.ON_LEAVE, missing.student_id: Why.AWAY}
    assert {here.student_id} <= {
        child[0] for one in await letters(school, "extended_ended") for child in one.params["children"]
    }


@pytest.mark.parametrize("sealed", [True, False])
async def test_at_night_the_family_hears_in_the_morning(school: School, sealed: bool) -> None:
    """The day is sealed at once, or the clock stood still until after midnight."""
    children = await four_have_asked(school)
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(CareDay, TUESDAY)).closed_at = uow.now if sealed else None
    await (at(school, 14, 46) if sealed else at(school, 0, 30, WEDNESDAY))
    assert await wishes(school, children) == ["lapsed"] * 4
    due = {one.due_at for one in await letters(school, "extended_lapsed")}
    assert due == {school.clock.now() if sealed else datetime.combine(WEDNESDAY, time(7, 30), school.zone)}


async def test_what_is_asked_for_the_new_date_stands(school: School) -> None:
    """After midnight, while the day before is under way."""
    await begin(school, stay=0)
    await by_approval(school)
    child = next(one for one in await attending(school) if 3 in one.weekdays)
    await at(school, 0, 30, WEDNESDAY)
    await does(school, await guardian(school, child), lambda uow: ask(uow, child.student_id))
    await at(school, 0, 31, WEDNESDAY)
    assert await wishes(school, [child]) == ["asked"]
