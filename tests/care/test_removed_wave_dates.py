"""A wave is removed that had times of its own on single dates: whoever leaves at another time there is told of it."""

from __future__ import annotations

from datetime import date, time

import pytest
from calendar_steps import EARLY, FRIDAY, LATE, OFFICE, in_care, jump, letters, stayers, wave_ids
from sqlalchemy import select, update

from care.calendar_changes import set_times
from care.calendar_dates import Span
from care.calendar_telling import Telling, what_to_say
from care.people import actor_for
from care.permissions import SYSTEM
from care.records import (
    CalendarDay,
    Event,
    Guardianship,
    Letter,
    LetterState,
    Person,
    Relation,
    Student,
    Wave,
    WaveDay,
)
from care.school import School
from care.telling import Told
from care.term_waves import remove_wave, told_of_removal
from locales import words
from locales.calendar import what_changes

MONDAY = date(2026, 11, 30)


async def read(school: School) -> None:
    """What was said so far has been read."""
    async with school.work(OFFICE) as uow:
        await uow.session.execute(update(Letter).values(state=LetterState.SENT, sent_at=uow.now))


async def removed(school: School) -> Told:
    """The second wave goes, and its grades leave with the first. Who is told was known before."""
    async with school.look(OFFICE) as uow:
        first, second = [await uow.session.get_one(Wave, one) for one in await wave_ids(uow)]
        looked = await told_of_removal(uow, second, first)
    async with school.work(OFFICE) as uow:
        told = await remove_wave(uow, second.id, first.id)
    assert (told.guardians, told.staff, told.out_of_reach) == (looked.guardians, looked.staff, looked.out_of_reach)
    assert {one.person_id for one in told.people} == {one.person_id for one in looked.people}
    return told


async def merged(school: School) -> None:
    await read(school)
    await removed(school)


async def spans(school: School, *spans: Span | None) -> None:
    """The waves' own times on Friday, in their order."""
    async with school.work(OFFICE) as uow:
        times = zip(await wave_ids(uow), spans, strict=True)
        await set_times(uow, FRIDAY, {wave: span for wave, span in times if span is not None})


async def said(school: School) -> dict[int, list[Telling]]:
    """What each person reads of Friday when everything that waits goes out."""
    found: dict[int, list[Telling]] = {}
    waiting = [one for one in await letters(school) if one.sent_at is None]
    async with school.look() as uow:
        for letter in waiting:
            assert letter.person_id is not None
            uow.actor = await actor_for(uow, await uow.session.get_one(Person, letter.person_id))
            if telling := await what_to_say(uow, letter.params):
                found.setdefault(letter.person_id, []).append(telling)
    return found


async def leave_as_their_class(school: School, *grades: int) -> dict[int, set[int]]:
    """Children in care on Fridays who do not stay for extended care, with their guardians."""
    async with school.look() as uow:
        stay = await stayers(uow, 5)
        return {one: people for one, people in (await in_care(uow, 5, *grades)).items() if one not in stay}


@pytest.mark.parametrize("first", [None, (time(14, 35), time(16, 0))])
async def test_who_read_a_time_and_waits_for_another_is_told_where_the_wave_goes(
    small_school: School, first: Span | None
) -> None:
    """Read: 16:30. Changed at night to 16:00, of which the letter waits; then the wave goes. What is now is told, with
    what was read, also where it is what the waiting letter would have said."""
    jump(small_school, 2026, 11, 24, 21, 0)
    await spans(small_school, first, (time(15, 25), time(16, 30)))
    await read(small_school)
    await spans(small_school, first, (time(15, 25), time(16, 0)))
    await removed(small_school)
    children = await leave_as_their_class(small_school, 3, 4)
    heard = await said(small_school)
    now = first or (time(14, 35), time(17, 10))
    for people in children.values():
        for person in people:
            (telling,) = heard[person]
            mine = [one for one in telling.children if one.was == (time(15, 25), time(16, 30))]
            assert mine and {one.span for one in mine} == {now}


