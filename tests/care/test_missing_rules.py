"""The rules of a missing child: which answer counts, who may close, and that nothing is left half-way when two act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from afternoon_school import actor, at, children_of, opened, session_of, teacher_of
from sqlalchemy import select

from care import leave, missing, missing_answers, rollcall
from care.custody.ledger import Verified, verify
from care.day.close import open_alarms, open_children
from care.enrolment.family import unrestricted_guardians
from care.errors import CareError, Conflict, Invalid, NotAllowed, NotFound
from care.permissions import SYSTEM, Actor
from care.records import Alarm, AlarmAnswer, AlarmKind, Answer, CustodyEvent, DayChild, Event, Letter, Role, Step
from care.school import School
from care.work import UnitOfWork

CLASS = "2(3)"
Deed = Callable[[UnitOfWork], Awaitable[object]]


async def is_missing(school: School) -> tuple[Actor, int, int, list[Actor]]:
    """A child with two guardians is missing at 14:36: the teacher, the child, the alarm, the guardians."""
    await at(school, 14, 36)
    teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
    async with school.look() as uow:
        for child, _name in await children_of(school, session.id):
            family = await unrestricted_guardians(uow, child.student_id)
            if len(family) == 2:
                break
    async with school.work(teacher) as uow:
        await rollcall.sign_in(uow, session.id)
        await rollcall.mark(uow, child.id, Step.ABSENT)
    return teacher, child.id, (await alarms(school))[-1].id, [await actor(school, one) for one in family]


async def alarms(school: School) -> list[Alarm]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Alarm).order_by(Alarm.id)))


async def links(school: School, child_id: int) -> list[CustodyEvent]:
    async with school.look() as uow:
        query = select(CustodyEvent).where(CustodyEvent.day_child_id == child_id).order_by(CustodyEvent.seq)
        return list(await uow.session.scalars(query))


async def does(school: School, who: Actor, deed: Deed) -> None:
    async with school.work(who) as uow:
        await deed(uow)


def says(alarm: int, said: Answer) -> Deed:
    return lambda uow: missing_answers.answer(uow, alarm, said)


async def posted(school: School, kind: str) -> int:
    async with school.look() as uow:
        return len(list(await uow.session.scalars(select(Letter.id).where(Letter.kind == kind))))


async def test_answers_in_any_order(school: School) -> None:
    """The same answer twice is one. A "no" and another's "yes" contradict each other in either order, and explain
    nothing until one of the two says otherwise, or that the other is right."""
    async with opened(school, CLASS):
        _teacher, child, alarm, (mum, dad) = await is_missing(school)
        expected = [
            (mum, Answer.NOT_HERE, "not_here", "absent"),
            (dad, Answer.NOT_HERE, "not_here", "absent"),
            (dad, Answer.WITH_ME, "contradicted", "absent"),
            (dad, Answer.WITH_ME, "contradicted", "absent"),
            (mum, Answer.AGREED, "with_me", "explained"),
            (mum, Answer.NOT_HERE, "contradicted", "absent"),
            (mum, Answer.WITH_ME, "with_me", "explained"),
            (dad, Answer.NOT_HERE, "contradicted", "absent"),
            (mum, Answer.NOT_HERE, "not_here", "absent"),
            (mum, Answer.WITH_ME, "contradicted", "absent"),
            (dad, Answer.AGREED, "with_me", "explained"),
        ]
        for who, said, holds, step in expected:
            await does(school, who, says(alarm, said))
            assert ((await alarms(school))[0].answer, (await links(school, child))[-1].step) == (holds, step)
        assert (await links(school, child))[-1].holder_id == mum.person_id
        assert await posted(school, "child_missing_lead") == 1
        async with school.look(SYSTEM) as uow:
            assert isinstance(await verify(uow), Verified)
            events = await uow.session.scalars(select(Event.actor_id).where(Event.action == "missing_answered"))
            assert len(list(events)) == len(expected)
            kept = list(await uow.session.scalars(select(AlarmAnswer).order_by(AlarmAnswer.id)))
            given = [(who.person_id, said) for who, said, _holds, _step in expected]
            del given[3]  # said twice
            assert [(one.person_id, one.answer) for one in kept] == given


async def test_who_may_answer_and_close(school: School) -> None:
    async with opened(school, CLASS, "3(5)"):
        teacher, _child, alarm, (mum, _dad) = await is_missing(school)
        other = await teacher_of(school, "3(5)")
        other = replace(other, duties=tuple(duty for duty in other.duties if duty.role is Role.HOMEROOM))
        refused: list[tuple[Actor, Deed, type[CareError]]] = [
            (teacher, says(alarm, Answer.WITH_ME), NotAllowed),
            (other, says(alarm, Answer.WITH_ME), NotFound),
            (mum, says(alarm, Answer.ON_LEAVE), Invalid),
            (mum, says(alarm, Answer.AGREED), Conflict),
            (mum, says(10**9, Answer.WITH_ME), NotFound),
            (mum, lambda uow: missing.close(uow, alarm, "我说了算"), NotAllowed),
            (other, lambda uow: missing.close(uow, alarm, "不是我班"), NotFound),
            (teacher, lambda uow: missing.close(uow, alarm, " \n "), Invalid),
            (teacher, lambda uow: missing.close(uow, alarm, "长" * 201), Invalid),
        ]
        for who, deed, error in refused:
            with pytest.raises(error):
                await does(school, who, deed)
        assert (await alarms(school))[0].answer == ""


async def test_closed_is_closed(school: School) -> None:
    async with opened(school, CLASS):
        teacher, child, alarm, (mum, _dad) = await is_missing(school)
        await does(school, teacher, lambda uow: missing.close(uow, alarm, "  在\n医院 "))
        assert (await alarms(school))[0].reason == "在 医院"
        for who, deed in (
            (mum, says(alarm, Answer.WITH_ME)),
            (teacher, lambda uow: missing.close(uow, alarm, "又一次")),
        ):
            with pytest.raises(Conflict, match="alarm_closed"):
                await does(school, who, deed)
        assert [link.step for link in await links(school, child)] == ["expected", "absent", "explained"]
        await does(school, teacher, lambda uow: rollcall.mark(uow, child, Step.ABSENT))  # it was not so
        assert [one.closed_at is None for one in await alarms(school)] == [False, True]


async def test_an_alarm_of_another_kind_is_no_business_of_this(school: School) -> None:
    async with opened(school, CLASS):
        teacher, child, _alarm, (mum, _dad) = await is_missing(school)
        async with school.work(SYSTEM) as uow:
            other = Alarm(day_child_id=child, kind=AlarmKind.DISPUTED, opened_at=uow.now)
            uow.session.add(other)
            await uow.session.flush()
        for who, deed in (
            (mum, says(other.id, Answer.WITH_ME)),
            (teacher, lambda uow: missing.close(uow, other.id, "好了")),
        ):
            with pytest.raises(NotFound):
                await does(school, who, deed)


async def test_a_leave_given_afterwards_answers(school: School) -> None:
    """It is an answer; somebody closes the alarm. Taken back, the child is looked for again, by the same alarm."""
    async with opened(school, CLASS):
        teacher, child, _alarm, (mum, _dad) = await is_missing(school)
        day = (await session_of(school, CLASS)).date
        async with school.look() as uow:
            student = (await uow.session.get_one(DayChild, child)).student_id
        async with school.work(mum) as uow:
            given = await leave.give(uow, student, day, day)
        (alarm,) = await alarms(school)
        assert (alarm.answer, alarm.answered_by, alarm.closed_at) == ("on_leave", mum.person_id, None)
        await at(school, 14, 50)
        assert await posted(school, "child_missing_lead") == 0
        await does(school, mum, lambda uow: leave.take_back(uow, given.id))
        await does(school, teacher, lambda uow: rollcall.mark(uow, child, Step.ABSENT))
        assert [one.closed_at is None for one in await alarms(school)] == [True]
        await does(school, mum, lambda uow: leave.give(uow, student, day, day))
        await does(school, teacher, lambda uow: rollcall.mark(uow, child, Step.PRESENT))
        steps = [link.step for link in await links(school, child)]
        assert steps == ["expected", "absent", "leave", "expected", "absent", "leave", "present"]
        assert all(one.closed_at for one in await alarms(school))


async def gives_leave(school: School, child: int, guardian: Actor) -> int:
    """A guardian gives leave for today; returns its id."""
    async with school.look() as uow:
        student = (await uow.session.get_one(DayChild, child)).student_id
    async with school.work(guardian) as uow:
        return (await leave.give(uow, student, uow.today, uow.today)).id


async def test_a_leave_contradicts_who_is_looking_for_the_child(school: School) -> None:
    async with opened(school, CLASS):
        _teacher, child, alarm, (mum, dad) = await is_missing(school)
        await does(school, mum, says(alarm, Answer.NOT_HERE))
        await gives_leave(school, child, dad)
        assert (await alarms(school))[0].answer == "contradicted"
        assert (await links(school, child))[-1].step == "absent", "nobody is known to have the child"
        await does(school, mum, says(alarm, Answer.AGREED))
        assert (await alarms(school))[0].answer == "on_leave"
        steps = [link.step for link in await links(school, child)]
        assert steps == ["expected", "absent", "leave", "expected", "absent", "leave"]


async def test_a_leave_that_was_a_mistake_leaves_the_child_missing(school: School) -> None:
    async with opened(school, CLASS):
        _teacher, child, alarm, (mum, dad) = await is_missing(school)
        await does(school, mum, says(alarm, Answer.NOT_HERE))
        await gives_leave(school, child, dad)
        await does(school, dad, says(alarm, Answer.NOT_HERE))
        assert (await alarms(school))[0].answer == "not_here"
        assert (await links(school, child))[-1].step == "absent"


async def test_after_a_leave_that_was_taken_back_the_child_is_missing_again(school: School) -> None:
    """Whoever takes it back says that it is not with the family; the teacher has said that it is not at school."""
    async with opened(school, CLASS):
        _teacher, child, alarm, (mum, dad) = await is_missing(school)
        given = await gives_leave(school, child, dad)
        await does(school, dad, lambda uow: leave.take_back(uow, given))
        (now,) = await alarms(school)
        assert (now.id, now.answer, now.closed_at) == (alarm, "not_here", None) and now.lead_told_at is not None
        await does(school, mum, says(alarm, Answer.NOT_HERE))
        assert (await links(school, child))[-1].step == "absent"


async def test_an_answer_taken_back_is_told_to_the_other_guardian(school: School) -> None:
    """Who was told "the child is with them" hears as loudly that it is not, however often."""
    async with opened(school, CLASS):
        _teacher, _child, alarm, (mum, dad) = await is_missing(school)
        for word in (Answer.WITH_ME, Answer.NOT_HERE, Answer.WITH_ME, Answer.NOT_HERE):
            await does(school, dad, says(alarm, word))
        async with school.look() as uow:
            query = select(Letter.kind).where(Letter.person_id == mum.person_id).order_by(Letter.id)
            kinds = [kind for kind in await uow.session.scalars(query) if kind.startswith("child_missing")]
        assert kinds == ["child_missing", *["child_missing_over", "child_missing"] * 2]


@pytest.mark.parametrize("_time", range(3))
async def test_all_at_once(school: School, _time: int) -> None:
    """Both guardians answer, the teacher sees the child come, a colleague closes: one order or another, and the alarm
    ends closed, the chain whole, the child present or explained."""
    async with opened(school, CLASS):
        teacher, child, alarm, (mum, dad) = await is_missing(school)
        deeds: list[tuple[Actor, Deed]] = [
            (mum, says(alarm, Answer.WITH_ME)),
            (dad, says(alarm, Answer.NOT_HERE)),
            (teacher, lambda uow: rollcall.mark(uow, child, Step.PRESENT)),
            (teacher, lambda uow: missing.close(uow, alarm, "找到了")),
        ]
        ready = asyncio.Barrier(len(deeds))

        async def one(who: Actor, deed: Deed) -> str:
            await ready.wait()
            try:
                await does(school, who, deed)
            except CareError as error:
                return error.code
            return "done"

        found = await asyncio.gather(*(one(who, deed) for who, deed in deeds))
        assert set(found) <= {"done", "alarm_closed"}, found
        assert found[2] == "done"
        (only,) = await alarms(school)
        assert only.closed_at is not None
        assert (await links(school, child))[-1].step == "present"
        async with school.look(SYSTEM) as uow:
            assert isinstance(await verify(uow), Verified)


async def test_the_clock_tells_the_lead_once(school: School) -> None:
    async with opened(school, CLASS):
        _teacher, _child, _alarm, _family = await is_missing(school)
        for minute in (45, 46, 46, 47, 59):
            await at(school, 14, minute)
            assert await posted(school, "child_missing_lead") == (0 if minute < 46 else 1)


async def test_an_answer_keeps_the_clock_from_the_lead(school: School) -> None:
    async with opened(school, CLASS):
        _teacher, _child, alarm, (mum, _dad) = await is_missing(school)
        await does(school, mum, says(alarm, Answer.WITH_ME))
        await at(school, 15, 30)
        assert await posted(school, "child_missing_lead") == 0


async def test_the_day_stays_open_until_the_alarm_is_closed(school: School) -> None:
    async with opened(school, CLASS):
        teacher, child, alarm, (mum, _dad) = await is_missing(school)
        await does(school, mum, says(alarm, Answer.WITH_ME))
        day = (await session_of(school, CLASS)).date
        async with school.look(SYSTEM) as uow:
            assert await open_alarms(uow, day) == 1
            still = {one.student_id for one in await open_children(uow, day)}
        await does(school, teacher, lambda uow: missing.close(uow, alarm, "在家"))
        async with school.look(SYSTEM) as uow:
            assert await open_alarms(uow, day) == 0
        assert len(still) == len(await children_of(school, (await session_of(school, CLASS)).id)) - 1
        assert child
