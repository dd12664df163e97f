"""A changed date is told once, at a decent hour, to whom it touches."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from calendar_steps import FRIDAY, LATE, OFFICE, SUNDAY, ZONE, in_care, jump, letters, says, stayers, wave_ids
from sqlalchemy import update
from stage import care_runs_in

from care.calendar_changes import clear_day, set_day, set_times
from care.day.plan import runs_on
from care.permissions import SYSTEM
from care.records import Application, Class, Guardianship, Leave, Letter
from care.school import School
from care.telling import Told


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
