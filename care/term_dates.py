"""Single dates of the calendar when a wave is removed (S8, S9): its grades leave as another wave does on them, and
whoever comes or goes at another time than was known of such a date is told of it, as the calendar tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from care.calendar_changes import locked_date
from care.calendar_dates import DateState, state_of
from care.calendar_telling import tell, waiting, whom_to_tell
from care.records.day import CareDay
from care.records.people import SchoolClass, Student
from care.records.term import Term, Wave, WaveDay
from care.telling import Told
from care.work import UnitOfWork


async def lock_dates(uow: UnitOfWork, wave: Wave, into: Wave) -> None:
    """Nobody else changes these dates meanwhile."""
    for day in await own_dates(uow, wave, into):
        await locked_date(uow, day)


async def told_of_dates(uow: UnitOfWork, term: Term, wave: Wave, into: Wave) -> dict[date, Told]:
    """Whom it touches on each single date that the grades of this wave come to leave with the other; asked while both
    are there."""
    found = {}
    for day in await own_dates(uow, wave, into):
        now = await state_of(uow, day)
        then = replace(now, grades=dict.fromkeys(wave.grades, now.span(into)))
        found[day] = await whom_to_tell(uow, day, term, now, then)
    return found


async def own_dates(uow: UnitOfWork, *some: Wave) -> list[date]:
    """The dates still to be planned on which one of these waves has times of its own."""
    opened = select(CareDay.date).where(CareDay.date >= uow.today)
    query = (
        select(WaveDay.date)
        .where(WaveDay.wave_id.in_([wave.id for wave in some]), WaveDay.date >= uow.today, WaveDay.date.not_in(opened))
        .distinct()
        .order_by(WaveDay.date)
    )
    return list(await uow.session.scalars(query))


async def tell_of_dates(uow: UnitOfWork, wave: Wave, touched: Mapping[date, Told]) -> None:
    """Tells them, when the wave is removed. A letter that waits knows its times by the wave that is gone: one that
    knows them by the grades follows it."""
    await uow.session.flush()
    waits = await _waiting(uow, wave)
    for day in sorted({*touched, *waits}):
        told = waits.get(day, Told()) | touched.get(day, Told())
        if told:
            row = await locked_date(uow, day)
            row.version += 1
            known = [DateState.from_data(one.knows.as_data()) for one in told.people]
            people = [replace(one, knows=_by_grade(knows, wave)) for one, knows in zip(told.people, known, strict=True)]
            tell(uow, day, row.version, replace(told, people=tuple(people)))


async def _waiting(uow: UnitOfWork, wave: Wave) -> dict[date, Told]:
    """By date: for whom a letter waits that is about children of the wave's grades, or goes to staff."""
    of_it = select(Student.id).join(SchoolClass, SchoolClass.id == Student.school_class_id)
    children = set(await uow.session.scalars(of_it.where(SchoolClass.grade.in_(wave.grades))))
    return {
        day: Told(tuple(one for one in told.people if not one.students or children & set(one.students)))
        for day, told in (await waiting(uow)).items()
    }


def _by_grade(knows: DateState, wave: Wave) -> DateState:
    """The same without this wave."""
    times = {number: span for number, span in knows.times.items() if number != wave.id}
    return replace(knows, times=times, grades={**dict.fromkeys(wave.grades, knows.span(wave)), **knows.grades})
