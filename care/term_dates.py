"""Single dates of the calendar when a wave is removed (S8, S9): its grades leave as another wave does on them, and
whoever comes or goes at another time than was known of such a date is told of it, as the calendar tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from care.calendar_changes import locked_date
from care.calendar_dates import Span, state_of
from care.calendar_telling import tell, whom_to_tell
from care.records.day import CareDay
from care.records.term import Term, Wave, WaveDay
from care.work import UnitOfWork


async def own_dates(uow: UnitOfWork, wave: Wave, into: Wave) -> dict[date, Span]:
    """The dates still to be planned on which one of these waves has times of its own, with those of ``wave``."""
    opened = select(CareDay.date).where(CareDay.date >= uow.today)
    query = (
        select(WaveDay.date)
        .where(WaveDay.wave_id.in_([wave.id, into.id]), WaveDay.date >= uow.today, WaveDay.date.not_in(opened))
        .distinct()
        .order_by(WaveDay.date)
    )
    return {day: (await state_of(uow, day)).span(wave) for day in list(await uow.session.scalars(query))}


async def tell_of_dates(
    uow: UnitOfWork, term: Term, grades: Collection[int], into: Wave, before: Mapping[date, Span]
) -> None:
    """Tells the families and staff of these grades, which leave with ``into`` now. ``before``: their times until
    now."""
    await uow.session.flush()
    for day, span in before.items():
        row, after = await locked_date(uow, day), await state_of(uow, day)
        known = replace(after, times={**after.times, into.id: span})
        told = await whom_to_tell(uow, day, term, known, after, grades)
        if told:
            row.version += 1
            tell(uow, day, row.version, told)
