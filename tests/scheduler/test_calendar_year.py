"""The office hears once of what the calendar still lacks: next year's public holidays, in October; and whose timetable
a make-up day follows, a week before."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, select
from stage import Stage

from afterbell import demo
from care.calendar_changes import set_day
from care.calendar_official import year_entered_by_hand
from care.permissions import SYSTEM
from care.records import CalendarDay, Letter, Mark
from care.school import School
from scheduler import due
from scheduler.calendar import told_mark

MISSING = "法定节假日还没有录入校历"


async def keys(school: School) -> list[str | None]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter.unique_key).where(Letter.kind == "calendar_year_missing")))


async def test_the_demonstration_s_office_was_told_in_october(small_stage: Stage) -> None:
    await small_stage.later(days=1)
    assert await keys(small_stage.school) == []


async def test_told_once_in_waking_hours_of_a_school_day(stage: Stage) -> None:
    """2027 is missing in November 2026: on Wednesday, for Tuesday is off and the night is quiet."""
    office = await stage.star("office")
    async with stage.school.work(SYSTEM) as uow:
        await uow.session.execute(delete(Mark).where(Mark.name == told_mark(2027)))
        uow.session.add(CalendarDay(date=date(2026, 11, 24), school=False, care=False))
    for hour in (12, 21):
        await stage.at(datetime(2026, 11, 24, hour, tzinfo=demo.START.tzinfo))
    await stage.at(datetime(2026, 11, 25, 7, 0, tzinfo=demo.START.tzinfo))
    assert await keys(stage.school) == []
    await stage.at(datetime(2026, 11, 25, 7, 30, tzinfo=demo.START.tzinfo))
    office.finds("2027年的" + MISSING)
    office.finds("本学期到2027年1月29日（星期五）结束。")
    for _ in range(2):
        await due.tick(stage.school)
    await stage.at(datetime(2026, 12, 1, 9, 0, tzinfo=demo.START.tzinfo))
    assert len(await keys(stage.school)) == 1


async def test_not_before_october_and_not_when_it_is_entered(small_stage: Stage) -> None:
    stage = small_stage
    async with stage.school.work(SYSTEM) as uow:
        await year_entered_by_hand(uow, 2027)
        await uow.session.execute(delete(Mark).where(Mark.name == told_mark(2027)))
    await stage.later(days=1)
    assert await keys(stage.school) == [], "2027 is entered"
    await stage.at(datetime(2027, 9, 30, 12, tzinfo=demo.START.tzinfo))
    assert await keys(stage.school) == [], "not yet time for 2028"
    await stage.at(datetime(2027, 10, 1, 12, tzinfo=demo.START.tzinfo))
    assert len(await keys(stage.school)) == 1


UNDECIDED = "按哪天的课表尚未确定"


async def test_a_make_up_day_that_nobody_has_decided(stage: Stage) -> None:
    """Sunday 6 December: nothing on Friday, nine days before; once from Monday on, and no more when it is decided."""
    office = await stage.star("office")
    async with stage.school.work(SYSTEM) as uow:
        await set_day(uow, date(2026, 12, 6), True, True)
        await set_day(uow, date(2026, 12, 5), True, True)
    await stage.at(datetime(2026, 11, 27, 10, tzinfo=demo.START.tzinfo))
    office.misses(UNDECIDED)
    async with stage.school.work(SYSTEM) as uow:
        (await uow.session.get_one(CalendarDay, date(2026, 12, 5))).follows_weekday = 4
    await stage.at(datetime(2026, 11, 30, 10, tzinfo=demo.START.tzinfo))
    office.finds("12月6日（星期日）上课，但" + UNDECIDED)
    office.misses("12月5日（星期六）上课，但")
    for hour in (11, 12):
        await stage.at(datetime(2026, 11, 30, hour, tzinfo=demo.START.tzinfo))
    assert sum(UNDECIDED in message.text for message in office.messages) == 1
