"""Extended care: requests are decided by whose duty it is, and standing weekdays are asked for (S11)."""

from __future__ import annotations

from datetime import timedelta

from afternoon_school import TUESDAY, at, teacher_of
from extended_school import (
    CLASS,
    DAY,
    Work,
    at_once,
    attending,
    begin,
    by_approval,
    does,
    extended_session,
    guardian,
    letters,
    tries,
    wishes,
    with_role,
)
from extended_wishes import asks, left, staying, withdraws
from sqlalchemy import delete, select, update

from care.extended.asking import own_children
from care.extended.deciding import decide, request_of
from care.extended.places import offer_on, stays_on
from care.extended.session import choose_teacher
from care.extended.session import staying as staying_on
from care.extended.standing import own_standing, set_standing
from care.permissions import SYSTEM
from care.records import Application, CustodyEvent, DayChild, Guardianship, Role, Wish
from care.school import School


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


async def test_who_is_enrolled_while_the_day_runs_stays_from_its_next_day_on(school: School) -> None:
    """The day's lists are made: the child is on none of them, and takes no place."""
    await begin(school, stay=1)
    first, late, *_ = await attending(school)
    before = await left(school)
    async with school.work(SYSTEM) as uow:
        gone = select(DayChild.id).where(DayChild.student_id == late.student_id)
        await uow.session.execute(delete(CustodyEvent).where(CustodyEvent.day_child_id.in_(gone)))
        await uow.session.execute(delete(DayChild).where(DayChild.student_id == late.student_id))
        standing = update(Application).where(Application.id == late.id).values(extended_weekdays=[DAY])
        await uow.session.execute(standing)
    assert await staying(school) == {first.student_id}
    assert await left(school) == before
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY + timedelta(days=7))
        assert offer is not None
        assert await stays_on(uow, offer) == {first.student_id, late.student_id}
