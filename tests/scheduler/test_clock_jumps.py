"""The afternoon under a clock that jumps, and after a stop between two parts of one tick: each letter once, as its key
says, and none for what is past."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from databases import Databases, make_school
from sqlalchemy import select
from stage import Stage, care_runs_in
from way_home import at, attend_every_day, count, day_child, families, family, marked, nobody_attends, released

from afterbell import demo
from care.clock import stopped_clock
from care.custody.ledger import Verified, verify
from care.outbox import missed_reminders
from care.permissions import SYSTEM
from care.records import Alarm, CareDay, CareSession, Letter
from care.release import late
from care.school import School
from care.work import UnitOfWork
from scheduler import afternoon, uncollected

CLASS = "2(3)"


async def letters(school: School) -> list[tuple[str, str | None]]:
    async with school.look() as uow:
        rows = await uow.session.execute(select(Letter.kind, Letter.unique_key))
        return sorted((kind, key) for kind, key in rows)


async def tick(school: School, moment: datetime) -> None:
    school.clock.jump(moment)  # type: ignore[attr-defined]
    await afternoon.tick(school)


@pytest.fixture
async def address(sqlite: Databases) -> str:
    """A class at 14:40, three of whose children are here; the others are on no list."""
    url = await sqlite.fresh()
    school = make_school(url)
    await care_runs_in(school, CLASS)
    await nobody_attends(school)
    await three_are_here(school)
    await school.close()
    return url


async def three_are_here(school: School) -> list[int]:
    """The students' ids."""
    mine = [one.student_id for one in (await families(school, CLASS))[:3]]
    await attend_every_day(school, *mine)
    await tick(school, at(14, 30))
    for number in mine:
        await marked(school, number)
    return mine


async def opened_at(url: str, moment: datetime) -> School:
    """The school after a restart, by whatever its machine's clock says then."""
    return make_school(url, stopped_clock(demo.START.tzinfo, moment))


async def test_the_clock_goes_back_an_hour(address: str) -> None:
    """From 17:45 to 16:45: what has been sent is not sent again, and what is done in that hour is in order."""
    school = await opened_at(address, at(15))
    for minute in (39, 40, 41):
        await tick(school, at(16, minute))
    for minute in (10, 20, 30, 40, 45):
        await tick(school, at(17, minute))
    before = await letters(school)
    assert {"dismissal", "child_uncollected", "child_uncollected_lead"} <= {kind for kind, _key in before}
    await school.close()

    again = await opened_at(address, at(16, 45))
    for hour, minute in ((16, 45), (17, 10), (17, 20), (17, 30), (17, 40), (17, 45), (17, 46)):
        await tick(again, at(hour, minute))
        assert await letters(again) == before
    await again.close()

    back = await opened_at(address, at(16, 50))
    async with back.look() as uow:
        (student_id, *_) = [one.student_id for one in (await families(back, CLASS))[:3]]
    await released(back, student_id)
    async with back.look() as uow:
        assert isinstance(await verify(uow), Verified)
        assert len(list(await uow.session.scalars(select(CareDay.date)))) == 1
        assert len(list(await uow.session.scalars(select(CareSession.id)))) == 1
    await back.close()


async def test_a_stop_between_two_children(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second step is under way when the process ends: after the restart every child has had it, and once."""
    school = await opened_at(address, at(17, 20))
    await afternoon.tick(school)
    first = await letters(school)
    done: list[int] = []

    async def interrupted(uow: object, step: late.Late) -> None:
        if done:
            raise asyncio.CancelledError
        done.append(step.day_child_id)
        await late.take_step(uow, step)  # type: ignore[arg-type]

    with monkeypatch.context() as killed:
        killed.setattr(uncollected, "take_step", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await tick(school, at(17, 30))
    half = await letters(school)
    assert len(first) < len(half)
    await school.close()

    again = await opened_at(address, at(17, 31))
    await afternoon.tick(again)
    whole = await letters(again)
    steps = {key for _kind, key in whole if key and key.startswith("late:")}
    async with again.look() as uow:
        waiting = await late.due_steps(uow, (10, 20, 30))
    assert steps == {key for one in waiting for key in one.letters()}
    assert len(whole) == len(set(whole)) and len(half) < len(whole)
    await tick(again, at(17, 32))
    assert await letters(again) == whole
    await again.close()


async def test_a_stop_in_the_letter_about_a_class(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends before the duty lead's letter is committed, the clock goes back, and on again: there is one,
    which names every child, and an alarm for each."""
    monkeypatch.setattr(uncollected, "HANDFUL", 2)
    school = await opened_at(address, at(17, 30))
    await afternoon.tick(school)

    async def interrupted(uow: UnitOfWork, session_id: int, children: list[int], unsaid: bool) -> None:
        await late.take_together(uow, session_id, children, unsaid)
        raise asyncio.CancelledError

    with monkeypatch.context() as killed:
        killed.setattr(uncollected, "take_together", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await tick(school, at(17, 40))
    await school.close()

    for minute in (41, 5, 40):
        again = await opened_at(address, at(17, minute))
        await afternoon.tick(again)
        if minute != 40:
            await again.close()
    await tick(again, at(17, 50))
    async with again.look() as uow:
        (told,) = await uow.session.scalars(select(Letter).where(Letter.kind == "class_uncollected_lead"))
        raised = [one.day_child_id for one in await uow.session.scalars(select(Alarm).order_by(Alarm.id))]
        assert told.params["children"] == raised and len(raised) == 3
        assert await uow.session.scalar(select(Letter.id).where(Letter.kind == "child_uncollected_lead")) is None
    await again.close()


@pytest.fixture
async def stage(small_afternoon: Stage) -> Stage:
    await nobody_attends(small_afternoon.school)
    return small_afternoon


async def test_the_clock_leaps_three_hours_over_the_wave(stage: Stage) -> None:
    """From 16:10 to 19:10: who is still here is asked for, once; the reminder of an hour gone is not sent, and the
    office sees that it was missed. A child who has gone meanwhile is asked for by nobody."""
    child, mum, dad = await family(stage)
    other, other_mum, _ = await family(stage, number=1)
    await stage.at(at(12, 30))
    for number in (child.student_id, other.student_id):
        await marked(stage.school, number)
    await stage.at(at(16, 10))
    await released(stage.school, other.student_id)
    await stage.at(at(19, 10))
    still = f"{child.child}还在学校"
    assert (count(mum, "放学，请到"), count(dad, "放学，请到")) == (0, 0)
    assert (count(mum, still), count(dad, still), count(other_mum, "还在学校")) == (1, 1, 0)
    child_id = (await day_child(stage.school, child.student_id)).id
    alarms = await stage.ask(select(Letter.id).where(Letter.kind == "child_uncollected_lead"))
    assert len(alarms) == 1
    late_rolls = await stage.ask(select(Letter.id).where(Letter.kind.in_(("roll_late", "day_sheet"))))
    assert late_rolls == []
    async with stage.school.look(SYSTEM) as uow:
        _, missed = await missed_reminders(uow)
        assert missed == len(child.people)
    written = len(await letters(stage.school))
    await stage.later(minutes=1)
    assert len(await letters(stage.school)) == written
    asked = {key for kind, key in await letters(stage.school) if kind == "child_uncollected"}
    assert len(asked) == 2 and all(key and key.startswith(f"late:{child_id}:") for key in asked)
