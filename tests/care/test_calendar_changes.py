"""Changing a date (S8): what is allowed, what is flagged, and who is told of it, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from databases import Databases, make_school
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from stage import care_runs_in

from afterbell import demo
from care.calendar import load_calendar
from care.calendar_changes import change_date, clear_day, preview, set_day, set_times
from care.calendar_dates import DateState, ordinary, state_of, states_of
from care.calendar_official import TakenOver, announced_years, covers, official_days, take_over_official
from care.calendar_telling import Told, what_to_say
from care.clock import MovableClock
from care.day.plan import open_day, open_session, runs_on
from care.errors import CareError, Conflict, Invalid, NotAllowed
from care.extended.session import open_extended
from care.people import actor_for
from care.permissions import SYSTEM, Actor, Duty
from care.records import (
    Application,
    CalendarDay,
    CalendarYear,
    CareDay,
    CareSession,
    Class,
    Guardianship,
    Leave,
    Letter,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Student,
    Term,
    Wave,
    WaveDay,
)
from care.school import School
from care.work import UnitOfWork

ZONE = demo.START.tzinfo
TODAY = demo.START.date()
FRIDAY, SUNDAY = date(2026, 11, 27), date(2026, 12, 6)
OFFICE = Actor(None, "office", (Duty(Role.OFFICE),))
LATE, EARLY = (time(14, 35), time(16, 0)), (time(14, 35), time(16, 30))


@pytest.fixture
async def small_school(sqlite: Databases) -> AsyncIterator[School]:
    """The demonstration school on SQLite, for what does not depend on the database."""
    school = make_school(await sqlite.fresh())
    yield school
    await school.close()


def jump(school: School, *at: int) -> None:
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime(*at, tzinfo=ZONE))  # type: ignore[arg-type]


async def letters(school: School, day: date = FRIDAY) -> list[Letter]:
    async with school.look() as uow:
        query = select(Letter).where(Letter.kind == "calendar_changed", Letter.unique_key.contains(str(day)))
        return list(await uow.session.scalars(query.order_by(Letter.id)))


async def wave_ids(uow: UnitOfWork) -> list[int]:
    return list(await uow.session.scalars(select(Wave.id).order_by(Wave.ordinal)))


async def in_care(uow: UnitOfWork, weekday: int, *grades: int) -> dict[int, set[int]]:
    """Enrolled children of a weekday and of these grades (all, without any), with their guardians."""
    query = (
        select(Application.weekdays, Guardianship.student_id, Guardianship.person_id)
        .select_from(Application)
        .join(Student, Student.id == Application.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Guardianship, Guardianship.student_id == Student.id)
        .where(Application.state == State.ENROLLED, Guardianship.restricted.is_(False))
        .where(SchoolClass.grade.in_(grades or (1, 2, 3, 4)), Application.leaves_on.is_(None))
    )
    found: dict[int, set[int]] = {}
    for weekdays, student, person in await uow.session.execute(query):
        if weekday in weekdays:
            found.setdefault(student, set()).add(person)
    return found


async def stayers(uow: UnitOfWork, weekday: int) -> set[int]:
    """Children whom an early end of their class's wave does not touch: they stay until the end of extended care."""
    rows = await uow.session.execute(select(Application.student_id, Application.extended_weekdays))
    return {student for student, days in rows if weekday in days}


# what a date is

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


# changing it


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


async def test_nobody_is_told_who_has_nothing_to_do_with_it(small_school: School) -> None:
    """A restricted guardian, a child on leave, one that leaves care before, and one that never comes on that day."""
    async with small_school.work(SYSTEM) as uow:
        children = await in_care(uow, 5)
        away, gone, kept, *_ = children
        uow.session.add(
            Leave(student_id=away, first=FRIDAY, last=FRIDAY, given_by=min(children[away]), given_at=uow.now)
        )
        await uow.session.execute(update(Application).where(Application.student_id == gone).values(leaves_on=FRIDAY))
        barred = min(children[kept])
        ties = update(Guardianship).where(Guardianship.student_id == kept, Guardianship.person_id == barred)
        await uow.session.execute(ties.values(restricted=True))
        others = set(await in_care(uow, 1)) - set(children)
    async with small_school.work(OFFICE) as uow:
        done = await set_day(uow, FRIDAY, True, False)
    told = {student: one.person_id for one in done.told.people for student in one.students}
    assert not {away, gone} & set(told)
    assert not others & set(told)
    assert (barred, kept) not in {(one.person_id, student) for one in done.told.people for student in one.students}


