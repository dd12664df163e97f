"""A wave is removed that had times of its own on single dates: whoever leaves at another time there is told of it."""

from __future__ import annotations

from datetime import date, time

from calendar_steps import FRIDAY, LATE, OFFICE, in_care, letters, stayers, wave_ids
from sqlalchemy import select, update

from care.calendar_changes import set_times
from care.calendar_telling import what_to_say
from care.people import actor_for
from care.permissions import SYSTEM
from care.records import CalendarDay, Letter, LetterState, Person, Wave, WaveDay
from care.school import School
from care.term_waves import remove_wave

MONDAY = date(2026, 11, 30)


async def merged(school: School) -> None:
    """What was said so far has been read. Then the second wave goes, and its grades leave with the first."""
    async with school.work(OFFICE) as uow:
        await uow.session.execute(update(Letter).values(state=LetterState.SENT, sent_at=uow.now))
        first, second = await wave_ids(uow)
        await remove_wave(uow, second, first)


async def test_whom_the_date_is_not_the_same_for_is_told(small_school: School) -> None:
    async with small_school.work(OFFICE) as uow:
        _first, second = await wave_ids(uow)
        await set_times(uow, FRIDAY, {second: (time(15, 25), time(16, 30))})
    before = await letters(small_school)
    async with small_school.look() as uow:
        stay = await stayers(uow, 5)
        third, others = await in_care(uow, 5, 3, 4), await in_care(uow, 5, 1, 2)
    await merged(small_school)
    told = (await letters(small_school))[len(before) :]
    guardians = {student: one.person_id for one in told for student in one.params["students"]}
    assert set(guardians) == set(third)
    assert not set(guardians) & set(others)
    assert set(third) & stay, "who stays for extended care comes at another time"
    async with small_school.look() as uow:
        wave = (await uow.session.scalars(select(Wave))).one()
        letter = next(one for one in told if one.params["students"])
        uow.actor = await actor_for(uow, await uow.session.get_one(Person, letter.person_id))
        said = await what_to_say(uow, letter.params)
        assert list(await uow.session.scalars(select(WaveDay))) == []
    assert said is not None and said.before.span(wave) == (time(15, 25), time(16, 30))
    assert said.after.span(wave) == (wave.starts_at, wave.ends_at)
    assert {child.span and child.span[0] for child in said.children} == {wave.starts_at}


async def test_of_a_date_that_stays_the_same_nothing_is_said(small_school: School) -> None:
    async with small_school.work(OFFICE) as uow:
        first, second = await wave_ids(uow)
        await set_times(uow, FRIDAY, {first: LATE, second: LATE})
    before = len(await letters(small_school))
    await merged(small_school)
    assert len(await letters(small_school)) == before


async def test_the_other_waves_own_date_is_told_to_who_joins_it(small_school: School) -> None:
    async with small_school.work(OFFICE) as uow:
        first, _second = await wave_ids(uow)
        await set_times(uow, MONDAY, {first: LATE})
    async with small_school.look() as uow:
        joining = await in_care(uow, 1, 3, 4)
    before = len(await letters(small_school, MONDAY))
    await merged(small_school)
    told = (await letters(small_school, MONDAY))[before:]
    assert {student for one in told for student in one.params["students"]} == set(joining)
    async with small_school.work(SYSTEM) as uow:
        assert (await uow.session.get_one(CalendarDay, MONDAY)).version == 2
