"""A date that is changed while its day is open."""

from __future__ import annotations

from datetime import date, time

import pytest
from calendar_steps import LATE, OFFICE, ZONE, jump, wave_ids
from databases import Databases, make_school
from sqlalchemy import select

from care.calendar_changes import change_date, set_times
from care.calendar_dates import DateState
from care.day.plan import open_day, open_session
from care.errors import Conflict, Invalid
from care.extended.session import open_extended
from care.permissions import SYSTEM
from care.records import CareDay, CareSession, SchoolClass, Term
from care.school import School


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