async def test_a_date_outside_the_term_and_one_where_nothing_changes(small_school: School) -> None:
    async with small_school.work(OFFICE) as uow:
        assert (await set_day(uow, date(2027, 2, 15), False, False)).told == Told()
        assert (await set_day(uow, date(2026, 12, 5), True, False)).told == Told(), "Saturday: lessons, but no care"
        assert (await set_day(uow, SUNDAY, True, True)).told == Told(), "not decided whose timetable: no care yet"
        assert not await runs_on(uow, SUNDAY)
        assert (await set_day(uow, FRIDAY, True, True, 5, "家长会")).told == Told(), "only the note"


async def test_in_the_evening_it_waits_for_the_morning(small_school: School) -> None:
    jump(small_school, 2026, 11, 24, 21, 15)
    async with small_school.work(OFFICE) as uow:
        await set_day(uow, FRIDAY, True, False)
    due = {letter.due_at.astimezone(ZONE) for letter in await letters(small_school)}
    assert due == {datetime(2026, 11, 25, 7, 30, tzinfo=ZONE)}


async def test_about_today_at_once(small_school: School) -> None:
    jump(small_school, 2026, 11, 24, 6, 10)
    async with small_school.work(OFFICE) as uow:
        await set_day(uow, date(2026, 11, 24), True, False)
        now = uow.now
    posted = await letters(small_school, date(2026, 11, 24))
    assert {(Class(letter.klass), letter.due_at) for letter in posted} == {(Class.ALARM, now)}


# changed again before the letters are out


async def says(school: School, letter: Letter) -> bool:
    async with school.look() as uow:
        uow.actor = await actor_for(uow, await uow.session.get_one(Person, letter.person_id))
        return await what_to_say(uow, letter.params) is not None


async def test_a_second_change_before_the_first_is_told(small_school: School) -> None:
    """Tuesday night: no care on Friday, then care after all, but the first wave ends early. On Wednesday morning
    families of the first wave hear the one thing that holds; those of the second, for whom nothing has changed, and
    who never heard otherwise, hear nothing."""
    jump(small_school, 2026, 11, 24, 21, 0)
    await care_runs_in(small_school, "2(3)", "3(5)")
    async with small_school.work(OFFICE) as uow:
        first, _ = await wave_ids(uow)
        await set_day(uow, FRIDAY, True, False)
    async with small_school.work(OFFICE) as uow:
        await set_day(uow, FRIDAY, True, True)
    assert not any([await says(small_school, letter) for letter in (await letters(small_school))[:20]])
    async with small_school.work(OFFICE) as uow:
        await set_times(uow, FRIDAY, {first: LATE})
        young, old, stay = await in_care(uow, 5, 1, 2), await in_care(uow, 5, 3, 4), await stayers(uow, 5)
    posted = await letters(small_school)
    both = {person for student, people in young.items() if student not in stay for person in people}
    only_old = {person for people in old.values() for person in people} - both
    staff = {letter.person_id for letter in posted if not letter.params["students"]}
    said = Counter([letter.person_id for letter in posted if await says(small_school, letter)])
    assert set(said.values()) == {1}
    assert both <= set(said)
    assert not (only_old - staff) & set(said)


