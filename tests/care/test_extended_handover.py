"""The hand-over to extended care and its own roll: equal lists or nothing, and nobody is lost between two teachers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from afternoon_school import TUESDAY, at, session_of, teacher_of
from extended_desk import given, passed_over, stands
from extended_school import (
    CLASS,
    OTHER,
    at_once,
    at_the_academy,
    attending,
    begin,
    by_approval,
    day_child,
    does,
    extended_session,
    guardian,
    last_link,
    letters,
    roll_taken,
    tries,
    with_role,
)
from sqlalchemy import select

from care import rollcall
from care.custody.chain import FAMILY, Link, append
from care.custody.ledger import Verified, verify
from care.extended.asking import ask, withdraw
from care.extended.deciding import decide
from care.extended.handover import Pass, count, give, handover_of, open_handovers, take
from care.extended.roll import Stand, came, not_arrived, sign_in
from care.extended.session import choose_teacher, staying
from care.permissions import Actor
from care.records import Event, Passing, Role, Step, Wish
from care.school import School


async def test_equal_counts_pass_all_at_once_with_both_names(school: School) -> None:
    children, giver, taker = await passed_over(school)
    (session,) = await extended_session(school)
    for application in children:
        link = await last_link(school, application)
        assert (link.step, link.giver_id, link.holder_id) == (Step.HANDED_OVER, giver.person_id, taker.person_id)
        assert (link.giver_name, link.holder_name) == (giver.name, taker.name)
        assert link.data == {"extended": session.id}
        assert (await day_child(school, application)).extended_at is not None
    stayed_behind = await last_link(school, (await attending(school))[3])
    assert (stayed_behind.step, stayed_behind.holder_id) == (Step.PRESENT, giver.person_id)
    assert [letter.person_id for letter in await letters(school, "extended_given")] == [taker.person_id]
    assert [letter.person_id for letter in await letters(school, "extended_taken")] == [giver.person_id]
    (session,) = await extended_session(school)
    assert session.roll_done_id == taker.person_id, "all who stay are there: the roll is done"
    async with school.look() as uow:
        assert isinstance(await verify(uow), Verified)


async def test_a_difference_blocks_it_and_names_the_children(school: School) -> None:
    await begin(school, stay=3)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    children = (await attending(school))[:3]
    row = await given(school, giver, session.id)
    for application in children[:2]:
        child = await day_child(school, application)
        await does(school, taker, lambda uow, c=child: count(uow, row.id, c.id, here=True))
    seen: Pass = await does(school, taker, lambda uow: take(uow, row.id, row.version))
    assert seen.state is Passing.DIFFERS
    assert [child.student_id for child in seen.uncounted] == [children[2].student_id]
    for application in children:
        assert (await last_link(school, application)).step is Step.PRESENT
    assert [letter.person_id for letter in await letters(school, "extended_differs")] == [giver.person_id]
    again: Pass = await does(school, taker, lambda uow: take(uow, row.id, row.version))
    assert again.state is Passing.DIFFERS, "the same tap twice"
    assert len(await letters(school, "extended_differs")) == 1
    # the third child was behind the door
    child = await day_child(school, children[2])
    seen = await does(school, taker, lambda uow: count(uow, row.id, child.id, here=True))
    seen = await does(school, taker, lambda uow: take(uow, row.id, seen.version))
    assert seen.state is Passing.TAKEN
    assert {(await last_link(school, one)).holder_id for one in children} == {taker.person_id}


async def test_a_child_too_many_is_named_too(school: School) -> None:
    """One who stays was not seen in class, and is at the academy all the same."""
    await begin(school, stay=3)
    giver, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
    taker = await at_the_academy(school)
    first, second, third = (await attending(school))[:3]
    await does(school, giver, lambda uow: rollcall.sign_in(uow, session.id))
    for application in (first, second):
        child = await day_child(school, application)
        await does(school, giver, lambda uow, c=child: rollcall.mark(uow, c.id, Step.PRESENT))
    row = await given(school, giver, session.id)
    assert [child.student_id for child in row.given] == [first.student_id, second.student_id]
    assert [child.student_id for child in row.others] == [third.student_id]
    child = await day_child(school, third)
    await does(school, taker, lambda uow: count(uow, row.id, child.id, here=True))
    for application in (first, second):
        one = await day_child(school, application)
        await does(school, taker, lambda uow, c=one: count(uow, row.id, c.id, here=True))
    seen: Pass = await does(school, taker, lambda uow: take(uow, row.id, row.version))
    assert seen.state is Passing.DIFFERS and [one.student_id for one in seen.surplus] == [third.student_id]
    # "not seen in class" may come by itself; then the lists are equal
    await does(school, taker, lambda uow: came(uow, child.id))
    seen = await does(school, taker, lambda uow: count(uow, row.id, one.id, here=True))
    seen = await does(school, taker, lambda uow: take(uow, row.id, seen.version, everyone=True))
    assert seen.state is Passing.TAKEN
    assert await stands(school, taker) == [Stand.HERE] * 3


@pytest.mark.parametrize("how", ["collected", "withdrawn"])
async def test_who_leaves_between_giving_and_counting_is_named(school: School, how: str) -> None:
    await begin(school, stay=2)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    first, second = (await attending(school))[:2]
    row = await given(school, giver, session.id)
    if how == "collected":
        child = await day_child(school, first)
        await does(school, giver, lambda uow: append(uow, child.id, Link(Step.RELEASED, FAMILY)))
    else:
        await does(school, await guardian(school, first), lambda uow: withdraw(uow, first.student_id))
    seen: Pass = await does(school, taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    assert seen.state is Passing.DIFFERS
    assert [one.student_id for one in seen.uncounted] == [first.student_id]
    assert (await last_link(school, second)).step is Step.PRESENT
    row = await given(school, giver, session.id)
    assert [one.student_id for one in row.given] == [second.student_id]
    stale = await tries(school, taker, lambda uow: take(uow, row.id, seen.version, everyone=True))
    assert stale == "stale", "the list has changed under the screen"
    seen = await does(school, taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    assert seen.state is Passing.TAKEN
    assert (await last_link(school, second)).holder_id == taker.person_id


async def test_taken_twice_and_by_two_at_once(school: School) -> None:
    await begin(school, stay=2)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    row = await given(school, giver, session.id)
    takes = (taker, lambda uow: take(uow, row.id, row.version, everyone=True))
    assert await at_once(school, takes, takes, takes) == ["done"] * 3
    for application in (await attending(school))[:2]:
        assert (await last_link(school, application)).step is Step.HANDED_OVER
        assert (await day_child(school, application)).last_seq == 3
    assert len(await letters(school, "extended_taken")) == 1


async def test_giving_while_it_is_counted(school: School) -> None:
    """Whoever comes first: the children pass once, or the old list is refused."""
    await begin(school, stay=2)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    row = await given(school, giver, session.id)
    found = await at_once(
        school,
        (giver, lambda uow: give(uow, session.id)),
        (taker, lambda uow: take(uow, row.id, row.version, everyone=True)),
    )
    assert found in (["done", "done"], ["extended_nobody", "done"])
    assert {(await last_link(school, one)).holder_id for one in (await attending(school))[:2]} == {taker.person_id}


async def test_who_may_give_and_who_may_take(school: School) -> None:
    await begin(school, stay=2)
    giver, session = await roll_taken(school)
    other, (extended,) = await teacher_of(school, OTHER), await extended_session(school)
    own = Actor(other.person_id, other.name, other.duties[:1])
    assert await tries(school, own, lambda uow: give(uow, session.id)) == "not_found"
    care_teacher = await with_role(school, Role.CARE_TEACHER, 5)
    assert await tries(school, care_teacher, lambda uow: give(uow, session.id)) == "not_signed_in"
    assert await tries(school, giver, lambda uow: give(uow, extended.id)) == "not_found"
    assert await tries(school, giver, lambda uow: give(uow, 10**9)) == "not_found"
    row = await given(school, giver, session.id)
    taker = await at_the_academy(school)
    child = await day_child(school, (await attending(school))[0])
    for work in (
        lambda uow: take(uow, row.id, row.version, everyone=True),
        lambda uow: count(uow, row.id, child.id, here=True),
        lambda uow: not_arrived(uow, child.id),
        lambda uow: came(uow, child.id),
    ):
        assert await tries(school, care_teacher, work) == "extended_not_yours"
    assert await tries(school, care_teacher, lambda uow: handover_of(uow, row.id)) == "not_found"
    foreign = await day_child(school, (await attending(school, OTHER))[0])
    assert await tries(school, taker, lambda uow: count(uow, row.id, foreign.id, here=True)) == "not_found"
    async with school.look(taker) as uow:
        assert [one.id for one in await open_handovers(uow)] == [row.id]
    guard = await with_role(school, Role.FINANCE)
    assert await tries(school, guard, sign_in) == "not_allowed"
    assert await tries(school, own, sign_in) == "not_allowed", "a homeroom teacher's duty ends at the class"
    office = await with_role(school, Role.OFFICE)
    await does(school, office, lambda uow: choose_teacher(uow, own.person_id))
    assert await tries(school, own, sign_in) == "done", "unless the office has planned it"


async def test_nobody_to_give(school: School) -> None:
    await begin(school, stay=0, other=1)
    giver, session = await roll_taken(school)
    assert await tries(school, giver, lambda uow: give(uow, session.id)) == "extended_nobody"


async def test_the_class_teacher_has_no_say_over_who_was_handed_over(school: School) -> None:
    children, giver, taker = await passed_over(school)
    child = await day_child(school, children[0])
    for step in (Step.ABSENT, Step.PRESENT, Step.LATE):
        assert await tries(school, giver, lambda uow, s=step: rollcall.mark(uow, child.id, s)) == "with_another"
    deputy, session = await with_role(school, Role.CARE_TEACHER, 3), await session_of(school, CLASS)
    await does(school, deputy, lambda uow: rollcall.sign_in(uow, session.id))
    assert (await last_link(school, children[0])).holder_id == taker.person_id
    assert (await last_link(school, (await attending(school))[3])).holder_id == deputy.person_id


async def test_taking_over_extended_care_takes_its_children(school: School) -> None:
    children, _, taker = await passed_over(school)
    second = await at_the_academy(school, 1)
    for application in children:
        link = await last_link(school, application)
        assert (link.step, link.giver_id, link.holder_id) == (Step.HANDED_OVER, taker.person_id, second.person_id)
    assert await tries(school, taker, lambda uow: not_arrived(uow, 1)) == "extended_not_yours"
    async with school.look() as uow:
        found = await staying(uow, uow.today)
        assert found is not None and len(found.students) == 3


async def test_the_audit_tells_it(school: School) -> None:
    _, giver, taker = await passed_over(school)
    async with school.look() as uow:
        query = select(Event).where(Event.action.in_(["extended_given", "extended_taken"])).order_by(Event.id)
        events = list(await uow.session.scalars(query))
    assert [(event.action, event.actor_id) for event in events] == [
        ("extended_given", giver.person_id),
        ("extended_taken", taker.person_id),
    ]
    assert events[1].data == {"children": 3, "school_class": CLASS}


async def test_the_buttons_of_yesterday(school: School) -> None:
    """What was left open yesterday can be neither counted, given nor decided today."""
    await begin(school, stay=2)
    await by_approval(school)
    giver, session = await roll_taken(school)
    taker = await at_the_academy(school)
    row = await given(school, giver, session.id)
    third = (await attending(school))[2]
    await does(school, await guardian(school, third), lambda uow: ask(uow, third.student_id))
    about = (await letters(school, "extended_asked"))[0].params
    child = await day_child(school, (await attending(school))[0])
    await at(school, 12, 30, day=TUESDAY + timedelta(days=1))
    for who, work in (
        (giver, lambda uow: give(uow, session.id)),
        (taker, lambda uow: take(uow, row.id, row.version, everyone=True)),
        (taker, lambda uow: count(uow, row.id, child.id, here=True)),
        (taker, lambda uow: not_arrived(uow, child.id)),
        (taker, lambda uow: handover_of(uow, row.id)),
    ):
        assert await tries(school, who, work) == "of_another_day"
    office = await with_role(school, Role.OFFICE)
    grants = await tries(school, office, lambda uow: decide(uow, about["request_id"], 1, Wish.APPROVED))
    assert grants == "extended_over"
    async with school.look(taker) as uow:
        assert await open_handovers(uow) == []
