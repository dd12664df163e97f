"""The demonstration left alone: the classes that nobody plays go home by themselves, and the board stays readable."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from demo_house import open_school
from sqlalchemy import select

from afterbell.demo import START, begin_afternoon, load
from afterbell.demo.links import CHANNEL, user_id
from afterbell.demo.others import Others
from afterbell.weblocal import DemoClock
from care.custody.ledger import Verified, verify
from care.permissions import SYSTEM
from care.records import (
    Alarm,
    AlarmKind,
    CustodyEvent,
    DayChild,
    Letter,
    Person,
    SchoolClass,
    StaffRole,
    Step,
    Student,
    Update,
)
from care.school import School
from scheduler import due


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("others") / "demo.sqlite"

    async def fill() -> None:
        async with open_school(f"sqlite+aiosqlite:///{path}") as school:
            await load(school)
            await begin_afternoon(school)
            await due.tick(school)

    asyncio.run(fill())
    return path


@pytest.fixture
async def school(prepared: Path, tmp_path: Path) -> AsyncIterator[School]:
    """The demonstration in the middle of its first afternoon, on a copy of its own."""
    copy = tmp_path / "demo.sqlite"
    copy.write_bytes(prepared.read_bytes())
    async with open_school(f"sqlite+aiosqlite:///{copy}") as school:
        yield school


def at(hour: int, minute: int, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=START.tzinfo)


async def passes(school: School, *moments: datetime) -> None:
    """The clock is moved there, as the chat page does, and ticks."""
    others = Others(school)
    for moment in moments:
        await DemoClock(school, others).jump(moment)
        await others.play()
        await due.tick(school)


async def stand(school: School) -> dict[str, Counter[Step]]:
    """By class: how far today's children have come."""
    query = (
        select(SchoolClass, CustodyEvent.step)
        .join(Student, Student.school_class_id == SchoolClass.id)
        .join(DayChild, DayChild.student_id == Student.id)
        .join(CustodyEvent, (CustodyEvent.day_child_id == DayChild.id) & (CustodyEvent.seq == DayChild.last_seq))
    )
    found: dict[str, Counter[Step]] = {}
    async with school.look() as uow:
        for school_class, step in await uow.session.execute(query.where(DayChild.date == uow.day)):
            found.setdefault(school_class.name, Counter())[step] += 1
    return found


async def uncollected(school: School) -> Counter[str]:
    """Open alarms of children whom nobody has collected, by class."""
    query = (
        select(SchoolClass)
        .join(Student, Student.school_class_id == SchoolClass.id)
        .join(DayChild, DayChild.student_id == Student.id)
        .join(Alarm, Alarm.day_child_id == DayChild.id)
        .where(Alarm.kind == AlarmKind.UNCOLLECTED, Alarm.closed_at.is_(None))
    )
    async with school.look() as uow:
        return Counter(one.name for one in await uow.session.scalars(query))


async def test_the_others_go_home_as_the_clock_passes_their_waves(school: School) -> None:
    before = await stand(school)
    await passes(school, at(17, 13), at(17, 40), at(17, 56))
    after = await stand(school)
    assert after["2(3)"] == before["2(3)"], "the class of the tour is the visitor's"
    assert after["3(5)"][Step.ABSENT] == 1, "and so is the child who is missing"
    alarms = await uncollected(school)
    assert 1 <= sum(n for name, n in alarms.items() if name != "2(3)") <= 8, "a handful stays interesting"
    async with school.look(SYSTEM) as uow:
        assert isinstance(await verify(uow), Verified)
        moments = list(await uow.session.scalars(select(CustodyEvent.at).where(CustodyEvent.step == Step.RELEASED)))
    assert len(moments) > 600
    assert at(17, 11) <= min(moments) and len(set(moments)) > 100, "each at a moment of its own"


async def test_one_jump_over_the_whole_evening_says_the_same(school: School) -> None:
    """Extended care as well: given by the classes, counted there, collected before its end."""
    await passes(school, at(19, 30))
    steps = sum((one for name, one in (await stand(school)).items() if name != "2(3)"), Counter[Step]())
    assert set(steps) <= {Step.RELEASED, Step.LEAVE, Step.EXPLAINED, Step.ABSENT}
    assert steps[Step.ABSENT] == 1
    assert set(await uncollected(school)) <= {"2(3)"}
    async with school.look() as uow:
        there = select(CustodyEvent.at).join(DayChild).where(DayChild.extended_at.is_not(None))
        gone = list(await uow.session.scalars(there.where(CustodyEvent.step == Step.RELEASED)))
    assert gone and min(gone) > at(18, 10)


async def test_a_class_that_a_visitor_plays_is_left_to_them(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        mine = select(SchoolClass.id).where(SchoolClass.grade == 1, SchoolClass.number == 1).scalar_subquery()
        query = select(Person.id).join(StaffRole).where(StaffRole.school_class_id == mine)
        teacher = (await uow.session.scalars(query)).one()
        about = {"channel": CHANNEL, "chat_id": user_id(teacher), "update_id": 1, "payload": "{}"}
        uow.session.add(Update(**about, received_at=uow.now))
    before = await stand(school)
    await passes(school, at(17, 40))
    after = await stand(school)
    assert after["1(1)"] == before["1(1)"]
    assert after["1(2)"] != before["1(2)"]


async def test_the_next_day_begins_with_its_rolls(school: School) -> None:
    await passes(school, at(16, 40, day=24))
    found = await stand(school)
    assert {name for name, steps in found.items() if steps[Step.EXPECTED]} == {"2(3)"}
    async with school.look() as uow:
        late = select(Letter).where(Letter.kind == "roll_late", Letter.posted_at >= at(12, 0, day=24))
        told = {one.params["session_id"] for one in await uow.session.scalars(late)}
    assert len(told) == 1, "only the roll of the tour's class is late"


async def test_who_is_played_hears_first(school: School) -> None:
    """The letters of a jump would keep those waiting who are told something at once."""
    await passes(school, at(17, 40))
    async with school.look() as uow:
        rows = (await uow.session.execute(select(Letter.klass).where(Letter.kind == "released"))).scalars()
    assert set(rows) == {4}
