"""A workbook that changes waves, the term's days or extended care is told to whom it touches, as in the console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, time
from pathlib import Path

import pytest
from databases import Databases, make_school
from roster_book import TERM, WAVES, Rows, write_book
from sqlalchemy import select

from afterbell.roster import import_roster
from care.extended import moving
from care.records import Application, Event, Guardianship, Letter, SchoolClass, State, Student, Term, Venue, Wave
from care.school import School
from care.term_telling import KIND


@pytest.fixture
async def school(databases: Databases) -> AsyncIterator[School]:
    school = make_school(await databases.fresh())
    yield school
    await school.close()


async def as_it_is(school: School) -> Rows:
    async with school.look() as uow:
        stored = await uow.session.scalars(select(Wave).order_by(Wave.ordinal))
        return [
            (",".join(map(str, w.grades)), w.starts_at, w.ends_at, w.gate, w.guidance_venue, w.course_venue)
            for w in stored
        ]


async def take_waves(school: School, folder: Path, rows: Rows, look: bool = False) -> str:
    return await import_roster(school, write_book(folder / "roster.xlsx", {"批次": (WAVES[0], *rows)}), look=look)


async def told(school: School, as_guardians: bool = True, kind: str = KIND) -> set[int]:
    """The people of the letters about the plan, or of another kind, each with one letter."""
    async with school.look() as uow:
        letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == kind)))
    people = [one.person_id for one in letters if one.person_id and bool(one.params["students"]) is as_guardians]
    assert len(people) == len(set(people))
    return set(people)


async def guardians_of(school: School, *grades: int) -> set[int]:
    """Of the enrolled children of these grades who leave with their wave on some day."""
    query = (
        select(Guardianship.person_id, Application.weekdays, Application.extended_weekdays)
        .join(Student, Student.id == Guardianship.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(Application, Application.student_id == Student.id)
        .where(Application.state == State.ENROLLED, SchoolClass.grade.in_(grades), Guardianship.restricted.is_(False))
    )
    async with school.look() as uow:
        return {person for person, days, extended in await uow.session.execute(query) if set(days) - set(extended)}


async def test_who_leaves_with_a_changed_wave_is_told_once(school: School, tmp_path: Path) -> None:
    first, second = await as_it_is(school)
    changed = [(*first[:2], time(17, 0), "北门", *first[4:]), second]
    said = await take_waves(school, tmp_path, changed)
    guardians, staff = await told(school), await told(school, as_guardians=False)
    assert guardians == await guardians_of(school, 1, 2) and staff
    assert f"{len(guardians)} guardians and {len(staff)} of the staff are told" in said
    async with school.look() as uow:
        (event,) = await uow.session.scalars(select(Event).where(Event.action == "roster_imported"))
    assert event.data["told"] == len(guardians) + len(staff)
    assert "of the staff" not in await take_waves(school, tmp_path, changed), "nothing differs any more"
    assert await told(school) == guardians


async def test_a_look_says_whom_it_would_tell_and_stores_nothing(school: School, tmp_path: Path) -> None:
    first, second = await as_it_is(school)
    changed = [first, (*second[:2], time(17, 20), *second[3:])]
    looked = await take_waves(school, tmp_path, changed, look=True)
    assert "Nothing has been stored" in looked and "would be told" in looked
    assert "wave 2 of" in looked
    assert await as_it_is(school) == [first, second] and await told(school) == set()
    stored = await take_waves(school, tmp_path, changed)
    assert "are told" in stored and "would be" not in stored


async def test_another_last_day_of_the_term_is_told(school: School, tmp_path: Path) -> None:
    async with school.look() as uow:
        term = (await uow.session.scalars(select(Term))).one()
    row = [term.name, term.starts_on, date(2027, 1, 22), term.apply_from, date(2027, 1, 20), "1-4"]
    row += ["澹台书院", term.extended_until, term.extended_capacity]
    said = await import_roster(school, write_book(tmp_path / "roster.xlsx", {"学期": (TERM[0], row)}))
    assert await guardians_of(school, 1, 2, 3, 4) <= await told(school)
    assert f"{term.name}: " in said and "are told" in said


@pytest.mark.parametrize("differs", [{"venue": "图书馆"}, {"until": time(18, 45)}])
async def test_another_room_or_end_of_extended_care_is_told_to_who_stays(
    school: School, tmp_path: Path, differs: dict[str, str | time]
) -> None:
    async with school.look() as uow:
        term = (await uow.session.scalars(select(Term))).one()
        venue = await uow.session.get_one(Venue, term.extended_venue_id or 0)
        stay = select(Application.student_id, Application.weekdays, Application.extended_weekdays)
        rows = await uow.session.execute(stay.where(Application.state == State.ENROLLED))
        children = {student for student, days, extended in rows if set(days) & set(extended)}
        of_them = select(Guardianship.person_id).where(
            Guardianship.student_id.in_(children), Guardianship.restricted.is_(False)
        )
        families = set(await uow.session.scalars(of_them))
    row = [term.name, term.starts_on, term.ends_on, term.apply_from, term.apply_until, "1-4"]
    row += [differs.get("venue", venue.name), differs.get("until", term.extended_until), term.extended_capacity]
    book = write_book(tmp_path / "roster.xlsx", {"学期": (TERM[0], row)})
    looked = await import_roster(school, book, look=True)
    assert await told(school, kind=moving.KIND) == set()
    said = await import_roster(school, book)
    guardians = await told(school, kind=moving.KIND)
    staff = await told(school, as_guardians=False, kind=moving.KIND)
    assert families and families == guardians and staff and await told(school) == set()
    counted = f"{len(guardians)} guardians and {len(staff)} of the staff"
    assert f"{counted} would be told of where extended care is" in looked
    assert f"{counted} are told of where extended care is" in said
    async with school.look() as uow:
        (event,) = await uow.session.scalars(select(Event).where(Event.action == "roster_imported"))
    assert event.data["told"] == len(guardians) + len(staff)
    assert "of the staff" not in await import_roster(school, book), "nothing differs any more"
