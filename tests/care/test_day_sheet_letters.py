"""The day sheet goes out in time, once, to whoever is on duty."""

from __future__ import annotations

import pytest
from afternoon_school import at, opened, session_of, teacher_of
from day_sheet_steps import CLASS, holder_of, letters
from sqlalchemy import select, update
from stage import care_runs_in

from care import rollcall
from care.day.rules import Rules, rules_of, set_rules
from care.errors import Invalid
from care.permissions import SYSTEM
from care.records import CareSession, Role, Term
from care.records.delivery import Class
from care.school import School
from scheduler import afternoon


async def test_it_goes_out_forty_minutes_before_the_wave_ends_once(school: School) -> None:
    async with opened(school, CLASS, "3(5)"):
        teacher = await teacher_of(school, CLASS)
        await at(school, 16, 29)
        assert await letters(school) == []
        await at(school, 16, 30)
        (letter,) = await letters(school)
        session = await session_of(school, CLASS)
        assert (letter.person_id, letter.klass, letter.valid_until) == (
            teacher.person_id,
            Class.REMINDER,
            session.ends_at,
        )
        assert letter.params == {"session_id": session.id}
        for minute in (31, 44):
            await at(school, 16, minute)
        assert len(await letters(school)) == 1
        await at(school, 16, 45)
        assert [one.person_id for one in await letters(school)] == [
            teacher.person_id,
            (await teacher_of(school, "3(5)")).person_id,
        ]


async def test_who_takes_over_gets_one_as_well(school: School) -> None:
    async with opened(school, CLASS):
        session = await session_of(school, CLASS)
        await at(school, 16, 30)
        head = await holder_of(school, Role.HEAD)
        async with school.work(head) as uow:
            await rollcall.sign_in(uow, session.id)
        await at(school, 16, 31)
        assert [one.person_id for one in await letters(school)][1:] == [head.person_id]


async def test_none_goes_out_late_or_to_nobody(school: School) -> None:
    async with opened(school, CLASS):
        session = await session_of(school, CLASS)
        async with school.work(SYSTEM) as uow:
            await uow.session.execute(
                update(CareSession).where(CareSession.id == session.id).values(teacher_id=None, signed_in_id=None)
            )
        await at(school, 16, 40)
        await at(school, 17, 11)
        assert await letters(school) == []


async def test_the_minutes_are_a_setting(school: School) -> None:
    head = await holder_of(school, Role.HEAD)
    async with school.work(head) as uow:
        term_id = await uow.session.scalar(select(Term.id))
        assert term_id is not None
        with pytest.raises(Invalid, match="minutes_out_of_range"):
            await set_rules(uow, term_id, Rules(sheet_minutes=0))
    await care_runs_in(school, CLASS)
    async with school.work(head) as uow:
        await set_rules(uow, term_id, Rules(sheet_minutes=60))
        assert (await rules_of(uow, term_id)).sheet_minutes == 60
    await at(school, 12, 30)
    await at(school, 16, 10)
    assert len(await letters(school)) == 1


async def test_a_stop_between_posting_and_sending_doubles_nothing(school: School) -> None:
    async with opened(school, CLASS):
        stopped = False

        def stop(point: str) -> None:
            nonlocal stopped
            if point == "posting" and not stopped:
                stopped = True
                raise KeyboardInterrupt

        await at(school, 14, 36)
        school.reached = stop
        with pytest.raises(KeyboardInterrupt):
            await at(school, 16, 30)
        await afternoon.tick(school)
        await afternoon.tick(school)
        assert len(await letters(school)) == 1
