"""Extended care: who stays, how many may, and what changes before and after the cut-off."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from afternoon_school import TUESDAY, at, teacher_of
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
from sqlalchemy import select, update

from care import rollcall
from care.enrolment.apply import withdraw as leave_care
from care.extended.asking import ask, child_today, own_children, withdraw
from care.extended.deciding import decide, request_of
from care.extended.lists import ChildRow, set_extended, today_rows
from care.extended.places import offer_on, places_left, stays_on
from care.extended.session import choose_teacher, open_extended
from care.extended.session import staying as staying_on
from care.extended.standing import own_standing, set_standing
from care.leave import give
from care.permissions import SYSTEM, Actor
from care.records import (
    Application,
    CalendarDay,
    ExtendedRequest,
    Guardianship,
    Leave,
    Role,
    State,
    Step,
    Term,
    WaveDay,
    Wish,
)
from care.records.term import Wave
from care.school import School
from care.work import UnitOfWork
from scheduler import afternoon


async def left(school: School) -> int:
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY)
        assert offer is not None
        return await places_left(uow, offer)


async def staying(school: School) -> set[int]:
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY)
        assert offer is not None
        return await stays_on(uow, offer)


def asks(application: Application) -> Work:
    return lambda uow: ask(uow, application.student_id)


def withdraws(application: Application) -> Work:
    return lambda uow: withdraw(uow, application.student_id)


# when and from where a child leaves


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


# places


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


async def test_what_is_asked_reaches_the_duty_lead_and_the_office(school: School) -> None:
    await begin(school, stay=0)
    await by_approval(school)
    first = (await attending(school))[0]
    await does(school, await guardian(school, first), asks(first))
    await does(school, await guardian(school, first), asks(first))
    office = await with_role(school, Role.OFFICE)
    people = [letter.person_id for letter in await letters(school, "extended_asked")]
    assert office.person_id in people and len(people) == len(set(people)) == 2


async def test_who_may_decide(school: School) -> None:
    await begin(school, stay=0)
    await by_approval(school)
    first, second, *_ = await attending(school)
    mum = await guardian(school, first)
    await does(school, mum, asks(first))
    about = (await letters(school, "extended_asked"))[0].params

    def says(to: Wish, version: int = 1, request_id: int = 0) -> Work:
        return lambda uow: decide(uow, request_id or about["request_id"], version, to, "今天没有名额")

    homeroom, leader3 = await teacher_of(school, CLASS), await with_role(school, Role.CARE_TEACHER)
    assert await tries(school, homeroom, says(Wish.APPROVED)) == "not_found"
    assert await tries(school, leader3, says(Wish.APPROVED)) == "not_found"
    assert await tries(school, mum, says(Wish.APPROVED)) == "not_found"
    office = await with_role(school, Role.OFFICE)
    assert await tries(school, office, says(Wish.APPROVED, request_id=9_999)) == "not_found"
    assert await tries(school, office, says(Wish.APPROVED, version=7)) == "stale"
    assert await tries(school, office, says(Wish.DECLINED)) == "done"
    assert await tries(school, office, says(Wish.DECLINED)) == "done", "the same tap twice"
    assert await tries(school, office, says(Wish.APPROVED)) == "stale"
    async with school.look(office) as uow:
        assert (await request_of(uow, about["request_id"])).remark == "今天没有名额"
    assert await tries(school, office, says(Wish.DECLINED, version=2)) == "stale", "declined once is enough"
    assert await tries(school, mum, asks(first)) == "done", "anew"
    assert await wishes(school, [first]) == ["asked"]
    assert await tries(school, office, says(Wish.DECLINED, version=3)) == "done"
    assert await tries(school, office, says(Wish.APPROVED, version=4)) == "done", "after all"
    assert await wishes(school, [first]) == ["approved"]
    assert mum.person_id in {letter.person_id for letter in await letters(school, "extended_decided")}
    assert await tries(school, mum, asks(second)) == "not_found", "another family's child"


async def test_nobody_decides_on_their_own_child(school: School) -> None:
    await begin(school, stay=0)
    await by_approval(school)
    first = (await attending(school))[0]
    mum = await guardian(school, first)
    await does(school, mum, asks(first))
    about = (await letters(school, "extended_asked"))[0].params
    office = await with_role(school, Role.OFFICE)
    own = type(mum)(mum.person_id, mum.name, office.duties)
    grants = lambda uow: decide(uow, about["request_id"], 1, Wish.APPROVED)  # noqa: E731
    assert await tries(school, own, grants) == "own_child"


async def test_what_was_asked_and_taken_back_cannot_be_granted(school: School) -> None:
    await begin(school, stay=0)
    await by_approval(school)
    first = (await attending(school))[0]
    mum, office = await guardian(school, first), await with_role(school, Role.OFFICE)
    await does(school, mum, asks(first))
    about = (await letters(school, "extended_asked"))[0].params
    await does(school, mum, withdraws(first))
    grants = lambda uow: decide(uow, about["request_id"], 1, Wish.APPROVED)  # noqa: E731
    assert await tries(school, office, grants) == "stale"
    await does(school, mum, asks(first))
    assert await tries(school, office, grants) == "stale", "that was the request before"
    assert await staying(school) == set()


# the cut-off


async def test_before_the_cut_off_nobody_is_told_afterwards_both_teachers(school: School) -> None:
    await begin(school, stay=1)
    first, second, *_ = await attending(school)
    office, teacher = await with_role(school, Role.OFFICE), await with_role(school, Role.CARE_TEACHER)
    await does(school, office, lambda uow: choose_teacher(uow, teacher.person_id))
    await at(school, 15, 59)
    await does(school, await guardian(school, first), withdraws(first))
    await does(school, await guardian(school, second), asks(second))
    assert await letters(school, "extended_changed") == []
    await at(school, 16, 0)
    await does(school, await guardian(school, second), withdraws(second))
    homeroom = await teacher_of(school, CLASS)
    told = {letter.person_id for letter in await letters(school, "extended_changed")}
    assert told == {homeroom.person_id, teacher.person_id}
    await does(school, await guardian(school, second), withdraws(second))
    assert len(await letters(school, "extended_changed")) == 2


async def test_when_it_is_over_nothing_can_change(school: School) -> None:
    await begin(school, stay=0)
    first = (await attending(school))[0]
    await at(school, 18, 30)
    assert await tries(school, await guardian(school, first), asks(first)) == "extended_over"


async def test_in_the_morning_it_can_be_asked_for_already(school: School) -> None:
    await begin(school, stay=0, opened=False)
    first = (await attending(school))[0]
    child = await does(school, await guardian(school, first), asks(first))
    assert child.stays
    assert await extended_session(school) == []
    await at(school, 12, 30)
    assert len(await extended_session(school)) == 1
    async with school.look() as uow:
        found = await staying_on(uow, TUESDAY)
        assert found is not None and first.student_id in found.students


# standing weekdays


async def test_standing_weekdays_count_from_the_next_care_day_on(school: School) -> None:
    await begin(school, stay=1)
    first, second, *_ = await attending(school)
    for application, wanted in ((first, False), (second, True)):
        mum = await guardian(school, application)
        await does(school, mum, lambda uow, a=application, w=wanted: set_standing(uow, a.student_id, DAY, w))
    assert await staying(school) == {first.student_id}
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY + timedelta(days=7))
        assert offer is not None
        assert await stays_on(uow, offer) == {second.student_id}
    child = await does(school, await guardian(school, second), asks(second))
    assert child.stays, "and for today it is asked for as ever"


async def test_a_standing_weekday_needs_a_place_and_a_care_day(school: School) -> None:
    await begin(school, stay=1, places=2)
    _, one, two, *_ = await attending(school)
    adds = [
        (await guardian(school, a), lambda uow, a=a: set_standing(uow, a.student_id, DAY, wanted=True))
        for a in (one, two)
    ]
    assert sorted(await at_once(school, *adds)) == ["done", "extended_weekday_full"]
    mum = await guardian(school, one)
    assert await tries(school, mum, lambda uow: set_standing(uow, one.student_id, 6, wanted=True)) == (
        "extended_outside_weekdays"
    )
    assert await tries(school, mum, lambda uow: set_standing(uow, two.student_id, DAY, wanted=True)) == "not_found"


async def test_a_restricted_guardian_can_neither_see_nor_ask(school: School) -> None:
    await begin(school, stay=0)
    first = (await attending(school))[0]
    mum = await guardian(school, first)
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Guardianship, first.guardianship_id)).restricted = True
    assert await tries(school, mum, asks(first)) == "not_found"
    async with school.look(mum) as uow:
        assert first.student_id not in {one.student_id for one in await own_children(uow)}
        assert first.student_id not in {one.student_id for one in await own_standing(uow)}


# the office


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


# withdrawn from care for today


async def test_who_withdraws_from_care_today_is_expected_no_more(school: School) -> None:
    """A child that is here already is still somebody's; one that has not come is with its family."""
    await begin(school, stay=0)
    first, second, *_ = await attending(school)
    teacher, there = await teacher_of(school, CLASS), await day_child(school, second)
    await does(school, teacher, lambda uow: rollcall.sign_in(uow, there.session_id))
    await does(school, teacher, lambda uow: rollcall.mark(uow, there.id, Step.PRESENT))
    for one in (first, second):
        await does(school, await guardian(school, one), lambda uow, one=one: leave_care(uow, one.id))
    assert (await last_link(school, first)).step is Step.LEAVE
    assert (await last_link(school, second)).step is Step.PRESENT
