"""The ledger: whatever is changed by hand in the database is found, and the first such row is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from afternoon_school import TUESDAY, at, children_of, opened, session_of, teacher_of
from databases import Databases, make_school
from sqlalchemy import select, text, update

from care import rollcall
from care.custody.chain import Link, Side, append
from care.custody.ledger import Flaw, Verified, verify
from care.day.close import close_day
from care.errors import Conflict
from care.permissions import SYSTEM
from care.records import CareDay, Holder, Person, Step
from care.school import School

CLASS = "2(3)"


async def all_collected(school: School) -> None:
    async with opened(school, CLASS):
        await at(school, 14, 36)
        session = await session_of(school, CLASS)
        teacher = await teacher_of(school, CLASS)
        async with school.work(teacher) as uow:
            await rollcall.sign_in(uow, session.id)
            await rollcall.all_others_present(uow, session.id)
        await at(school, 17, 10)
        async with school.work(teacher) as uow:
            for child, _name in await children_of(school, session.id):
                await append(uow, child.id, Link(Step.RELEASED, Side(Holder.ADULT, None, "外婆")))


@pytest.fixture
async def day(databases: Databases) -> AsyncIterator[School]:
    """An afternoon to its end: all children of one class present, and collected."""
    school = make_school(*await databases.after(all_collected))
    yield school
    await school.close()


async def verified(school: School) -> Verified | Flaw:
    async with school.look(SYSTEM) as uow:
        return await verify(uow)


async def change(school: School, statement: str) -> None:
    async with school.work(SYSTEM) as uow:
        await uow.connection.execute(text(statement))


async def test_a_day_that_ran_its_course_holds(day: School) -> None:
    session = await session_of(day, CLASS)
    children = await children_of(day, session.id)
    found = await verified(day)
    assert isinstance(found, Verified) and (found.days, found.links, found.sealed) == (1, 3 * len(children), 0)
    await at(day, 20, 1)
    found = await verified(day)
    assert isinstance(found, Verified) and found.sealed == 1 and found.root is not None


CHANGES = {
    "a name": "UPDATE custody SET holder_name = '别人' WHERE id = {row}",
    "the adult's id": "UPDATE custody SET holder_id = 1 WHERE id = {row}",
    "the time": "UPDATE custody SET at = '2026-11-24 08:00:00.000000+00:00' WHERE id = {row}",
    "who tapped": "UPDATE custody SET by_name = '别人' WHERE id = {row}",
    "the proof": "UPDATE custody SET proof = 'signature' WHERE id = {row}",
    "the reason": "UPDATE custody SET remark = 'x' WHERE id = {row}",
    "what else is known": "UPDATE custody SET data = '{{\"code\": 1}}' WHERE id = {row}",
    "the step": "UPDATE custody SET step = 'lined_out' WHERE id = {row}",
    "who gave": "UPDATE custody SET giver_name = '别人' WHERE id = {row}",
    "the hash": "UPDATE custody SET sha256 = '0' WHERE id = {row}",
}


@pytest.mark.parametrize("what", CHANGES)
async def test_the_first_row_changed_by_hand_is_named(day: School, what: str) -> None:
    async with day.look(SYSTEM) as uow:
        rows = list(await uow.session.scalars(text("SELECT id FROM custody WHERE seq = 3 ORDER BY id")))
    row = rows[len(rows) // 2]
    await change(day, CHANGES[what].format(row=row))
    found = await verified(day)
    assert isinstance(found, Flaw) and (found.table, found.row, found.day) == ("custody", row, TUESDAY)


async def test_a_link_that_is_taken_away_is_missed(day: School) -> None:
    await change(day, "DELETE FROM custody WHERE id = (SELECT max(id) FROM custody)")
    found = await verified(day)
    assert isinstance(found, Flaw) and found.table == "day_child"


async def test_a_sealed_day_cannot_be_written_anew(day: School) -> None:
    """Whoever takes a whole child out, chain and all, breaks the day's seal."""
    await at(day, 20, 1)
    await change(day, "DELETE FROM custody WHERE day_child_id = (SELECT min(id) FROM day_child)")
    await change(day, "DELETE FROM day_child WHERE id = (SELECT min(id) FROM day_child)")
    found = await verified(day)
    assert isinstance(found, Flaw) and (found.table, found.day) == ("care_day", TUESDAY)


