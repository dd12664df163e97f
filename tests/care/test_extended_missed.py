"""Extended care: who does not arrive there, or is missed later, and a roll that is late (S11)."""

from __future__ import annotations

from afternoon_school import at
from extended_desk import desk_of, given, passed_over, stands
from extended_school import (
    at_the_academy,
    attending,
    begin,
    day_child,
    does,
    guardian,
    last_link,
    letters,
    roll_taken,
    tries,
    with_role,
)
from sqlalchemy import select

from care import rollcall
from care.extended.handover import take
from care.extended.roll import Stand, came, not_arrived, sign_in
from care.records import Alarm, Holder, Role, Step
from care.school import School
from scheduler import afternoon


async def test_who_does_not_arrive_is_an_alarm_and_may_come_after_all(school: School) -> None:
    await begin(school, stay=2)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    first, second = (await attending(school))[:2]
    child, mum = await day_child(school, first), await guardian(school, first)
    assert await tries(school, taker, lambda uow: came(uow, child.id)) == "extended_by_handover"
    await does(school, taker, lambda uow: not_arrived(uow, child.id))
    await does(school, taker, lambda uow: not_arrived(uow, child.id))
    link = await last_link(school, first)
    assert (link.step, link.giver_id, link.holder) == (Step.ABSENT, giver.person_id, Holder.NOBODY)
    assert mum.person_id in {letter.person_id for letter in await letters(school, "child_missing")}
    assert [letter.person_id for letter in await letters(school, "extended_missing")] == [giver.person_id]
    row = await given(school, giver, session.id)
    assert [one.student_id for one in row.given] == [second.student_id], "the missing child cannot be given"
    await does(school, taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    found = await desk_of(school, taker)
    assert (found.expected, found.here) == (2, 1)
    assert found.session.roll_done_at is not None, "missing is said as well"
    await does(school, taker, lambda uow: came(uow, child.id))
    async with school.look() as uow:
        (alarm,) = await uow.session.scalars(select(Alarm))
        assert alarm.closed_at is not None
    link = await last_link(school, first)
    assert (link.step, link.holder_id) == (Step.PRESENT, taker.person_id)
    assert await stands(school, taker) == [Stand.HERE, Stand.HERE]


async def test_who_is_there_may_be_missed_later(school: School) -> None:
    children, _giver, taker = await passed_over(school)
    child = await day_child(school, children[0])
    await does(school, taker, lambda uow: not_arrived(uow, child.id))
    link = await last_link(school, children[0])
    assert (link.step, link.giver_id) == (Step.ABSENT, taker.person_id)
    assert await stands(school, taker) == [Stand.MISSING, Stand.HERE, Stand.HERE]
    assert await letters(school, "extended_missing") == [], "nobody else had the child"


async def test_who_is_missed_there_and_found_by_the_class_is_the_classs_again(school: School) -> None:
    """Until it is handed over anew: it must not stand on a list whose teacher does not have it."""
    children, giver, taker = await passed_over(school)
    child = await day_child(school, children[0])
    await does(school, taker, lambda uow: not_arrived(uow, child.id))
    await does(school, giver, lambda uow: rollcall.mark(uow, child.id, Step.PRESENT))
    found = await day_child(school, children[0])
    assert found.extended_at is None
    assert (await last_link(school, children[0])).holder_id == giver.person_id
    assert await stands(school, taker) == [Stand.AWAITED, Stand.HERE, Stand.HERE]
    assert await tries(school, taker, lambda uow: came(uow, child.id)) == "extended_by_handover"
    row = await given(school, giver, child.session_id)
    await does(school, taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    assert await stands(school, taker) == [Stand.HERE] * 3


async def test_who_takes_over_the_class_leaves_extended_care_alone(school: School) -> None:
    """One teacher may have had both; a colleague who takes over the class takes over the class."""
    await begin(school, stay=1)
    giver, session = await roll_taken(school)
    both = type(giver)(giver.person_id, giver.name, (await with_role(school, Role.CARE_TEACHER)).duties)
    await does(school, both, sign_in)
    row = await given(school, giver, session.id)
    await does(school, both, lambda uow: take(uow, row.id, row.version, everyone=True))
    first, second, *_ = await attending(school)
    child = await day_child(school, first)
    assert await tries(school, giver, lambda uow: rollcall.mark(uow, child.id, Step.ABSENT)) == "with_another"
    colleague = await with_role(school, Role.CARE_TEACHER, 5)
    await does(school, colleague, lambda uow: rollcall.sign_in(uow, session.id))
    assert (await last_link(school, first)).holder_id == giver.person_id
    assert (await last_link(school, second)).holder_id == colleague.person_id


async def test_a_late_roll_is_chased_once_per_step(school: School) -> None:
    await begin(school, stay=1)
    await roll_taken(school)
    taker = await at_the_academy(school)
    await at(school, 17, 44)
    assert await letters(school, "extended_roll_late") == []
    await at(school, 17, 45)
    await afternoon.tick(school)
    assert [letter.person_id for letter in await letters(school, "extended_roll_late")] == [taker.person_id]
    await at(school, 17, 56)
    await afternoon.tick(school)
    steps = [letter.params["step"] for letter in await letters(school, "extended_roll_late")]
    assert steps == [0, 1]
