"""The offer of extended care ends (S11): nobody is turned out in the middle of a day, nobody else comes in."""

from __future__ import annotations

from afternoon_school import TUESDAY, at
from extended_school import (
    DAY,
    attending,
    begin,
    by_approval,
    day_child,
    does,
    extended_session,
    guardian,
    letters,
    tries,
    wishes,
    with_role,
)
from sqlalchemy import select

from care.extended.asking import ask, own_children, withdraw
from care.extended.roll import stayers
from care.extended.session import staying
from care.permissions import SYSTEM
from care.records import Application, DayChild, Role, Term
from care.school import School
from care.term_changes import NOT_OFFERED, change_extended
from care.work import UnitOfWork


async def the_office_ends_it(school: School) -> None:
    async def end(uow: UnitOfWork) -> None:
        await change_extended(uow, (await uow.session.scalars(select(Term.id))).one(), NOT_OFFERED)

    await does(school, await with_role(school, Role.OFFICE), end)


async def who_stays(school: School) -> set[int]:
    async with school.look() as uow:
        found = await staying(uow, TUESDAY)
        assert {one.student_id for one in await stayers(uow, TUESDAY)} == (found.students if found else set())
        return set(found.students) if found else set()


async def test_who_stays_today_stays_and_nobody_else_can(school: School) -> None:
    await begin(school, stay=2)
    first, second, third, *_ = await attending(school)
    async with school.work(SYSTEM) as uow:
        there = await uow.session.get_one(DayChild, (await day_child(school, first)).id)
        there.extended_at = uow.now
    (session,) = await extended_session(school)
    await the_office_ends_it(school)
    assert await who_stays(school) == {first.student_id, second.student_id}
    async with school.look() as uow:
        found = await staying(uow, TUESDAY)
        assert found is not None and (found.ends_at, found.venue) == (session.ends_at, "澹台书院")
        assert not any(await uow.session.scalars(select(Application.extended_weekdays)))
    late, mum = await guardian(school, third), await guardian(school, second)
    assert await tries(school, late, lambda uow: ask(uow, third.student_id)) == "extended_ended"
    assert await tries(school, mum, lambda uow: withdraw(uow, second.student_id)) == "done", "at any time (S21)"
    assert await who_stays(school) == {first.student_id}
    await at(school, 12, 30, day=TUESDAY.replace(day=25))
    async with school.look(mum) as uow:
        assert await own_children(uow) == []


async def test_each_family_is_told_once_what_it_means(school: School) -> None:
    """One stays on Tuesdays, one asked for today and has no answer, one has nothing to do with it."""
    await begin(school, stay=1)
    await by_approval(school)
    stays, asked, other, *_ = await attending(school)
    assert await tries(school, await guardian(school, asked), lambda uow: ask(uow, asked.student_id)) == "done"
    await the_office_ends_it(school)
    await the_office_ends_it(school)
    told = await letters(school, "extended_ended")
    assert len(told) == len({one.person_id for one in told})
    said = {tuple(map(str, child)) for one in told for child in one.params["children"]}
    assert said == {
        (str(stays.student_id), "True", "False", f"[{DAY}]"),
        (str(asked.student_id), "False", "True", "[]"),
    }
    assert all(one.params["last_today"] for one in told)
    assert await wishes(school, [stays, asked, other]) == ["approved", "declined"]


async def test_before_the_day_opens_today_is_over_as_well(school: School) -> None:
    await begin(school, stay=1, opened=False)
    first = (await attending(school))[0]
    await the_office_ends_it(school)
    assert await who_stays(school) == set()
    told = await letters(school, "extended_ended")
    assert told and not any(one.params["last_today"] for one in told)
    await at(school, 12, 30)
    assert await extended_session(school) == []
    assert (await day_child(school, first)).extended_at is None