async def test_nothing_is_appended_to_a_sealed_day(day: School) -> None:
    session = await session_of(day, CLASS)
    (child, _name), *_ = await children_of(day, session.id)
    await at(day, 20, 1)
    with pytest.raises(Conflict, match="day_closed"):
        async with day.work(SYSTEM) as uow:
            await append(uow, child.id, Link(Step.UNDONE, Side(Holder.TEACHER, 1, "尹若岚")))


async def test_no_day_closes_with_a_child_in_somebodys_hands(school: School) -> None:
    async with opened(school, CLASS):
        with pytest.raises(Conflict) as refused:
            async with school.work(SYSTEM) as uow:
                await close_day(uow, TUESDAY)
        session = await session_of(school, CLASS)
        assert refused.value.code == "children_open"
        assert refused.value.values["n"] == len(await children_of(school, session.id))


UNDONE = Link(Step.UNDONE, Side(Holder.TEACHER, 1, "尹若岚"))


async def closes(school: School) -> str:
    try:
        async with school.work(SYSTEM) as uow:
            await close_day(uow, TUESDAY)
    except Conflict as error:
        return error.code
    return "closed"


async def test_no_day_closes_while_a_release_can_be_taken_back(day: School) -> None:
    """Neither by hand nor by the clock, which waits and tells nobody."""
    assert await closes(day) == "day_too_fresh"
    (child, _name), *_ = await children_of(day, (await session_of(day, CLASS)).id)
    await at(day, 19, 59)
    async with day.work(SYSTEM) as uow:
        await append(uow, child.id, UNDONE)
        await append(uow, child.id, Link(Step.RELEASED, Side(Holder.ADULT, None, "外婆")))
    await at(day, 20, 1)
    found = await verified(day)
    assert isinstance(found, Verified) and found.sealed == 0
    await at(day, 20, 2)
    found = await verified(day)
    assert isinstance(found, Verified) and found.sealed == 1
    async with day.look() as uow:
        assert (
            await uow.known_keys(
                f"day_open:{TUESDAY}:{person}" for person in await uow.session.scalars(select(Person.id))
            )
            == set()
        )


async def test_who_appends_and_who_seals_wait_for_each_other(day: School) -> None:
    await at(day, 18)
    (child, _name), *_ = await children_of(day, (await session_of(day, CLASS)).id)
    async with day.work(SYSTEM) as uow:
        await append(uow, child.id, UNDONE)
        closing = asyncio.create_task(closes(day))
        await asyncio.sleep(0.3)
        assert not closing.done()
    assert await closing == "children_open"
    async with day.work(SYSTEM) as uow:
        await append(uow, child.id, Link(Step.RELEASED, Side(Holder.ADULT, None, "外婆")))
    await at(day, 19)

    async def appends() -> None:
        async with day.work(SYSTEM) as uow:
            await append(uow, child.id, UNDONE)

    async with day.work(SYSTEM) as uow:
        await close_day(uow, TUESDAY)
        appending = asyncio.create_task(appends())
        await asyncio.sleep(0.3)
    with pytest.raises(Conflict, match="day_closed"):
        await appending
    found = await verified(day)
    assert isinstance(found, Verified) and found.sealed == 1


async def test_a_day_whose_lists_are_not_all_made_does_not_close(school: School) -> None:
    async with opened(school, CLASS):
        async with school.work(SYSTEM) as uow:
            await uow.session.execute(update(CareDay).values(planned_at=None))
        assert await closes(school) == "day_unplanned"
