"""A habit: how some people behave on the day that is played. It begins when the day is open; it may answer messages."""

from __future__ import annotations

from sqlalchemy import select

from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Phone
from afterbell.simulate.town import Town
from care.records import CareSession, SessionKind
from webchat.model import Message

PAPER_EVERY, PAPER_AT = 12, 2
"""Every so many classes one is without network at the gate, and writes on its day sheet."""


class Habit:
    async def morning(self, town: Town, pace: Pace) -> None:
        """Before the day opens."""

    async def begin(self, town: Town, pace: Pace) -> None:
        """Once the day is open."""

    async def reads(self, town: Town, pace: Pace, phone: Phone, message: Message) -> None:
        """A message with buttons has come to somebody's phone."""


async def sessions_of(town: Town) -> list[CareSession]:
    """The classes' sessions of the day."""
    async with town.school.look() as uow:
        query = select(CareSession).where(CareSession.date == town.day, CareSession.kind == SessionKind.CLASS)
        found = list(await uow.session.scalars(query.order_by(CareSession.id)))
    peopled = {fate.session_id for fate in town.fates.values()}
    return [one for one in found if one.id in peopled]


async def on_paper(town: Town) -> set[int]:
    """The sessions whose hand-over is written on paper."""
    return {one.id for at, one in enumerate(await sessions_of(town)) if at % PAPER_EVERY == PAPER_AT}
