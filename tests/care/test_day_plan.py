"""The day's plan: who is expected where, made once, whenever the day opens."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from afternoon_school import TUESDAY, at, children_of, opened, session_of, teacher_of
from sqlalchemy import func, select, update
from stage import care_runs_in

from care.day.plan import register_numbers
from care.people import holders
from care.permissions import SYSTEM
from care.records import (
    Application,
    CalendarDay,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    Holder,
    Leave,
    Letter,
    Role,
    SchoolClass,
    SessionKind,
    State,
    Step,
    Student,
    Term,
    WaveDay,
)
from care.records.term import Wave
from care.school import School
from scheduler import afternoon

CLASS = "2(3)"


async def enrolled(school: School, class_name: str) -> list[Application]:
    """The enrolled applications of a class, by student number."""
    teacher = await teacher_of(school, class_name)
    class_id = teacher.duties[0].school_class_id
    async with school.look() as uow:
        query = select(Application).join(Student).where(Student.school_class_id == class_id)
        query = query.where(Application.state == State.ENROLLED).order_by(Student.student_no)
        return list(await uow.session.scalars(query))


async def test_register_counts_by_number(school: School) -> None:
    """9 stands before 10 and 100, whatever order the database gives to words."""
    numbers = ["100", "9", "10", "A2", "b1", "11"]
    async with school.work() as uow:
        class_id = (await uow.session.scalars(select(SchoolClass.id).where(SchoolClass.grade == 2).limit(1))).one()
        await uow.session.execute(update(Student).values(left_on=date(2026, 8, 1)))
        children = await uow.session.scalars(select(Student).where(Student.school_class_id == class_id).limit(6))
        by_number = {no: child for no, child in zip(numbers, children, strict=True)}
        for no, child in by_number.items():
            child.student_no, child.left_on = no, None
        await uow.session.flush()
        term = (await uow.session.scalars(select(Term))).one()
        found = await register_numbers(uow, term, class_id)
    order = sorted(by_number, key=lambda no: found[by_number[no].id])
    assert order == ["9", "10", "11", "A2", "b1", "100"] and sorted(found.values()) == [1, 2, 3, 4, 5, 6]


async def last_links(school: School, day: date = TUESDAY) -> dict[int, CustodyEvent]:
    async with school.look() as uow:
        query = select(DayChild.student_id, CustodyEvent).join(CustodyEvent, CustodyEvent.day_child_id == DayChild.id)
        return {student: link for student, link in await uow.session.execute(query.where(DayChild.date == day))}


async def count(school: School, table: type[CareDay | CareSession | DayChild]) -> int:
    async with school.look() as uow:
        query = select(func.count()).select_from(table)
        if table is CareSession:  # that of extended care has tests of its own
            query = query.where(CareSession.kind == SessionKind.CLASS)
        return await uow.session.scalar(query) or 0


async def test_a_class_expects_its_enrolled_children_of_the_weekday(school: School) -> None:
    applications = await enrolled(school, CLASS)
    async with opened(school, CLASS):
        session = await session_of(school, CLASS)
        children = await children_of(school, session.id)
        expected = [one.student_id for one in applications if 2 in one.weekdays]
        assert [child.student_id for child, _ in children] == expected and expected
        assert [child.number for child, _ in children] == list(range(1, len(expected) + 1))
        teacher = await teacher_of(school, CLASS)
        assert session.teacher_id == teacher.person_id and session.venue == "2(3)班教室" and session.gate == "东门"
        local = session.starts_at.astimezone(school.zone), session.ends_at.astimezone(school.zone)
        assert [moment.time() for moment in local] == [time(14, 35), time(17, 10)]
        links = await last_links(school)
        assert {(link.step, link.holder, link.holder_id) for link in links.values()} == {
            (Step.EXPECTED, Holder.TEACHER, teacher.person_id)
        }


async def test_a_second_tick_and_a_restart_change_nothing(school: School) -> None:
    async with opened(school, CLASS, "3(5)"):
        before = [await count(school, table) for table in (CareDay, CareSession, DayChild)]
        assert before[:2] == [1, 2]
        await afternoon.tick(school)
        assert [await count(school, table) for table in (CareDay, CareSession, DayChild)] == before


async def test_a_day_that_was_opened_half_way_is_finished_by_the_next_tick(school: School) -> None:
    await care_runs_in(school, CLASS, "3(5)")
    stopped = False

    def stop(point: str) -> None:
        nonlocal stopped
        if point == "posted" and not stopped:  # the day is open, no class has its session
            stopped = True
            raise KeyboardInterrupt

    school.reached = stop
    with pytest.raises(KeyboardInterrupt):
        await at(school, 12, 30)
    assert [await count(school, table) for table in (CareDay, CareSession)] == [1, 0]
    await afternoon.tick(school)
    assert await count(school, CareSession) == 2


async def test_who_is_on_leave_is_in_the_list_as_such(school: School) -> None:
    first, second, *_ = [one.student_id for one in await enrolled(school, CLASS) if 2 in one.weekdays]
    async with school.work(SYSTEM) as uow:
        for student, withdrawn in ((first, None), (second, uow.now)):
            uow.session.add(
                Leave(
                    student_id=student,
                    first=TUESDAY - timedelta(days=1),
                    last=TUESDAY,
                    given_by=1,
                    given_at=uow.now,
                    withdrawn_at=withdrawn,
                )
            )
    async with opened(school, CLASS):
        links = await last_links(school)
        assert (links[first].step, links[first].holder) == (Step.LEAVE, Holder.FAMILY)
        assert links[second].step is Step.EXPECTED


@pytest.mark.parametrize(
    "row",
    [
        CalendarDay(date=TUESDAY, school=False, care=False, note="停课"),
        CalendarDay(date=TUESDAY, school=True, care=False, note="教研"),
    ],
    ids=["no school", "no care"],
)
async def test_no_day_opens_without_care(school: School, row: CalendarDay) -> None:
    async with school.work(SYSTEM) as uow:
        await uow.session.merge(row)
    async with opened(school, CLASS):
        assert await count(school, CareDay) == 0


async def test_a_make_up_day_follows_the_timetable_it_was_given(school: School) -> None:
    sunday = date(2026, 11, 29)
    async with school.work(SYSTEM) as uow:
        await uow.session.merge(CalendarDay(date=sunday, school=True, care=True, follows_weekday=5))
    await care_runs_in(school, CLASS)
    applications = await enrolled(school, CLASS)
    await at(school, 12, 30, day=sunday)
    children = await children_of(school, (await session_of(school, CLASS, sunday)).id)
    assert [child.student_id for child, _ in children] == [one.student_id for one in applications if 5 in one.weekdays]


async def test_a_make_up_day_whose_timetable_is_not_decided_has_no_care(school: School) -> None:
    sunday = date(2026, 11, 29)
    async with school.work(SYSTEM) as uow:
        await uow.session.merge(CalendarDay(date=sunday, school=True, care=True, follows_weekday=None))
    await care_runs_in(school, CLASS)
    await at(school, 12, 30, day=sunday)
    assert await count(school, CareDay) == 0


async def test_an_early_end_is_in_the_plan(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        wave = (await uow.session.scalars(select(Wave).where(Wave.ordinal == 1))).one()
        uow.session.add(WaveDay(date=TUESDAY, wave_id=wave.id, starts_at=time(13, 30), ends_at=time(15, 30)))
    async with opened(school, CLASS, "3(5)"):
        assert (await session_of(school, CLASS)).ends_at.astimezone(school.zone).time() == time(15, 30)
        assert (await session_of(school, "3(5)")).ends_at.astimezone(school.zone).time() == time(17, 25)


async def test_the_day_opens_at_its_hour_and_not_before(school: School) -> None:
    await care_runs_in(school, CLASS)
    await at(school, 11, 59)
    assert await count(school, CareDay) == 0
    await at(school, 12, 0)
    assert await count(school, CareDay) == 1


async def test_whose_last_day_was_yesterday_is_not_expected(school: School) -> None:
    application = next(one for one in await enrolled(school, CLASS) if 2 in one.weekdays)
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Application, application.id)).leaves_on = TUESDAY
    async with opened(school, CLASS):
        assert application.student_id not in await last_links(school)


async def test_a_class_in_no_wave_is_told_of_and_does_not_keep_the_day_open(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        for wave in await uow.session.scalars(select(Wave)):
            wave.grades = [grade for grade in wave.grades if grade != 3]
    async with opened(school, CLASS, "3(5)"):
        async with school.look() as uow:
            care_day = await uow.session.get_one(CareDay, TUESDAY)
            letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == "class_without_wave")))
            office = set(await holders(uow, Role.OFFICE))
            (class_id,) = letters[0].params["class_ids"]
            assert (await uow.session.get_one(SchoolClass, class_id)).name == "3(5)"
        assert care_day.planned_at is not None, "the opening does not try for ever"
        assert {one.person_id for one in letters} == {care_day.duty_lead_id, *office}
        assert await count(school, CareSession) == 1
        await at(school, 12, 40)
        async with school.look() as uow:
            found = await uow.session.scalars(select(Letter).where(Letter.kind == "class_without_wave"))
            assert len(found.all()) == len(letters)