async def test_a_change_that_is_taken_back_is_told_to_who_has_heard_of_it(small_school: School) -> None:
    async with small_school.work(OFFICE) as uow:
        await set_day(uow, FRIDAY, True, False)
    async with small_school.work(SYSTEM) as uow:
        await uow.session.execute(
            update(Letter).where(Letter.kind == "calendar_changed").values(state="sent", sent_at=uow.now)
        )
    before = await letters(small_school)
    async with small_school.work(OFFICE) as uow:
        await clear_day(uow, FRIDAY)
    after = await letters(small_school)
    assert len(after) == 2 * len(before)
    assert not await says(small_school, before[0]) and await says(small_school, after[-1])


# the day itself


async def opened(school: School) -> School:
    """Today is open, with a session of class 1(1) (from 14:35) and one of 3(1) (from 15:25)."""
    async with school.work(SYSTEM) as uow:
        term = (await uow.session.scalars(select(Term))).one()
        await open_day(uow, term)
        for grade in (1, 3):
            place = select(SchoolClass.id).where(SchoolClass.grade == grade, SchoolClass.number == 1)
            await open_session(uow, term, (await uow.session.scalars(place)).one())
    return school


async def spans(school: School) -> list[tuple[time, time]]:
    async with school.look() as uow:
        found = await uow.session.scalars(select(CareSession).order_by(CareSession.wave))
        return [tuple(at.astimezone(ZONE).time() for at in (one.starts_at, one.ends_at)) for one in found]  # type: ignore[misc]


async def test_an_open_day_keeps_its_care_and_moves_its_times(databases: Databases) -> None:
    school = make_school(await databases.fresh())
    jump(school, 2026, 11, 24, 15, 0)
    await opened(school)
    day = date(2026, 11, 24)
    async with school.work(OFFICE) as uow:
        first, second = await wave_ids(uow)
        for wish in (DateState(True, False), DateState(False, False), DateState(True, True, 5)):
            with pytest.raises(Conflict, match="care_is_open"):
                await change_date(uow, day, wish)
        with pytest.raises(Invalid, match="wave_has_begun"):
            await set_times(uow, day, {first: (time(15, 30), time(17, 10))})
        done = await set_times(uow, day, {first: LATE, second: (time(15, 45), time(16, 15))})
    assert done.is_open and {wave.id for wave in done.short} == {first, second}
    assert await spans(school) == [LATE, (time(15, 45), time(16, 15))]
    jump(school, 2026, 11, 24, 16, 5)
    async with school.work(OFFICE) as uow:
        with pytest.raises(Invalid, match="wave_is_over"):
            await set_times(uow, day, {first: (time(14, 35), time(17, 0)), second: (time(15, 45), time(16, 15))})
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(CareDay, day)).closed_at = uow.now
    async with school.work(OFFICE) as uow:
        with pytest.raises(Conflict, match="day_closed"):
            await set_times(uow, day, {first: LATE})
    await school.close()


async def test_an_early_end_of_an_open_day_brings_extended_care_forward(small_school: School) -> None:
    """Who stays goes over when the last class ends, and not to a desk where nobody sits yet."""
    school = small_school
    jump(school, 2026, 11, 24, 15, 0)
    await opened(school)
    day = date(2026, 11, 24)
    async with school.work(SYSTEM) as uow:
        session = await open_extended(uow)
        assert session is not None
        usual, ends = session.starts_at.astimezone(ZONE).time(), session.ends_at
    assert usual == time(17, 25)
    async with school.work(OFFICE) as uow:
        first, second = await wave_ids(uow)
        await set_times(uow, day, {first: LATE, second: (time(15, 25), time(16, 15))})
    async with school.look() as uow:
        moved = await uow.session.get_one(CareSession, session.id)
        assert (moved.starts_at.astimezone(ZONE).time(), moved.ends_at) == (time(16, 15), ends)
    jump(school, 2026, 11, 24, 16, 5)
    async with school.work(OFFICE) as uow:
        await set_times(uow, day, {first: LATE, second: (time(15, 25), time(17, 0))})
    async with school.look() as uow:
        assert (await uow.session.get_one(CareSession, session.id)).starts_at.astimezone(ZONE).time() == time(17)


# the official list


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
