"""Teachers at the roll, and after it: who turns up is put right by a typed name."""

from __future__ import annotations

from datetime import timedelta

from afterbell.simulate.fates import Fate, Part
from afterbell.simulate.habit import Habit, sessions_of
from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Life, Phone, in_turn
from afterbell.simulate.town import Town
from care.records import CareSession, Step

NOT_CALLED = "○"
A_TAP = timedelta(seconds=4)
TURNS_UP = timedelta(minutes=13)
"""After the duty lead has been told of a child whom its family does not have either."""


class TakesTheRoll(Habit):
    """Each planned teacher signs in about when the session begins, taps who is late or missing, then "all others"."""

    async def begin(self, town: Town, pace: Pace) -> None:
        for one in await sessions_of(town):
            if one.teacher_id is not None:
                phone = town.phone(one.teacher_id)
                at = one.starts_at + pace.human(timedelta(minutes=3))
                pace.live(at, "roll taken", in_turn(phone, self._roll(town, pace, phone, one)))

    async def _roll(self, town: Town, pace: Pace, phone: Phone, session: CareSession) -> Life:
        before = phone.acts - phone.double_taps
        await phone.send("/checkin")
        yield pace.human(A_TAP)
        if await phone.tap(f"ko:{session.id}"):
            yield pace.human(A_TAP)
        await phone.tap(f"ks:{session.id}", twice=0.1)
        yield pace.human(timedelta(seconds=60))
        fates = [one for one in town.fates.values() if one.session_id == session.id and one.part is not Part.HERE]
        if fates:
            await phone.tap(f"kl:{session.id}:1")
            yield pace.human(A_TAP)
        for fate in fates:
            shown = phone.finds(f"km:{fate.child_id}")
            if shown and shown[0].label.startswith(NOT_CALLED):  # who is on leave is marked so
                await phone.press(shown[0])
                yield pace.human(A_TAP)
                said = Step.LATE if fate.there else Step.ABSENT
                (found,) = [one for one in phone.finds(f"kd:{fate.child_id}") if one.data.endswith(f":{said.value}")]
                await phone.press(found)
                yield pace.human(A_TAP)
                if fate.part is Part.ASTRAY:
                    at = pace.clock.now() + TURNS_UP
                    pace.live(at, "found again", in_turn(phone, self._found(pace, phone, fate)))
        await phone.tap(f"ka:{session.id}", twice=0.2)
        town.roll_acts[session.id] = phone.acts - phone.double_taps - before
        yield pace.human(A_TAP)

    async def _found(self, pace: Pace, phone: Phone, fate: Fate) -> Life:
        """The child comes back; the teacher types its name."""
        await phone.send(f"/checkin {fate.name}")
        yield pace.human(A_TAP)
        for _ in range(2):  # where two have the name, the first tap chooses
            found = [one for one in phone.finds(f"kd:{fate.child_id}") if one.data.endswith(f":{Step.PRESENT.value}")]
            if found:
                await phone.press(found[0])
                fate.part = Part.HERE
                return
            await phone.tap(f"km:{fate.child_id}")
            yield pace.human(A_TAP)
