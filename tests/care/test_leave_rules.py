"""Leave: which days it covers, what it does to a list that is open, and who may give it and is told."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from afternoon_school import TUESDAY, actor, at, children_of, opened, session_of, teacher_of
from sqlalchemy import select, update

from care.custody.ledger import Verified, verify
from care.errors import CareError, Conflict, Invalid, NotFound
from care.leave import LeaveGiven, give, give_all, take_back
from care.leave_queries import children_in_care, coming, look, nearest, told
from care.missing import alarm_of, unanswered
from care.missing_answers import answer
from care.permissions import SYSTEM, Actor
from care.records import (
    Alarm,
    Answer,
    Application,
    CalendarDay,
    CustodyEvent,
    DayChild,
    Guardianship,
    Holder,
    Leave,
    Letter,
    Relation,
    State,
    Step,
)
from care.rollcall import mark, sign_in
from care.school import School

CLASS = "2(3)"
WEDNESDAY, SATURDAY = TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=4)


class Family:
    """A child of the class with two guardians, first on its list."""

    def __init__(self, school: School, student_id: int, mother: Actor, father: Actor) -> None:
        self.school, self.student_id, self.mother, self.father = school, student_id, mother, father

    async def give(
        self, first: date = TUESDAY, last: date | None = None, reason: str = "", who: Actor | None = None
    ) -> LeaveGiven:
        async with self.school.work(who or self.mother) as uow:
            return await give(uow, self.student_id, first, last or first, reason)

    async def take_back(self, leave_id: int, who: Actor | None = None) -> None:
        async with self.school.work(who or self.mother) as uow:
            await take_back(uow, leave_id)

    async def refused(self, code: str, first: date = TUESDAY, last: date | None = None) -> CareError:
        with pytest.raises(CareError) as raised:
            await self.give(first, last)
        assert raised.value.code == code
        return raised.value

    async def chain(self) -> list[CustodyEvent]:
        async with self.school.look() as uow:
            query = select(CustodyEvent).join(DayChild).where(DayChild.student_id == self.student_id)
            return list(await uow.session.scalars(query.order_by(CustodyEvent.seq)))

    async def day_child(self) -> int:
        async with self.school.look() as uow:
            return (await uow.session.scalars(select(DayChild.id).where(DayChild.student_id == self.student_id))).one()

    async def says(self, step: Step) -> None:
        """The teacher signs in, and marks the child."""
        teacher, session = await teacher_of(self.school, CLASS), await session_of(self.school, CLASS)
        async with self.school.work(teacher) as uow:
            await sign_in(uow, session.id)
            await mark(uow, await self.day_child(), step)


async def family(school: School) -> Family:
    session = await session_of(school, CLASS)
    async with school.look() as uow:
        for child, _name in await children_of(school, session.id):
            query = select(Guardianship).where(Guardianship.student_id == child.student_id).order_by(Guardianship.id)
            guardians = list(await uow.session.scalars(query))
            weekdays = await uow.session.scalar(
                select(Application.weekdays).where(Application.id == child.application_id)
            )
            if len(guardians) == 2 and weekdays == [1, 2, 3, 4, 5]:
                mother, father = [await actor(school, one.person_id) for one in guardians]
                return Family(school, child.student_id, mother, father)
    raise AssertionError("no such family")


async def letters(school: School, *kinds: str) -> list[tuple[str, int | None]]:
    async with school.look() as uow:
        rows = await uow.session.execute(select(Letter.kind, Letter.person_id).order_by(Letter.id))
        return [(kind, person_id) for kind, person_id in rows if kind in kinds]


async def proved(school: School) -> None:
    async with school.look(SYSTEM) as uow:
        assert isinstance(await verify(uow), Verified)


KINDS = ("leave_today", "leave_taken_back", "leave_given", "leave_ended")


async def test_before_the_list_is_made_the_plan_has_it_and_no_teacher_is_told(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        given = await home.give(WEDNESDAY, reason="ill")
        assert not given.told_at_once
        assert await letters(school, *KINDS) == [("leave_given", home.father.person_id)]
        await at(school, 12, 30, WEDNESDAY)
        chain = await home.chain()
        assert [link.step for link in chain] == [Step.EXPECTED, Step.LEAVE]  # Tuesday's, and Wednesday's first
        assert chain[-1].holder is Holder.FAMILY
        await proved(school)


async def test_on_an_open_list_the_teacher_is_told_and_it_can_be_taken_back(school: School) -> None:
    async with opened(school, CLASS):
        home, teacher = await family(school), await teacher_of(school, CLASS)
        given = await home.give(reason="  去医院  复诊 ")
        assert given.told_at_once
        (_, link) = await home.chain()
        assert (link.step, link.holder, link.by_id) == (Step.LEAVE, Holder.FAMILY, home.mother.person_id)
        assert link.remark == "", "an illness does not stand in the ledger"
        async with school.look(teacher) as uow:
            seen = await told(uow, given.id)
        assert (seen.leave.reason, seen.days, seen.said_by) == ("去医院 复诊", (TUESDAY,), home.mother.name)
        await home.take_back(given.id, home.father)
        assert [link.step for link in await home.chain()] == [Step.EXPECTED, Step.LEAVE, Step.EXPECTED]
        assert (await home.chain())[-1].holder_id == teacher.person_id
        assert await letters(school, *KINDS) == [
            ("leave_today", teacher.person_id),
            ("leave_given", home.father.person_id),
            ("leave_ended", home.mother.person_id),
            ("leave_taken_back", teacher.person_id),
        ]
        with pytest.raises(Conflict):
            await home.take_back(given.id)
        assert (await home.give()).told_at_once, "and given again"
        await proved(school)


async def test_a_child_in_the_teachers_hands_stays_there(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        await at(school, 14, 40)
        await home.says(Step.PRESENT)
        await home.refused("child_is_here")
        await home.refused("child_is_here", TUESDAY, WEDNESDAY)
        async with school.look(home.mother) as uow:
            (child,) = [one for one in await children_in_care(uow) if one.student_id == home.student_id]
            assert await nearest(uow, [child]) == [WEDNESDAY]
        await home.give(WEDNESDAY)
        assert [link.step for link in await home.chain()] == [Step.EXPECTED, Step.PRESENT]


async def test_a_leave_that_was_marked_present_all_the_same(school: School) -> None:
    """The child came although it is on leave: taking the leave back takes it from nobody."""
    async with opened(school, CLASS):
        home = await family(school)
        given = await home.give()
        await at(school, 14, 40)
        await home.says(Step.PRESENT)
        await home.take_back(given.id)
        assert [link.step for link in await home.chain()] == [Step.EXPECTED, Step.LEAVE, Step.PRESENT]
        await proved(school)


async def test_a_missing_child_is_with_its_family(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        await at(school, 14, 40)
        await home.says(Step.ABSENT)
        async with school.look(home.mother) as uow:
            (prospect,) = await look(uow, [home.student_id], TUESDAY, TUESDAY)
        assert prospect.was_missing
        await home.give()
        await at(school, 14, 54)
        async with school.look(SYSTEM) as uow:
            assert await unanswered(uow, 10) == [], "nobody tells the duty lead that no answer came"
            alarm = (await uow.session.scalars(select(Alarm))).one()
        assert (alarm.answer, alarm.answered_by) == (Answer.ON_LEAVE, home.mother.person_id)
        assert (alarm.closed_at, alarm.lead_told_at) == (None, None)
        assert (await home.chain())[-1].step is Step.LEAVE
        await proved(school)


async def test_dates_that_cannot_be(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        assert (await home.refused("no_care_then", SATURDAY)).values["next"] == TUESDAY + timedelta(days=6)
        await home.refused("date_outside_term", TUESDAY - timedelta(days=1))
        await home.refused("date_outside_term", WEDNESDAY, TUESDAY)
        await home.refused("date_outside_term", date(2027, 1, 29), date(2027, 1, 30))
        await home.refused("leave_too_long", TUESDAY, TUESDAY + timedelta(days=60))
        await home.give(WEDNESDAY, SATURDAY)
        await home.refused("leave_exists", TUESDAY, WEDNESDAY)
        await home.refused("leave_exists", SATURDAY)
        with pytest.raises(Invalid, match="words_too_long"):
            await home.give(TUESDAY, reason="长" * 121)


async def test_holidays_and_other_weekdays_are_no_care_days(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        async with school.work() as uow:
            uow.session.add(CalendarDay(date=WEDNESDAY, school=False, care=False, note="停课"))
            uow.session.add(CalendarDay(date=SATURDAY, school=True, care=True, follows_weekday=1, note="补周一"))
            mine = Application.student_id == home.student_id
            await uow.session.execute(update(Application).where(mine).values(weekdays=[1, 3]))
        assert (await home.refused("no_care_then", WEDNESDAY)).values["next"] == SATURDAY
        await home.refused("no_care_then", SATURDAY - timedelta(days=1))
        async with school.look(home.mother) as uow:
            (prospect,) = await look(uow, [home.student_id], TUESDAY, TUESDAY + timedelta(days=8))
        assert prospect.days == (SATURDAY, TUESDAY + timedelta(days=6), TUESDAY + timedelta(days=8))


async def test_when_todays_care_is_over(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        given = await home.give(TUESDAY, WEDNESDAY)
        await at(school, 17, 11)
        await home.take_back(given.id)
        assert (await home.chain())[-1].step is Step.LEAVE, "for today it is too late"
        await home.refused("no_care_then")
        await home.give(TUESDAY, WEDNESDAY)
        async with school.look(home.mother) as uow:
            (standing,) = await coming(uow, [c for c in await children_in_care(uow) if c.student_id == home.student_id])
        assert standing.days == (WEDNESDAY,)


async def test_only_unrestricted_guardians_of_children_in_care(school: School) -> None:
    async with opened(school, CLASS):
        home, teacher = await family(school), await teacher_of(school, CLASS)
        given = await home.give(WEDNESDAY)
        for stranger in (teacher, SYSTEM):
            with pytest.raises(NotFound):
                await home.give(TUESDAY, who=stranger)
        async with school.work() as uow:
            both = (Guardianship.student_id == home.student_id, Guardianship.person_id == home.father.person_id)
            await uow.session.execute(update(Guardianship).where(*both).values(restricted=True))
        with pytest.raises(NotFound):
            await home.give(TUESDAY, who=home.father)
        with pytest.raises(NotFound):
            await home.take_back(given.id, home.father)
        async with school.look(home.father) as uow:
            with pytest.raises(NotFound):
                await told(uow, given.id)
            assert home.student_id not in [child.student_id for child in await children_in_care(uow)]
        await home.give(TUESDAY)
        assert len(await letters(school, "leave_given")) == 1, "the restricted father hears of the second no more"


async def test_a_child_that_leaves_care(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        await home.give(WEDNESDAY, SATURDAY)
        mine = Application.student_id == home.student_id
        async with school.work() as uow:
            await uow.session.execute(update(Application).where(mine).values(leaves_on=WEDNESDAY + timedelta(days=1)))
        async with school.look(home.mother) as uow:
            (standing,) = await coming(uow, [c for c in await children_in_care(uow) if c.student_id == home.student_id])
        assert standing.days == (WEDNESDAY,)
        await home.refused("no_care_left", TUESDAY + timedelta(days=6))
        async with school.work() as uow:
            await uow.session.execute(update(Application).where(mine).values(state=State.WITHDRAWN))
        await home.refused("not_in_care")


async def test_for_several_children_as_far_as_it_can_be(school: School) -> None:
    async with opened(school, CLASS):
        home, session = await family(school), await session_of(school, CLASS)
        other = next(c for c, _ in await children_of(school, session.id) if c.student_id != home.student_id)
        async with school.work() as uow:
            uow.session.add(
                Guardianship(student_id=other.student_id, person_id=home.mother.person_id, relation=Relation.AUNT)
            )
        both = [home.student_id, other.student_id]
        await home.give(WEDNESDAY)
        async with school.work(home.mother) as uow:
            (given,) = await give_all(uow, both, WEDNESDAY, WEDNESDAY)
            leave = await uow.session.get_one(Leave, given.id)
            assert leave.student_id == other.student_id
        with pytest.raises(Conflict, match="leave_exists"):
            async with school.work(home.mother) as uow:
                await give_all(uow, both, WEDNESDAY, WEDNESDAY)


async def test_both_parents_at_the_same_moment(school: School) -> None:
    async with opened(school, CLASS):
        home = await family(school)
        done = await asyncio.gather(home.give(), home.give(who=home.father), return_exceptions=True)
        assert sorted(type(one).__name__ for one in done) == ["Conflict", "LeaveGiven"]
        assert [link.step for link in await home.chain()] == [Step.EXPECTED, Step.LEAVE]


async def test_a_leave_and_an_answer_at_the_same_moment(school: School) -> None:
    """They take the list first, both: neither waits for the other for good."""
    async with opened(school, CLASS):
        home = await family(school)
        await home.says(Step.ABSENT)
        async with school.look() as uow:
            alarm_id = (await uow.session.scalars(select(Alarm.id))).one()
        async with school.work(home.father) as uow:
            await alarm_of(uow, alarm_id, to_change=True)
            giving = asyncio.create_task(home.give())
            await asyncio.sleep(0.3)
            await answer(uow, alarm_id, Answer.WITH_ME)
        assert (await giving).told_at_once
        assert [link.step for link in await home.chain()][-1] is Step.EXPLAINED
