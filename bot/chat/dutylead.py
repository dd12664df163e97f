"""What the duty lead of today is told: that the day is theirs to answer for."""

from __future__ import annotations

from datetime import date

from bot.chat.kinds import Context, Kind
from bot.wire.view import View
from care.records.day import CareDay


async def _duty_lead(c: Context) -> View | None:
    day = date.fromisoformat(c.params["date"])
    care_day = await c.uow.session.get(CareDay, day)
    if care_day is None or care_day.closed_at is not None or care_day.duty_lead_id != c.uow.actor.person_id:
        return None
    return View(
        c._(
            "You are duty lead today. Missing, disputed and uncollected children reach you here, and the day is closed "
            "by you. The live board is in the console: /console"
        )
    )


KINDS: dict[str, Kind] = {"duty_lead": Kind(_duty_lead, courtesy=True)}
