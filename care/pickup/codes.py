"""Pick-up codes: six letters and digits without look-alikes, one an adult and date, unique among all of that date.

A code is never stored: it is made from the school's key and its row, and found by its keyed hash. Where another adult
has the first of a row's codes that day, the row takes the next; the hash tells which one it has.
"""

from __future__ import annotations

import secrets
from datetime import date
from enum import StrEnum

from sqlalchemy import select

from care.keys import ALPHABET
from care.linking import TRIES_PER_HOUR, cut_off, normal_code
from care.records.people import WrongCode
from care.records.pickup import Adult, PickupCode
from care.work import UnitOfWork

LENGTH = 6
PURPOSE = "pickup"
LINK = "pk"
"""What the payload of a code's QR deep link begins with, before the code."""
TRIES = TRIES_PER_HOUR
CHOICES = 4
"""Of 900 million codes four are free for ever: with 5,000 a date, four that are all taken come once in 10^21 rows."""


class WrongTry(StrEnum):
    """Why a typed code led to nobody."""

    UNKNOWN = "unknown"
    TOO_MANY = "too_many"


def shown(code: str) -> str:
    """As it is read out: two groups of three."""
    return f"{code[:3]} {code[3:]}"


async def code_for(uow: UnitOfWork, adult: Adult, adult_id: int, day: date) -> str:
    """The adult's code of a date; made when it is first asked for, the same ever after."""
    row = await _row_for(uow, adult, adult_id, day)
    if row is None:
        row = PickupCode(date=day, adult=adult, adult_id=adult_id, code_hash=secrets.token_hex(32), made_at=uow.now)
        uow.session.add(row)
        await uow.session.flush()
    made = _code_of(uow, row)
    if made is not None:
        return made
    code = await _free(uow, row)
    row.code_hash = _fingerprint(uow, code)
    await uow.session.flush()
    return code


async def code_made(uow: UnitOfWork, adult: Adult, adult_id: int, day: date) -> str | None:
    """The adult's code of a date, where it has been asked for before."""
    row = await _row_for(uow, adult, adult_id, day)
    return None if row is None else _code_of(uow, row)


async def _row_for(uow: UnitOfWork, adult: Adult, adult_id: int, day: date) -> PickupCode | None:
    query = select(PickupCode).where(PickupCode.date == day, PickupCode.adult == adult, PickupCode.adult_id == adult_id)
    return (await uow.session.scalars(query)).first()


def _code_of(uow: UnitOfWork, row: PickupCode) -> str | None:
    """None for a row that has just been made."""
    return next((code for code in choices(uow, row.id) if _fingerprint(uow, code) == row.code_hash), None)


def choices(uow: UnitOfWork, number: int) -> list[str]:
    """The codes that a row can have, in the order in which they are tried; none can be told from another."""
    purposes = (PURPOSE, *(f"{PURPOSE} {nth}" for nth in range(2, CHOICES + 1)))
    return [uow.school.keys.code(purpose, number, LENGTH) for purpose in purposes]


async def _free(uow: UnitOfWork, row: PickupCode) -> str:
    """The first of the row's codes that nobody else has on its date."""
    for code in choices(uow, row.id):
        if await _row_of(uow, _fingerprint(uow, code), row.date) is None:
            return code
    raise RuntimeError("every pick-up code that a row can have is somebody else's that day")


def _fingerprint(uow: UnitOfWork, code: str) -> str:
    return uow.school.keys.fingerprint(PURPOSE, code)


async def _row_of(uow: UnitOfWork, fingerprint: str, day: date) -> PickupCode | None:
    query = select(PickupCode).where(PickupCode.date == day, PickupCode.code_hash == fingerprint)
    return (await uow.session.scalars(query)).first()


async def whose(uow: UnitOfWork, written: str, day: date) -> PickupCode | None:
    """Whose code of this date it is, as typed or read from a QR code; None when it is nobody's."""
    return await _row_of(uow, _fingerprint(uow, normal_code(written)), day)


def is_code(written: str) -> bool:
    """Whether this has the form of a pick-up code."""
    code = normal_code(written)
    return len(code) == LENGTH and set(code) <= set(ALPHABET)


def from_link(payload: str) -> str:
    """The code in a deep link's payload; empty when it carries none."""
    return payload[len(LINK) :] if payload.startswith(LINK) and is_code(payload[len(LINK) :]) else ""


async def try_code(uow: UnitOfWork, written: str, day: date, channel: str, chat_id: int) -> PickupCode | WrongTry:
    """Whose code of this date it is. A wrong try is counted against the chat; after ten in an hour it must wait, and
    the right code does not help either."""
    if await cut_off(uow, channel, chat_id):
        return WrongTry.TOO_MANY
    row = await whose(uow, written, day)
    if row is not None:
        return row
    uow.session.add(WrongCode(channel=channel, chat_id=chat_id, at=uow.now))
    return WrongTry.UNKNOWN
