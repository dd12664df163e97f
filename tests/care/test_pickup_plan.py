"""Who comes for a child: whose word counts, what it may say, and who hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from databases import Databases, make_school
from sqlalchemy import select, update
from stage import care_runs_in
from way_home import Family, actor_of, at, attend_every_day, families, marked, released, stopped, with_adult

from care.errors import Conflict, NotAllowed, NotFound
from care.people import holders
from care.pickup import stop_list
from care.pickup.adults import may_collect
from care.pickup.leaving import leaving, next_leaving
from care.pickup.plan import Said, adults_for, plan_of, say_who_comes, take_back
from care.pickup.reminding import as_listed, dismissal_key, due_reminders, listed
from care.records import Application, CalendarDay, Delegate, Event, Guardianship, LeaveMode, Letter, PickupPlan
from care.records.day import Step
from care.records.people import Relation, Role
from care.records.pickup import Adult
from care.school import School
from scheduler import afternoon


@pytest.fixture
async def town(databases: Databases) -> AsyncIterator[School]:
    """The school on Tuesday at half past twelve, with care in 2(3) only."""
    school = make_school(await databases.fresh())
    await care_runs_in(school, "2(3)")
    yield school
    await school.close()


async def home(school: School, number: int = 0) -> Family:
    found = (await families(school, "2(3)"))[number]
    await attend_every_day(school, found.student_id)
    return found


async def noon(school: School) -> None:
    school.clock.jump(at(12, 30))  # type: ignore[attr-defined]
    await afternoon.tick(school)


async def say(
    school: School, person_id: int, student_id: int, adult: Adult, adult_id: int, ahead: int = 0
) -> Said | None:
    async with school.work(await actor_of(school, person_id)) as uow:
        return await say_who_comes(uow, [student_id], adult, adult_id, uow.today + timedelta(days=ahead))


async def told(school: School) -> list[int | None]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "pickup_said")))


async def test_the_last_word_counts_and_the_other_hears_it(town: School) -> None:
    family = await home(town)
    mum, dad = family.people
    await noon(town)
    await say(town, mum, family.student_id, Adult.GUARDIAN, mum)
    await say(town, mum, family.student_id, Adult.GUARDIAN, mum)
    assert await told(town) == [dad], "the same word twice is one"
    await say(town, dad, family.student_id, Adult.GUARDIAN, dad)
    assert await told(town) == [dad, mum]
    async with town.look() as uow:
        plan = (await plan_of(uow, [family.student_id], uow.today))[family.student_id]
        events = list(await uow.session.scalars(select(Event.actor_id).where(Event.action == "pickup_said")))
    assert (plan.adult_id, plan.said_by) == (dad, dad)
    assert events == [mum, dad]


async def test_only_adults_of_the_list_and_only_for_own_children(town: School) -> None:
    family, strangers = await home(town), await home(town, 1)
    row = await with_adult(town, strangers.student_id, "别家奶奶")
    await noon(town)
    (mum, _), (foreign, _) = family.people, strangers.people
    with pytest.raises(NotFound):
        await say(town, mum, strangers.student_id, Adult.GUARDIAN, mum)
    for adult, number in ((Adult.GUARDIAN, foreign), (Adult.LISTED, row), (Adult.DELEGATE, 1)):
        with pytest.raises(NotAllowed, match="not_authorised"):
            await say(town, mum, family.student_id, adult, number)
    async with town.work() as uow:
        await uow.session.execute(update(Guardianship).where(Guardianship.person_id == mum).values(restricted=True))
    with pytest.raises(NotFound):
        await say(town, mum, family.student_id, Adult.GUARDIAN, mum)
    async with town.look() as uow:
        assert list(await uow.session.scalars(select(PickupPlan))) == []


async def test_nothing_to_say_of_a_child_that_is_not_in_care_or_gone(town: School) -> None:
    family = await home(town)
    mum, _ = family.people
    await noon(town)
    await marked(town, family.student_id)
    await released(town, family.student_id)
    with pytest.raises(Conflict, match="already_collected"):
        await say(town, mum, family.student_id, Adult.GUARDIAN, mum)
    for ahead in (4, -1, 400):  # a Saturday, yesterday, after the term
        with pytest.raises(Conflict, match="not_in_care_then"):
            await say(town, mum, family.student_id, Adult.GUARDIAN, mum, ahead)
    assert await say(town, mum, family.student_id, Adult.GUARDIAN, mum, 1) is not None


async def test_an_adult_of_the_stop_list_is_not_stored_and_the_lead_hears_it_once(town: School) -> None:
    family = await home(town)
    mum, _ = family.people
    row = await with_adult(town, family.student_id)
    await stopped(town, family.student_id, "钱秀英")
    await noon(town)
    for _ in range(2):
        assert await say(town, mum, family.student_id, Adult.LISTED, row) is None
    async with town.look() as uow:
        assert list(await uow.session.scalars(select(PickupPlan))) == []
        letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == "pickup_stopped")))
        assert [one.name for one in await adults_for(uow, [family.student_id], uow.today)].count("钱秀英") == 0
    assert len(letters) == 1
    assert mum not in [letter.person_id for letter in letters]


async def test_taken_back(town: School) -> None:
    family = await home(town)
    mum, dad = family.people
    await noon(town)
    await say(town, mum, family.student_id, Adult.GUARDIAN, dad)
    async with town.work(await actor_of(town, dad)) as uow:
        said = await take_back(uow, [family.student_id], uow.today)
    assert said.children == {family.student_id}
    async with town.look() as uow:
        assert await plan_of(uow, [family.student_id], uow.today) == {}
    assert await told(town) == [dad, mum]
    async with town.work(await actor_of(town, dad)) as uow:
        assert (await take_back(uow, [family.student_id], uow.today)).children == frozenset()


async def test_when_a_child_leaves_before_and_after_its_list_is_made(town: School) -> None:
    family = await home(town)
    async with town.work() as uow:
        uow.session.add(CalendarDay(date=at(12, day=26).date(), school=False, care=False, note="停课"))
    async with town.look() as uow:
        (early,) = await leaving(uow, [family.student_id], at(12).date())
        assert (early.step, early.ends_at, early.gate, early.wave) == (None, at(17, 10), "东门", 1)
        assert await leaving(uow, [family.student_id], at(12, day=26).date()) == []
        assert await leaving(uow, [family.student_id, 999_999], at(12, day=28).date()) == []
    await noon(town)
    await marked(town, family.student_id, Step.LATE)
    async with town.look() as uow:
        (late,) = await leaving(uow, [family.student_id], uow.today)
        assert (late.step, late.ends_at, late.is_over) == (Step.LATE, at(17, 10), False)
        (following,) = await next_leaving(uow, [family.student_id])
        assert following.day == at(12, day=25).date()


async def test_small_children_never_leave_alone(town: School) -> None:
    family = await home(town)
    async with town.work() as uow:
        await uow.session.execute(update(Application).values(leave_mode=LeaveMode.ALONE))
    async with town.look() as uow:
        assert [one.alone for one in await leaving(uow, [family.student_id], at(12).date())] == [False]


async def test_the_delegate_of_a_guardian_who_was_restricted_since(town: School) -> None:
    """What a guardian could not say any more does not hold either."""
    family = await home(town)
    mum, _ = family.people
    await noon(town)
    async with town.work() as uow:
        delegate = Delegate(date=uow.today, guardian_id=mum, student_ids=[family.student_id], name="孙小梅", phone="1")
        delegate.relation, delegate.made_at = Relation.AUNT, uow.now
        uow.session.add(delegate)
        await uow.session.flush()
        assert (await may_collect(uow, family.student_id, Adult.DELEGATE, delegate.id, uow.today)).name == "孙小梅"
        await uow.session.execute(update(Guardianship).where(Guardianship.person_id == mum).values(restricted=True))
        with pytest.raises(NotAllowed, match="not_authorised"):
            await may_collect(uow, family.student_id, Adult.DELEGATE, delegate.id, uow.today)


async def test_who_is_to_be_reminded(town: School) -> None:
    family = await home(town)
    mum, dad = family.people
    await noon(town)
    await marked(town, family.student_id)
    town.clock.jump(at(16, 39))  # type: ignore[attr-defined]
    async with town.look() as uow:
        assert await due_reminders(uow, 30) == []
        assert {one.person_id for one in await due_reminders(uow, 31)} == {mum, dad}
    await say(town, mum, family.student_id, Adult.GUARDIAN, mum)
    town.clock.jump(at(16, 40))  # type: ignore[attr-defined]
    async with town.look() as uow:
        assert await due_reminders(uow, 30) == []
    async with town.work() as uow:
        await uow.session.execute(update(Guardianship).where(Guardianship.person_id == mum).values(restricted=True))
    async with town.look() as uow:
        (one,) = await due_reminders(uow, 30)
    assert (one.person_id, one.key) == (dad, dismissal_key(at(12).date(), 1, dad)), "her word counts no more"
    assert (one.at, one.until) == (at(16, 40), at(17, 40))


def test_how_a_letter_notes_its_children() -> None:
    assert as_listed([1, 12]) == ",1,12,"
    assert listed(",1,12,") == [1, 12]


async def test_an_adult_named_for_a_later_day_is_barred(town: School) -> None:
    """Each guardian is asked once for the day that is touched; a namesake with another phone is somebody else."""
    family = await home(town)
    mum, dad = family.people
    await noon(town)
    uncle = await with_adult(town, family.student_id, "赵德彪", "19900001234")
    await say(town, mum, family.student_id, Adult.LISTED, uncle, ahead=1)
    await say(town, mum, family.student_id, Adult.GUARDIAN, mum)
    async with town.look() as uow:
        (office, *_) = await holders(uow, Role.OFFICE)
    for phone in ("19900009999", "19900001234"):
        async with town.work(await actor_of(town, office)) as uow:
            await stop_list.add(uow, family.student_id, "赵德彪", phone, "法院裁定")
        async with town.look() as uow:
            about = await uow.session.scalars(select(Letter).where(Letter.kind == "pickup_unaccepted"))
            found = sorted((letter.person_id, letter.params["date"]) for letter in about)
            day = uow.today + timedelta(days=1)
            plans = await plan_of(uow, [family.student_id], day)
        is_he = phone == "19900001234"
        assert found == (sorted([(mum, day.isoformat()), (dad, day.isoformat())]) if is_he else [])
        assert plans[family.student_id].barred is is_he
