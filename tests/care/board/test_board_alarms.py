"""Alarms on the board: the most urgent first, each closed once and with a reason."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from board_afternoon import children_in, holder_of, homeroom, session_of
from board_seen import seen
from sqlalchemy import select

from care import alarms
from care.board.child import child_day
from care.board.places import Place
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.permissions import SYSTEM, Actor
from care.records import Alarm, AlarmKind, DayChild, Event, Role, Step
from care.rollcall import mark, sign_in
from care.school import School


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
