"""After the end of care: children of whom nobody has said anything, and alarms that no word may end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from afternoon_school import at, children_of, opened, session_of, teacher_of
from extended_school import with_role
from sqlalchemy import select, update

from care import rollcall
from care.alarms import close as close_any
from care.custody.chain import FAMILY, Link, Side, append
from care.errors import Conflict
from care.extended.session import open_extended
from care.permissions import SYSTEM, Actor, Duty
from care.records import Alarm, AlarmKind, CareSession, DayChild, DayRules, Holder, Letter, Proof, Role, Step, Term
from care.release.alarms import close_alarm
from care.release.late import take_together, uncollected_in
from care.school import School
from care.work import UnitOfWork

CLASS = "2(3)"


async def alarms(school: School) -> list[Alarm]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Alarm).order_by(Alarm.id)))


async def letters(school: School, kind: str) -> list[Letter]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter).where(Letter.kind == kind)))


async def test_a_child_of_whom_nothing_is_said_reaches_the_duty_lead(school: School) -> None:
    """Once, after the third step; the family is not told that it waits at school."""
    async with opened(school, CLASS):
        await at(school, 14, 36)
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        (forgotten, _name), *others = await children_of(school, session.id)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            for child, _other in others:
                await rollcall.mark(uow, child.id, Step.LATE)
        await at(school, 17, 39)
        assert await alarms(school) == []
        await at(school, 17, 40)
        mine = [one for one in await alarms(school) if one.day_child_id == forgotten.id]
        assert [one.kind for one in mine] == [AlarmKind.UNCOLLECTED] and mine[0].lead_told_at is not None
        told = await letters(school, "child_uncollected")
        assert all(one.params["day_child_id"] != forgotten.id for one in told)
        await at(school, 17, 50)
        leads = [one for one in await letters(school, "child_uncollected_lead") if one.params["alarm_id"] == mine[0].id]
        assert len(leads) == 1
        async with school.work(teacher) as uow:  # it is missing: another alarm takes this one's place
            await rollcall.mark(uow, forgotten.id, Step.ABSENT)
        mine = [one for one in await alarms(school) if one.day_child_id == forgotten.id]
        assert [(one.kind, one.closed_at is None) for one in mine] == [
            (AlarmKind.UNCOLLECTED, False),
            (AlarmKind.MISSING, True),
        ]


async def test_a_roll_that_nobody_calls_is_one_letter_to_the_duty_lead(school: School) -> None:
    """An alarm for each child, one letter for the class; who is here by then has a letter of its own."""
    async with opened(school, CLASS):
        await at(school, 14, 36)
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        (here, _name), *unsaid = await children_of(school, session.id)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            await rollcall.mark(uow, here.id, Step.PRESENT)
        await at(school, 17, 40)
        await at(school, 17, 50)
        assert {one.day_child_id for one in await alarms(school)} == {here.id, *(child.id for child, _ in unsaid)}
        (told,) = await letters(school, "class_unsaid_lead")
        assert set(told.params["children"]) == {child.id for child, _ in unsaid}
        assert len(await letters(school, "child_uncollected_lead")) == 1


async def only_here(school: School, number: int) -> list[int]:
    """The roll of the class: so many are here, the others are with their families. The day children's ids."""
    teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
    children = [child.id for child, _name in await children_of(school, session.id)]
    async with school.work(teacher) as uow:
        await rollcall.sign_in(uow, session.id)
        for child in children[:number]:
            await rollcall.mark(uow, child, Step.PRESENT)
        for child in children[number:]:
            await append(uow, child, Link(Step.LEAVE, FAMILY))
    return children[:number]


async def told_of(school: School) -> list[set[int]]:
    """The children of whom each letter tells the duty lead, oldest letter first."""
    of = {one.id: one.day_child_id for one in await alarms(school)}
    async with school.look() as uow:
        kinds = ("child_uncollected_lead", "class_uncollected_lead")
        found = list(await uow.session.scalars(select(Letter).where(Letter.kind.in_(kinds)).order_by(Letter.id)))
    return [set(one.params.get("children") or [of[one.params["alarm_id"]]]) for one in found]


@pytest.mark.parametrize("number", [3, 4, 9])
async def test_many_of_a_class_are_one_letter_to_the_duty_lead(school: School, number: int) -> None:
    """A handful of them a letter each. An alarm for each, its family's steps as ever, and all of it once."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        mine = await only_here(school, number)
        for minute in (20, 30, 40, 41, 50):
            await at(school, 17, minute)
        assert await told_of(school) == ([{one} for one in mine] if number == 3 else [set(mine)])
        raised = await alarms(school)
        assert sorted(one.day_child_id for one in raised) == mine and all(one.lead_told_at for one in raised)
        asked = {(one.params["day_child_id"], one.params["step"]) for one in await letters(school, "child_uncollected")}
        assert {child for child, step in asked if step == 1} == set(mine)


async def test_who_leaves_meanwhile_is_not_named_and_who_comes_later_is(school: School) -> None:
    """Of six one has gone when the transaction begins; another was released, is taken back, and has a letter then."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        gone, undone, *others = await only_here(school, 6)
        session, gran = (await session_of(school, CLASS)).id, Side(Holder.ADULT, None, "林秀英")
        school.clock.jump(school.clock.local().replace(hour=17, minute=40))  # type: ignore[attr-defined]
        async with school.work(SYSTEM) as uow:
            for one in (gone, undone):
                await append(uow, one, Link(Step.RELEASED, gran, Proof.LIST))
        for _again in range(2):  # as the tick had read it before
            async with school.work(SYSTEM) as uow:
                await take_together(uow, session, [gone, undone, *others], unsaid=False)
        teacher = await teacher_of(school, CLASS)
        async with school.work(SYSTEM) as uow:
            await append(uow, undone, Link(Step.UNDONE, Side(Holder.TEACHER, teacher.person_id, teacher.name)))
        for minute in (41, 42):
            await at(school, 17, minute)
        assert await told_of(school) == [set(others), {undone}]
        assert {one.day_child_id for one in await alarms(school)} == {undone, *others}


