"""The rules of the roll: who answers, what may be said of a child, what counts as done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from afternoon_school import actor, at, children_of, opened, session_of, teacher_of
from sqlalchemy import event, select

from bot.chat.rolllist import may_say
from care import rollcall
from care.custody.chain import Link, Side, append, append_to_all
from care.custody.ledger import Verified, verify
from care.errors import CareError, Conflict, Invalid, NotAllowed, NotFound
from care.permissions import SYSTEM, Actor
from care.records import Alarm, CareDay, CareSession, CustodyEvent, DayChild, Event, Holder, Role, StaffRole, Step
from care.rollcall import RollSheet
from care.school import School
from care.work import UnitOfWork

CLASS = "2(3)"


async def a_colleague(school: School, place: int = 0) -> Actor:
    """A care teacher, whose duty reaches every class."""
    async with school.look() as uow:
        query = select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER).order_by(StaffRole.id)
        person_id = list(await uow.session.scalars(query))[place]
    return await actor(school, person_id)


def of_one_class(teacher: Actor) -> Actor:
    """The teacher without the duty of a care teacher, which reaches every class."""
    return replace(teacher, duties=tuple(duty for duty in teacher.duties if duty.role is Role.HOMEROOM))


async def does(school: School, who: Actor, deed: Callable[[UnitOfWork], Awaitable[RollSheet]]) -> RollSheet:
    async with school.work(who) as uow:
        return await deed(uow)


async def ready(school: School) -> tuple[Actor, int, list[int]]:
    """The class's teacher has signed in at 14:36; the session, and its children's ids by number."""
    await at(school, 14, 36)
    teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
    await does(school, teacher, lambda uow: rollcall.sign_in(uow, session.id))
    return teacher, session.id, [child.id for child, _ in await children_of(school, session.id)]


async def read(school: School, session_id: int, who: Actor) -> RollSheet:
    async with school.look(who) as uow:
        return await rollcall.sheet(uow, session_id)


async def links(school: School, child_id: int) -> list[CustodyEvent]:
    async with school.look() as uow:
        query = select(CustodyEvent).where(CustodyEvent.day_child_id == child_id).order_by(CustodyEvent.seq)
        return list(await uow.session.scalars(query))


async def test_what_a_command_returns_is_what_stands_in_the_database(school: School) -> None:
    """The list is not read again after a tap: it must be the same as if it had been."""
    async with opened(school, CLASS):
        teacher, session, children = await ready(school)
        one, two, three, four, *_ = children
        for deed in (
            lambda uow: rollcall.mark(uow, one, Step.PRESENT, 1),
            lambda uow: rollcall.mark(uow, two, Step.LATE, 1),
            lambda uow: rollcall.mark(uow, three, Step.ABSENT, 1),
            lambda uow: rollcall.mark(uow, four, Step.MOVED, 1, "张老师"),
            lambda uow: rollcall.mark(uow, four, Step.BACK, 2),
            lambda uow: rollcall.mark(uow, three, Step.PRESENT, 2),
            lambda uow: rollcall.all_others_present(uow, session),
            lambda uow: rollcall.mark(uow, one, Step.LATE),
        ):
            assert await does(school, teacher, deed) == await read(school, session, teacher)
        other = await a_colleague(school)
        taken = await does(school, other, lambda uow: rollcall.sign_in(uow, session))
        assert taken == await read(school, session, other)
        assert {child.holder_id for child in taken.children} == {other.person_id}
        async with school.look(SYSTEM) as uow:
            assert isinstance(await verify(uow), Verified)


async def test_nothing_is_said_before_somebody_has_signed_in(school: School) -> None:
    async with opened(school, CLASS):
        await at(school, 14, 36)
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        (child, _name), *_ = await children_of(school, session.id)
        for deed in (
            lambda uow: rollcall.mark(uow, child.id, Step.PRESENT),
            lambda uow: rollcall.all_others_present(uow, session.id),
        ):
            with pytest.raises(NotAllowed, match="not_signed_in"):
                await does(school, teacher, deed)


async def test_who_helps_marks_for_who_is_on_duty(school: School) -> None:
    async with opened(school, CLASS):
        teacher, _session, (one, *_) = await ready(school)
        helper = await a_colleague(school)
        await does(school, helper, lambda uow: rollcall.mark(uow, one, Step.PRESENT))
        link = (await links(school, one))[-1]
        assert (link.holder_id, link.holder_name, link.by_id) == (teacher.person_id, teacher.name, helper.person_id)


@pytest.mark.parametrize("step", sorted(set(Step) - rollcall.MARKS))
async def test_only_what_belongs_to_a_roll_may_be_said(school: School, step: Step) -> None:
    async with opened(school, CLASS):
        teacher, _session, (one, *_) = await ready(school)
        with pytest.raises(Invalid):
            await does(school, teacher, lambda uow: rollcall.mark(uow, one, step))


async def test_another_class_another_day_and_a_sealed_day(school: School) -> None:
    async with opened(school, CLASS, "3(5)"):
        teacher, session, (one, *_) = await ready(school)
        other = await session_of(school, "3(5)")
        (foreign, _name), *_ = await children_of(school, other.id)
        for deed in (
            lambda uow: rollcall.mark(uow, foreign.id, Step.PRESENT),
            lambda uow: rollcall.mark(uow, 10**9, Step.PRESENT),
            lambda uow: rollcall.sign_in(uow, other.id),
            lambda uow: rollcall.all_others_present(uow, other.id),
        ):
            with pytest.raises(NotFound):
                await does(school, of_one_class(teacher), deed)
        async with school.work(SYSTEM) as uow:
            (await uow.session.scalars(select(CareDay))).one().closed_at = uow.now
        with pytest.raises(Conflict, match="day_closed"):
            await does(school, teacher, lambda uow: rollcall.mark(uow, one, Step.PRESENT))
        await at(school, 9, day=(await session_of(school, CLASS)).date.replace(day=25))
        for deed in (
            lambda uow: rollcall.mark(uow, one, Step.PRESENT),
            lambda uow: rollcall.sign_in(uow, session),
            lambda uow: rollcall.all_others_present(uow, session),
        ):
            with pytest.raises(Conflict, match="roll_of_other_day"):
                await does(school, teacher, deed)


async def test_done_when_something_is_said_of_every_child(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, children = await ready(school)
        for child in children[:-1]:
            await does(school, teacher, lambda uow, child=child: rollcall.mark(uow, child, Step.PRESENT))
        assert (await read(school, session, teacher)).done_at is None
        await at(school, 14, 50)
        roll = await does(school, teacher, lambda uow: rollcall.mark(uow, children[-1], Step.LATE))
        assert roll.done_by == teacher.name and roll.done_at is not None
        await at(school, 14, 52)
        again = await does(school, teacher, lambda uow: rollcall.mark(uow, children[0], Step.LATE))
        assert again.done_at == roll.done_at
        async with school.look() as uow:
            events = list(await uow.session.scalars(select(Event).where(Event.action == "roll_done")))
            assert [one.data for one in events] == [{"expected": len(children), "present": len(children)}]


async def test_only_those_shown_are_swept_up(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, _children = await ready(school)
        roll = await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session, {1, 3, 999}))
        assert [child.number for child in roll.children if child.step is Step.PRESENT] == [1, 3]


async def at_once(school: School, *deeds: tuple[Actor, Callable[[UnitOfWork], Awaitable[RollSheet]]]) -> list[str]:
    ready_ = asyncio.Barrier(len(deeds))

    async def one(who: Actor, deed: Callable[[UnitOfWork], Awaitable[RollSheet]]) -> str:
        await ready_.wait()
        try:
            await does(school, who, deed)
        except CareError as error:
            return error.code
        return "done"

    return await asyncio.gather(*(one(who, deed) for who, deed in deeds))


async def test_the_same_child_by_two_at_once_is_one_link(school: School) -> None:
    async with opened(school, CLASS):
        teacher, _session, (one, *_) = await ready(school)
        helper = await a_colleague(school)
        deed = lambda uow: rollcall.mark(uow, one, Step.PRESENT, 1)  # noqa: E731
        assert await at_once(school, (teacher, deed), (helper, deed), (teacher, deed)) == ["done"] * 3
        assert [link.step for link in await links(school, one)] == ["expected", "present"]


async def test_the_last_two_children_by_two_at_once_finish_the_roll(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, children = await ready(school)
        helper = await a_colleague(school)
        shown = set(range(1, len(children) - 1))
        await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session, shown))
        found = await at_once(
            school,
            (teacher, lambda uow: rollcall.mark(uow, children[-1], Step.PRESENT)),
            (helper, lambda uow: rollcall.mark(uow, children[-2], Step.PRESENT)),
        )
        roll = await read(school, session, teacher)
        assert found == ["done", "done"] and roll.open == 0 and roll.done_at is not None


async def test_a_child_marked_while_the_duty_changes_is_with_who_is_on_duty(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, children = await ready(school)
        other = await a_colleague(school)
        await at_once(
            school,
            *((teacher, lambda uow, child=child: rollcall.mark(uow, child, Step.PRESENT)) for child in children[:4]),
            (other, lambda uow: rollcall.sign_in(uow, session, teacher.person_id)),
            (teacher, lambda uow: rollcall.all_others_present(uow, session)),
        )
        roll = await read(school, session, other)
        assert roll.teacher_id == other.person_id
        assert {child.holder_id for child in roll.children if child.is_here} == {other.person_id}


async def test_two_take_over_at_once(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, _children = await ready(school)
        one, two = await a_colleague(school), await a_colleague(school, 1)
        found = await at_once(
            school,
            *((who, lambda uow: rollcall.sign_in(uow, session, teacher.person_id)) for who in (one, two)),
        )
        assert sorted(found) == ["done", "stale"]


async def test_the_duty_goes_round(school: School) -> None:
    """From one to the next and back: each time with both names, and no child is lost on the way."""
    async with opened(school, CLASS):
        teacher, session, children = await ready(school)
        await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session))
        one, two = await a_colleague(school), await a_colleague(school, 1)
        for who in (one, two, teacher):
            await does(school, who, lambda uow: rollcall.sign_in(uow, session))
        chain = await links(school, children[0])
        assert [(link.giver_id, link.holder_id) for link in chain[2:]] == [
            (teacher.person_id, one.person_id),
            (one.person_id, two.person_id),
            (two.person_id, teacher.person_id),
        ]
        moved = await does(school, teacher, lambda uow: rollcall.mark(uow, children[0], Step.MOVED))
        assert moved.child(children[0]).holder is Holder.SCHOOL


async def test_many_links_at_once_leave_out_who_has_moved_on(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, (one, two, *_) = await ready(school)
        old = await read(school, session, teacher)
        await does(school, teacher, lambda uow: rollcall.mark(uow, one, Step.PRESENT))
        me = Side(Holder.TEACHER, teacher.person_id, teacher.name)
        async with school.work(teacher) as uow:
            wanted = [(child.id, child, Link(Step.PRESENT, me)) for child in old.children[:2]]
            assert list(await append_to_all(uow, wanted)) == [two]
            assert await append_to_all(uow, []) == {}
        with pytest.raises(Conflict):
            async with school.work(teacher) as uow:
                await append_to_all(uow, [(two, old.children[1], Link(Step.UNDONE, me))])
        async with school.work(teacher) as uow:
            assert await append(uow, two, Link(Step.LATE, me), 2) == 3


async def test_a_tap_is_few_statements(school: School) -> None:
    """The hot path: the list is read once, and nothing is asked that is known. PostgreSQL: and two locks, of the day,
    which must not be sealed meanwhile, and of the list."""
    async with opened(school, CLASS):
        teacher, _session, (one, *_) = await ready(school)
        said: list[str] = []
        event.listen(school.writer.sync_engine, "before_cursor_execute", lambda *args: said.append(args[2]))
        await does(school, teacher, lambda uow: rollcall.mark(uow, one, Step.PRESENT, 1))
        kinds = [statement.split()[0] for statement in said if "pg_notify" not in statement]
        assert kinds == ["SELECT"] * (2 if school.is_sqlite else 4) + ["UPDATE", "INSERT"]


async def test_which_rolls_are_late(school: School) -> None:
    """Not those that are done, nor those in which all are on leave, nor after their end."""
    async with opened(school, CLASS, "3(5)"):
        teacher, session, _children = await ready(school)

        async def late() -> list[int]:
            async with school.look(SYSTEM) as uow:
                return [one.session_id for one in await rollcall.unfinished(uow, 20)]

        await at(school, 14, 54)
        assert await late() == []
        await at(school, 14, 55)
        assert await late() == [session]
        third = (await session_of(school, "3(5)")).id
        await at(school, 15, 45)
        assert sorted(await late()) == sorted([session, third])
        await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session))
        async with school.work(SYSTEM) as uow:
            for child, _name in await children_of(school, third):
                await append(uow, child.id, Link(Step.LEAVE, Side(Holder.FAMILY, None, "")))
        assert await late() == []


async def test_the_choices(school: School) -> None:
    async with opened(school, CLASS, "3(5)"):
        teacher, session, _children = await ready(school)
        async with school.look(of_one_class(teacher)) as uow:
            (own,) = await rollcall.choices(uow)
            assert (own.session_id, own.own, own.signed_in, own.done) == (session, True, True, False)
        async with school.look(await a_colleague(school)) as uow:
            assert [(one.school_class, one.own) for one in await rollcall.choices(uow)] == [
                (CLASS, False),
                ("3(5)", False),
            ]
        with pytest.raises(NotAllowed):
            async with school.look(Actor(1, "谁")) as uow:
                await rollcall.choices(uow)


async def test_an_alarm_of_a_child_that_was_there_is_none(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, _children = await ready(school)
        await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session))
        async with school.look() as uow:
            assert list(await uow.session.scalars(select(Alarm))) == []
            assert (await uow.session.get_one(CareSession, session)).roll_done_id == teacher.person_id


async def on_the_way(school: School, leader: Actor, child: int, undone: bool) -> None:
    """A child whom somebody leads to the gate, or gave there by mistake and took back."""
    me = Side(Holder.TEACHER, leader.person_id, leader.name)
    async with school.work(leader) as uow:
        await append(uow, child, Link(Step.LINED_OUT, me))
        if undone:
            await append(uow, child, Link(Step.RELEASED, Side(Holder.ADULT, None, "奶奶")))
            await append(uow, child, Link(Step.UNDONE, me))


@pytest.mark.parametrize("undone", [False, True])
async def test_lost_on_the_way_to_the_gate_or_back_in_class(school: School, undone: bool) -> None:
    """Whoever leads the child out: it can be reported missing, and taken back."""
    async with opened(school, CLASS):
        teacher, session, (one, two, three, *_) = await ready(school)
        await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session))
        helper, third = await a_colleague(school), await a_colleague(school, 1)
        for child in (one, two, three):
            await on_the_way(school, helper, child, undone)
        roll = await read(school, session, third)
        assert {step for step in Step if may_say(roll.child(one), step)} >= {Step.ABSENT, Step.BACK}
        with pytest.raises(NotAllowed, match="with_another"):
            await does(school, third, lambda uow: rollcall.mark(uow, one, Step.BACK))
        back = await does(school, helper, lambda uow: rollcall.mark(uow, one, Step.BACK))
        assert back.child(one).holder_id == teacher.person_id
        assert (await does(school, teacher, lambda uow: rollcall.mark(uow, two, Step.BACK))).child(two).is_here
        lost = await does(school, third, lambda uow: rollcall.mark(uow, three, Step.ABSENT))
        assert lost.child(three).holder is Holder.NOBODY
        async with school.look() as uow:
            alarm = (await uow.session.scalars(select(Alarm))).one()
            assert (alarm.day_child_id, alarm.closed_at) == (three, None)
        await does(school, teacher, lambda uow: rollcall.mark(uow, three, Step.PRESENT))
        async with school.look(SYSTEM) as uow:
            assert (await uow.session.get_one(Alarm, alarm.id)).closed_at is not None
            assert isinstance(await verify(uow), Verified)


async def test_the_class_does_not_take_back_whom_extended_care_has(school: School) -> None:
    async with opened(school, CLASS):
        teacher, session, (one, *_) = await ready(school)
        await does(school, teacher, lambda uow: rollcall.all_others_present(uow, session))
        await on_the_way(school, await a_colleague(school), one, undone=True)
        async with school.work(SYSTEM) as uow:
            (await uow.session.get_one(DayChild, one)).extended_at = uow.now
        for step in (Step.BACK, Step.ABSENT):
            with pytest.raises(NotAllowed, match="with_another"):
                await does(school, teacher, lambda uow, step=step: rollcall.mark(uow, one, step))
