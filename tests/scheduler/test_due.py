"""What is due is found by reading and posted in small transactions: whatever comes between two, each letter is there
once at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from databases import Databases, make_school
from sqlalchemy import event, select, update
from structlog.testing import capture_logs

from afterbell import demo
from care.calendar import load_calendar
from care.clock import MovableClock
from care.enrolment.family import reviewers_of, unrestricted_guardians
from care.people import holders
from care.records import Application, CalendarDay, Guardianship, Letter, Role, State
from care.school import School
from care.work import UnitOfWork
from scheduler import due

WAITING = (State.SUBMITTED, State.REVIEWED, State.APPROVED)
NOON = demo.START.replace(day=25, hour=12, minute=0)
"""A Wednesday."""


def jump(school: School, to: datetime) -> None:
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(to)


async def waiting_in(uow: UnitOfWork, *states: State) -> list[Application]:
    query = select(Application).where(Application.state.in_(states)).order_by(Application.id)
    return list(await uow.session.scalars(query))


async def all_wait_to_be_signed(school: School) -> int:
    """Whatever waits in the demonstration has been approved on Monday afternoon. Returns how many there are; they are
    due two school days later."""
    async with school.work() as uow:
        waiting = await waiting_in(uow, *WAITING)
        for application in waiting:
            application.state, application.state_since = State.APPROVED, uow.now
    jump(school, demo.START + timedelta(days=2))
    return len(waiting)


async def keys(school: School) -> list[str]:
    """Of the reminders that have been posted."""
    query = select(Letter.unique_key).where(Letter.kind.in_(("review_waits", "approval_waits", "agreement_waits")))
    async with school.look() as uow:
        return [key for key in await uow.session.scalars(query.order_by(Letter.id)) if key]


@contextmanager
def writing(school: School) -> Iterator[list[str]]:
    """Notes each writing transaction; on PostgreSQL, where all use one engine, each that commits."""
    noted: list[str] = []
    when = "begin" if school.is_sqlite else "commit"

    def note(*_: object) -> None:
        noted.append(when)

    event.listen(school.writer.sync_engine, when, note)
    yield noted
    event.remove(school.writer.sync_engine, when, note)


def meanwhile(monkeypatch: pytest.MonkeyPatch, number: int, deed: Callable[[], Any]) -> None:
    """Does something when the letter of this number (from 1) is about to be posted."""
    post, count = due._post, 0

    async def interrupted(uow: UnitOfWork, one: due.Reminder) -> None:
        nonlocal count
        count += 1
        if count == number:
            deed()
        await post(uow, one)

    monkeypatch.setattr(due, "_post", interrupted)


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


async def due_by_the_rule(school: School) -> set[str]:
    """The keys of what is due, each application counted forward by itself."""
    async with school.look() as uow:
        calendar = await load_calendar(uow)

        async def late(state: State, days: int) -> list[Application]:
            found = await waiting_in(uow, state)
            return [a for a in found if calendar.school_days_later(a.state_since, days, school.zone) <= uow.now]

        children = {a.student_id for a in await late(State.SUBMITTED, 1)}
        found = {f"review_waits:{uow.today}:{person}" for person in await reviewers_of(uow, children)}
        if await late(State.REVIEWED, 1):
            found |= {f"approval_waits:{uow.today}:{person}" for person in await holders(uow, Role.OFFICE)}
        five = {a.id for a in await late(State.APPROVED, 5)}
        for a in await late(State.APPROVED, 2):
            applicant = await uow.session.get_one(Guardianship, a.guardianship_id)
            others = await unrestricted_guardians(uow, a.student_id)
            people = others if applicant.restricted else [applicant.person_id]
            days = 5 if a.id in five else 2
            found |= {f"agreement_waits:{a.id}:{a.version}:{days}:{person}" for person in people}
        return found


@pytest.mark.parametrize("step", [timedelta(hours=7), timedelta(hours=8), timedelta(hours=12)])
async def test_what_is_due_is_what_the_rule_says(school: School, step: timedelta) -> None:
    """They have waited since noon, since a step before, and so on, over a day off. Of every five one waits for the
    class, one for the school, three for a signature; some guardians, who applied or not, have been restricted since."""
    async with school.work() as uow:
        await uow.session.merge(CalendarDay(date=NOON.date() - timedelta(days=2), school=False, care=False, note=""))
        for number, application in enumerate(await waiting_in(uow, *WAITING)):
            application.state = (State.SUBMITTED, State.REVIEWED, *[State.APPROVED] * 3)[number % 5]
            application.state_since = NOON - number * step
            if number % 4 != 0:
                ties = select(Guardianship).where(Guardianship.student_id == application.student_id)
                family = list(await uow.session.scalars(ties.order_by(Guardianship.id)))
                applied = [tie for tie in family if tie.id == application.guardianship_id]
                for tie in (applied, family[-1:], family)[number % 4 - 1]:
                    tie.restricted = True
    jump(school, NOON)
    expected = await due_by_the_rule(school)
    await due.tick(school)
    posted = await keys(school)
    assert len(posted) == len(set(posted))
    assert set(posted) == expected
    assert {key.partition(":")[0] for key in expected} == {"review_waits", "approval_waits", "agreement_waits"}
    assert {key.split(":")[3] for key in expected if key.startswith("agreement")} == {"2", "5"}


async def test_due_to_the_moment(school: School) -> None:
    """Exactly two school days are enough, and a microsecond less is not."""
    async with school.work() as uow:
        one, other, *rest = await waiting_in(uow, *WAITING)
        for application in (one, other, *rest):
            application.state, application.state_since = State.APPROVED, NOON
        one.state_since = NOON - timedelta(days=2)
        other.state_since = NOON - timedelta(days=2) + timedelta(microseconds=1)
    jump(school, NOON)
    await due.tick(school)
    assert [key.rpartition(":")[0] for key in await keys(school)] == [f"agreement_waits:{one.id}:{one.version}:2"]


async def test_nothing_is_written_where_nothing_is_new(school: School) -> None:
    async with school.work() as uow:
        await uow.session.execute(update(Application).values(state_since=uow.now))
    with writing(school) as noted:
        await due.tick(school)
        assert noted == [], "nothing is due"
        jump(school, demo.START + timedelta(days=2))
        await due.tick(school)
        posted = await keys(school)
        assert {key.partition(":")[0] for key in posted} == {"review_waits", "approval_waits", "agreement_waits"}
        noted.clear()
        await due.tick(school)
        assert noted == [], "all is posted"
    assert await keys(school) == posted


async def test_a_hundred_at_a_time(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here seven."""
    monkeypatch.setattr(due, "TOGETHER", 7)
    count = await all_wait_to_be_signed(school)
    with writing(school) as noted:
        await due.tick(school)
    assert len(await keys(school)) == count
    assert len(noted) == -(-count // 7) > 3


async def test_a_part_that_fails_holds_up_no_other(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves no trace, and the next tick posts exactly what is missing."""
    monkeypatch.setattr(due, "TOGETHER", 5)
    count = await all_wait_to_be_signed(school)
    with monkeypatch.context() as broken, capture_logs() as logs:
        meanwhile(broken, 8, failing(RuntimeError("the name of a child")))
        await due.tick(school)
    first = await keys(school)
    assert len(first) == count - 5
    assert [(entry["part"], entry["error"]) for entry in logs] == [("signers", "RuntimeError")]
    assert "child" not in str(logs)
    with writing(school) as noted:
        await due.tick(school)
    found = await keys(school)
    assert len(noted) == 1
    assert found[: len(first)] == first
    assert len(set(found)) == len(found) == count


@pytest.mark.parametrize("number", [6, 8])
async def test_a_restart_between_two_parts_and_within_one(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    url = await databases.fresh()
    monkeypatch.setattr(due, "TOGETHER", 5)
    school = make_school(url)
    count = await all_wait_to_be_signed(school)
    with monkeypatch.context() as killed:
        meanwhile(killed, number, failing(asyncio.CancelledError()))
        with pytest.raises(asyncio.CancelledError):
            await due.tick(school)
    assert len(await keys(school)) == 5
    await school.close()
    again = make_school(url)
    jump(again, school.clock.now())
    await due.tick(again)
    found = await keys(again)
    assert len(set(found)) == len(found) == count
    await again.close()


async def test_two_clocks_at_the_same_moment(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find all of it due, both post it, and neither fails."""
    url = await databases.fresh()
    monkeypatch.setattr(due, "TOGETHER", 5)
    schools = [make_school(url), make_school(url)]
    count = await all_wait_to_be_signed(schools[0])
    jump(schools[1], schools[0].clock.now())
    ready = asyncio.Barrier(2)
    find = due.for_signers

    async def find_at_once(*args: Any) -> list[due.Reminder]:
        found = await find(*args)
        assert len(found) == count
        await ready.wait()
        return found

    monkeypatch.setattr(due, "for_signers", find_at_once)
    with capture_logs() as logs:
        await asyncio.gather(*(due.tick(school) for school in schools))
    found = await keys(schools[0])
    assert logs == []
    assert len(set(found)) == len(found) == count
    for school in schools:
        await school.close()


async def test_the_clock_jumps_between_two_parts(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was due before the jump goes out, and then what is due after it."""
    monkeypatch.setattr(due, "TOGETHER", 5)
    count = await all_wait_to_be_signed(school)
    meanwhile(monkeypatch, 6, lambda: jump(school, demo.START + timedelta(days=7)))
    for _ in range(2):
        await due.tick(school)
    found = await keys(school)
    days = [key.split(":")[3] for key in found]
    assert (days.count("2"), days.count("5")) == (count, count)
    assert len(set(found)) == 2 * count


async def test_others_write_between_two_parts(sqlite: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer: who waits for it has it after the part that is under way, not after all."""
    school = make_school(await sqlite.fresh())
    monkeypatch.setattr(due, "TOGETHER", 5)
    count = await all_wait_to_be_signed(school)
    turns: list[str] = []
    together: Callable[..., Awaitable[None]] = due.together

    async def in_turn(*args: Any) -> None:
        await together(*args)
        turns.append("tick")

    async def write() -> None:
        async with school.work() as uow:
            uow.record("tapped", "student", 1)
        turns.append("tap")

    tasks: list[asyncio.Task[None]] = []
    monkeypatch.setattr(due, "together", in_turn)
    meanwhile(monkeypatch, 1, lambda: tasks.extend(asyncio.create_task(write()) for _ in range(2)))
    await due.tick(school)
    await asyncio.gather(*tasks)
    assert turns.count("tick") == -(-count // 5)
    assert turns.index("tap") <= 1
    assert turns[-1] == "tick", "two taps did not have to wait for all of it"
    await school.close()
