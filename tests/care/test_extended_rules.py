"""Extended care: its session, its places, who stays and until when (S11)."""

from __future__ import annotations

from datetime import time

import pytest
from afternoon_school import TUESDAY, teacher_of
from extended_school import (
    CLASS,
    DAY,
    OTHER,
    Work,
    at_once,
    attending,
    begin,
    by_approval,
    day_child,
    does,
    extended_session,
    guardian,
    last_link,
    letters,
    tries,
    wishes,
    with_role,
)
from extended_wishes import asks, left, staying, withdraws
from sqlalchemy import select, update

from care import rollcall
from care.enrolment.apply import withdraw as leave_care
from care.extended.asking import child_today, own_children
from care.extended.deciding import decide
from care.extended.lists import ChildRow, set_extended, today_rows
from care.extended.places import offer_on
from care.extended.session import choose_teacher, open_extended
from care.extended.session import staying as staying_on
from care.extended.standing import own_standing, set_standing
from care.leave import give
from care.permissions import SYSTEM, Actor
from care.records import Application, CalendarDay, ExtendedRequest, Leave, Role, State, Step, Term, WaveDay, Wish
from care.records.term import Wave
from care.school import School
from care.work import UnitOfWork
from scheduler import afternoon


async def test_who_stays_leaves_from_extended_care(school: School) -> None:
    await begin(school, stay=2)
    first, second, third, *_ = await attending(school)
    await does(school, await guardian(school, second), withdraws(second))
    await does(school, await guardian(school, third), asks(third))
    async with school.look() as uow:
        found = await staying_on(uow, TUESDAY)
    assert found is not None and found.students == {first.student_id, third.student_id}
    assert (found.venue, found.gate) == ("澹台书院", "澹台书院")
    assert found.ends_at.astimezone(school.zone).time() == time(18, 30)
    assert second.student_id not in found.students


async def test_before_its_session_is_made_the_helper_says_the_same(school: School) -> None:
    await begin(school, stay=0)
    first = (await attending(school))[0]
    assert await extended_session(school) == []
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Application).where(Application.id == first.id).values(extended_weekdays=[DAY]))
    async with school.look() as uow:
        found = await staying_on(uow, TUESDAY)
    assert found is not None and (found.students, found.venue) == ({first.student_id}, "澹台书院")


async def test_a_child_on_leave_holds_no_place(school: School) -> None:
    await begin(school, stay=2, places=2)
    first, second, third, *_ = await attending(school)
    assert await left(school) == 0
    await does(school, await guardian(school, first), lambda uow: give(uow, first.student_id, TUESDAY, TUESDAY))
    assert await left(school) == 1 and await staying(school) == {second.student_id}
    assert await tries(school, await guardian(school, first), asks(first)) == "not_in_care_today"
    child = await does(school, await guardian(school, third), asks(third))
    assert child.stays
    async with school.look() as uow:
        found = await staying_on(uow, TUESDAY)
        assert found is not None and first.student_id not in found.students


async def test_the_session_lasts_from_the_last_wave_to_the_terms_end(school: School) -> None:
    await begin(school, stay=1)
    (session,) = await extended_session(school)
    times = [moment.astimezone(school.zone).time() for moment in (session.starts_at, session.ends_at)]
    assert times == [time(17, 25), time(18, 30)]
    assert (session.venue, session.gate, session.wave, session.school_class_id) == ("澹台书院", "澹台书院", 0, None)


