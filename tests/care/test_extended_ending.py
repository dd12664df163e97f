"""The offer of extended care ends (S11): nobody is turned out in the middle of a day, nobody else comes in."""

from __future__ import annotations

import asyncio
from datetime import datetime, time

import pytest
from afternoon_school import TUESDAY, at
from extended_school import (
    DAY,
    attending,
    begin,
    by_approval,
    day_child,
    does,
    extended_session,
    guardian,
    letters,
    roll_taken,
    tries,
    wishes,
    with_role,
)
from sqlalchemy import select, text

from care import rollcall
from care.extended.asking import ask, own_children, withdraw
from care.extended.deciding import decide, grant_waiting
from care.extended.ending import still_holds, touched_by_end
from care.extended.roll import stayers
from care.extended.session import staying
from care.extended.standing import set_standing
from care.leave import give
from care.permissions import SYSTEM
from care.records import Adult, Application, CareDay, DayChild, ExtendedRequest, Proof, Role, Step, Term, Wish
from care.release.giving import release
from care.school import School
from care.term_changes import NOT_OFFERED, change_extended
from care.work import UnitOfWork


async def the_office_ends_it(school: School) -> None:
    async def end(uow: UnitOfWork) -> None:
        await change_extended(uow, (await uow.session.scalars(select(Term.id))).one(), NOT_OFFERED)

    await does(school, await with_role(school, Role.OFFICE), end)


async def who_stays(school: School) -> set[int]:
    async with school.look() as uow:
        found = await staying(uow, TUESDAY)
        assert {one.student_id for one in await stayers(uow, TUESDAY)} == (found.students if found else set())
        return set(found.students) if found else set()


async def test_who_stays_today_stays_and_nobody_else_can(school: School) -> None:
    await begin(school, stay=2)
    first, second, third, *_ = await attending(school)
    async with school.work(SYSTEM) as uow:
        there = await uow.session.get_one(DayChild, (await day_child(school, first)).id)
        there.extended_at = uow.now
    (session,) = await extended_session(school)
    await the_office_ends_it(school)
    assert await who_stays(school) == {first.student_id, second.student_id}
    async with school.look() as uow:
        found = await staying(uow, TUESDAY)
        assert found is not None and (found.ends_at, found.venue) == (session.ends_at, "澹台书院")
        assert not any(await uow.session.scalars(select(Application.extended_weekdays)))
    late, mum = await guardian(school, third), await guardian(school, second)
    assert await tries(school, late, lambda uow: ask(uow, third.student_id)) == "extended_ended"
    assert await tries(school, mum, lambda uow: withdraw(uow, second.student_id)) == "done", "at any time (S21)"
    assert await who_stays(school) == {first.student_id}
    await at(school, 12, 30, day=TUESDAY.replace(day=25))
    async with school.look(mum) as uow:
        assert await own_children(uow) == []


async def test_each_family_is_told_once_what_it_means(school: School) -> None:
    """One stays on Tuesdays, one asked for today and has no answer, one has nothing to do with it."""
    await begin(school, stay=1)
    await by_approval(school)
    stays, asked, other, *_ = await attending(school)
    assert await tries(school, await guardian(school, asked), lambda uow: ask(uow, asked.student_id)) == "done"
    await the_office_ends_it(school)
    await the_office_ends_it(school)
    told = await letters(school, "extended_ended")
    assert len(told) == len({one.person_id for one in told})
    said = {tuple(map(str, child)) for one in told for child in one.params["children"]}
    assert said == {
        (str(stays.student_id), "True", "False", f"[{DAY}]"),
        (str(asked.student_id), "False", "True", "[]"),
    }
    assert all(one.params["last_today"] for one in told)
    assert await wishes(school, [stays, asked, other]) == ["approved", "declined"]


