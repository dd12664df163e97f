"""Which day the school is in: midnight ends no care day while a child may still be here."""

from __future__ import annotations

from datetime import date, time, timedelta

from sqlalchemy import select

from care.errors import Conflict
from care.records.day import CareDay
from care.work import UnitOfWork

NIGHT_ENDS = time(5)
"""In the school's zone. From then on an unsealed day is one of the past, and what happened comes from paper."""


async def day_now(uow: UnitOfWork) -> date:
    """The care day under way (S14): today's date, or until ``NIGHT_ENDS`` the date before, while that day is not
    sealed. ``UnitOfWork.day`` holds it for all that is done about children who are here; what is planned, reminded of
    or given leave for goes by ``UnitOfWork.today``. By day nothing is read."""
    if uow.now.astimezone(uow.school.zone).time() >= NIGHT_ENDS:
        return uow.today
    before = uow.today - timedelta(days=1)
    query = select(CareDay.date).where(CareDay.date == before, CareDay.closed_at.is_(None))
    return (await uow.connection.execute(query)).scalar() or uow.today


def must_be_now(uow: UnitOfWork, day: date) -> None:
    """A keyboard outlives its day. Raises Conflict("of_another_day") where that is not the day under way."""
    if day != uow.day:
        raise Conflict("of_another_day")
