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

EARLY = timedelta(minutes=25)
COUNTS_WRONG = 0.15


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
        """Every class that waits to be counted."""
        await phone.send("/extended")
        yield pace.human(A_TAP)
        desk = phone.persona.last
        for button in phone.finds("exo", desk) if desk is not None else []:
            await phone.press(button)
            yield pace.human(A_TAP)
            if phone.chance.random() < COUNTS_WRONG:
                async for pause in self._one_by_one(pace, phone):
                    yield pause
            elif await phone.tap("exc", desk, twice=0.1):
                pace.count("class counted for extended care")
                yield pace.human(A_TAP)
            await phone.send("/extended")
            yield pace.human(A_TAP)
            desk = phone.persona.last

    async def _one_by_one(self, pace: Pace, phone: Phone) -> Life:
        """Ticks all but the last, is told that the counts differ, looks again, and ticks that one too."""
        for leave_out in (1, 0):
            for child in self._unticked(phone)[: None if not leave_out else -leave_out]:
                await phone.press(child)
                yield pace.human(A_TAP)
            if await phone.tap("exc"):
                pace.count("counts differed" if leave_out else "class counted one by one")
                yield pace.human(A_TAP)

    def _unticked(self, phone: Phone) -> list[Seen]:
        return [one for one in phone.finds("exk") if one.data.endswith(":1")]
