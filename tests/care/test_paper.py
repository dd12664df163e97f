"""What happened on paper is entered later: in order, marked, all of a page or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from afternoon_school import TUESDAY, actor, at, children_of, opened, session_of, teacher_of
from paper_steps import CLASS, ROLL, alarms, chain, collected, enters, letters, page, refused, verified
from sqlalchemy import func, select, update

from care import missing, rollcall
from care.custody.chain import FAMILY, Link, append
from care.day.close import close_day
from care.day.lead import who_answers
from care.errors import CareError, Conflict, NotFound
from care.paper.enter import Collector, Entry, enter
from care.paper.sheet import open_sessions
from care.permissions import SYSTEM, Actor, Duty
from care.pickup.adults import authorised
from care.records import Adult, Alarm, AlarmKind, CareSession, Event, Holder, Proof, Role, SessionKind, Step
from care.school import School


async def test_an_afternoon_on_paper(dark: School) -> None:
    """All but one were collected; that one did not come, and the teacher wrote why."""
    teacher = await teacher_of(dark, CLASS)
    session_id, children = await page(dark)
    away, *others = children
    entries = [Entry(away.id, away.seq, came=False, note="妈妈来电：\n生病"), *map(collected, others)]
    assert await enters(dark, *entries) == len(children)
    for child in others:
        _plan, present, released = await chain(dark, child.id)
        adult = child.adults.authorised[0]
        assert (present.step, present.holder_id, present.proof) == (Step.PRESENT, teacher.person_id, Proof.PAPER)
        assert (released.step, released.holder, released.holder_name) == (Step.RELEASED, Holder.ADULT, adult.name)
        assert released.holder_id == adult.id and released.data["adult"] == "guardian"
        assert released.at == datetime.combine(TUESDAY, time(17, 5), dark.zone)
        assert (present.at, present.by_id, released.by_name) == (
            datetime.combine(TUESDAY, ROLL, dark.zone),
            teacher.person_id,
            teacher.name,
        )
        for link in (present, released):
            assert link.data["entered_later"] is True
            assert datetime.fromisoformat(link.data["entered_at"]) == dark.clock.now()
    steps = await chain(dark, away.id)
    assert [link.step for link in steps] == [Step.EXPECTED, Step.ABSENT, Step.EXPLAINED]
    assert steps[-1].remark == "妈妈来电： 生病" and await alarms(dark) == []
    found = await verified(dark)
    assert found.links == 3 * len(children)
    async with dark.look() as uow:
        session = await uow.session.get_one(CareSession, session_id)
        assert (session.roll_done_id, session.signed_in_id) == (teacher.person_id, None)
        events = select(func.count()).select_from(Event).where(Event.action == "paper_entered")
        assert await uow.session.scalar(events) == len(children)
    await at(dark, dark.clock.now().astimezone(dark.zone).hour + 1)
    async with dark.work(SYSTEM) as uow:
        await close_day(uow, TUESDAY)
    assert (await verified(dark)).sealed == 1


async def test_the_page_says_what_was_entered_and_by_whom(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    await enters(dark, collected(child))
    _, (after, second, *_rest) = await page(dark)
    assert after.entered_by == (await teacher_of(dark, CLASS)).name and not after.is_open
    assert second.entered_by == "" and second.planned and second.is_open


async def test_a_guardian_is_told_once_who_collected_the_child(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    await enters(dark, collected(child))
    told = await letters(dark, "paper_released")
    async with dark.look() as uow:
        guardians = [one for one in await authorised(uow, child.student_id, TUESDAY) if one.adult is Adult.GUARDIAN]
    assert [one.person_id for one in told] == [one.id for one in guardians]
    assert told[0].params == {"day_child_id": child.id, "seq": 3}
    assert await refused(dark, collected(child)) == ["stale"]
    assert len(await letters(dark, "paper_released")) == len(told)


async def test_nothing_is_entered_when_one_line_is_wrong(dark: School) -> None:
    _, (first, second, third, *_rest) = await page(dark)
    no_time = Entry(second.id, second.seq, collector=collected(second).collector)
    both = Entry(third.id, third.seq, came=False, collector=Collector(), left_at=time(17))
    assert await refused(dark, collected(first), no_time, both) == ["paper_time_needed", "paper_contradicts"]
    assert len(await chain(dark, first.id)) == 1


@pytest.mark.parametrize(
    ("left", "came", "code"),
    [
        (time(18, 1), None, "paper_time_ahead"),
        (time(5, 10), None, "paper_time_order"),
        (time(14, 39), None, "paper_time_order"),
        (time(15, 0), time(15, 1), "paper_time_order"),
        (time(17, 0), time(13, 34), "paper_time_order"),
    ],
)
async def test_times_come_in_their_order(dark: School, left: time, came: time | None, code: str) -> None:
    _, (child, *_rest) = await page(dark)
    one = child.adults.authorised[0]
    entry = Entry(child.id, child.seq, came_at=came, collector=Collector(one.adult, one.id), left_at=left)
    assert await refused(dark, entry) == [code]


async def test_paper_goes_on_from_what_was_tapped(school: School) -> None:
    """The network failed at 15:00: the roll stands, only the hand-over is on paper, and not before the roll."""
    async with opened(school, CLASS):
        await at(school, 14, 50)
        teacher = await teacher_of(school, CLASS)
        session = await session_of(school, CLASS)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            await rollcall.all_others_present(uow, session.id)
        await at(school, 18, 0)
        _, (first, second, *_rest) = await page(school)
        assert await refused(school, collected(first, 14, 49)) == ["paper_time_order"]
        for note in ("", "生病"):
            gone = Entry(second.id, second.seq, came=False, note=note)
            assert await refused(school, gone) == ["paper_contradicts"], "a teacher has the child"
        assert await enters(school, collected(first), Entry(second.id, second.seq, came=True)) == 1
        assert [link.step for link in await chain(school, first.id)] == [Step.EXPECTED, Step.PRESENT, Step.RELEASED]
        assert len(await chain(school, second.id)) == 2, "it was here already"


async def test_a_screen_that_is_old(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    await enters(dark, Entry(child.id, child.seq, came=True))
    assert await refused(dark, collected(child)) == ["stale"]
    foreign = Entry(999_999, 1, came=True)
    assert await enters(dark, foreign) == 0


async def test_two_at_once_enter_a_child_once(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    both = await asyncio.gather(enters(dark, collected(child)), enters(dark, collected(child)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both if one != 1) in (["PaperRefused"], ["Conflict"])
    assert len(await chain(dark, child.id)) == 3
    await verified(dark)


async def test_absent_without_a_word_is_asked_as_at_the_roll(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    await enters(dark, Entry(child.id, child.seq, came=False))
    (alarm,) = await alarms(dark)
    assert (alarm.kind, alarm.closed_at) == (AlarmKind.MISSING, None)
    assert len(await letters(dark, "child_missing")) >= 1
    _, (child, *_rest) = await page(dark)
    assert await enters(dark, Entry(child.id, child.seq, came=False)) == 0
    await enters(dark, Entry(child.id, child.seq, came=False, note="爷爷带走了，老师看见"))
    (alarm,) = await alarms(dark)
    assert alarm.closed_at is not None and alarm.reason == "爷爷带走了，老师看见"
    assert (await chain(dark, child.id))[-1].step is Step.EXPLAINED
    await verified(dark)


async def test_missing_in_the_records_but_there_on_paper(school: School) -> None:
    async with opened(school, CLASS):
        await at(school, 14, 50)
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        (late, _), (taken, _), *_rest = await children_of(school, session.id)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            for child in (late, taken):
                await rollcall.mark(uow, child.id, Step.ABSENT)
        await at(school, 18, 0)
        _, (first, second, *_rest) = await page(school)
        came = Entry(first.id, first.seq, came=True, came_at=time(15, 10))
        entry = collected(second)
        await enters(school, came, Entry(**{**entry.__dict__, "came_at": time(15, 0)}))
        assert [alarm.closed_at is None for alarm in await alarms(school)] == [False, False]
        told = await letters(school, "child_arrived")
        async with school.look() as uow:
            alarm = await uow.session.get_one(Alarm, told[0].params["alarm_id"])
        assert {one.params["alarm_id"] for one in told} == {alarm.id} and alarm.day_child_id == first.id
        over = await letters(school, "missing_over")
        assert {one.params["alarm_id"] for one in over} == {one.id for one in await alarms(school)}
        async with school.look() as uow:
            lead = await who_answers(uow, TUESDAY)
        assert {one.person_id for one in over} == set(lead), "whoever was told hears it, but not who has entered it"
        await verified(school)


async def test_a_child_on_leave_who_came(dark: School) -> None:
    session = await session_of(dark, CLASS)
    (child, _), *_rest = await children_of(dark, session.id)
    async with dark.work(SYSTEM) as uow:
        await append(uow, child.id, Link(Step.LEAVE, FAMILY, Proof.PLAN))
    _, (before, *_rest) = await page(dark)
    await enters(dark, Entry(before.id, before.seq, came=False))
    assert len(await chain(dark, child.id)) == 2, "it is known that it does not come"
    assert await refused(dark, collected(before)) == ["paper_on_leave"], "a slip by one line invents no presence"
    await enters(dark, replace(collected(before), came=True))
    assert [link.step for link in await chain(dark, child.id)][2:] == [Step.PRESENT, Step.RELEASED]


async def test_an_earlier_day_that_is_open(dark: School) -> None:
    _, (first, second, *_rest) = await page(dark)
    await at(dark, 9, 0, day=TUESDAY + timedelta(days=1))
    assert await refused(dark, Entry(first.id, first.seq, came=False)) == ["paper_reason_needed"]
    await enters(dark, Entry(first.id, first.seq, came=False, note="病假"), collected(second, 18, 30))
    assert (await chain(dark, second.id))[-1].at == datetime.combine(TUESDAY, time(18, 30), dark.zone)
    assert await letters(dark, "paper_released") == [], "yesterday's pick-up is no news"
    async with dark.look(await teacher_of(dark, CLASS)) as uow:
        (session,) = await open_sessions(uow)
    assert (session.date, session.school_class, session.left) == (TUESDAY, CLASS, len((await page(dark))[1]) - 2)


async def test_a_sealed_day_takes_nothing(dark: School) -> None:
    _, children = await page(dark)
    await enters(dark, *map(collected, children))
    await at(dark, 20, 1)
    with pytest.raises(Conflict, match="day_closed"):
        await enters(dark, Entry(children[0].id, 3, came=True))
    async with dark.look(await teacher_of(dark, CLASS)) as uow:
        assert await open_sessions(uow) == []
    await verified(dark)


async def test_only_within_the_reach_of_the_roll(dark: School) -> None:
    session = await session_of(dark, CLASS)
    finance = Actor(1, "x", (Duty(Role.FINANCE),))
    leader = Actor(1, "x", (Duty(Role.GRADE_LEADER, grade=3),))
    for who in (finance, leader, Actor(1, "guardian"), Actor(None, "")):
        with pytest.raises(CareError) as error:
            await enters(dark, who=who)
        assert isinstance(error.value, NotFound)
    async with dark.look(leader) as uow:
        assert await open_sessions(uow) == []
    with pytest.raises(NotFound):
        async with dark.work(SYSTEM) as uow:
            await enter(uow, 999_999, [], ROLL)
    async with dark.look(Actor(1, "x", (Duty(Role.CARE_TEACHER),))) as uow:
        assert [one.session_id for one in await open_sessions(uow)] == [session.id]


async def test_the_office_enters_for_a_class_without_a_teacher(dark: School) -> None:
    session = await session_of(dark, CLASS)
    async with dark.work(SYSTEM) as uow:
        await uow.session.execute(update(CareSession).where(CareSession.id == session.id).values(teacher_id=None))
        office = (await missing.holders(uow, Role.OFFICE))[0]
    who = await actor(dark, office)
    _, (child, *_rest) = await page(dark, who)
    await enters(dark, collected(child), who=who)
    assert (await chain(dark, child.id))[1].holder_id == office


async def test_children_of_extended_care_are_entered_with_their_class(dark: School) -> None:
    """Nobody has handed them over in the records: the paper says who collected them, and when."""
    _, (child, *_rest) = await page(dark)
    await at(dark, 18, 31)
    async with dark.look(SYSTEM) as uow:
        extended = await uow.session.scalar(select(CareSession.id).where(CareSession.kind == SessionKind.EXTENDED))
    for number in (extended, 999_999):
        async with dark.work(await teacher_of(dark, CLASS)) as uow:
            with pytest.raises(NotFound):
                await enter(uow, number or 0, [], ROLL)
    await enters(dark, collected(child, 18, 20))
    assert (await chain(dark, child.id))[-1].at == datetime.combine(TUESDAY, time(18, 20), dark.zone)
    await verified(dark)