@pytest.mark.parametrize("kept", [True, False])
async def test_whoever_waits_behind_the_end_comes_too_late(school: School, kept: bool) -> None:
    """One family asks, the school grants what another has asked, a third wants every Thursday, while it is ended."""
    await begin(school, stay=1 if kept else 0)
    await by_approval(school)
    _, asked, late, standing, *_ = await attending(school)
    await does(school, await guardian(school, asked), lambda uow: ask(uow, asked.student_id))
    about = (await letters(school, "extended_asked"))[0].params
    grants = lambda uow: decide(uow, about["request_id"], about["version"], Wish.APPROVED)  # noqa: E731
    office, *mums = await with_role(school, Role.OFFICE), await guardian(school, late), await guardian(school, standing)
    deeds = [
        (mums[0], lambda uow: ask(uow, late.student_id)),
        (office, grants),
        (mums[1], lambda uow: set_standing(uow, standing.student_id, standing.weekdays[-1], True)),
        (SYSTEM, lambda uow: grant_waiting(uow, about["request_id"])),
    ]
    async with school.work(office) as uow:
        await change_extended(uow, (await uow.session.scalars(select(Term.id))).one(), NOT_OFFERED)
        await uow.session.flush()
        waiting = [asyncio.create_task(tries(school, who, deed)) for who, deed in deeds]
        await waits_for_locks(uow, len(deeds))
    over = "extended_ended" if kept else "extended_not_today"
    told = await asyncio.gather(*waiting)
    assert told == [over, "stale" if kept else over, "extended_not_offered", "done"]
    assert await wishes(school, [asked, late, standing]) == ["declined"]
    assert len(await who_stays(school)) == (1 if kept else 0)


async def waits_for_locks(uow: UnitOfWork, number: int) -> None:
    """Until so many others wait for a row; on SQLite they wait for the transaction as a whole."""
    if uow.connection.dialect.name == "sqlite":
        return
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while await uow.session.scalar(query) < number:
        await asyncio.sleep(0.01)


async def test_before_the_day_opens_today_is_over_as_well(school: School) -> None:
    await begin(school, stay=1, opened=False)
    first = (await attending(school))[0]
    await the_office_ends_it(school)
    assert await who_stays(school) == set()
    told = await letters(school, "extended_ended")
    assert told and not any(one.params["last_today"] for one in told)
    await at(school, 12, 30)
    assert await extended_session(school) == []
    assert (await day_child(school, first)).extended_at is None


async def told_of(school: School) -> dict[int, tuple[bool, bool, bool]]:
    """Of each child that a letter is about: told that it stays, that it cannot, and of standing weekdays."""
    said = [child for one in await letters(school, "extended_ended") for child in one.params["children"]]
    return {student: (stays, refused, bool(days)) for student, stays, refused, days in said}


@pytest.mark.parametrize("moment", ["over", "sealed", "midnight"])
async def test_a_day_that_is_over_is_left_alone(school: School, moment: str) -> None:
    """One stays on Tuesdays, one was granted, one has no answer. With the end nobody is told anything of that day."""
    await begin(school, stay=1)
    standing, granted, asked, *_ = await attending(school)
    await does(school, await guardian(school, granted), lambda uow: ask(uow, granted.student_id))
    await by_approval(school)
    await does(school, await guardian(school, asked), lambda uow: ask(uow, asked.student_id))
    if moment == "midnight":
        await at(school, 0, 30, day=TUESDAY.replace(day=25))
    else:
        await at(school, 20 if moment == "over" else 18)
    async with school.work(SYSTEM) as uow:
        assert uow.day == TUESDAY
        (await uow.session.get_one(CareDay, TUESDAY)).closed_at = uow.now if moment == "sealed" else None
    await the_office_ends_it(school)
    assert await told_of(school) == {standing.student_id: (False, False, True)}
    told = await letters(school, "extended_ended")
    assert not any(one.params["last_today"] for one in told)
    assert await wishes(school, [granted, asked]) == ["approved", "asked" if moment == "sealed" else "lapsed"]
    if moment != "sealed":
        awake = datetime.combine(TUESDAY.replace(day=25), time(7, 30), school.zone)
        assert {one.due_at for one in told} == {awake}
        assert {standing.student_id, granted.student_id} <= await who_stays(school)