async def test_an_early_end_brings_extended_care_forward(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        for wave in await uow.session.scalars(select(Wave.id)):
            uow.session.add(WaveDay(date=TUESDAY, wave_id=wave, starts_at=time(13, 30), ends_at=time(15, 30)))
    await begin(school, stay=1)
    (session,) = await extended_session(school)
    assert session.starts_at.astimezone(school.zone).time() == time(15, 30)


async def test_no_session_where_nobody_stays_and_one_however_many_make_it(school: School) -> None:
    await begin(school, stay=0)
    assert await extended_session(school) == []
    assert await at_once(school, *[(SYSTEM, open_extended)] * 3) == ["done"] * 3
    assert len(await extended_session(school)) == 1
    await afternoon.tick(school)
    assert len(await extended_session(school)) == 1


@pytest.mark.parametrize("care", [True, False])
async def test_a_day_without_care_and_a_term_without_extended_care(school: School, care: bool) -> None:
    await begin(school, stay=1, opened=False)
    async with school.work(SYSTEM) as uow:
        if care:
            await uow.session.execute(
                update(Term).values(extended_venue_id=None, extended_until=None, extended_capacity=None)
            )
        else:
            await uow.session.merge(CalendarDay(date=TUESDAY, school=True, care=False, note="教研"))
    first = (await attending(school))[0]
    mum = await guardian(school, first)
    assert await tries(school, mum, asks(first)) == "extended_not_today"
    async with school.look(mum) as uow:
        assert await own_children(uow) == []
        assert len(await own_standing(uow)) == 1
    toggled = await tries(school, mum, lambda uow: set_standing(uow, first.student_id, DAY, False))
    assert toggled == ("extended_not_offered" if care else "done")


async def test_two_at_once_cannot_take_the_last_place(school: School) -> None:
    """The other one's family is not turned away: the school is asked."""
    await begin(school, stay=1, places=2)
    _, one, two, *_ = await attending(school)
    deeds = [(await guardian(school, a), asks(a)) for a in (one, two)]
    assert await at_once(school, *deeds) == ["done", "done"]
    assert await wishes(school, [one, two]) == ["approved", "asked"]
    assert await left(school) == 0 and len(await staying(school)) == 2


async def test_both_parents_and_a_double_tap_ask_once(school: School) -> None:
    await begin(school, stay=0)
    first = (await attending(school))[0]
    mum = await guardian(school, first)
    assert await at_once(school, *[(mum, asks(first))] * 4) == ["done"] * 4
    assert await wishes(school, [first]) == ["approved"]
    async with school.look() as uow:
        request = list(await uow.session.scalars(select(ExtendedRequest.id)))
    assert len(request) == 1


async def test_two_who_grant_cannot_give_the_last_place_twice(school: School) -> None:
    await begin(school, stay=1, places=2)
    await by_approval(school)
    _, one, two, *_ = await attending(school)
    for application in (one, two):
        child = await does(school, await guardian(school, application), asks(application))
        assert child.waits and not child.stays
    head, office = await with_role(school, Role.HEAD), await with_role(school, Role.OFFICE)
    first, second = [letter.params for letter in await letters(school, "extended_asked")][::2]

    def grants(about: dict[str, int]) -> Work:
        return lambda uow: decide(uow, about["request_id"], about["version"], Wish.APPROVED)

    assert first["request_id"] != second["request_id"]
    found = await at_once(school, (head, grants(first)), (office, grants(second)))
    assert sorted(found) == ["done", "extended_full"]
    assert await wishes(school, [one, two]) == ["approved", "asked"]


async def test_a_place_that_gets_free_goes_to_who_waits(school: School) -> None:
    await begin(school, stay=2, places=2)
    first, second, third, fourth, *_ = await attending(school)
    for application in (third, fourth):
        await does(school, await guardian(school, application), asks(application))
    assert await wishes(school, [third, fourth]) == ["asked", "asked"]
    await does(school, await guardian(school, first), withdraws(first))
    await afternoon.tick(school)
    assert await staying(school) == {second.student_id, third.student_id}
    told = [letter for letter in await letters(school, "extended_decided") if letter.params["version"] == 2]
    assert (await guardian(school, third)).person_id in {letter.person_id for letter in told}
    await afternoon.tick(school)
    assert await wishes(school, [third, fourth]) == ["approved", "asked"]


async def test_who_waits_and_has_gone_holds_nobody_up(school: School) -> None:
    await begin(school, stay=1, places=1)
    first, second, third, *_ = await attending(school)
    for application in (second, third):
        await does(school, await guardian(school, application), asks(application))
    async with school.work(SYSTEM) as uow:  # the second is not in care any more; nobody has taken the wish back
        gone = update(Application).where(Application.id == second.id)
        await uow.session.execute(gone.values(state=State.WITHDRAWN))
    await does(school, await guardian(school, first), withdraws(first))
    await afternoon.tick(school)
    assert await staying(school) == {third.student_id}
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Term).values(extended_capacity=9))
    written = []
    school.reached = written.append
    await afternoon.tick(school)
    assert written == [], "an idle tick writes nothing"


