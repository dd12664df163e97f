"""Midnight ends no care day while a child may still be here (S14); what is planned goes by the calendar."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time

import pytest
from afternoon_school import TUESDAY, at, opened, session_of, teacher_of
from sqlalchemy import select

from care import rollcall
from care.board.today import board
from care.errors import Conflict
from care.paper.enter import Collector, Entry, PaperRefused, enter
from care.paper.sheet import paper_children, paper_session
from care.permissions import SYSTEM
from care.records import CareDay, DayRules, Letter, Step
from care.release.gate import children, sheet
from care.school import School
from care.whereabouts import InCare, NoCare, today_of

CLASS = "2(3)"
WEDNESDAY = date(2026, 11, 25)


async def day(school: School) -> date:
    async with school.look() as uow:
        return uow.day


async def letters(school: School) -> Counter[str]:
    async with school.look() as uow:
        return Counter(await uow.session.scalars(select(Letter.kind)))


async def everybody_here(school: School) -> int:
    teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS)
    async with school.work(teacher) as uow:
        await rollcall.sign_in(uow, session.id)
        await rollcall.all_others_present(uow, session.id)
    return session.id


@pytest.mark.parametrize(
    ("number", "hour", "sealed", "wanted"),
    [
        (24, time(23, 59), False, TUESDAY),
        (25, time(0, 0), False, TUESDAY),
        (25, time(4, 59), False, TUESDAY),
        (25, time(5, 0), False, WEDNESDAY),
        (24, time(23, 59), True, TUESDAY),
        (25, time(0, 0), True, WEDNESDAY),
        (26, time(0, 20), False, date(2026, 11, 26)),
    ],
    ids=["before midnight", "midnight", "before five", "five", "sealed", "sealed, midnight", "two days ago"],
)
async def test_the_day_under_way(school: School, number: int, hour: time, sealed: bool, wanted: date) -> None:
    async with school.work(SYSTEM) as uow:
        term_id = await uow.session.scalar(select(DayRules.term_id)) or 1
        closed = uow.now if sealed else None
        await uow.session.merge(CareDay(date=TUESDAY, term_id=term_id, opened_at=uow.now, closed_at=closed))
    moment = datetime.combine(date(2026, 11, number), hour, school.zone)
    school.clock.jump(moment)  # type: ignore[attr-defined]
    assert await day(school) == wanted
    async with school.work() as uow, uow.part() as part:
        assert (part.day, part.today) == (wanted, moment.date())


async def test_after_midnight_only_who_is_here_matters(school: School) -> None:
    """The clock jumps from the wave over midnight: who waits is asked for; nothing else of the day goes out."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        session_id = await everybody_here(school)
        before = await letters(school)
        await at(school, 0, 20, WEDNESDAY)
        new = await letters(school) - before
        assert set(new) == {"child_uncollected", "class_uncollected_lead", "day_still_open"}
        assert new["child_uncollected"] > new["class_uncollected_lead"] == 1
        await at(school, 0, 50, WEDNESDAY)
        assert await letters(school) - before == new
        teacher = await teacher_of(school, CLASS)
        async with school.work(teacher) as uow:
            shown = await board(uow)
            gate = await sheet(uow, session_id)
            found = await today_of(uow, [gate.children[0].student_id])
        assert shown is not None and shown.day == TUESDAY and shown.tally.waiting == gate.waiting > 0
        where = found[gate.children[0].student_id]
        assert isinstance(where, InCare) and where.step is Step.PRESENT


async def test_in_the_morning_the_day_is_one_of_the_past(school: School) -> None:
    """Its lists answer with a sentence of their own; the new day opens beside it at its hour."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        session_id = await everybody_here(school)
        await at(school, 5, 0, WEDNESDAY)
        async with school.work(await teacher_of(school, CLASS)) as uow:
            for asked in (sheet(uow, session_id), rollcall.sign_in(uow, session_id)):
                with pytest.raises(Conflict) as refused:
                    await asked
                assert refused.value.code in ("of_another_day", "roll_of_other_day")
            child = (await rollcall.sheet(uow, session_id)).children[0]
            with pytest.raises(Conflict) as refused:
                await children(uow, [child.id])
            assert refused.value.code == "of_another_day"
            assert not isinstance((await today_of(uow, [child.student_id]))[child.student_id], (InCare, NoCare))
        await at(school, 12, 0, WEDNESDAY)
        async with school.look() as uow:
            assert list(await uow.session.scalars(select(CareDay.closed_at).order_by(CareDay.date))) == [None, None]
        assert (await session_of(school, CLASS, WEDNESDAY)).date == WEDNESDAY


async def test_no_new_day_opens_in_the_night(school: School) -> None:
    """Whatever the settings say: until the night ends, another day is under way."""
    async with opened(school, CLASS):
        async with school.work(SYSTEM) as uow:
            (care_day,) = await uow.session.scalars(select(CareDay))
            uow.session.add(DayRules(term_id=care_day.term_id, opens_at=time(0, 0)))
        await at(school, 4, 59, WEDNESDAY)
        async with school.look() as uow:
            assert await uow.session.get(CareDay, WEDNESDAY) is None
        await at(school, 5, 0, WEDNESDAY)
        async with school.look() as uow:
            assert await uow.session.get(CareDay, WEDNESDAY) is not None


async def test_paper_of_the_night_is_entered_at_its_time(school: School) -> None:
    """Collected at ten past midnight, entered in the morning: the time of the next date, and none that is to come."""
    async with opened(school, CLASS):
        await at(school, 14, 40)
        session_id = await everybody_here(school)
        await at(school, 0, 30, WEDNESDAY)
        async with school.work(await teacher_of(school, CLASS)) as uow:
            child, *_ = await paper_children(uow, await paper_session(uow, session_id))
            one = child.adults.authorised[0]
            line = Entry(child.id, child.seq, collector=Collector(one.adult, one.id), left_at=time(0, 31))
            with pytest.raises(PaperRefused) as refused:
                await enter(uow, session_id, [line], time(14, 40))
            assert [error.code for error in refused.value.problems.values()] == ["paper_time_ahead"]
            await enter(uow, session_id, [replace(line, left_at=time(0, 10))], time(14, 40))
            (entered,) = [
                one for one in await paper_children(uow, await paper_session(uow, session_id)) if not one.is_open
            ]
            assert entered.at.astimezone(school.zone) == datetime(2026, 11, 25, 0, 10, tzinfo=school.zone)
