"""The board: its counts add up whatever happens, everybody sees as far as their duty reaches, and it costs few
statements."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from board_afternoon import children_in, holder_of, homeroom, session_of
from board_seen import seen, sides
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from care import alarms
from care.board import children
from care.board.child import child_day
from care.board.places import PLACES, Place, Tally
from care.board.today import Board, Group, board
from care.custody.chain import Link, append
from care.custody.steps import FOLLOWS
from care.errors import NotAllowed, NotFound
from care.extended.session import open_extended
from care.permissions import SYSTEM, Actor
from care.records import AlarmKind, Application, CustodyEvent, DayChild, Role, SessionKind, Step, Student
from care.rollcall import all_others_present, mark, sign_in
from care.school import School


def test_every_step_has_a_place() -> None:
    assert set(PLACES) == set(Step)
    assert set(PLACES.values()) == set(Place)


tallies = st.lists(st.dictionaries(st.sampled_from(list(Place)), st.integers(0, 50)).map(Tally))


@given(tallies)
def test_together_nobody_is_lost_or_counted_twice(many: list[Tally]) -> None:
    whole = Tally.together(many)
    assert whole.total == sum(one.total for one in many)
    assert whole.expected + whole.of(Place.LEAVE) + whole.of(Place.WITHDRAWN) == whole.total
    assert sum(whole.of(place) for place in Place) == whole.total
    assert all(whole.of(place) == sum(one.of(place) for one in many) for place in Place)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_counts_add_up(both: School, seed: int) -> None:
    """Children go random ways through the afternoon; board, list and chains say the same at each turn."""
    school, chance = both, Random(seed)
    head, teacher = await holder_of(school, Role.HEAD), await homeroom(school, "2(3)")
    everybody = await children_in(school, "2(3)") + await children_in(school, "3(5)")
    for _ in range(6):
        async with school.work(teacher) as uow:
            for child in chance.sample(everybody, 20):
                last = await uow.connection.scalar(
                    select(CustodyEvent.step)
                    .join(DayChild, DayChild.id == CustodyEvent.day_child_id)
                    .where(DayChild.id == child.id, CustodyEvent.seq == DayChild.last_seq)
                )
                step = chance.choice(sorted(FOLLOWS[last]))
                await append(uow, child.id, Link(step, sides(step, teacher)))
        await agrees(school, head, len(everybody))


async def agrees(school: School, actor: Actor, many: int) -> None:
    found = await seen(school, actor)
    async with school.look(actor) as uow:
        listed, total = await children.find(uow, children.Wanted(), limit=1000)
        for place in Place:
            _, there = await children.find(uow, children.Wanted(place=place), limit=1)
            assert there == found.tally.of(place)
    assert total == len(listed) == found.tally.total == many
    places = Counter(PLACES[child.step] for child in listed)
    assert all(found.tally.of(place) == places[place] for place in Place)
    for wave in found.waves:
        assert wave.tally.total == sum(group.tally.total for group in wave.groups)
        for group in wave.groups:
            own = [child for child in listed if child.school_class == group.school_class]
            assert group.tally.total == len(own)
    assert found.tally.total == sum(wave.tally.total for wave in found.waves)


async def test_children_in_extended_care_are_counted_there(both: School) -> None:
    """A group of each class that has children there, in the same sums."""
    moved = (await children_in(both, "2(3)"))[:3] + (await children_in(both, "3(5)"))[:2]
    async with both.work(SYSTEM) as uow:
        extended = await open_extended(uow)
        assert extended is not None
        venue = extended.venue
        for child in moved:
            await uow.session.execute(update(DayChild).where(DayChild.id == child.id).values(extended_at=uow.now))
    head = await holder_of(both, Role.HEAD)
    found = await seen(both, head)
    last = found.waves[-1]
    assert last.kind is SessionKind.EXTENDED
    assert {(group.school_class, group.tally.total) for group in last.groups} == {("2(3)", 3), ("3(5)", 2)}
    teacher = await homeroom(both, "2(3)")
    assert [group.school_class for group in (await seen(both, teacher)).waves[-1].groups] == ["2(3)"]
    async with both.look(head) as uow:
        listed, _ = await children.find(uow, children.Wanted(), limit=1000)
    assert len([child for child in listed if child.venue == venue]) == last.tally.total
    assert found.tally.total == len(await children_in(both, "2(3)")) + len(await children_in(both, "3(5)"))


async def test_who_stays_is_not_overdue_with_its_class(school: School) -> None:
    """At the wave's end those who stay wait for the hand-over, not for a guardian; extended care awaits them."""
    stay, other, *_ = await children_in(school, "2(3)")
    teacher = await homeroom(school, "2(3)")
    async with school.work(SYSTEM) as uow:
        wanted = update(Application).where(Application.id == stay.application_id).values(extended_weekdays=[1])
        await uow.session.execute(wanted)
    async with school.work(SYSTEM) as uow:
        await open_extended(uow)
    async with school.work(teacher) as uow:
        await sign_in(uow, stay.session_id)
    async with school.work(teacher) as uow:
        await mark(uow, stay.id, Step.PRESENT)
    late = school.clock.now() + timedelta(hours=1)

    def group(found: Board, kind: SessionKind) -> Group:
        return next(one for wave in found.waves for one in wave.groups if one.kind is kind)

    found = await seen(school, teacher)
    assert not group(found, SessionKind.CLASS).is_over(late)
    awaits = group(found, SessionKind.EXTENDED)
    assert (awaits.school_class, awaits.staying, awaits.tally.total) == ("2(3)", 1, 0)
    assert found.tally.total == len(await children_in(school, "2(3)"))
    async with school.work(teacher) as uow:
        await mark(uow, other.id, Step.PRESENT)
    overdue = group(await seen(school, teacher), SessionKind.CLASS)
    assert overdue.is_over(late) and overdue.left == 1


