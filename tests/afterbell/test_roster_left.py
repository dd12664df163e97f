"""A child who has left the school keeps no place; one who has a place keeps its wave."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import Databases, make_school
from roster_book import STUDENT_HEADINGS, WAVES, write_book
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from afterbell.roster import import_roster
from afterbell.roster.problems import RosterError
from care.permissions import SYSTEM
from care.records import Application, Event, Letter, SchoolClass, State, Student, Wave
from care.school import School
from care.term_waves import remove_wave

FULL = "3(4)"


async def of_class(school: School, state: State) -> list[Application]:
    """Applications of the full class in a state, longest in it first."""
    query = (
        select(Application)
        .join(Student)
        .join(SchoolClass)
        .where(Application.state == state, SchoolClass.grade == 3, SchoolClass.number == 4)
        .options(joinedload(Application.student))
        .order_by(Application.state_since, Application.id)
    )
    async with school.look() as uow:
        return list(await uow.session.scalars(query))


async def test_the_place_of_a_child_who_left_goes_to_the_next_who_has_not(databases: Databases, tmp_path: Path) -> None:
    """One enrolled child and the first of the waiting list leave: the place goes to the second. Told once."""
    school = make_school(await databases.fresh())
    enrolled = await of_class(school, State.ENROLLED)
    first, second, third, *_ = await of_class(school, State.WAITING)
    today = school.clock.today()
    rows = [(FULL, one.student.name, one.student.student_no, *[None] * 7, today) for one in (enrolled[0], first)]
    book = write_book(tmp_path / "roster.xlsx", {"学生": ((*STUDENT_HEADINGS, "离校日期"), *rows)})
    told = await import_roster(school, book)
    assert f"{enrolled[0].student.name} has left: the application was taken out" in told

    async def state_of(application: Application) -> State:
        async with school.look() as uow:
            return (await uow.session.get_one(Application, application.id)).state

    assert [await state_of(a) for a in (enrolled[0], first, second, third)] == [
        State.WITHDRAWN, State.WITHDRAWN, State.APPROVED, State.WAITING
    ]  # fmt: skip
    async with school.look() as uow:
        done = select(Event).where(Event.subject == "application", Event.subject_id == enrolled[0].id)
        last = list(await uow.session.scalars(done.order_by(Event.id)))[-1]
        letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == "application_step")))
    assert (last.action, last.actor_name, last.remark) == ("withdrawn", "AfterBell", f"离校 left school {today}")
    assert second.id in {letter.params["application_id"] for letter in letters}
    assert first.id not in {letter.params["application_id"] for letter in letters}

    assert "has left" not in await import_roster(school, book)
    await school.close()


async def test_waves_that_leave_out_children_in_care_are_refused(databases: Databases, tmp_path: Path) -> None:
    school = make_school(await databases.fresh())
    first, second = WAVES[1], ("4", *WAVES[2][1:])
    book = write_book(tmp_path / "roster.xlsx", {"批次": (WAVES[0], first, second)})
    with pytest.raises(RosterError, match=r"grade 3 is in no wave, but \d+ of its children have a place"):
        await import_roster(school, book)
    await school.close()


async def test_waves_are_matched_in_their_order(databases: Databases, tmp_path: Path) -> None:
    """The first wave has been removed in the console: the book's row is the one that is left, and no second one."""
    school = make_school(await databases.fresh())
    async with school.work(SYSTEM) as uow:
        first, second = list(await uow.session.scalars(select(Wave).order_by(Wave.ordinal)))
        await remove_wave(uow, first.id, second.id)
    rows = (WAVES[0], ("1,2,3,4", *WAVES[2][1:]))
    told = await import_roster(school, write_book(tmp_path / "roster.xlsx", {"批次": rows}))
    assert "waves" in told
    async with school.look() as uow:
        found = [(one.ordinal, one.grades) for one in await uow.session.scalars(select(Wave))]
    assert found == [(2, [1, 2, 3, 4])]
    await school.close()
