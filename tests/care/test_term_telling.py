"""A changed plan of the term is told once, at a decent hour, to whom it touches: waves, and the first and last day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from calendar_steps import OFFICE, ZONE, in_care, jump, wave_ids
from sqlalchemy import delete, select, update
from term_steps import (
    FAMILIES,
    WEDNESDAY,
    change,
    dates,
    evening,
    gone_out,
    guardians,
    letters,
    people_of,
    roles_of,
    said,
    told_as_family,
)

from care.errors import Invalid
from care.permissions import SYSTEM
from care.records import (
    Application,
    Class,
    Contact,
    Guardianship,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Student,
    Term,
    Wave,
)
from care.school import School
from care.telling import Told
from care.term_telling import counts_from
from care.term_waves import (
    WaveTimes,
    add_wave,
    look_at_new_wave,
    remove_wave,
    told_of_removal,
)


async def test_whose_wave_changes_is_told_once_and_nobody_else(small_school: School) -> None:
    """Grade 2 leaves earlier, by another gate: every guardian of 2(3) reads it; of the staff who answer for 2(3) alone
    (here nobody stands in for other classes)."""
    await evening(small_school)
    async with small_school.work(SYSTEM) as uow:
        await uow.session.execute(delete(StaffRole).where(StaffRole.role == Role.CARE_TEACHER))
    young, old = await guardians(small_school, 1, 2), await guardians(small_school, 3, 4)
    told = await change(small_school, ends_at=time(16, 40), gate="南门")
    assert told_as_family(told) == people_of(young) and told.children == len(young)
    assert not told_as_family(told) & (people_of(old) - people_of(young))
    posted = await letters(small_school)
    assert len(posted) == len({letter.person_id for letter in posted}) == len(told)
    staff = [one.person_id for one in told.people if not one.students]
    roles = await roles_of(small_school, staff)
    assert roles[Role.HOMEROOM] == roles[Role.GRADE_LEADER] == roles[Role.HEAD] == 1 and roles[Role.OFFICE]
    assert not roles[Role.FINANCE] and not roles[Role.COMMITTEE]
    heard = await said(small_school)
    assert set(heard) == {one.person_id for one in told.people}
    (move,) = heard[min(people_of(young) - set(staff))][0].moves
    assert move.classes == ("2(3)",) and move.before is not None
    assert (move.before.ends_at, move.after.ends_at) == (time(17, 10), time(16, 40))
    assert (move.before.gate, move.after.gate) == ("东门", "南门")
    (move,) = heard[staff[0]][0].moves
    assert move.grades == (2,), "grade 1 has nobody in care"


async def test_who_is_not_told(small_school: School) -> None:
    """A restricted guardian; a child that has left care by then; one that stays for extended care on all its days; and
    one whose days of the week are none."""
    await evening(small_school)
    (barred, left, always, *others), families = (
        sorted(await guardians(small_school, 2)),
        await guardians(small_school, 2),
    )
    async with small_school.work(SYSTEM) as uow:
        kept_out = min(families[barred])
        tie = update(Guardianship).where(Guardianship.student_id == barred, Guardianship.person_id == kept_out)
        await uow.session.execute(tie.values(restricted=True))
        of = update(Application).where(Application.state == State.ENROLLED)
        await uow.session.execute(of.where(Application.student_id == left).values(leaves_on=WEDNESDAY))
        days = await uow.session.scalar(select(Application.weekdays).where(Application.student_id == always))
        await uow.session.execute(of.where(Application.student_id == always).values(extended_weekdays=days))
    told = await change(small_school, ends_at=time(16, 40), gate="南门")
    children = {(one.person_id, student) for one in told.people for student in one.students}
    assert (kept_out, barred) not in children
    assert {student for _, student in children} == {barred, *others}, "not who leaves, nor who always stays"
    told = await change(small_school, starts_at=time(14, 45))
    assert always in {student for one in told.people for student in one.students}, "it comes at another time, though"


async def test_siblings_stand_in_one_letter(small_school: School) -> None:
    """Two children of one mother, in two waves, both of which change."""
    await evening(small_school)
    async with small_school.work(SYSTEM) as uow:
        one, other = min(await in_care(uow, 2, 2)), min(await in_care(uow, 2, 3))
        mother = min((await in_care(uow, 2, 2))[one])
        tie = update(Guardianship).where(Guardianship.student_id == other)
        first = await uow.session.scalar(select(Guardianship.id).where(Guardianship.student_id == other))
        await uow.session.execute(tie.where(Guardianship.id == first).values(person_id=mother))
    await change(small_school, gate="南门")
    await change(small_school, ordinal=2, gate="南门")
    (telling,) = (await said(small_school))[mother]
    assert len(telling.children) == 2 and {name for move in telling.moves for name in move.classes} == set(FAMILIES)


async def test_two_changes_in_a_row_are_one_letter_and_none_where_all_is_as_it_was(small_school: School) -> None:
    await evening(small_school)
    families = people_of(await guardians(small_school, 2))
    await change(small_school, ends_at=time(16, 40))
    await change(small_school, gate="南门")
    heard = await said(small_school)
    assert families <= set(heard) and {len(tellings) for tellings in heard.values()} == {1}
    (move,) = heard[min(families)][0].moves
    assert move.before is not None and (move.before.ends_at, move.before.gate) == (time(17, 10), "东门")
    assert (move.after.ends_at, move.after.gate) == (time(16, 40), "南门")
    told = await change(small_school, ends_at=time(17, 10), gate="东门")
    assert not told, "nobody has heard of it yet"
    assert await said(small_school) == {}


async def test_what_was_told_is_told_back(small_school: School) -> None:
    await evening(small_school)
    first = await change(small_school, gate="南门")
    await gone_out(small_school)
    back = await change(small_school, gate="东门")
    assert {one.person_id for one in back.people} == {one.person_id for one in first.people}
    (move,) = (await said(small_school))[min(told_as_family(back))][0].moves
    assert move.before is not None and (move.before.gate, move.after.gate) == ("南门", "东门")


async def test_the_same_change_saved_twice_tells_nobody_twice(small_school: School) -> None:
    await evening(small_school)
    told = await change(small_school, gate="南门")
    assert told and await change(small_school, gate="南门") == Told()
    assert len(await letters(small_school)) == len(told)


async def test_of_the_rooms_only_staff_are_told(small_school: School) -> None:
    await evening(small_school)
    told = await change(small_school, guidance_venue="阅览室", course_venue="体育馆")
    assert told.staff and not told.guardians and not told.children
    tellings = [telling for found in (await said(small_school)).values() for telling in found]
    assert len(tellings) == told.staff
    assert {(move.grades, move.after.guidance_venue) for telling in tellings for move in telling.moves} == {
        ((2,), "阅览室")
    }
    await change(small_school, gate="南门")
    family = min(people_of(await guardians(small_school, 2)))
    (move,) = (await said(small_school))[family][0].moves
    assert move.after.guidance_venue == "", "families read nothing of rooms"


async def test_a_term_that_is_over_tells_nobody(small_school: School) -> None:
    await evening(small_school)
    jump(small_school, 2027, 2, 20, 10, 0)
    assert await change(small_school, gate="南门") == Told()
    assert await letters(small_school) == []


async def test_a_letter_that_waits_too_long_says_nothing_more(small_school: School) -> None:
    await evening(small_school)
    await change(small_school, gate="南门")
    jump(small_school, 2027, 2, 20, 10, 0)
    assert await said(small_school) == {}


async def test_the_last_day_moves(small_school: School) -> None:
    """Every family is told, but for that of a child that leaves before both days; and both ends of it are said."""
    await evening(small_school)
    families = await guardians(small_school, 2, 3)
    leaver = min(families)
    async with small_school.work(SYSTEM) as uow:
        of = update(Application).where(Application.student_id == leaver, Application.state == State.ENROLLED)
        await uow.session.execute(of.values(leaves_on=date(2026, 12, 1)))
        term = (await uow.session.scalars(select(Term))).one()
        last = term.ends_on
    told = await dates(small_school, ends_on=last - timedelta(days=7))
    assert {student for one in told.people for student in one.students} == set(families) - {leaver}
    heard = await said(small_school)
    assert {telling.last for found in heard.values() for telling in found} == {(last, last - timedelta(days=7))}
    assert {(telling.first, telling.moves) for found in heard.values() for telling in found} == {(None, ())}
    assert await dates(small_school, starts_on=date(2026, 9, 2)) == Told(), "that day is long gone"
    assert await dates(small_school, apply_until=date(2026, 12, 31)) == Told()


async def test_a_term_that_ends_at_once_is_told_all_the_same(small_school: School) -> None:
    """Its last day is to be today, whose lists are made: no day is left, and families must know it."""
    await evening(small_school)
    told = await dates(small_school, ends_on=date(2026, 11, 24))
    assert told_as_family(told) == people_of(await guardians(small_school, 2, 3))
    async with small_school.look() as uow:
        assert await counts_from(uow, (await uow.session.scalars(select(Term))).one()) is None
    assert len(await said(small_school)) == len(told)


async def test_a_wave_more_and_a_wave_less(small_school: School) -> None:
    """Before either is done it is known who will be told; and it is those."""
    await evening(small_school)
    new = WaveTimes((2,), time(15), time(17), "西门", "教室", "礼堂")
    async with small_school.look(OFFICE) as uow:
        term = (await uow.session.scalars(select(Term))).one()
        looked = await look_at_new_wave(uow, term.id, new)
    async with small_school.work(OFFICE) as uow:
        wave, told = await add_wave(uow, term.id, new)
    assert told == looked and told_as_family(told) == people_of(await guardians(small_school, 2))
    assert told.children == len(await guardians(small_school, 2)) and told.staff
    await gone_out(small_school)
    jump(small_school, 2026, 11, 25, 9, 0)
    async with small_school.work(SYSTEM) as uow:
        old = await uow.session.get_one(Wave, (await wave_ids(uow))[0])
        looked = await told_of_removal(uow, wave, old)
    async with small_school.work(OFFICE) as uow:
        told = await remove_wave(uow, wave.id, old.id)
    assert {one.person_id for one in told.people} <= {one.person_id for one in looked.people}
    assert told_as_family(told) == told_as_family(looked) == people_of(await guardians(small_school, 2))
    (move,) = (await said(small_school))[min(told_as_family(told))][0].moves
    assert move.before is not None and (move.before.gate, move.after.gate) == ("西门", "东门")


async def test_who_is_in_reach_and_what_is_refused(small_school: School) -> None:
    await evening(small_school)
    child, people = min((await guardians(small_school, 2)).items())
    async with small_school.work(SYSTEM) as uow:
        await uow.session.execute(update(Contact).where(Contact.person_id.in_(people)).values(reach="blocked"))
        in_reach = set(await uow.session.scalars(select(Contact.person_id).where(Contact.reach == "reachable")))
    beyond = [one for one, own in (await guardians(small_school, 2)).items() if not own & in_reach]
    told = await change(small_school, gate="南门")
    assert child in beyond and told.out_of_reach == len(beyond)
    with pytest.raises(Invalid):
        await change(small_school, gate="")
    assert len(await letters(small_school)) == len(told)


async def test_it_waits_for_the_morning_and_says_from_when_it_counts(small_school: School) -> None:
    """In the evening; in the afternoon, when the day's lists are made; and in the morning, when they are not."""
    await evening(small_school)
    told = await change(small_school, gate="南门")
    posted = await letters(small_school)
    assert {(Class(one.klass), one.due_at.astimezone(ZONE)) for one in posted} == {
        (Class.BROADCAST, datetime(2026, 11, 25, 7, 30, tzinfo=ZONE))
    }
    assert {one.params["since"] for one in posted} == {WEDNESDAY.isoformat()}
    await gone_out(small_school)
    jump(small_school, 2026, 11, 25, 9, 0)
    await change(small_school, gate="西门")
    today = (await letters(small_school))[len(told) :]
    assert {(Class(one.klass), one.due_at.astimezone(ZONE), one.params["since"]) for one in today} == {
        (Class.ALARM, datetime(2026, 11, 25, 9, 0, tzinfo=ZONE), WEDNESDAY.isoformat())
    }


