"""Changing a date (S8): what is allowed, what is flagged, and who is told of it, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, time, timedelta
from typing import Any

import pytest
from calendar_steps import EARLY, FRIDAY, LATE, OFFICE, SUNDAY, TODAY, in_care, letters, stayers, wave_ids
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from care.calendar import load_calendar
from care.calendar_changes import change_date, clear_day, preview, set_day, set_times
from care.calendar_dates import DateState, ordinary, state_of, states_of
from care.calendar_official import TakenOver, announced_years, covers, official_days, take_over_official
from care.day.plan import runs_on
from care.errors import CareError, Conflict, Invalid, NotAllowed
from care.permissions import SYSTEM, Actor, Duty
from care.records import CalendarDay, CalendarYear, Class, Role, SchoolClass, StaffRole, WaveDay
from care.school import School

DAYS = st.dates(date(2026, 9, 1), date(2027, 1, 29))

TIMES = st.times(time(12), time(19)).map(lambda at: at.replace(second=0, microsecond=0))

STATES = st.builds(
    DateState,
    school=st.booleans(),
    care=st.booleans(),
    follows_weekday=st.none() | st.integers(1, 5),
    times=st.dictionaries(st.integers(1, 2), st.tuples(TIMES, TIMES)),
)


@given(STATES, DAYS)
def test_a_date_has_care_only_with_lessons_and_with_somebody_s_timetable(state: DateState, day: date) -> None:
    weekday = state.timetable(day)
    if weekday is None:
        assert not (state.school and state.care) or (day.isoweekday() > 5 and state.follows_weekday is None)
        assert state.is_undecided(day) is (state.school and state.care)
    else:
        assert state.school and state.care and not state.is_undecided(day)
        assert weekday == (state.follows_weekday or day.isoweekday()) and weekday <= 5


@given(STATES)
def test_what_a_letter_keeps_of_a_date_is_the_date(state: DateState) -> None:
    assert DateState.from_data(state.as_data()) == state


@given(DAYS)
def test_the_weekday_alone(day: date) -> None:
    assert ordinary(day).timetable(day) == (day.isoweekday() if day.isoweekday() <= 5 else None)


async def test_a_make_up_day_is_told_once_to_whom_it_touches(school: School) -> None:
    async with school.look() as uow:
        children = await in_care(uow, 5)
        head = await uow.session.scalar(select(StaffRole.person_id).where(StaffRole.role == Role.HEAD))
    async with school.work(OFFICE) as uow:
        done = await set_day(uow, SUNDAY, True, True, 5, "补课")
    assert done.told.children == len(children)
    async with school.work(OFFICE) as uow:
        again = await set_day(uow, SUNDAY, True, True, 5, "  补课 ")
    assert (again.is_new, len(again.told)) == (False, 0)
    posted = await letters(school, SUNDAY)
    assert Counter(letter.person_id for letter in posted).most_common(1)[0][1] == 1
    told = {letter.person_id: letter.params["students"] for letter in posted}
    for student, guardians in children.items():
        for person in guardians:
            assert student in told[person]
    assert told[head] == []
    assert all(Class(letter.klass) is Class.BROADCAST for letter in posted)
    async with school.look() as uow:
        row = await uow.session.get_one(CalendarDay, SUNDAY)
        assert (row.school, row.care, row.follows_weekday, row.note, row.version) == (True, True, 5, "补课", 1)
        assert await runs_on(uow, SUNDAY)
        assert (await load_calendar(uow)).timetable(SUNDAY) == 5


async def test_back_to_the_weekday_and_the_version_goes_on(school: School) -> None:
    async with school.work(OFFICE) as uow:
        first, second = await wave_ids(uow)
        assert (await set_times(uow, FRIDAY, {first: LATE})).told
    async with school.work(OFFICE) as uow:
        assert (await set_day(uow, FRIDAY, True, False)).after.times == {}
    async with school.work(OFFICE) as uow:
        assert await state_of(uow, FRIDAY) == DateState(True, False)
        await clear_day(uow, FRIDAY)
    async with school.look() as uow:
        assert await state_of(uow, FRIDAY) == ordinary(FRIDAY)
        assert list(await uow.session.scalars(select(WaveDay))) == []
        assert (await uow.session.get_one(CalendarDay, FRIDAY)).version > 0
    del second


async def test_only_the_wave_whose_times_change(small_school: School) -> None:
    async with small_school.work(OFFICE) as uow:
        first, second = await wave_ids(uow)
        done = await set_times(uow, FRIDAY, {first: EARLY, second: (time(15, 25), time(17, 25))})
        young, old, stay = await in_care(uow, 5, 1, 2), await in_care(uow, 5, 3, 4), await stayers(uow, 5)
    assert done.after.times == {first: EARLY}, "the usual times say nothing"
    assert [wave.id for wave in done.short] == [first], "1 h 55 min: flagged, and saved all the same"
    told = {student for one in done.told.people for student in one.students}
    assert told == set(young) - stay and not told & set(old)
    assert stay & set(young), "they are collected when they always are, and read nothing else"
    leaders = [one.person_id for one in done.told.people if not one.students]
    async with small_school.look() as uow:
        query = select(StaffRole.grade).where(StaffRole.role == Role.GRADE_LEADER, StaffRole.person_id.in_(leaders))
        # who leads a grade has care duties as well, and is told for those
        assert {1, 2} <= set(await uow.session.scalars(query))
        homerooms = select(SchoolClass.grade).join(StaffRole, StaffRole.school_class_id == SchoolClass.id)
        query = homerooms.where(StaffRole.role == Role.HOMEROOM, StaffRole.person_id.in_(leaders))
        assert {1, 2} <= set(await uow.session.scalars(query))


@pytest.mark.parametrize(
    ("day", "wanted", "code"),
    [
        (TODAY - timedelta(days=1), {"school": True}, "date_is_past"),
        (TODAY + timedelta(days=800), {"school": False, "care": False}, "date_too_far"),
        (FRIDAY, {"follows_weekday": 6}, "weekday_unknown"),
        (FRIDAY, {"note": "x" * 121}, "words_too_long"),
        (FRIDAY, {"times": {1: (time(16), time(14))}}, "wave_reversed"),
        (FRIDAY, {"times": {1: (time(16), time(16))}}, "wave_reversed"),
        (FRIDAY, {"times": {1: (time(16), time(18, 30))}}, "after_extended"),
        (FRIDAY, {"times": {1: (time(16), time(20, 1))}}, "after_close"),
        (TODAY, {"times": {1: (time(14, 35), time(16, 30))}}, "time_is_past"),
        (TODAY, {"times": {1: (time(14, 0), time(17, 0))}}, "wave_has_begun"),
    ],
)
async def test_what_cannot_be(small_school: School, day: date, wanted: dict[str, Any], code: str) -> None:
    async with small_school.work(OFFICE) as uow:
        wanted_state = DateState(**{"school": True, "care": True, **wanted})
        with pytest.raises(CareError) as refused:
            await preview(uow, day, wanted_state)
        with pytest.raises(CareError):
            await change_date(uow, day, wanted_state)
    assert refused.value.code == code
    assert await letters(small_school, day) == []


async def test_whose_duty_it_is_not(small_school: School) -> None:
    teacher = Actor(None, "teacher", (Duty(Role.HOMEROOM, None, 1),))
    async with small_school.work(teacher) as uow:
        for deed in (set_day(uow, FRIDAY, False, False), clear_day(uow, FRIDAY), set_times(uow, FRIDAY, {})):
            with pytest.raises(NotAllowed):
                await deed
        with pytest.raises(NotAllowed):
            await take_over_official(uow, 2026)


async def test_two_people_at_the_same_date(small_school: School) -> None:
    """The second one's page was old: nothing is changed, and nobody told, until they have seen what is now."""
    async with small_school.work(OFFICE) as uow:
        seen = (await state_of(uow, FRIDAY)).seen
    async with small_school.work(OFFICE) as uow:
        await change_date(uow, FRIDAY, DateState(True, False), seen)
    async with small_school.work(OFFICE) as uow:
        await change_date(uow, FRIDAY, DateState(True, False), seen)  # the same tap twice
    before = len(await letters(small_school))
    async with small_school.work(OFFICE) as uow:
        with pytest.raises(Conflict):
            await change_date(uow, FRIDAY, DateState(False, False), seen)
    assert len(await letters(small_school)) == before
    async with small_school.look() as uow:
        assert await state_of(uow, FRIDAY) == DateState(True, False)


