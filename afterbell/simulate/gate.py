"""Teachers at the gate: line out, then one adult after the other, by code or by the list, until nobody waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
from sqlalchemy import select

from afterbell.simulate.fates import Fate, Odd
from afterbell.simulate.habit import Habit, on_paper, sessions_of
from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Life, Phone, Seen, in_turn
from afterbell.simulate.town import Town
from bot.chat.handover.words import pack_adult
from care.custody.chain import CHAIN
from care.custody.steps import HERE
from care.extended.session import staying
from care.pickup.codes import LINK
from care.records import CareSession, DayChild

A_TAP = timedelta(seconds=4)
LOOKS_UP = timedelta(seconds=20)
GIVES_UP = 5
"""After so many tries a child is left to the account: something is wrong with the product."""
AGAIN = timedelta(minutes=12)
"""After somebody unknown was sent away, the family comes itself."""
SCANS = 0.3
"""The share of codes that are scanned, which opens the deep link, instead of typed."""
SIGNS = 0.4
"""The share of adults from the list who sign on the teacher's phone; the others are known to the teacher."""
INK = "[[[20,150],[160,30],[280,170],[420,60]]]"
NOBODY_KNOWN = "王二顺，说是孩子的叔叔"


async def signed(town: Town, address: str) -> bool:
    """The adult opens the signing page and signs. Whether the page took it."""
    page = address.replace(town.school.address, town.console)
    async with aiohttp.ClientSession(headers={"origin": town.console}) as browser:
        async with browser.get(page) as shown:
            await shown.read()
        async with browser.post(page, data={"points": INK}) as answer:
            return answer.status == 200


class HandsOver(Habit):
    """Gives those who stay to extended care, lines the others out, and hands them over at the gate."""

    async def begin(self, town: Town, pace: Pace) -> None:
        paper = await on_paper(town)
        for one in await sessions_of(town):
            if one.teacher_id is not None:
                phone = town.phone(one.teacher_id)
                passing = self._passing(town, pace, phone, one)
                pace.live(one.ends_at - timedelta(minutes=4), "stayers given", passing)
                if one.id not in paper:
                    gate = Gate(town, pace, phone, one.id, one.ends_at)
                    pace.live(one.ends_at - pace.human(timedelta(minutes=1)), "hand-over", gate.life())

    async def _passing(self, town: Town, pace: Pace, phone: Phone, session: CareSession) -> Life:
        """Families may still ask for extended care: then another few are given."""
        for _ in range(8):
            async with town.school.look() as uow:
                stay = await staying(uow, town.day)
            here = await standing_at(town, session.id)
            if stay is not None and any(one.student_id in stay.students for one in here):
                async for pause in in_turn(phone, self._give(pace, phone, session)):
                    yield pause
            yield timedelta(minutes=4)

    async def _give(self, pace: Pace, phone: Phone, session: CareSession) -> Life:
        await phone.send("/extended")
        yield pace.human(A_TAP)
        await phone.tap(f"exp:{session.id}")
        yield pace.human(A_TAP)
        await phone.tap(f"exw:{session.id}", twice=0.2)
        yield pace.human(A_TAP)


async def standing_at(town: Town, session_id: int, extended: bool = False) -> list[Fate]:
    """The children whom the teacher sees before them."""
    query = (
        select(DayChild.id)
        .join(CHAIN, (CHAIN.c.day_child_id == DayChild.id) & (CHAIN.c.seq == DayChild.last_seq))
        .where(DayChild.date == town.day, CHAIN.c.step.in_(HERE))
        .order_by(DayChild.id)
    )
    if extended:
        query = query.where(DayChild.extended_at.is_not(None))
    else:
        query = query.where(DayChild.session_id == session_id, DayChild.extended_at.is_(None))
    async with town.school.look() as uow:
        return [town.fates[child_id] for child_id in await uow.session.scalars(query)]