async def test_a_child_that_changes_its_class_meanwhile(small_school: School) -> None:
    """It is told of the wave that its class now leaves with."""
    await evening(small_school)
    child, people = min((await guardians(small_school, 2)).items())
    await change(small_school, gate="南门")
    async with small_school.work(SYSTEM) as uow:
        other = await uow.session.scalar(select(SchoolClass.id).where(SchoolClass.grade == 3, SchoolClass.number == 5))
        await uow.session.execute(update(Student).where(Student.id == child).values(school_class_id=other))
    assert not people & set(await said(small_school)), "nothing has changed in grade 3"


async def test_a_teacher_whose_own_child_it_touches_reads_one_letter(small_school: School) -> None:
    """Of the grade that is told of to staff and of her child; and that days of extended care are as they were."""
    await evening(small_school)
    child, people = min((await guardians(small_school, 2)).items())
    mother = min(people)
    async with small_school.work(SYSTEM) as uow:
        place = (await uow.session.get_one(Student, child)).school_class_id
        uow.session.add(StaffRole(person_id=mother, role=Role.HOMEROOM, school_class_id=place, since=uow.now))
        of = update(Application).where(Application.student_id == child, Application.state == State.ENROLLED)
        await uow.session.execute(of.values(weekdays=[1, 2, 3], extended_weekdays=[3]))
    await change(small_school, gate="南门", guidance_venue="阅览室")
    (telling,) = (await said(small_school))[mother]
    (move,) = telling.moves
    assert (move.grades, move.after.guidance_venue, len(telling.children)) == ((2,), "阅览室", 1)
    assert telling.stays
    await gone_out(small_school)
    await change(small_school, starts_at=time(14, 45))
    (telling,) = (await said(small_school))[mother]
    assert not telling.stays, "nobody would think that they come for it at another time"
