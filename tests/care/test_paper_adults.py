"""Who came, as paper says it: names, the stop-list, who is on no list, who leaves alone."""

from __future__ import annotations

from datetime import time

import pytest
from afternoon_school import TUESDAY, at, opened, session_of, teacher_of
from paper_steps import alarms, chain, collected, enters, letters, page, refused, stop, verified
from sqlalchemy import select, update

from care.day.close import close_day
from care.errors import Conflict
from care.paper.enter import Collector, Entry, PaperRefused, enter
from care.paper.sheet import PaperChild
from care.permissions import SYSTEM
from care.records import AlarmKind, Application, CareDay, DayChild, Holder, LeaveMode, Step
from care.school import School


async def test_a_stop_listed_adult_needs_an_explicit_word_and_the_duty_lead(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    await stop(dark, child.student_id, child.adults.authorised[0].name)
    _, (child, *_rest) = await page(dark)
    assert child.adults.authorised[0].stopped
    assert await refused(dark, collected(child)) == ["paper_stop_listed"]
    assert await alarms(dark) == [] and len(await chain(dark, child.id)) == 1
    entry = collected(child)
    await enters(dark, Entry(**{**entry.__dict__, "confirmed": True}))
    (alarm,) = await alarms(dark)
    assert (alarm.kind, alarm.day_child_id, alarm.remark) == (
        AlarmKind.STOP_LISTED,
        child.id,
        child.adults.authorised[0].name,
    )
    (link,) = [one for one in await chain(dark, child.id) if one.step is Step.RELEASED]
    assert link.data["irregular"] == "stop_listed"
    async with dark.look() as uow:
        lead = (await uow.session.get_one(CareDay, TUESDAY)).duty_lead_id
    (letter,) = await letters(dark, "paper_disputed")
    assert (letter.person_id, letter.params) == (lead, {"alarm_id": alarm.id, "seq": link.seq})
    assert await letters(dark, "paper_released") == [], "the duty lead speaks with the family"


@pytest.mark.parametrize("where", ["by name", "with blanks"])
async def test_a_written_name_of_the_stop_list_is_known(dark: School, where: str) -> None:
    _, (child, *_rest) = await page(dark)
    await stop(dark, child.student_id, "坏叔叔")
    name = "坏叔叔" if where == "by name" else "  坏叔叔 \n"
    entry = Entry(child.id, child.seq, collector=Collector(name=name), left_at=time(17))
    assert await refused(dark, entry) == ["paper_stop_listed"]


async def test_who_is_on_no_list(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    entry = Entry(child.id, child.seq, collector=Collector(name="<b>=1+1"), left_at=time(17))
    assert await refused(dark, entry) == ["paper_not_authorised"]
    await enters(dark, Entry(**{**entry.__dict__, "confirmed": True}))
    (alarm,) = await alarms(dark)
    assert (alarm.kind, alarm.remark) == (AlarmKind.OFF_LIST, "<b>=1+1")
    assert (await chain(dark, child.id))[-1].holder_name == "<b>=1+1"
    _, (_child, *others) = await page(dark)
    await enters(dark, *map(collected, others))
    async with dark.work(SYSTEM) as uow:
        with pytest.raises(Conflict, match="alarms_open"):
            await close_day(uow, TUESDAY)


async def test_a_written_name_that_is_on_the_list_is_that_adult(dark: School) -> None:
    _, (child, *_rest) = await page(dark)
    one = child.adults.authorised[0]
    await enters(dark, Entry(child.id, child.seq, collector=Collector(name=f" {one.name} "), left_at=time(17)))
    assert (await chain(dark, child.id))[-1].holder_id == one.id and await alarms(dark) == []


@pytest.mark.parametrize("name", ["?", "\u200b", "名" * 41])
async def test_a_name_that_is_none(dark: School, name: str) -> None:
    _, (child, *_rest) = await page(dark)
    entry = Entry(child.id, child.seq, collector=Collector(name=name), left_at=time(17))
    assert await refused(dark, entry) == ["paper_name_needed"]


async def test_an_adult_who_is_on_another_childs_list(dark: School) -> None:
    _, (child, other, *_rest) = await page(dark)
    foreign = next(one for one in other.adults.authorised if one.id not in {a.id for a in child.adults.authorised})
    entry = Entry(child.id, child.seq, collector=Collector(foreign.adult, foreign.id), left_at=time(17))
    assert await refused(dark, entry) == ["stale"]


async def test_alone_is_for_whom_it_is_allowed(school: School) -> None:
    async with opened(school, "3(5)"):
        await at(school, 18, 0)
        _, (first, second, *_rest) = await page(school, class_name="3(5)")
        async with school.work(SYSTEM) as uow:
            for child, mode in ((first, LeaveMode.ALONE), (second, LeaveMode.COLLECTED)):
                mine = select(DayChild.application_id).where(DayChild.id == child.id).scalar_subquery()
                await uow.session.execute(update(Application).where(Application.id == mine).values(leave_mode=mode))
        teacher = await teacher_of(school, "3(5)")
        session = await session_of(school, "3(5)")

        async def alone(child: PaperChild, confirmed: bool = False) -> None:
            async with school.work(teacher) as uow:
                entry = Entry(child.id, child.seq, collector=Collector(), left_at=time(17, 26), confirmed=confirmed)
                await enter(uow, session.id, [entry], time(15, 30))

        await alone(first)
        link = (await chain(school, first.id))[-1]
        assert (link.step, link.holder, link.holder_name) == (Step.RELEASED, Holder.FAMILY, "")
        with pytest.raises(PaperRefused):
            await alone(second)
        await alone(second, confirmed=True)
        assert [(alarm.kind, alarm.day_child_id) for alarm in await alarms(school)] == [(AlarmKind.ALONE, second.id)]
        await verified(school)