@pytest.mark.parametrize("wishes", [(DateState(True, False),) * 2, (DateState(True, False), DateState(False, False))])
async def test_at_the_same_moment(school: School, wishes: tuple[DateState, ...]) -> None:
    """Two taps at once on a date that had no row: alike, they are one; else the second is told that its page is old."""

    async def tap(wish: DateState) -> int | str:
        try:
            async with school.work(OFFICE) as uow:
                return len((await change_date(uow, FRIDAY, wish, ordinary(FRIDAY).seen)).told)
        except Conflict as error:
            return error.code

    found = await asyncio.gather(*map(tap, wishes))
    told = [letter.person_id for letter in await letters(school)]
    assert len(told) == len(set(told)) > 1000
    assert Counter(found) == {len(told): 1, 0 if wishes[0] == wishes[1] else "stale": 1}


async def test_the_official_list_is_taken_over_once_and_keeps_what_was_entered(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(delete(CalendarDay))
        await uow.session.execute(delete(CalendarYear))
        uow.session.add(CalendarDay(date=date(2026, 10, 1), school=False, care=False, note="国庆"))
        uow.session.add(CalendarDay(date=date(2026, 10, 2), school=True, care=False, note="补课"))
    official = official_days(2026)
    async with school.work(OFFICE) as uow:
        assert 2026 not in await announced_years(uow)
        taken = await take_over_official(uow, 2026)
    assert taken == TakenOver(new=len(official) - 2, same=1, left=(date(2026, 10, 2),))
    async with school.work(OFFICE) as uow:
        with pytest.raises(Conflict, match="year_entered"):
            await take_over_official(uow, 2026)
    async with school.work(OFFICE) as uow:
        assert await announced_years(uow) == {2026}
        states = await states_of(uow, date(2026, 1, 1), date(2026, 12, 31))
        assert states[date(2026, 10, 2)] == DateState(True, False, None, "补课")
        assert states[date(2026, 10, 10)].is_undecided(date(2026, 10, 10))
        assert not await runs_on(uow, date(2026, 10, 10))
    assert await letters(school, date(2026, 10, 10)) == []


@pytest.mark.parametrize("year", [1, 1999, 2042, 9998, 9999, 999_999])
async def test_no_year_is_guessed(small_school: School, year: int) -> None:
    assert not covers(year)
    async with small_school.work(OFFICE) as uow:
        with pytest.raises(Invalid, match="year_not_covered"):
            await take_over_official(uow, year)
        assert await announced_years(uow) == {2026}