async def test_a_family_of_both_waves_is_told_of_both_children(small_school: School) -> None:
    """The letter that waited said something of the other wave's child, too; so does the one that follows it."""
    jump(small_school, 2026, 11, 24, 21, 0)
    young, old = [await leave_as_their_class(small_school, *grades) for grades in ((1, 2), (3, 4))]
    (one, people), (other, _) = min(young.items()), min(old.items())
    async with small_school.work(OFFICE) as uow:
        uow.session.add(Guardianship(student_id=other, person_id=min(people), relation=Relation.OTHER))
    await spans(small_school, EARLY, (time(15, 25), time(16, 30)))
    await removed(small_school)
    (telling,) = (await said(small_school))[min(people)]
    async with small_school.look() as uow:
        names = set(await uow.session.scalars(select(Student.name).where(Student.id.in_([one, other]))))
    assert names <= {child.name for child in telling.children}
    assert {child.span for child in telling.children if child.name in names} == {EARLY}


async def test_what_is_as_it_was_read_is_told_to_nobody(small_school: School) -> None:
    """Changed at night, and back by the removal."""
    jump(small_school, 2026, 11, 24, 21, 0)
    await spans(small_school, LATE, LATE)
    await read(small_school)
    await spans(small_school, LATE, EARLY)
    await removed(small_school)
    assert await said(small_school) == {}


async def test_a_date_that_was_taken_back_at_night_is_told_by_what_was_read(small_school: School) -> None:
    """No wave has times of its own on it any more, and yet a letter about it waits."""
    jump(small_school, 2026, 11, 24, 21, 0)
    await spans(small_school, None, (time(14, 35), time(17, 10)))
    await read(small_school)
    await spans(small_school, None, None)
    assert await said(small_school)
    await removed(small_school)
    assert await said(small_school) == {}, "with the other wave they leave as they have read"


async def test_who_never_heard_of_a_date_is_not_told_that_it_changed_again(small_school: School) -> None:
    """Grades 1 and 2 have their own times on it, and know; grades 3 and 4 come to have them."""
    own = (time(14, 0), time(15, 30))
    await spans(small_school, own, None)
    have_read = {one.person_id for one in await letters(small_school)}
    await merged(small_school)
    heard = await said(small_school)
    texts = {person: what_changes(words("en", "chat"), one) for person, (one,) in heard.items()}
    new = {texts[person] for person, (one,) in heard.items() if one.children and person not in have_read}
    assert new and all(text.startswith("Care has other times on Friday 27 November.\n") for text in new)
    assert not any("instead of" in text for text in new)
    head = "The times of care on Friday 27 November have changed again."
    staff = {texts[person] for person, (one,) in heard.items() if not one.children and person in have_read}
    assert staff == {f"{head}\nGrades 3, 4: 14:00–15:30 (instead of 15:25–17:25)"}


async def test_where_just_a_single_date_differs_it_is_said_how_many_are_told(small_school: School) -> None:
    async with small_school.work(SYSTEM) as uow:
        first, second = [await uow.session.get_one(Wave, one) for one in await wave_ids(uow)]
        second.starts_at, second.ends_at, second.gate = first.starts_at, first.ends_at, first.gate
        second.guidance_venue, second.course_venue = first.guidance_venue, first.course_venue
    await spans(small_school, None, EARLY)
    await read(small_school)
    before = len(await letters(small_school))
    told = await removed(small_school)
    families = {one for people in (await leave_as_their_class(small_school, 3, 4)).values() for one in people}
    assert {one.person_id for one in told.people if one.students} == families and told.staff
    assert len(await letters(small_school)) - before == len(told)
    async with small_school.look() as uow:
        (event,) = await uow.session.scalars(select(Event).where(Event.action == "wave_removed"))
    assert event.data["told"] == len(told)


async def test_who_is_told_of_the_plan_and_of_a_date_counts_once(small_school: School) -> None:
    await spans(small_school, None, (time(15, 25), time(16, 30)))
    await read(small_school)
    told = await removed(small_school)
    people = [one.person_id for one in told.people]
    assert len(people) == len(set(people))
    async with small_school.look() as uow:
        waiting = list(await uow.session.scalars(select(Letter.person_id).where(Letter.sent_at.is_(None))))
    assert set(waiting) == set(people) and len(waiting) > len(people)


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
    assert said is not None and said.before.span_of(3, wave) == (time(15, 25), time(16, 30))
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
