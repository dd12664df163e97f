"""A school in a zone whose clocks change: all its hours are local, all that lasts is real time, everything is once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from afternoon_school import at, session_of, teacher_of
from databases import Databases, make_school
from sqlalchemy import select, update
from stage import care_runs_in

from care import rollcall
from care.clock import instant, stopped_clock
from care.errors import Conflict
from care.extended.places import offer_on
from care.extended.telling import cut_off
from care.leave_queries import before_cut_off
from care.permissions import SYSTEM
from care.records import (
    Adult,
    Application,
    CalendarDay,
    CareDay,
    CareSession,
    Guardianship,
    Letter,
    Proof,
    Student,
    Term,
)
from care.release.giving import release
from care.release.undoing import Slip, undo
from care.school import School
from care.whereabouts import today_of
from locales import words
from locales.whereabouts import today_line
from scheduler import afternoon

CLASS = "2(3)"
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
FORWARD, BACK = date(2027, 3, 28), date(2026, 10, 25)
"""The Sundays on which the clocks of Berlin change; in these tests people work on them."""


@asynccontextmanager
async def school_in(sqlite: Databases, zone: ZoneInfo, *days: date) -> AsyncIterator[School]:
    """The demonstration school in another zone, on the morning of the first of these dates. All of them are care days,
    and three children are in care."""
    start = datetime.combine(days[0], time(9), zone)
    school = make_school(await sqlite.fresh(), stopped_clock(zone, start))
    await care_runs_in(school, CLASS)
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Term).values(ends_on=date(2027, 7, 31)))
        for day in days:
            await uow.session.merge(CalendarDay(date=day, school=True, care=True, follows_weekday=2))
        query = select(Application).join(Student).where(Student.school_class.has(grade=2, number=3))
        for one in list(await uow.session.scalars(query.order_by(Student.id)))[3:]:
            one.weekdays = []
    yield school
    await school.close()


async def everybody_here(school: School, day: date) -> list[rollcall.RollChild]:
    teacher, session = await teacher_of(school, CLASS), await session_of(school, CLASS, day)
    async with school.work(teacher) as uow:
        await rollcall.sign_in(uow, session.id)
        roll = await rollcall.all_others_present(uow, session.id)
    return [child for child in roll.children if child.is_here]


async def letters(school: School, *kinds: str) -> int:
    async with school.look() as uow:
        found = Counter(await uow.session.scalars(select(Letter.kind)))
    return sum(found[kind] for kind in kinds)


async def send_home(school: School, child_id: int, student_id: int) -> None:
    async with school.work(await teacher_of(school, CLASS)) as uow:
        guardians = select(Guardianship.person_id).where(Guardianship.student_id == student_id)
        person = (await uow.session.scalars(guardians.order_by(Guardianship.id))).first() or 0
        await release(uow, {child_id: None}, Adult.GUARDIAN, person, Proof.LIST)


def move(school: School, moment: datetime) -> None:
    school.clock.jump(moment)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("zone", "day", "noon"),
    [
        (BERLIN, date(2026, 10, 23), 10),
        (BERLIN, BACK, 11),
        (BERLIN, date(2026, 10, 26), 11),
        (BERLIN, FORWARD, 10),
        (NEW_YORK, date(2026, 10, 30), 16),
        (NEW_YORK, date(2026, 11, 1), 17),
        (NEW_YORK, date(2027, 3, 14), 16),
    ],
    ids=["plain", "double hour", "the day after", "gap", "New York, plain", "New York, double hour", "New York, gap"],
)
async def test_an_afternoon_by_local_hours(sqlite: Databases, zone: ZoneInfo, day: date, noon: int) -> None:
    """``noon``: the hour in UTC at which it is noon there."""
    async with school_in(sqlite, zone, day) as school:
        await at(school, 11, 59, day)
        async with school.look() as uow:
            assert await uow.session.get(CareDay, day) is None
            (term_id,) = await uow.session.scalars(select(Term.id))
            assert (await before_cut_off(uow, term_id, day))[0], "a leave tells nobody until noon"
        await at(school, 12, 0, day)
        assert school.clock.now() == datetime(day.year, day.month, day.day, noon, tzinfo=UTC)
        session = await session_of(school, CLASS, day)
        assert (session.starts_at.hour, session.ends_at.hour) == (noon + 2, noon + 5), "kept in UTC"
        async with school.look() as uow:
            assert not (await before_cut_off(uow, term_id, day))[0]
            offer = await offer_on(uow, day)
            assert offer is not None
            assert (await cut_off(uow, offer)).astimezone(zone).time() == time(16)
        await at(school, 14, 40, day)
        here = await everybody_here(school, day)

        await at(school, 16, 39, day)
        assert await letters(school, "dismissal") == 0
        await at(school, 16, 40, day)
        reminded = await letters(school, "dismissal")
        assert reminded > 0
        await at(school, 17, 19, day)
        assert (await letters(school, "dismissal"), await letters(school, "child_uncollected")) == (reminded, 0)
        await at(school, 17, 20, day)
        assert await letters(school, "child_uncollected") == len(here), "one guardian for each child"
        await at(school, 17, 39, day)
        assert await letters(school, "child_uncollected_lead") == 0
        await at(school, 17, 40, day)
        assert await letters(school, "child_uncollected_lead") == len(here)

        for child in here:
            await send_home(school, child.id, child.student_id)
        async with school.look() as uow:
            where = (await today_of(uow, [here[0].student_id]))[here[0].student_id]
            assert "17:40" in today_line(words("en", "common"), where, uow.now, zone)
        for minute, closed in ((59, False), (60, True), (61, True)):
            await at(school, 19 + minute // 60, minute % 60, day)
            async with school.look() as uow:
                care_day = await uow.session.get_one(CareDay, day)
                assert (care_day.closed_at is not None) is closed
                assert closed is False or care_day.closed_at == instant(day, time(20), zone), "once"


@pytest.mark.parametrize(
    ("sunday", "ends", "told"),
    [
        (BACK, time(2, 55), [time(2, 5), time(2, 15), time(2, 25)]),
        (FORWARD, time(1, 55), [time(3, 5), time(3, 15), time(3, 25)]),
    ],
    ids=["double hour", "gap"],
)
async def test_the_uncollected_clock_counts_real_minutes(
    sqlite: Databases, sunday: date, ends: time, told: list[time]
) -> None:
    """Ten, twenty and thirty of them, though the clock on the wall jumps in between."""
    saturday = sunday - timedelta(days=1)
    async with school_in(sqlite, BERLIN, saturday, sunday) as school:
        await at(school, 14, 40, saturday)
        await everybody_here(school, saturday)
        over = instant(sunday, ends, BERLIN)
        async with school.work(SYSTEM) as uow:
            await uow.session.execute(update(CareSession).values(ends_at=over))
        found = []
        for minutes in range(0, 60, 5):
            move(school, over + timedelta(minutes=minutes))
            before = await letters(school, "child_uncollected", "child_uncollected_lead")
            await afternoon.tick(school)
            if await letters(school, "child_uncollected", "child_uncollected_lead") > before:
                found.append(school.clock.local().time())
        assert found == told
        move(school, instant(sunday, time(4, 59), BERLIN))
        async with school.look() as uow:
            assert uow.day == saturday
        move(school, instant(sunday, time(5), BERLIN))
        async with school.look() as uow:
            assert uow.day == sunday


@pytest.mark.parametrize("sunday", [BACK, FORWARD], ids=["double hour", "gap"])
async def test_two_minutes_are_two_minutes(sqlite: Databases, sunday: date) -> None:
    """A release just before the clocks change can be taken back for two minutes after it, no longer, no less."""
    saturday = sunday - timedelta(days=1)
    async with school_in(sqlite, BERLIN, saturday, sunday) as school:
        await at(school, 14, 40, saturday)
        one, other, *_ = await everybody_here(school, saturday)
        change = datetime(sunday.year, sunday.month, sunday.day, 1, tzinfo=UTC)
        move(school, change - timedelta(seconds=30))
        for child in (one, other):
            await send_home(school, child.id, child.student_id)
        move(school, change + timedelta(seconds=90))
        async with school.work(await teacher_of(school, CLASS)) as uow:
            await undo(uow, one.id, slip=Slip.WRONG_ADULT)
        move(school, change + timedelta(seconds=91))
        async with school.work(await teacher_of(school, CLASS)) as uow:
            with pytest.raises(Conflict) as refused:
                await undo(uow, other.id, slip=Slip.WRONG_ADULT)
        assert refused.value.code == "undo_late"


def test_an_hour_shown_twice_is_the_first_and_one_left_out_comes_after() -> None:
    twice, never = instant(BACK, time(2, 30), BERLIN), instant(FORWARD, time(2, 30), BERLIN)
    assert (twice.hour, twice.minute, twice.tzinfo) == (0, 30, UTC)
    assert never.astimezone(BERLIN).time() == time(3, 30)
    assert instant(BACK, time(4), BERLIN) - instant(BACK, time(1), BERLIN) == timedelta(hours=4)
