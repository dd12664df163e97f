"""The board: its counts add up whatever happens, everybody sees as far as their duty reaches, and it costs few
statements."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest
from board_afternoon import children_in, class_id, holder_of, homeroom, open_afternoon, session_of
from databases import Databases, make_school
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, update

from care import alarms
from care.board import children
from care.board.child import child_day
from care.board.places import PLACES, Place, Tally
from care.board.today import Board, Group, board, next_care
from care.calendar import load_calendar
from care.changes import hear_others
from care.clock import MovableClock
from care.custody.chain import FAMILY, NOBODY, Link, Side, append
from care.custody.steps import FOLLOWS, HELD_BY
from care.day.lead import candidates, set_duty_lead
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.extended.session import open_extended
from care.permissions import SYSTEM, Actor
from care.records import (
    Alarm,
    AlarmKind,
    Application,
    CareDay,
    CustodyEvent,
    DayChild,
    Event,
    Holder,
    Letter,
    Role,
    SessionKind,
    Step,
    Student,
)
from care.rollcall import all_others_present, mark, sign_in
from care.school import School
from scheduler import afternoon


@pytest.fixture
async def school(sqlite: Databases) -> AsyncIterator[School]:
    """SQLite, with the day open in two classes; what differs on PostgreSQL asks for ``both``."""
    school = make_school(*await sqlite.after(open_afternoon))
    yield school
    await school.close()


@pytest.fixture
async def both(databases: Databases) -> AsyncIterator[School]:
    school = make_school(*await databases.after(open_afternoon))
    yield school
    await school.close()


async def seen(school: School, actor: Actor) -> Board:
    async with school.look(actor) as uow:
        found = await board(uow)
    assert found is not None
    return found


def sides(step: Step, teacher: Actor) -> Side:
    """Somebody who may hold a child after a step."""
    if Holder.TEACHER in HELD_BY[step]:
        return Side(Holder.TEACHER, teacher.person_id, teacher.name)
    return NOBODY if Holder.NOBODY in HELD_BY[step] else FAMILY


# the counts add up


def test_every_step_has_a_place() -> None:
    assert set(PLACES) == set(Step)
    assert set(PLACES.values()) == set(Place)


tallies = st.lists(st.dictionaries(st.sampled_from(list(Place)), st.integers(0, 50)).map(Tally))


@given(tallies)
def test_together_nobody_is_lost_or_counted_twice(many: list[Tally]) -> None:
    whole = Tally.together(many)
    assert whole.total == sum(one.total for one in many)
    assert whole.expected + whole.of(Place.LEAVE) == whole.total
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


# how far it reaches


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


# what it says of a class, a wave and a child


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


# alarms


async def raise_alarm(school: School, child: DayChild, kind: AlarmKind) -> int:
    async with school.work(SYSTEM) as uow:
        alarm = Alarm(day_child_id=child.id, kind=kind, opened_at=uow.now)
        uow.session.add(alarm)
        await uow.session.flush()
        return alarm.id


async def test_the_most_urgent_comes_first(school: School) -> None:
    children = await children_in(school, "2(3)")
    assert set(alarms.URGENT) == set(AlarmKind)
    for child, kind in zip(children, reversed(alarms.URGENT), strict=False):
        await raise_alarm(school, child, kind)
    found = await seen(school, await holder_of(school, Role.HEAD))
    assert [alarm.kind for alarm in found.alarms] == list(alarms.URGENT)


@pytest.mark.parametrize("kind", [AlarmKind.REFUSED, AlarmKind.DISPUTED])
async def test_an_alarm_of_any_kind_closes_with_a_reason_once(both: School, kind: AlarmKind) -> None:
    school = both
    child = (await children_in(school, "2(3)"))[0]
    alarm_id = await raise_alarm(school, child, kind)
    teacher = await holder_of(school, Role.GRADE_LEADER, grade=2)
    for wrong in ("", "   ", "x" * 201):
        with pytest.raises(Invalid):
            async with school.work(teacher) as uow:
                await alarms.close(uow, alarm_id, wrong)
    for stranger in (await homeroom(school, "3(5)"), await holder_of(school, Role.FINANCE)):
        with pytest.raises(NotFound):
            async with school.work(stranger) as uow:
                await alarms.close(uow, alarm_id, "not mine")
    with pytest.raises(NotFound if kind is AlarmKind.REFUSED else NotAllowed):
        async with school.work(await homeroom(school, "2(3)")) as uow:
            await alarms.close(uow, alarm_id, "who stood at the gate does not judge it")
    async with school.work(teacher) as uow:
        await alarms.close(uow, alarm_id, " spoke  with the family ")
    with pytest.raises(Conflict):
        async with school.work(teacher) as uow:
            await alarms.close(uow, alarm_id, "again")
    async with school.look(teacher) as uow:
        closed = await uow.session.get_one(Alarm, alarm_id)
        assert (closed.reason, closed.closed_by) == ("spoke with the family", teacher.person_id)
        written = (await uow.session.scalars(select(Event).where(Event.action == "alarm_closed"))).one()
        assert (written.remark, written.subject_id) == ("spoke with the family", child.student_id)
        assert await alarms.alarms_of(uow, uow.today) == ()


async def test_two_who_close_at_once(both: School) -> None:
    alarm_id = await raise_alarm(both, (await children_in(both, "2(3)"))[0], AlarmKind.DISPUTED)
    teacher, head = await holder_of(both, Role.MEMBER), await holder_of(both, Role.HEAD)

    async def closes(actor: Actor) -> str:
        try:
            async with both.work(actor) as uow:
                await alarms.close(uow, alarm_id, actor.name)
        except Conflict as error:
            return error.code
        return "closed"

    assert sorted(await asyncio.gather(closes(teacher), closes(head))) == ["alarm_closed", "closed"]


async def test_closing_a_missing_childs_alarm_explains_it(school: School) -> None:
    teacher = await homeroom(school, "2(3)")
    session, (first, *_) = await session_of(school, "2(3)"), await children_in(school, "2(3)")
    async with school.work(teacher) as uow:
        await sign_in(uow, session)
        await mark(uow, first.id, Step.ABSENT)
    (alarm,) = (await seen(school, teacher)).alarms
    async with school.work(teacher) as uow:
        await alarms.close(uow, alarm.id, "her mother rang: she is ill")
    found = await seen(school, teacher)
    assert found.alarms == ()
    assert (found.tally.of(Place.EXPLAINED), found.tally.of(Place.MISSING)) == (1, 0)


# who answers for the day


async def test_the_duty_lead_changes_and_is_told(both: School) -> None:
    school = both
    head, member = await holder_of(school, Role.HEAD), await holder_of(school, Role.MEMBER)
    finance = await holder_of(school, Role.FINANCE)
    async with school.look(head) as uow:
        able = {one.person_id for one in await candidates(uow)}
    assert member.person_id in able
    assert finance.person_id not in able
    with pytest.raises(Invalid):
        async with school.work(head) as uow:
            await set_duty_lead(uow, finance.person_id or 0)
    with pytest.raises(NotAllowed):
        async with school.work(await homeroom(school, "2(3)")) as uow:
            await set_duty_lead(uow, member.person_id or 0)
    for _ in range(2):  # the same tap twice
        async with school.work(head) as uow:
            await set_duty_lead(uow, member.person_id or 0)
    assert (await seen(school, head)).duty_lead == member.name
    async with school.look() as uow:
        told = (await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "duty_lead"))).all()
        assert told[1:] == [member.person_id]
        written = await uow.session.scalar(select(func.count()).where(Event.action == "duty_lead_set"))
        assert written == 1
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(CareDay).values(closed_at=uow.now))
    with pytest.raises(Conflict):
        async with school.work(head) as uow:
            await set_duty_lead(uow, head.person_id or 0)


# days without care


async def test_before_and_after_a_care_day(sqlite: Databases) -> None:
    school = make_school(await sqlite.fresh())
    head = await holder_of(school, Role.HEAD)
    async with school.look(head) as uow:
        assert await board(uow) is None
        today = uow.today
        coming = await next_care(uow, await load_calendar(uow))
        assert coming is not None
        assert coming.day == today, "nothing has opened it yet"
    await open_afternoon(school, ("2(3)",))
    clock = school.clock
    assert isinstance(clock, MovableClock)
    async with school.look(head) as uow:
        coming = await next_care(uow, await load_calendar(uow))
        assert coming is not None
        assert (coming.day - today).days == 1
    clock.jump(clock.now().replace(day=27))
    async with school.look(head) as uow:
        assert await board(uow) is None
        assert (await next_care(uow, await load_calendar(uow))).day.isoformat() == "2026-11-27"  # type: ignore[union-attr]
    clock.jump(clock.now().replace(day=28))
    async with school.look(head) as uow:
        assert (await next_care(uow, await load_calendar(uow))).day.isoformat() == "2026-11-30"  # type: ignore[union-attr]
    await afternoon.tick(school)
    async with school.look(head) as uow:
        assert await board(uow) is None, "a Saturday"
    await school.close()


# who watches


async def test_who_watches_is_told_of_what_changes_the_day_and_of_nothing_else(school: School) -> None:
    told: list[None] = []
    stop = school.changes.watch(lambda: told.append(None))
    teacher = await homeroom(school, "2(3)")
    session, (first, *_) = await session_of(school, "2(3)"), await children_in(school, "2(3)")
    async with school.work(teacher) as uow:
        await sign_in(uow, session)
        assert told == [], "nothing is committed yet"
    assert len(told) == 1
    async with school.work(teacher) as uow, uow.part() as part:
        await mark(part, first.id, Step.PRESENT)
    assert len(told) == 2
    async with school.work(teacher) as uow:
        uow.record("signed_in", "person", 1)
    with pytest.raises(Conflict):
        async with school.work(teacher) as uow:
            await append(uow, first.id, Link(Step.UNDONE, sides(Step.UNDONE, teacher)))
    assert len(told) == 2
    stop()
    async with school.work(teacher) as uow:
        await mark(uow, first.id, Step.ABSENT)
    assert len(told) == 2


async def test_what_another_process_changes_is_heard_within_a_moment(postgres: Databases) -> None:
    url = await postgres.fresh()
    acting, watching = make_school(url), make_school(url)
    await open_afternoon(acting, ("2(3)",))
    heard = asyncio.Event()
    watching.changes.watch(heard.set)
    ear = asyncio.create_task(hear_others(watching))
    async with asyncio.timeout(5):
        await heard.wait()  # it listens now
    heard.clear()
    teacher, session = await homeroom(acting, "2(3)"), await session_of(acting, "2(3)")
    async with acting.work(teacher) as uow:
        await sign_in(uow, session)
    async with asyncio.timeout(0.3):
        await heard.wait()
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)
    await acting.close()
    await watching.close()


# what it costs


async def test_statements_do_not_grow_with_children(sqlite: Databases) -> None:
    costs = []
    for classes in (("2(3)",), ("1(1)", "2(3)", "2(5)", "3(5)", "4(2)")):
        school = make_school(await sqlite.fresh())
        await open_afternoon(school, classes)
        office = await holder_of(school, Role.OFFICE)
        statements: list[str] = []

        def count(_c: object, _cursor: object, statement: str, *_: object, to: list[str] = statements) -> None:
            to.append(statement)

        event.listen(school.reader.sync_engine, "before_cursor_execute", count)
        async with school.look(office) as uow:
            assert await board(uow) is not None
            await children.find(uow, children.Wanted())
        costs.append(len([one for one in statements if one != "BEGIN"]))
        await school.close()
    assert costs[0] == costs[1] < 10, costs


async def test_class_ids_are_those_of_the_children(school: School) -> None:
    """The list narrows by class as the cards do."""
    office = await holder_of(school, Role.OFFICE)
    place = await class_id(school, "3(5)")
    async with school.look(office) as uow:
        found, total = await children.find(uow, children.Wanted(class_id=place), limit=100)
        _, wave = await children.find(uow, children.Wanted(wave=2))
    assert {child.school_class for child in found} == {"3(5)"}
    assert total == wave == len(await children_in(school, "3(5)"))


async def test_an_alarm_about_an_earlier_day_is_on_todays_board(school: School) -> None:
    """A family says "not right" in the evening, when the day is sealed: it is seen until somebody closes it."""
    child = (await children_in(school, "2(3)"))[0]
    await raise_alarm(school, child, AlarmKind.DISPUTED)
    async with school.work(SYSTEM) as uow:
        day = uow.today
    school.clock.jump(school.clock.now() + timedelta(days=1))  # type: ignore[attr-defined]
    async with school.look(await holder_of(school, Role.HEAD)) as uow:
        (alarm,) = await alarms.alarms_of(uow, uow.today)
        assert (alarm.day, alarm.earlier) == (day, True)
        assert (await child_day(uow, child.student_id, uow.today)).open_alarms == ()
        assert len((await child_day(uow, child.student_id, day)).open_alarms) == 1
