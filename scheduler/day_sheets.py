"""Day sheets go out before each wave ends, so that they are at hand when the network is not (S10)."""

from __future__ import annotations

from care.day.rules import Rules
from care.day.sheets import SheetSession, about_to_end
from care.permissions import SYSTEM
from care.records.delivery import Class
from care.school import School
from care.work import UnitOfWork
from scheduler.parts import together


async def send_day_sheets(school: School, rules: Rules) -> None:
    """One for the teacher of each session that ends soon; who takes over later gets one as well."""
    async with school.look(SYSTEM) as uow:
        sessions = [one for one in await about_to_end(uow, rules.sheet_minutes) if one.teacher_id is not None]
        known = await uow.known_keys(f"{_key(one)}:{one.teacher_id}" for one in sessions)
    new = [one for one in sessions if f"{_key(one)}:{one.teacher_id}" not in known]
    if new:
        await together(school, _post, new)


def _key(session: SheetSession) -> str:
    return f"day_sheet:{session.session_id}"


async def _post(uow: UnitOfWork, session: SheetSession) -> None:
    """As a reminder: printing takes a while, and holds up no tap and no alarm."""
    assert session.teacher_id is not None
    await uow.post(
        "day_sheet",
        session.teacher_id,
        Class.REMINDER,
        key=_key(session),
        valid_until=session.ends_at,
        session_id=session.session_id,
    )