class Gate:
    """One teacher with one list."""

    def __init__(
        self, town: Town, pace: Pace, phone: Phone, session_id: int, ends_at: datetime, extended: bool = False
    ) -> None:
        self.town, self.pace, self.phone = town, pace, phone
        self.session_id, self.ends_at, self.extended = session_id, ends_at, extended

    def _short(self) -> timedelta:
        return self.pace.human(A_TAP)

    async def life(self) -> Life:
        async for pause in in_turn(self.phone, self._line_out()):
            yield pause
        while True:
            waiting = await self._waiting()
            if not waiting:
                return
            here = [one for one in waiting if one.comes_at(self.ends_at, self.extended) <= self.pace.clock.now()]
            if here:
                async for pause in in_turn(self.phone, self._serve(here[0])):
                    yield pause
            else:
                yield LOOKS_UP

    async def _waiting(self) -> list[Fate]:
        """Those who leave from here, in the order in which they are fetched."""
        found = [one for one in await standing_at(self.town, self.session_id, self.extended) if one.tries < GIVES_UP]
        if not self.extended:
            async with self.town.school.look() as uow:
                stay = await staying(uow, self.town.day)
            found = [one for one in found if stay is None or one.student_id not in stay.students]
        return sorted(found, key=lambda one: one.late)

    async def _line_out(self) -> Life:
        async for pause in self._list():
            yield pause
        await self.phone.tap(f"ho:{self.session_id}", twice=0.1)
        yield self._short()

    async def _list(self) -> AsyncIterator[timedelta]:
        """The list anew, as the newest message."""
        await self.phone.send("/handover")
        yield self._short()
        last = self.phone.persona.last
        mine = self.phone.finds("hs", last) if last is not None else []
        chosen = next((one for one in mine if one.data == f"hs:{self.session_id}"), None)
        if chosen is not None:  # who has several lists is asked which
            await self.phone.press(chosen)
            yield self._short()

    async def _serve(self, fate: Fate) -> Life:
        """An adult stands there and says whom they fetch."""
        fate.tries += 1
        if fate.odd is Odd.UNLISTED:
            served = self._send_away(fate)
        elif fate.adult is None:
            served = self._alone(fate)
        elif fate.by_code and fate.code and fate.tries == 1:
            served = self._by_code(fate)
        else:
            served = self._by_list(fate)
        async for pause in served:
            yield pause
        if fate.odd is Odd.UNDONE and fate.adult is not None:
            async for pause in self._take_back(fate):
                yield pause

    async def _card(self, fate: Fate) -> AsyncIterator[timedelta]:
        if not await self.phone.tap(f"hk:{fate.child_id}"):
            async for pause in self._list():
                yield pause
            if not await self.phone.tap(f"hk:{fate.child_id}"):
                async for pause in self._class_of(fate):
                    yield pause
                await self.phone.tap(f"hk:{fate.child_id}")
        yield self._short()

    async def _class_of(self, fate: Fate) -> AsyncIterator[timedelta]:
        """Of many children the list shows the classes first."""
        for one in self.phone.finds(f"hs:{self.session_id}"):
            if one.label.startswith(f"{fate.school_class} · "):
                await self.phone.press(one)
                yield self._short()
                return

    async def _by_code(self, fate: Fate) -> Life:
        if fate.odd is Odd.WRONG_CODE:
            fate.odd = Odd.NOTHING
            await self.phone.send(fate.code[:-1] + ("A" if fate.code[-1] != "A" else "B"))
            self.pace.count("wrong code typed")
            yield self._short()
        if self.phone.chance.random() < SCANS:
            await self.phone.send(f"/start {LINK}{fate.code.replace(' ', '')}")
            self.pace.count("code scanned")
        else:
            await self.phone.send(fate.code.lower())
        yield self._short()
        async for pause in self._hand_over(fate, "handed over by code"):
            yield pause

    async def _by_list(self, fate: Fate) -> Life:
        assert fate.adult is not None
        async for pause in self._card(fate):
            yield pause
        await self.phone.tap(f"ha:{fate.child_id}:{pack_adult(fate.adult.adult, fate.adult.id)}")
        yield self._short()
        address = self.phone.link("/sign/")
        if address and self.phone.chance.random() < SIGNS:
            if await signed(self.town, address):
                self.pace.count("handed over by signature")
                yield self._short()
                return
            self.pace.count("signature refused")
        async for pause in self._hand_over(fate, "handed over by the list"):
            yield pause

    async def _hand_over(self, fate: Fate, what: str) -> AsyncIterator[timedelta]:
        """The button for this child alone; where two have one name, the question after it too."""
        for _ in range(2):
            found = self._buttons(fate)
            if not found:
                break
            await self.phone.press(found[0])
            if self.phone.chance.random() < 0.08:
                self.phone.double_taps += 1
                await self.phone.press(found[0])
            yield self._short()
        self.pace.count(what)

    def _buttons(self, fate: Fate) -> list[Seen]:
        """To hand over this child alone, on the newest message that offers it; below may stand older questions."""
        for shown in reversed(self.phone.persona.messages):
            mine = [one for one in self.phone.finds("hg", shown) if f":{fate.child_id}." in one.data]
            if mine:
                return sorted(mine, key=lambda one: len(one.data))
        return []

    async def _alone(self, fate: Fate) -> Life:
        for _ in range(2):
            async for pause in self._card(fate):
                yield pause
            await self.phone.tap(f"hl:{fate.child_id}")
            yield self._short()
            if await self.phone.tap(f"hl:{fate.child_id}"):
                self.pace.count("left alone")
                yield self._short()
                return

    async def _send_away(self, fate: Fate) -> Life:
        """Somebody whom the family has not named does not get the child, and the family comes later."""
        fate.odd, fate.late = Odd.NOTHING, fate.late + AGAIN
        async for pause in self._card(fate):
            yield pause
        await self.phone.tap(f"hn:{fate.child_id}")
        yield self._short()
        await self.phone.send(NOBODY_KNOWN)
        self.pace.count("unlisted adult refused")
        yield self._short()

    async def _take_back(self, fate: Fate) -> AsyncIterator[timedelta]:
        """The teacher notices at once that it was the wrong child, takes it back and does it again."""
        fate.odd = Odd.NOTHING
        if await self.phone.tap(f"hu:{fate.child_id}"):
            yield self._short()
            await self.phone.tap(f"hw:{fate.child_id}", twice=0.2)
            fate.tries = 0
            self.pace.count("hand-over taken back")
            yield self._short()
