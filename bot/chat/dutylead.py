"""What the duty lead of today is told: that the day is theirs to answer for, and which classes its plan left out."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from bot.chat.kinds import Context, Kind
from bot.wire.view import View
from care.people import name_of
from care.permissions import SYSTEM
from care.records.day import CareDay
from care.records.people import SchoolClass
from locales.labels import clock_on, day, listed


async def _duty_lead(c: Context) -> View | None:
    care_day = await c.uow.session.get(CareDay, date.fromisoformat(c.params["date"]))
    if care_day is None or care_day.closed_at is not None or care_day.duty_lead_id != c.uow.actor.person_id:
        return None
    return View(
        c._(
            "You are duty lead today. Missing, disputed and uncollected children reach you here, and the day is closed "
            "by you. The live board is in the console: /console"
        )
    )


async def _day_closed(c: Context) -> View | None:
    """To the duty lead: somebody else has closed their day."""
    care_day = await c.uow.session.get(CareDay, date.fromisoformat(c.params["date"]))
    if care_day is None or care_day.closed_at is None or care_day.duty_lead_id != c.uow.actor.person_id:
        return None
    return View(
        c._(
            "{name} has closed and sealed {date} at {time}. Nothing is left to do.",
            name=await name_of(c.uow, care_day.closed_by) or SYSTEM.name,
            date=day(c._, care_day.date),
            time=clock_on(c._, care_day.closed_at, c.uow.school.zone, care_day.date),
        )
    )


async def _without_wave(c: Context) -> View | None:
    """To who answers for the day and to the office: classes that are on no list today."""
    if c.params["date"] != c.uow.today.isoformat() or not c.uow.actor.is_staff:
        return None
    query = select(SchoolClass).where(SchoolClass.id.in_(c.params["class_ids"]))
    classes = await c.uow.session.scalars(query.order_by(SchoolClass.grade, SchoolClass.number))
    return View(
        c._(
            "⚠ These classes are on no list today, because their grade is in no dismissal wave: {classes}. Their "
            "children need somebody now. The office sets the waves in the console under “Term”.",
            classes=listed(c._, (one.name for one in classes)),
        )
    )


KINDS: dict[str, Kind] = {
    "class_without_wave": Kind(_without_wave),
    "day_closed": Kind(_day_closed),
    "duty_lead": Kind(_duty_lead, courtesy=True),
}
