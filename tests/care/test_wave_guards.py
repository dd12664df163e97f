"""What a wave is not given: over a colleague's change, or a grade whose families have read of a single date (S9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import select
from term_steps import OFFICE, evening, wanted

from care.errors import Conflict
from care.records import Term, Wave, WaveDay
from care.school import School
from care.term_waves import WaveTimes, add_wave, change_wave, look_at_new_wave, seen_of


async def test_a_colleagues_change_is_not_saved_over(small_school: School) -> None:
    await evening(small_school)
    async with small_school.work(OFFICE) as uow:
        number, before = await wanted(uow, 1)
        seen = seen_of(await uow.session.get_one(Wave, number))
        await change_wave(uow, number, replace(before, gate="北门"), seen)
    with pytest.raises(Conflict):
        async with small_school.work(OFFICE) as uow:
            await change_wave(uow, number, replace(before, ends_at=time(17, 5)), seen)
    async with small_school.look() as uow:
        wave = await uow.session.get_one(Wave, number)
    assert (wave.gate, wave.ends_at) == ("北门", before.ends_at)


@pytest.mark.parametrize("ordinal", [1, 2])
async def test_a_grade_stays_where_a_date_has_times_of_its_own(small_school: School, ordinal: int) -> None:
    """Of the wave that it leaves, or of the one that it would join. Set back, it may go."""
    await evening(small_school)
    async with small_school.work(OFFICE) as uow:
        first, now = await wanted(uow, 1)
        second, other = await wanted(uow, 2)
        uow.session.add(
            WaveDay(
                date=date(2026, 12, 1),
                wave_id=(first, second)[ordinal - 1],
                starts_at=time(14, 35),
                ends_at=time(16),
            )
        )
    taken = replace(now, grades=(*now.grades, other.grades[0]))
    with pytest.raises(Conflict) as refused:
        async with small_school.work(OFFICE) as uow:
            await change_wave(uow, first, taken)
    assert (refused.value.code, refused.value.values) == ("dates_of_their_own", {"day": "2026-12-01"})
    async with small_school.work(OFFICE) as uow:
        await change_wave(uow, first, replace(now, gate="北门"))  # who moves no grade is free
        for day in await uow.session.scalars(select(WaveDay)):
            await uow.session.delete(day)
    async with small_school.work(OFFICE) as uow:
        await change_wave(uow, first, taken)


async def test_a_new_wave_takes_no_such_grade(small_school: School) -> None:
    await evening(small_school)
    async with small_school.work(OFFICE) as uow:
        first, now = await wanted(uow, 1)
        uow.session.add(WaveDay(date=date(2026, 12, 1), wave_id=first, starts_at=time(14, 35), ends_at=time(16)))
        term_id = (await uow.session.scalars(select(Term.id))).one()
    new = WaveTimes((now.grades[0],), time(15), time(17), "西门", "教室", "礼堂")
    with pytest.raises(Conflict):
        async with small_school.look(OFFICE) as uow:
            await look_at_new_wave(uow, term_id, new)
    with pytest.raises(Conflict):
        async with small_school.work(OFFICE) as uow:
            await add_wave(uow, term_id, new)
