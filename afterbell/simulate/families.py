"""What families do by themselves: leave, where is the child, the code on the way to the gate, a blocked bot."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from sqlalchemy import select

from afterbell.simulate.fates import Fate, Part
from afterbell.simulate.habit import Habit, sessions_of
from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Life, Phone, in_turn
from afterbell.simulate.town import Town
from care.records import Application, Contact, Guardianship, State
from care.records.pickup import Adult

A_TAP = timedelta(seconds=6)
LEAVE_SHARE, ASK_SHARE, BLOCK_SHARE = 0.025, 0.1, 0.012


class GivesLeave(Habit):
    """Some in the morning, some when the lists are made already."""

    async def morning(self, town: Town, pace: Pace) -> None:
        query = (
            select(Guardianship.student_id, Guardianship.person_id)
            .join(Application, Application.guardianship_id == Guardianship.id)
            .join(Contact, Contact.person_id == Guardianship.person_id)
            .add_columns(Application.weekdays)
            .where(Application.state == State.ENROLLED, Guardianship.restricted.is_(False))
            .order_by(Guardianship.student_id)
        )
        async with town.school.look() as uow:
            rows = [(row.student_id, row.person_id) for row in await uow.session.execute(query) if row.weekdays]
        for student_id, person_id in rows:
            if Random(f"{town.seed}:leave:{student_id}").random() < LEAVE_SHARE:
                phone = town.phone(person_id)
                at = pace.clock.now() + min(pace.human(timedelta(minutes=8)), timedelta(minutes=20))
                pace.live(at, "leave asked in the morning", in_turn(phone, self._leave(town, pace, phone, student_id)))

    async def begin(self, town: Town, pace: Pace) -> None:
        for fate in town.fates.values():
            if fate.part is Part.LEAVE_LATE and fate.guardians:
                phone = town.phone(fate.guardians[0])
                at = town.moment(13) + min(pace.human(timedelta(minutes=20)), timedelta(minutes=60))
                pace.live(at, "leave given late", in_turn(phone, self._leave(town, pace, phone, fate.student_id)))

    async def _leave(self, town: Town, pace: Pace, phone: Phone, student_id: int) -> Life:
        await phone.send("/leave")
        yield pace.human(A_TAP)
        if await phone.tap(f"lv:{student_id}"):
            yield pace.human(A_TAP)
        for start in (f"lvd:{student_id}:{town.day:%Y%m%d}", f"lvr:{student_id}", f"lvy:{student_id}"):
            if not await phone.tap(start, twice=0.1):
                return
            yield pace.human(A_TAP)


class AsksAboutTheChild(Habit):
    """Some families ask where their child is."""

    async def begin(self, town: Town, pace: Pace) -> None:
        for person_id in dict.fromkeys(one for fate in town.fates.values() for one in fate.guardians):
            chance = Random(f"{town.seed}:asks:{person_id}")
            if chance.random() < ASK_SHARE:
                at = town.moment(15) + timedelta(minutes=chance.uniform(0, 200))
                phone = town.phone(person_id)
                pace.live(at, "/children", in_turn(phone, _sends(phone, "/children")))


class FetchesTheCode(Habit):
    """Who comes with a code, and has none on the screen yet, sends /pickup on the way."""

    async def begin(self, town: Town, pace: Pace) -> None:
        ends = {one.id: one.ends_at for one in await sessions_of(town)}
        for fate in town.fates.values():
            if fate.by_code and fate.there and fate.adult is not None and fate.adult.adult is Adult.GUARDIAN:
                at = ends[fate.session_id] - timedelta(minutes=6) + min(fate.late, timedelta(minutes=5))
                phone = town.phone(fate.adult.id)
                pace.live(at, "looked for the code", in_turn(phone, self._fetch(pace, phone, fate)))

    async def _fetch(self, pace: Pace, phone: Phone, fate: Fate) -> Life:
        if not fate.code and not phone.blocked:
            await phone.send("/pickup")
            yield pace.human(A_TAP)
            last = phone.persona.last
            fate.code = phone.code(last) if last is not None else ""


class BlocksTheBot(Habit):
    """A few block the bot; half of them come back."""

    async def begin(self, town: Town, pace: Pace) -> None:
        for person_id in dict.fromkeys(one for fate in town.fates.values() for one in fate.guardians):
            chance = Random(f"{town.seed}:blocks:{person_id}")
            if chance.random() < BLOCK_SHARE and person_id not in town.staff:
                at = town.moment(12, 20) + timedelta(minutes=chance.uniform(0, 200))
                pace.live(at, "bot blocked", self._block(town, town.phone(person_id), chance.random() < 0.5))

    async def _block(self, town: Town, phone: Phone, comes_back: bool) -> Life:
        await phone.persona.block()
        town.blocked.add(phone.person_id)
        yield timedelta(minutes=60)
        if comes_back:
            await phone.persona.unblock()


async def _sends(phone: Phone, words: str) -> Life:
    await phone.send(words)
    yield A_TAP