@pytest.mark.parametrize(
    ("minutes", "found", "lead"),
    [((10, 20, 30), 45, 55), ((10, 20, 30), 9, 40), ((5, 50, 52), 45, 47), ((10, 15, 60), 45, 90)],
)
async def test_a_child_found_after_the_end_reaches_the_duty_lead_sooner(
    school: School, minutes: tuple[int, int, int], found: int, lead: int
) -> None:
    """In minutes after 17:00; care ends at 17:10. As long after all of its family was asked as ever."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        (child,) = await only_here(school, 1)
        teacher = await teacher_of(school, CLASS)
        async with school.work(SYSTEM) as uow:
            term_id = (await uow.session.scalars(select(Term.id))).one()
            uow.session.add(DayRules(term_id=term_id, late_minutes=list(minutes)))
        async with school.work(teacher) as uow:
            await rollcall.mark(uow, child, Step.ABSENT)
        await at(school, 17, found)
        async with school.work(teacher) as uow:
            await rollcall.mark(uow, child, Step.LATE)
        first = 17 * 60 + lead
        await at(school, *divmod(first - 1, 60))
        assert await told_of(school) == []
        await at(school, *divmod(first, 60))
        await at(school, *divmod(first + 30, 60))
        assert await told_of(school) == [{child}]


async def test_children_of_extended_care_are_one_letter_of_their_own(school: School) -> None:
    """Whoever has them says so: four of a class wait in the classroom, four at the academy."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        mine = await only_here(school, 8)
        async with school.work(SYSTEM) as uow:
            session = await open_extended(uow)
            assert session is not None
            session.ends_at = (await uow.session.get_one(CareSession, (await session_of(school, CLASS)).id)).ends_at
            there = update(DayChild).where(DayChild.id.in_(mine[:4]))
            await uow.session.execute(there.values(extended_at=uow.now))
        await at(school, 17, 40)
        await at(school, 17, 41)
        assert sorted(map(sorted, await told_of(school))) == [mine[:4], mine[4:]]
        lead = await with_role(school, Role.HEAD)
        async with school.look(lead) as uow:
            assert [one.id for _alarm, one in await uncollected_in(uow, session.id)] == mine[:4]


async def test_a_leave_that_is_taken_back_after_the_roll_is_chased_anew(school: School) -> None:
    async with opened(school, CLASS):
        await at(school, 15, 10)  # late: all three have been told
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        before = len(await letters(school, "roll_late"))
        assert before
        (child, _name), *_ = await children_of(school, session.id)
        async with school.work(teacher) as uow:
            await append(uow, child.id, Link(Step.LEAVE, FAMILY))
            await rollcall.sign_in(uow, session.id)
            await rollcall.all_others_present(uow, session.id)
            assert (await uow.session.get_one(CareSession, session.id)).roll_done_at is not None
            await append(uow, child.id, Link(Step.EXPECTED, Side(Holder.TEACHER, teacher.person_id, teacher.name)))
        await at(school, 15, 29)
        assert len(await letters(school, "roll_late")) == before
        await at(school, 15, 41)
        assert len(await letters(school, "roll_late")) == 2 * before


async def test_no_word_ends_the_clock_of_a_child_who_is_here(school: School) -> None:
    """Neither from the console nor from the chat; a child that has gone, or is missing, is another matter."""
    async with opened(school, CLASS):
        await at(school, 14, 36)
        teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
        (child, _), (other, _), *_ = await children_of(school, session.id)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            await rollcall.mark(uow, child.id, Step.PRESENT)
        await at(school, 17, 40)
        lead = Actor(teacher.person_id, teacher.name, (Duty(Role.DEPUTY),))
        of = {one.day_child_id: one.id for one in await alarms(school)}

        async def code(day_child: int, close: Callable[[UnitOfWork, int, str], Awaitable[object]]) -> str:
            try:
                async with school.work(lead) as uow:
                    await close(uow, of[day_child], "已电话联系")
            except Conflict as error:
                return error.code
            return "closed"

        for close in (close_any, close_alarm):
            assert await code(child.id, close) == "child_still_here"
            assert await code(other.id, close) == "roll_unsaid"
        async with school.work(teacher) as uow:
            await append(uow, child.id, Link(Step.ABSENT, Side(Holder.NOBODY, None, "")))
        assert await code(child.id, close_any) == "closed"
