"""The demonstration's afternoon: it adds up, it is proved by the ledger, and the first ticks have little to say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from demo_house import open_school
from sqlalchemy import func, select

from afterbell.demo import START, begin_afternoon, load, stars
from care.calendar import load_calendar
from care.clock import MovableClock
from care.custody.ledger import Verified, verify
from care.people import actor_for
from care.permissions import SYSTEM
from care.records import (
    Alarm,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    Event,
    Guardianship,
    Leave,
    Letter,
    Person,
    Record,
    SchoolClass,
    Step,
    Student,
)
from care.records.delivery import LetterState
from care.rollcall import RollSheet, choices, sheet
from care.school import School
from scheduler import afternoon as ticks
from scheduler import due

TODAY = START.date()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("afternoon") / "demo.sqlite"

    async def fill() -> None:
        async with open_school(f"sqlite+aiosqlite:///{path}") as school:
            await load(school)
            await begin_afternoon(school)

    asyncio.run(fill())
    return path


@pytest.fixture
async def school(prepared: Path, tmp_path: Path) -> AsyncIterator[School]:
    """The demonstration in the middle of its first afternoon, on a copy of its own."""
    copy = tmp_path / "demo.sqlite"
    copy.write_bytes(prepared.read_bytes())
    async with open_school(f"sqlite+aiosqlite:///{copy}") as school:
        yield school


async def last_steps(school: School) -> dict[int, Step]:
    """By student id."""
    query = select(DayChild.student_id, CustodyEvent.step).join(
        CustodyEvent, (CustodyEvent.day_child_id == DayChild.id) & (CustodyEvent.seq == DayChild.last_seq)
    )
    async with school.look() as uow:
        return {student_id: step for student_id, step in await uow.session.execute(query)}


async def sheets(school: School) -> dict[str, RollSheet]:
    async with school.look() as uow:
        (head,) = [star.person_id for star in await stars(uow) if star.about_key == "head"]
        uow.actor = await actor_for(uow, await uow.session.get_one(Person, head))
        found = [await sheet(uow, choice.session_id) for choice in await choices(uow)]
    return {roll.school_class: roll for roll in found}


async def test_the_counts_add_up(school: School) -> None:
    steps = await last_steps(school)
    counts = Counter(steps.values())
    rolls = await sheets(school)
    assert len(rolls) == 32
    assert sum(len(roll.children) for roll in rolls.values()) == len(steps) == sum(counts.values())
    assert (counts[Step.LEAVE], counts[Step.LATE], counts[Step.EXPLAINED], counts[Step.ABSENT]) == (12, 6, 3, 1)
    assert counts[Step.BACK] > 20 and counts[Step.PRESENT] > 600
    assert counts[Step.EXPECTED] == rolls["2(3)"].open
    for name, roll in rolls.items():
        assert (roll.done_at is None, roll.open > 0) == (name == "2(3)",) * 2
        assert roll.teacher and roll.expected == roll.present + roll.open + sum(
            child.step in (Step.ABSENT, Step.EXPLAINED) for child in roll.children
        )
    star = rolls["2(3)"]
    assert star.teacher == "尹若岚" and 0 < star.open < star.expected and star.present >= star.open - 1
    async with school.look() as uow:
        leaves = set(await uow.session.scalars(select(Leave.student_id)))
        done = await uow.session.execute(select(Event.subject_id, Event.data).where(Event.action == "roll_done"))
        for session_id, data in done:
            roll = next(one for one in rolls.values() if one.session_id == session_id)
            assert data["expected"] == roll.expected
            assert 0 <= data["present"] - roll.present <= 1, "the missing child was here at the roll"
    assert leaves == {student for student, step in steps.items() if step is Step.LEAVE}


async def test_all_in_good_time(school: School) -> None:
    """Nothing has happened before the day opened or after 16:40; the rolls were taken soon after the care began."""
    async with school.look() as uow:
        moments = list(await uow.session.scalars(select(CustodyEvent.at)))
        moments += list(await uow.session.scalars(select(Event.at).where(Event.action.like("missing%"))))
        sessions = list(await uow.session.scalars(select(CareSession)))
        written = select(Event.at).where(Event.subject.in_(["day", "session", "student"])).order_by(Event.id)
        events = list(await uow.session.scalars(written))
    assert START.replace(hour=12, minute=0) <= min(moments) <= max(moments) < START
    assert len({one.starts_at for one in sessions}) == 2
    for one in sessions:
        assert one.signed_in_at and abs(one.signed_in_at - one.starts_at) < timedelta(minutes=5)
        assert one.roll_done_at is None or one.roll_done_at - one.starts_at < timedelta(minutes=16)
    assert len(events) > 80 and events == sorted(events), "the audit tells it in its order"


async def test_the_ledger_proves_it(school: School) -> None:
    async with school.look(SYSTEM) as uow:
        found = await verify(uow)
    assert isinstance(found, Verified)
    assert (found.days, found.sealed) == (1, 0) and found.links > 1500


async def test_the_plan_is_the_one_that_a_tick_makes(school: School, tmp_path: Path) -> None:
    async with open_school(f"sqlite+aiosqlite:///{tmp_path / 'other.sqlite'}") as other:
        await load(other)
        await ticks.open_today(other)
        assert await plan(other) == await plan(school)


async def plan(school: School) -> list[object]:
    async with school.look() as uow:
        day = await uow.session.get_one(CareDay, TODAY)
        rows = await uow.session.execute(
            select(
                CareSession.school_class_id,
                CareSession.wave,
                CareSession.venue,
                CareSession.gate,
                CareSession.starts_at,
                CareSession.ends_at,
                CareSession.teacher_id,
                DayChild.number,
                DayChild.student_id,
                DayChild.application_id,
            )
            .join(DayChild, DayChild.session_id == CareSession.id)
            .order_by(CareSession.school_class_id, DayChild.number)
        )
        return [day.duty_lead_id, day.term_id, *(tuple(row) for row in rows)]


async def letters(school: School) -> list[tuple[str, str, str]]:
    """Kind, receiver and state of the letters of the afternoon; applications have reminders of their own."""
    query = select(Letter.kind, Person.name, Letter.state).join(Person, Person.id == Letter.person_id)
    async with school.look() as uow:
        rows = await uow.session.execute(query.order_by(Letter.id))
        return [(kind, name, state) for kind, name, state in rows if kind.startswith(("roll", "child", "leave", "day"))]


async def test_the_first_ticks_say_only_what_is_so(school: School) -> None:
    """The family of the missing child is being asked; only the roll of 2(3) is late. The teachers of the first wave get
    their day sheets, and the families of its children the reminder. Nobody is told twice."""
    asked = await letters(school)
    assert [(kind, state) for kind, _, state in asked] == [("child_missing", LetterState.WAITING)] * 2
    await due.tick(school)
    new = [(kind, name) for kind, name, _ in (await letters(school))[2:]]
    async with school.look() as uow:
        care_day = await uow.session.get_one(CareDay, TODAY)
        assert care_day.planned_at is not None, "the tick has completed the opening"
        lead = await uow.session.get_one(Person, care_day.duty_lead_id)
    late = [("roll_late", "尹若岚"), ("roll_late", "戴晓松"), ("roll_late", lead.name)]
    assert [one for one in new if one[0] == "roll_late"] == late
    assert len({name for kind, name in new if kind == "day_sheet"}) == 16
    assert {kind for kind, _ in new} <= {"roll_late", "day_sheet", "dismissal"}
    for _ in range(2):
        await due.tick(school)
    told = len(await letters(school))
    assert told == 2 + len(new)
    clock = school.clock
    assert isinstance(clock, MovableClock)
    clock.jump(START + timedelta(minutes=6, seconds=1))
    await due.tick(school)
    more = [(kind, name) for kind, name, _ in (await letters(school))[told:] if kind != "day_sheet"]
    assert more == [("child_missing_lead", lead.name)]


async def test_the_stars_have_their_part(school: School) -> None:
    async with school.look() as uow:
        found = {star.about_key: star.person_id for star in await stars(uow)}
        care_day = await uow.session.get_one(CareDay, TODAY)
        assert care_day.duty_lead_id == found["duty_lead"]
        alarm = (await uow.session.scalars(select(Alarm).where(Alarm.closed_at.is_(None)))).one()
        assert alarm.opened_by == found["care_teacher"]
        query = select(SchoolClass).join(Student).join(DayChild).where(DayChild.id == alarm.day_child_id)
        assert (await uow.session.scalars(query)).one().name == "3(5)"
        child = await uow.session.scalar(
            select(Guardianship.student_id).where(Guardianship.person_id == found["care_mother"])
        )
        calendar = await load_calendar(uow)
        assert calendar.is_care_day(TODAY)
    assert (await last_steps(school))[child or 0] is Step.PRESENT


async def test_it_begins_once_and_only_on_that_day(school: School, empty: School) -> None:
    before = await last_steps(school)
    await begin_afternoon(school)
    assert await last_steps(school) == before
    await begin_afternoon(empty)
    assert await last_steps(empty) == {}, "there is no demonstration"
    await load(empty)
    clock = empty.clock
    assert isinstance(clock, MovableClock)
    clock.jump(datetime(2026, 11, 24, 9, tzinfo=START.tzinfo))
    await begin_afternoon(empty)
    assert await last_steps(empty) == {}


async def rows(school: School) -> dict[str, list[tuple[object, ...]]]:
    """The rows of the afternoon."""
    wanted = {"care_day", "care_session", "day_child", "custody", "alarm", "leave", "outbox", "event"}
    async with school.look() as uow:
        return {
            table.name: [tuple(row) for row in await uow.session.execute(select(table).order_by(*table.primary_key))]
            for table in Record.metadata.sorted_tables
            if table.name in wanted
        }


async def test_the_same_on_postgres_which_goes_on_counting(school: School, empty_on_postgres: School) -> None:
    await load(empty_on_postgres)
    await begin_afternoon(empty_on_postgres)
    assert await rows(empty_on_postgres) == await rows(school)
    async with empty_on_postgres.work(SYSTEM) as uow:
        child = (await uow.session.scalars(select(DayChild).limit(1))).one()
        uow.session.add(Leave(student_id=child.student_id, first=TODAY, last=TODAY, given_by=1, given_at=uow.now))
        uow.record("leave_given", "student", child.student_id)
        await uow.session.flush()
        for record in (Leave, Alarm, CustodyEvent):
            assert await uow.session.scalar(select(func.max(record.id))) == await uow.session.scalar(
                select(func.count()).select_from(record)
            )
