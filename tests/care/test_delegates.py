"""Delegates: for one date, for the guardian's own children, a few, with a code that serves all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from databases import Databases, make_school
from sqlalchemy import select, update
from stage import care_runs_in
from way_home import actor_of, at, attend_every_day, brother_of, families, marked, released, stopped

from care.custody.chain import Link, Side, append
from care.custody.ledger import Verified, verify
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.pickup.adults import may_collect
from care.pickup.codes import whose
from care.pickup.delegates import Given, authorise, own_delegates, withdraw
from care.pickup.plan import plan_of
from care.records import DayChild, Delegate, Guardianship, Letter, Person
from care.records.day import Holder, Step
from care.records.people import Relation
from care.records.pickup import Adult, PickupCode
from care.school import School
from care.tidy import tidy
from scheduler import afternoon


async def day_open(school: School) -> None:
    await care_runs_in(school, "2(3)")
    for family in (await families(school, "2(3)"))[:3]:
        await attend_every_day(school, family.student_id)
    school.clock.jump(at(12, 30))  # type: ignore[attr-defined]
    await afternoon.tick(school)


@pytest.fixture
async def town(databases: Databases) -> AsyncIterator[School]:
    school = make_school(*await databases.after(day_open))
    yield school
    await school.close()


async def give(
    school: School, person_id: int, *student_ids: int, name: str = "孙小梅", phone: str = "19900002222", ahead: int = 0
) -> Given | None:
    async with school.work(await actor_of(school, person_id)) as uow:
        day = uow.today + timedelta(days=ahead)
        return await authorise(uow, student_ids, name, Relation.AUNT, phone, day)


async def test_a_delegate_comes_with_a_code_of_that_day(town: School) -> None:
    family = (await families(town, "2(3)"))[0]
    given = await give(town, family.people[0], family.student_id)
    assert given is not None
    async with town.look() as uow:
        plan = (await plan_of(uow, [family.student_id], uow.today))[family.student_id]
        assert (plan.adult, plan.adult_id, plan.name) == (Adult.DELEGATE, given.delegate.id, "孙小梅")
        row = await whose(uow, f"{given.code[:3]} {given.code[3:].lower()}", uow.today)
        assert row is not None and (row.adult, row.adult_id) == (Adult.DELEGATE, given.delegate.id)
        assert await whose(uow, given.code, uow.today + timedelta(days=1)) is None
        tomorrow = uow.today + timedelta(days=1)
        with pytest.raises(NotAllowed, match="not_authorised"):
            await may_collect(uow, family.student_id, Adult.DELEGATE, given.delegate.id, tomorrow)


async def test_what_must_be_said_of_a_delegate(town: School) -> None:
    family, strangers = (await families(town, "2(3)"))[:2]
    mum = family.people[0]
    for name, phone in (("", "19900002222"), ("孙小梅", "12"), ("123", "19900002222"), ("孙" * 41, "19900002222")):
        with pytest.raises(Invalid, match="delegate_incomplete"):
            await give(town, mum, family.student_id, name=name, phone=phone)
    for ahead in (-1, 8):
        with pytest.raises(Invalid, match="delegate_day"):
            await give(town, mum, family.student_id, ahead=ahead)
    with pytest.raises(Conflict, match="not_in_care_then"):
        await give(town, mum, family.student_id, ahead=4)
    for numbers in ((strangers.student_id,), (family.student_id, strangers.student_id), ()):
        with pytest.raises(NotFound):
            await give(town, mum, *numbers)


async def test_three_a_child_and_day(town: School) -> None:
    family = (await families(town, "2(3)"))[0]
    mum, dad = family.people
    for number in range(3):
        await give(town, (mum, dad)[number % 2], family.student_id, name="甲乙丙"[number] + "阿姨")
    with pytest.raises(Invalid, match="delegates_too_many"):
        await give(town, mum, family.student_id, name="又一位")
    assert await give(town, mum, family.student_id, name="又一位", ahead=1) is not None
    async with town.work(await actor_of(town, mum)) as uow:
        first = (await own_delegates(uow))[0]
        await withdraw(uow, first.id)
    assert await give(town, mum, family.student_id, name="又一位") is not None


async def test_the_same_adult_again_is_the_same_delegate(town: School) -> None:
    family, other = (await families(town, "2(3)"))[:2]
    await brother_of(town, family, other.student_id)
    mum = family.people[0]
    first = await give(town, mum, family.student_id)
    second = await give(town, mum, other.student_id)
    assert first is not None and second is not None
    assert (first.delegate.id, first.code) == (second.delegate.id, second.code)
    assert second.delegate.student_ids == [family.student_id, other.student_id]
    async with town.look() as uow:
        for number in second.delegate.student_ids:
            assert await may_collect(uow, number, Adult.DELEGATE, second.delegate.id, uow.today)


async def test_a_stopped_adult_with_another_number(town: School) -> None:
    family = (await families(town, "2(3)"))[0]
    await stopped(town, family.student_id, "赵大海", "19900008888")
    assert await give(town, family.people[0], family.student_id, name="赵大海", phone="19900007777") is None
    async with town.look() as uow:
        assert list(await uow.session.scalars(select(Delegate))) == []
        assert len(list(await uow.session.scalars(select(Letter).where(Letter.kind == "pickup_stopped")))) == 1


async def test_a_stop_list_says_nothing_to_the_guardian(town: School) -> None:
    """By phone under another name, too; of two children one list is enough."""
    family, other = (await families(town, "2(3)"))[:2]
    await brother_of(town, family, other.student_id)
    await stopped(town, other.student_id, "赵大海", "19900008888")
    mum = family.people[0]
    assert await give(town, mum, family.student_id, other.student_id, name="别名", phone="19900008888") is None
    assert await give(town, mum, other.student_id, name="赵大海", phone="19900008888") is None
    async with town.look() as uow:
        assert list(await uow.session.scalars(select(Delegate))) == []
        letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == "pickup_stopped")))
    assert len(letters) == 1, "the same guardian, entry and day"
    assert await give(town, mum, family.student_id, name="赵大海", phone="19900008888") is not None, "the other child's"


async def test_a_restricted_guardian_is_no_delegate(town: School) -> None:
    """A court has decided it; the other parent cannot undo that, and is not told why."""
    family = (await families(town, "2(3)"))[0]
    mum, dad = family.people
    async with town.work() as uow:
        person = await uow.session.get_one(Person, dad)
        await uow.session.execute(update(Guardianship).where(Guardianship.person_id == dad).values(restricted=True))
    assert await give(town, mum, family.student_id, name=person.name, phone="19900001234") is None, "another number"
    assert await give(town, mum, family.student_id, name=person.name, phone=person.phone or "") is None
    assert await give(town, mum, family.student_id, name="别名", phone=person.phone or "") is None
    async with town.look() as uow:
        letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == "pickup_stopped")))
    assert len(letters) == 1
    assert dad not in [letter.person_id for letter in letters]


async def test_withdrawn_for_the_own_children_only(town: School) -> None:
    """A neighbour of both families: each takes back what it gave."""
    family, other = (await families(town, "2(3)"))[:2]
    mum = family.people[0]
    async with town.work() as uow:
        uow.session.add(Guardianship(student_id=other.student_id, person_id=mum, relation=Relation.GUARDIAN))
    given = await give(town, mum, family.student_id, other.student_id)
    assert given is not None
    number = given.delegate.id
    async with town.work(await actor_of(town, other.people[0])) as uow:
        delegate, said = await withdraw(uow, number)
        assert (delegate.student_ids, delegate.withdrawn_at) == ([family.student_id], None)
        assert said.children == {other.student_id}
    async with town.work(await actor_of(town, other.people[0])) as uow:
        with pytest.raises(NotFound):
            await withdraw(uow, number)
    async with town.work(await actor_of(town, mum)) as uow:
        delegate, _ = await withdraw(uow, number)
        assert delegate.withdrawn_at is not None
    async with town.work(await actor_of(town, mum)) as uow:
        with pytest.raises(Conflict):
            await withdraw(uow, number)
        assert await own_delegates(uow) == []
        assert await plan_of(uow, [family.student_id, other.student_id], uow.today) == {}


async def test_what_a_release_and_its_undoing_leave_of_a_delegate(town: School) -> None:
    family, other = (await families(town, "2(3)"))[:2]
    await brother_of(town, family, other.student_id)
    numbers = [family.student_id, other.student_id]
    given = await give(town, family.people[0], *numbers)
    assert given is not None
    for number in numbers:
        await marked(town, number)
    await released(town, numbers[0], "孙小梅")
    async with town.work(await actor_of(town, family.people[0])) as uow:
        _delegate, said = await withdraw(uow, given.delegate.id)
        assert said.children == {numbers[1]}
    async with town.work() as uow:
        query = select(DayChild.id).where(DayChild.student_id == numbers[0], DayChild.date == uow.today)
        child = (await uow.session.scalars(query)).one()
        await append(uow, child, Link(Step.UNDONE, Side(Holder.TEACHER, None, "周老师")))
    await released(town, numbers[0])
    await released(town, numbers[1])
    with pytest.raises(Conflict, match="already_collected"):
        await give(town, family.people[0], *numbers, name="别的人")


async def test_a_month_later_the_code_and_the_phone_are_gone(town: School) -> None:
    """The name, and who sent the adult, stay with the custody record, which still holds. No code comes again."""
    first, second, third = (await families(town, "2(3)"))[:3]
    given = [await give(town, one.people[0], one.student_id) for one in (first, second)]
    assert all(given)
    town.clock.jump(at(3, 30) + timedelta(days=30))  # type: ignore[attr-defined]
    await tidy(town)
    async with town.look() as uow:
        assert len((await uow.session.scalars(select(PickupCode))).all()) >= 2, "not yet"
    town.clock.jump(at(3, 30) + timedelta(days=34))  # type: ignore[attr-defined]
    await tidy(town)
    async with town.look() as uow:
        delegates = list(await uow.session.scalars(select(Delegate)))
        assert {(one.name, one.phone) for one in delegates} == {("孙小梅", "")}
        (left,) = await uow.session.scalars(select(PickupCode))
        assert isinstance(await verify(uow), Verified)
    new = await give(town, third.people[0], third.student_id, phone="19900003333")
    assert new is not None and new.code not in {one.code for one in given if one}
    async with town.look() as uow:
        assert max(await uow.session.scalars(select(PickupCode.id))) > left.id
