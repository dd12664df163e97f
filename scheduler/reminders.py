"""The reminders before each wave (S9, S10): found by reading, posted in small transactions; the keys keep them single.

A reminder that is posted or sent late says so; one that could not go out while it was of use lapses in the outbox, and
the office sees it as missed.
"""

from __future__ import annotations

from care.day.rules import Rules
from care.permissions import SYSTEM
from care.pickup.reminding import KIND, DueReminder, as_listed, due_reminders
from care.records.delivery import Class
from care.school import School
from care.work import UnitOfWork
from scheduler.parts import by_itself, together

TOGETHER = 100
"""Letters that are posted in one transaction."""


async def remind(school: School, rules: Rules) -> None:
    """Posts today's reminders that are due and new. Before the first wave is near, it looks once and does nothing."""
    async with school.look(SYSTEM) as uow:
        new = await due_reminders(uow, rules.remind_minutes)
    for at in range(0, len(new), TOGETHER):
        await by_itself("dismissal", together(school, _post, new[at : at + TOGETHER]))


async def _post(uow: UnitOfWork, one: DueReminder) -> None:
    uow.post_new(
        KIND,
        one.person_id,
        Class.REMINDER,
        one.key,
        due=one.at,
        valid_until=one.until,
        date=uow.today.isoformat(),
        wave=one.wave,
        children=as_listed(one.children),
        at=one.at.isoformat(),
    )