async def test_nothing_is_said_of_today_where_a_child_does_not_wait_for_it(school: School) -> None:
    """Of six who stay one is on leave, one missing, one collected, one taken over; the office reads the same."""
    await begin(school, stay=4)
    there, missing, gone, waits, granted, away, *_ = await attending(school)
    for one in (granted, away):
        await does(school, await guardian(school, one), lambda uow, one=one: ask(uow, one.student_id))
    await does(school, await guardian(school, away), lambda uow: give(uow, away.student_id, TUESDAY, TUESDAY))
    await at(school, 14, 40)
    teacher, _session = await roll_taken(school)
    lost = await day_child(school, missing)
    await does(school, teacher, lambda uow: rollcall.mark(uow, lost.id, Step.ABSENT))
    left, mum = await day_child(school, gone), await guardian(school, gone)
    ready = {left.id: left.last_seq}
    await does(school, teacher, lambda uow: release(uow, ready, Adult.GUARDIAN, mum.person_id or 0, Proof.LIST))
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(DayChild, (await day_child(school, there)).id)).extended_at = uow.now
        uow.session.add(_withdrawn(uow, there))
    async with school.look() as uow:
        touched = await touched_by_end(uow, (await uow.session.scalars(select(Term.id))).one())
    stay = {one.student_id for one in touched if one.stays}
    assert stay == {there.student_id, waits.student_id, granted.student_id}
    assert not any(one.refused for one in touched)
    await the_office_ends_it(school)
    assert await told_of(school) == {
        there.student_id: (False, False, True),
        missing.student_id: (False, False, True),
        gone.student_id: (False, False, True),
        waits.student_id: (True, False, True),
        granted.student_id: (True, False, False),
    }
    assert stay <= await who_stays(school), "who was taken over after all counts as granted"
    everyone = [there, missing, gone, waits, granted, away]
    assert await wishes(school, everyone) == ["approved"] * 6
    ids = [one.student_id for one in everyone]
    async with school.look() as uow:
        assert (await still_holds(uow, TUESDAY, ids)).stay == {waits.student_id, granted.student_id}
    await at(school, 18, 30)
    async with school.look() as uow:
        assert (await still_holds(uow, TUESDAY, ids)).until is None


def _withdrawn(uow: UnitOfWork, one: Application) -> ExtendedRequest:
    return ExtendedRequest(date=TUESDAY, student_id=one.student_id, state=Wish.WITHDRAWN, asked_at=uow.now)


async def test_after_midnight_a_family_speaks_of_the_new_date(school: School) -> None:
    """Tuesday is not sealed: Wednesday is asked for, granted and taken back; Tuesday stays as it was."""
    await begin(school, stay=0)
    child = next(one for one in await attending(school) if DAY + 1 in one.weekdays)
    mum, wednesday = await guardian(school, child), TUESDAY.replace(day=25)
    await at(school, 0, 30, day=wednesday)
    await does(school, mum, lambda uow: ask(uow, child.student_id))
    async with school.look() as uow:
        (request,) = await uow.session.scalars(select(ExtendedRequest))
        assert (uow.day, request.date, request.state) == (TUESDAY, wednesday, Wish.APPROVED)
    assert await extended_session(school) == [], "nobody needs one for the day gone by"
    await does(school, mum, lambda uow: set_standing(uow, child.student_id, DAY, True))
    assert await who_stays(school) == set(), "weekdays count from the next time"
    await does(school, mum, lambda uow: withdraw(uow, child.student_id))
    assert await wishes(school, [child]) == ["withdrawn", "withdrawn"]
