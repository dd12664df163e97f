"""Extended care gets another room while its session of today is made (S11): what is told is what is so."""

from __future__ import annotations

import asyncio

from extended_school import begin, does, extended_session, letters, with_role
from sqlalchemy import delete, select, text

from care.extended.session import open_extended, open_for_stayers
from care.permissions import SYSTEM
from care.records import CareSession, Role, SessionKind, Term, Venue, VenueKind
from care.school import School
from care.term_changes import ExtendedCare, change_extended
from care.work import UnitOfWork

HALL = "排练厅"


async def no_session_yet(school: School) -> int:
    """The day is open, and a child stays; the hall's id."""
    await begin(school, stay=1)
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(delete(CareSession).where(CareSession.kind == SessionKind.EXTENDED))
        hall = Venue(name=HALL, kind=VenueKind.EXTENDED)
        uow.session.add(hall)
        await uow.session.flush()
        return hall.id


async def moves(uow: UnitOfWork, hall: int) -> None:
    term = (await uow.session.scalars(select(Term))).one()
    await change_extended(uow, term.id, ExtendedCare(hall, term.extended_until, term.extended_capacity))


async def waits_for_a_lock(uow: UnitOfWork) -> None:
    """Until another one waits for a row; on SQLite it waits for the transaction as a whole."""
    if uow.connection.dialect.name == "postgresql":
        query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not await uow.session.scalar(query):
            await asyncio.sleep(0.01)


async def since(school: School) -> set[str]:
    return {letter.params["since"] for letter in await letters(school, "extended_moved")}


async def test_the_session_made_behind_the_change_has_the_new_room(school: School) -> None:
    hall, office = await no_session_yet(school), await with_role(school, Role.OFFICE)
    async with asyncio.timeout(20), school.work(office) as uow:
        await moves(uow, hall)
        opener = asyncio.create_task(does(school, SYSTEM, open_for_stayers))
        await waits_for_a_lock(uow)
    await opener
    (session,) = await extended_session(school)
    assert await since(school) == {session.date.isoformat()}
    assert session.venue == HALL


async def test_the_change_behind_the_session_counts_from_the_next_day(school: School) -> None:
    hall, office = await no_session_yet(school), await with_role(school, Role.OFFICE)
    async with asyncio.timeout(20), school.work(SYSTEM) as uow:
        await open_extended(uow)
        mover = asyncio.create_task(does(school, office, lambda other: moves(other, hall)))
        await waits_for_a_lock(uow)
    await mover
    (session,) = await extended_session(school)
    assert session.venue != HALL
    (day,) = await since(school)
    assert day > session.date.isoformat()
