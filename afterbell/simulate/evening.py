"""The teacher of extended care: signs in, counts what the classes give, hands over."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from afterbell.simulate.gate import A_TAP, Gate
from afterbell.simulate.habit import Habit
from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Life, Phone, Seen, in_turn
from afterbell.simulate.town import Town
from care.extended.session import session_on
from care.people import holders
from care.records import CareSession, Role, StaffRole
from webchat.model import Message

EARLY = timedelta(minutes=25)
COUNTS_WRONG = 0.15
MOST_CLASSES = 40
"""In one go; a class that never comes out even is left for the next look."""


class KeepsExtendedCare(Habit):
    """A teacher without a class of their own. At times they overlook a child at first, and the counts differ."""

    async def begin(self, town: Town, pace: Pace) -> None:
        async with town.school.look() as uow:
            session = await session_on(uow, town.day)
            free = await holders(uow, Role.CARE_TEACHER)
            query = select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)
            busy = set(await uow.session.scalars(query))
        if session is None:
            return
        phone = town.phone(next(one for one in free if one not in busy))
        at = session.starts_at - EARLY - pace.human(timedelta(minutes=2))
        pace.live(at, "extended care kept", self._life(town, pace, phone, session))

    async def _life(self, town: Town, pace: Pace, phone: Phone, session: CareSession) -> Life:
        async for pause in in_turn(phone, self._sign_in(pace, phone)):
            yield pause
        gate = Gate(town, pace, phone, session.id, session.ends_at, extended=True)
        pace.live(session.ends_at - timedelta(minutes=30), "hand-over", gate.life())
        while pace.clock.now() < session.starts_at + timedelta(minutes=45):
            async for pause in in_turn(phone, self._count(pace, phone)):
                yield pause
            yield timedelta(minutes=1)

    async def _sign_in(self, pace: Pace, phone: Phone) -> Life:
        await phone.send("/extended")
        yield pace.human(A_TAP)
        await phone.tap("exi", twice=0.5)
        yield pace.human(A_TAP)

    async def _count(self, pace: Pace, phone: Phone) -> Life:
        """Every class that waits to be counted, one after the other."""
        for _ in range(MOST_CLASSES):
            await phone.send("/extended")
            yield pace.human(A_TAP)
            desk = phone.persona.last
            waiting = phone.finds("exo", desk) if desk is not None else []
            if desk is None or not waiting:
                return
            await phone.press(waiting[0])
            yield pace.human(A_TAP)
            if len(phone.finds("exk", desk)) > 1 and phone.chance.random() < COUNTS_WRONG:
                async for pause in self._one_by_one(pace, phone, desk):
                    yield pause
            elif await phone.tap("exc", desk, twice=0.1):
                pace.count("class counted for extended care")
                yield pace.human(A_TAP)

    async def _one_by_one(self, pace: Pace, phone: Phone, desk: Message) -> Life:
        """Ticks all but the last, is told that the counts differ, looks again, and ticks that one too."""
        for last in (False, True):
            unticked = _unticked(phone, desk)
            for child in unticked if last else unticked[:-1]:
                await phone.press(child)
                yield pace.human(A_TAP)
            if await phone.tap("exc", desk):
                pace.count("class counted one by one" if last else "counts differed")
                yield pace.human(A_TAP)


def _unticked(phone: Phone, desk: Message) -> list[Seen]:
    return [one for one in phone.finds("exk", desk) if one.data.endswith(":1")]
