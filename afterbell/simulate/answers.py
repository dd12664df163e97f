"""What people do about the messages that come to them."""

from __future__ import annotations

from datetime import timedelta

from afterbell.simulate.delegates import sends_somebody
from afterbell.simulate.fates import Fate, Part
from afterbell.simulate.habit import Habit
from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Life, Phone, in_turn
from afterbell.simulate.town import Town
from bot.chat.pickup.party import LETTERS
from care.records.day import Answer
from care.records.pickup import Adult
from webchat.model import Message

A_TAP = timedelta(seconds=6)
LOOKS = timedelta(minutes=3)
"""How long a letter lies there, mostly."""
ANSWER_SHARE, STAY_SHARE, SEND_SHARE, KNOW_SHARE, THANK_SHARE, DENY_SHARE = 0.7, 0.03, 0.04, 0.7, 0.5, 0.006


class AnswersReminders(Habit):
    """I come, someone else comes, extended care, or nothing."""

    async def reads(self, town: Town, pace: Pace, phone: Phone, message: Message) -> None:
        if phone.finds("pui", message) and phone.chance.random() < ANSWER_SHARE:
            life = self._answer(town, pace, phone, message)
            pace.live(pace.clock.now() + pace.human(LOOKS), "reminder answered", in_turn(phone, life))

    async def _answer(self, town: Town, pace: Pace, phone: Phone, message: Message) -> Life:
        asked = [one for one in town.fates_of(phone.person_id) if one.there and one.name in message.text]
        if phone.chance.random() < STAY_SHARE and await phone.tap("go:extended", message):
            yield pace.human(A_TAP)
            await phone.tap("exy", twice=0.2)
            pace.count("asked to stay today")
            yield pace.human(A_TAP)
            return
        fate = next((one for one in asked if one.adult is not None), None)
        if fate is None or fate.adult is None:  # they leave alone
            return
        adult = fate.adult
        if phone.chance.random() < SEND_SHARE and adult.id == phone.person_id:
            async for pause in sends_somebody(pace, phone, message, fate):
                yield pause
            return
        if (adult.adult, adult.id) == (Adult.GUARDIAN, phone.person_id):
            await phone.tap("pui", message, twice=0.1)
        else:
            await phone.tap("puo", message)
            yield pace.human(A_TAP)
            chosen = f":{LETTERS[adult.adult]}:{adult.id}"
            found = [one for one in phone.finds("pua", message) if one.data.endswith(chosen)]
            if not found:
                return
            await phone.press(found[0])
        for one in asked:
            one.adult = one.adult or adult  # it goes for all whom the message names
        yield pace.human(A_TAP)
        fate.code = fate.code or phone.code(message)


class SaysWhereTheChildIs(Habit):
    """ "Is the child with you?" Some do not see the question."""

    async def reads(self, town: Town, pace: Pace, phone: Phone, message: Message) -> None:
        asked = [one for one in town.fates_of(phone.person_id) if one.name in message.text]
        if phone.finds("ma", message) and asked and phone.chance.random() < KNOW_SHARE:
            at = pace.clock.now() + pace.human(LOOKS)
            pace.live(at, "question answered", in_turn(phone, self._say(pace, phone, message, asked[0])))

    async def _say(self, pace: Pace, phone: Phone, message: Message, fate: Fate) -> Life:
        word = Answer.NOT_HERE if fate.part in (Part.ASTRAY, Part.HERE) else Answer.WITH_ME
        found = [one for one in phone.finds("ma", message) if one.data.endswith(f":{word.value}")]
        if found and not phone.blocked:
            await phone.press(found[0])
            yield pace.human(A_TAP)


class Acknowledges(Habit):
    """ "Handed to …": many acknowledge, some twice, and a few say "not right"."""

    async def reads(self, town: Town, pace: Pace, phone: Phone, message: Message) -> None:
        drawn = phone.chance.random()
        if phone.finds("hx", message) and drawn < THANK_SHARE:
            verb, what = ("hx", "hand-over disputed") if drawn < DENY_SHARE else ("hq", "hand-over acknowledged")
            pace.live(pace.clock.now() + pace.human(LOOKS), what, in_turn(phone, self._tap(pace, phone, message, verb)))

    async def _tap(self, pace: Pace, phone: Phone, message: Message, verb: str) -> Life:
        await phone.tap(verb, message, twice=0.1)
        yield pace.human(A_TAP)


class ClosesMissing(Habit):
    """Teachers and the duty lead close the alarm of a child of whom they know that it is at home."""

    async def reads(self, town: Town, pace: Pace, phone: Phone, message: Message) -> None:
        if phone.finds("mc", message) and phone.person_id in town.staff:
            about = [one for one in town.fates.values() if one.name in message.text]
            if about and not any(one.part in (Part.ASTRAY, Part.HERE, Part.LATE) for one in about):
                at = pace.clock.now() + LOOKS + pace.human(LOOKS)
                pace.live(at, "missing child explained", in_turn(phone, self._close(pace, phone, message)))

    async def _close(self, pace: Pace, phone: Phone, message: Message) -> Life:
        if await phone.tap("mc", message):
            yield pace.human(A_TAP)
            await phone.tap("mr", message)
            yield pace.human(A_TAP)
            if phone.finds("ms", message):  # a guardian has said that it is not with them
                await phone.tap("ms", message)
                yield pace.human(A_TAP)


class ClosesGateAlarms(Habit):
    """The duty lead looks after what happened at the gate, and types how it ended."""

    async def reads(self, town: Town, pace: Pace, phone: Phone, message: Message) -> None:
        if phone.finds("hc", message):
            at = pace.clock.now() + LOOKS + pace.human(LOOKS)
            pace.live(at, "gate alarm seen to", in_turn(phone, self._close(pace, phone, message)))

    async def _close(self, pace: Pace, phone: Phone, message: Message) -> Life:
        newest = phone.persona.last
        await phone.tap("hc", message)
        yield pace.human(A_TAP)
        since = [one for one in phone.persona.messages if newest is not None and one.id > newest.id]
        if any(not one.markup for one in since):  # the question how it ended; other letters may come between
            await phone.send("已电话核实，一切正常。")
            yield pace.human(A_TAP)