async def test_the_office_sees_whoever_is_in_reach(school: School) -> None:
    await begin(school, stay=2, other=1)
    first, _, third, *_ = await attending(school)
    async with school.work(SYSTEM) as uow:
        uow.session.add(Leave(student_id=first.student_id, first=TUESDAY, last=TUESDAY, given_by=1, given_at=uow.now))
    await does(school, await guardian(school, third), asks(third))

    async def rows(who: Actor) -> dict[int, ChildRow]:
        async with school.look(who) as uow:
            offer = await offer_on(uow, TUESDAY)
            assert offer is not None
            return {row.student_id: row for row in await today_rows(uow, offer)}

    seen = await rows(await with_role(school, Role.OFFICE))
    assert len(seen) == 4
    assert seen[first.student_id].on_leave and not seen[first.student_id].stays
    assert getattr(seen[third.student_id].asked, "state", None) is Wish.APPROVED
    assert {row.school_class for row in seen.values()} == {CLASS, OTHER}
    homeroom = await teacher_of(school, CLASS)
    own = type(homeroom)(homeroom.person_id, homeroom.name, homeroom.duties[:1])
    assert {row.school_class for row in (await rows(own)).values()} == {CLASS}


async def test_the_settings_hold_at_once(school: School) -> None:
    await begin(school, stay=0)
    first, second, *_ = await attending(school)
    office = await with_role(school, Role.OFFICE)
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY)
        assert offer is not None
    term_id = offer.term_id

    def sets(until: time, automatic: bool, places: int) -> Work:
        return lambda uow: set_extended(uow, term_id, until, automatic, places)

    homeroom = await teacher_of(school, CLASS)
    assert await tries(school, homeroom, sets(time(15, 0), True, 5)) == "not_allowed"
    assert await tries(school, office, sets(time(12, 0), False, 5)) == "done"
    child = await does(school, await guardian(school, first), asks(first))
    assert child.waits and await left(school) == 5
    assert await tries(school, office, sets(time(12, 0), True, 1)) == "done"
    await afternoon.tick(school)
    assert await staying(school) == {first.student_id}
    assert len(await letters(school, "extended_changed")) == 1, "past the new cut-off"
    assert (await does(school, await guardian(school, second), asks(second))).waits


async def test_the_planned_teacher_is_told(school: School) -> None:
    await begin(school, stay=1)
    office, teacher = await with_role(school, Role.OFFICE), await with_role(school, Role.CARE_TEACHER)
    finance, homeroom = await with_role(school, Role.FINANCE), await teacher_of(school, CLASS)

    def plans(person_id: int | None) -> Work:
        return lambda uow: choose_teacher(uow, person_id)

    assert await tries(school, homeroom, plans(teacher.person_id)) == "not_allowed"
    assert await tries(school, office, plans(finance.person_id)) == "not_found"
    assert await tries(school, office, plans(teacher.person_id)) == "done"
    assert await tries(school, office, plans(teacher.person_id)) == "done"
    assert [letter.person_id for letter in await letters(school, "extended_teacher")] == [teacher.person_id]
    assert await tries(school, office, plans(None)) == "done"
    assert (await extended_session(school))[0].teacher_id is None


async def test_a_child_of_no_application_is_nothing(school: School) -> None:
    await begin(school, stay=0)

    async def look(uow: UnitOfWork) -> object:
        offer = await offer_on(uow, TUESDAY)
        assert offer is not None
        return await child_today(uow, offer, 10**9)

    assert await does(school, SYSTEM, look) is None


async def test_who_withdraws_from_care_today_is_expected_no_more(school: School) -> None:
    """A child that is here already is still somebody's; one that has not come is with its family."""
    await begin(school, stay=0)
    first, second, *_ = await attending(school)
    teacher, there = await teacher_of(school, CLASS), await day_child(school, second)
    await does(school, teacher, lambda uow: rollcall.sign_in(uow, there.session_id))
    await does(school, teacher, lambda uow: rollcall.mark(uow, there.id, Step.PRESENT))
    for one in (first, second):
        await does(school, await guardian(school, one), lambda uow, one=one: leave_care(uow, one.id))
    assert (await last_link(school, first)).step is Step.WITHDRAWN
    assert (await last_link(school, second)).step is Step.PRESENT