async def test_each_sees_as_far_as_their_duty_reaches(school: School) -> None:
    second, third = "2(3)", "3(5)"
    reach = {
        await homeroom(school, second): {second},
        await homeroom(school, "4(1)"): set(),
        await holder_of(school, Role.GRADE_LEADER, grade=3): {third},
        await holder_of(school, Role.GRADE_LEADER, grade=1): set(),
        await holder_of(school, Role.CARE_TEACHER): {second, third},
        await holder_of(school, Role.MEMBER): {second, third},
        await holder_of(school, Role.OFFICE): {second, third},
    }
    child = (await children_in(school, second))[0].student_id
    for actor, classes in reach.items():
        found = await seen(school, actor)
        assert {group.school_class for wave in found.waves for group in wave.groups} == classes, actor
        async with school.look(actor) as uow:
            listed, _ = await children.find(uow, children.Wanted(), limit=1000)
            assert {one.school_class for one in listed} == classes
            if second in classes:
                assert (await child_day(uow, child, uow.today)).student.id == child
            else:
                with pytest.raises(NotFound):
                    await child_day(uow, child, uow.today)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.COMMITTEE, Role.SUPERVISOR, Role.LOGISTICS])
async def test_who_sees_numbers_sees_no_pupil(school: School, role: Role) -> None:
    actor = await holder_of(school, role)
    student = (await children_in(school, "2(3)"))[0].student_id
    async with school.look(actor) as uow:
        with pytest.raises(NotAllowed):
            await board(uow)
        with pytest.raises(NotAllowed):
            await children.find(uow, children.Wanted())
        with pytest.raises(NotFound):
            await child_day(uow, student, uow.today)
        assert await alarms.alarms_of(uow, uow.today) == ()


async def test_the_roll_is_seen_at_once(school: School) -> None:
    teacher = await homeroom(school, "2(3)")
    before = (await seen(school, teacher)).waves[0].groups[0]
    assert (before.signed_in, before.teacher) == (False, teacher.name)
    assert before.roll_is_late(school.clock.now()), "it is 16:40, and care began at 14:35"
    assert before.tally.of(Place.UNSAID) == before.tally.expected
    session = await session_of(school, "2(3)")
    first, second, third, *_ = await children_in(school, "2(3)")
    async with school.work(teacher) as uow:
        await sign_in(uow, session)
        await mark(uow, first.id, Step.ABSENT)
        await mark(uow, second.id, Step.LATE)
        await mark(uow, third.id, Step.MOVED, remark="Chess")
    async with school.work(teacher) as uow:
        await all_others_present(uow, session)
    found = await seen(school, teacher)
    group = found.waves[0].groups[0]
    assert group.signed_in
    assert group.roll_done_at == school.clock.now()
    assert not group.roll_is_late(school.clock.now())
    assert (group.tally.of(Place.MISSING), group.tally.of(Place.UNSAID)) == (1, 0)
    assert group.tally.waiting == group.tally.expected - 1
    (alarm,) = found.alarms
    assert (alarm.kind, alarm.student_id, alarm.step) == (AlarmKind.MISSING, first.student_id, Step.ABSENT)
    async with school.look(teacher) as uow:
        (missing,), total = await children.find(uow, children.Wanted(place=Place.MISSING))
        assert (missing.student_id, missing.alarms, total) == (first.student_id, {AlarmKind.MISSING}, 1)
        (moved,), _ = await children.find(uow, children.Wanted(words=await name_of(school, third)))
        assert moved.holder_name == "Chess"
        pages = [await children.find(uow, children.Wanted(), offset, 10) for offset in range(0, 50, 10)]
        assert len({one.student_id for page, _ in pages for one in page}) == pages[0][1] == group.tally.total


async def name_of(school: School, child: DayChild) -> str:
    async with school.look(SYSTEM) as uow:
        return (await uow.session.get_one(Student, child.student_id)).name


async def test_words_of_a_search_are_only_words(school: School) -> None:
    office = await holder_of(school, Role.OFFICE)
    async with school.look(office) as uow:
        for words in ("%", "_", "' OR 1=1 --", "<b>=1+1"):
            assert await children.find(uow, children.Wanted(words=words)) == ([], 0)


async def test_a_childs_day_link_by_link(school: School) -> None:
    teacher = await homeroom(school, "2(3)")
    session, (first, *_) = await session_of(school, "2(3)"), await children_in(school, "2(3)")
    async with school.work(teacher) as uow:
        await sign_in(uow, session)
        await mark(uow, first.id, Step.ABSENT)
    async with school.work(teacher) as uow:
        await mark(uow, first.id, Step.LATE)
    async with school.look(teacher) as uow:
        day = await child_day(uow, first.student_id, uow.today)
        assert [link.step for link in day.links] == [Step.EXPECTED, Step.ABSENT, Step.LATE]
        assert day.last is not None
        assert day.last.holder_name == day.teacher == teacher.name
        assert day.open_alarms == ()
        assert [one.closed_by for one in day.closed_alarms] == [teacher.name]
        assert day.others == ()
        other = await child_day(uow, first.student_id, uow.today.replace(day=1))
        assert (other.place, other.links, other.last) == (None, (), None)
        assert other.others == (uow.today,)
        with pytest.raises(NotFound):
            await child_day(uow, 999_999, uow.today)
