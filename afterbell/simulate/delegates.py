"""A guardian who sends somebody for this one day: name, relation and phone, and the code to tell at the gate."""

from __future__ import annotations

from datetime import timedelta

from afterbell.simulate.fates import Fate
from afterbell.simulate.pace import Pace
from afterbell.simulate.phone import Life, Phone
from care.pickup.adults import Authorised
from care.records.people import Relation
from care.records.pickup import Adult
from webchat.model import Message

A_TAP = timedelta(seconds=6)
NAME, PHONE = "邻居陈阿姨", "19900006666"


async def sends_somebody(pace: Pace, phone: Phone, message: Message, fate: Fate) -> Life:
    """From the reminder; from then on that adult is the one who comes."""
    for start in ("puo", "pud"):
        if not await phone.tap(start, message):
            return
        yield pace.human(A_TAP)
    await phone.send(NAME)
    yield pace.human(A_TAP)
    await _answer(phone, Relation.OTHER.value)
    yield pace.human(A_TAP)
    await phone.send(PHONE)
    yield pace.human(A_TAP)
    await _answer(phone, "yes")
    yield pace.human(A_TAP)
    for button in phone.finds("puf"):  # the slip is there: for whom, and with which code
        delegate_id = int(button.data.rpartition(":")[2])
        fate.adult = Authorised(Adult.DELEGATE, delegate_id, NAME, Relation.OTHER, PHONE)
        fate.by_code, fate.code = True, phone.code(button.message)
        pace.count("somebody sent for one day")
        return


async def _answer(phone: Phone, token: str) -> None:
    found = [one for one in phone.finds("puq") if one.data.endswith(f":{token}")]
    if found and not phone.blocked:
        await phone.press(found[0])
