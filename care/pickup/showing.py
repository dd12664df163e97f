"""What stands on guardians' screens about the way home: the reminders, the other guardian's word, the answers to
/pickup. Where a child leaves from another place, or at another time, each of them is to show it (S10, S11)."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, or_, select

from care.alarm_screens import show_again
from care.pickup.leaving import LOOK_AHEAD
from care.pickup.reminding import KIND as DISMISSAL
from care.pickup.reminding import listed
from care.records.day import DayChild
from care.records.delivery import Class, Letter, LetterState
from care.records.people import Guardianship
from care.release.late import family_keys
from care.work import UnitOfWork

SHOWN = "pickup_shown"
SAID = "pickup_said"
UNACCEPTED = "pickup_unaccepted"
AT_ONCE = 200
"""People whose screens are looked for in one query."""


def card_key(person_id: int) -> str:
    """The key of an answer to /pickup: by it the message is found again."""
    return f"{_cards_of(person_id)}{secrets.token_hex(8)}"


def _cards_of(person_id: int) -> str:
    return f"pickup:{person_id}:"


@dataclass(frozen=True)
class _OnScreen:
    """A message that has been sent: to whom, where it stands, and what it is about. A card is about all children."""

    person_id: int
    screen: tuple[str, int, int]
    children: tuple[int, ...] = ()
    date: str = ""


async def show_way_home(uow: UnitOfWork, student_ids: Collection[int]) -> None:
    """These children leave otherwise than their guardians may have read, today or on a later day: every message of that
    is drawn anew, as it stands when it goes out. What has not gone out yet needs none."""
    query = select(Guardianship.person_id, Guardianship.student_id).where(
        Guardianship.student_id.in_(list(student_ids)), Guardianship.restricted.is_(False)
    )
    of_person: dict[int, set[int]] = defaultdict(set)
    for person, student in await uow.session.execute(query.order_by(Guardianship.id)):
        of_person[person].add(student)
    people = list(of_person)
    today = select(DayChild.id).where(DayChild.student_id.in_(list(student_ids)), DayChild.date == uow.day)
    waited_for = [key for child in await uow.session.scalars(today) for key in family_keys(child)]
    await show_again(uow, "uncollected_moved", waited_for, people)
    for at in range(0, len(people), AT_ONCE):
        some = people[at : at + AT_ONCE]
        for one in [*await _about_children(uow, some), *await _cards(uow, some)]:
            to, screen, children = one.person_id, one.screen, list(one.children)
            if not children:
                await uow.post(SHOWN, to, Class.REMINDER, screen=screen)
            elif not of_person[to].isdisjoint(children):
                await uow.post(SHOWN, to, Class.REMINDER, screen=screen, date=one.date, children=children)


def _sent(uow: UnitOfWork) -> Select[*tuple[Any, ...]]:
    """What is on somebody's screen, and may be about today or a later day."""
    return (
        select(Letter.person_id, Letter.unique_key, Letter.params)
        .add_columns(Letter.channel, Letter.chat_id, Letter.message_id)
        .where(Letter.state == LetterState.SENT, Letter.message_id.is_not(None))
        .where(Letter.posted_at >= uow.now - LOOK_AHEAD)
        .order_by(Letter.id)
    )


async def _about_children(uow: UnitOfWork, people: Collection[int]) -> list[_OnScreen]:
    """Reminders, words of the other guardian, and what asks for another adult."""
    query = _sent(uow).where(Letter.person_id.in_(people), Letter.kind.in_((DISMISSAL, SAID, UNACCEPTED)))
    return [
        _OnScreen(person, (channel, chat, message), _children(params), params["date"])
        for person, _key, params, channel, chat, message in await uow.session.execute(query)
        if date.fromisoformat(params["date"]) >= uow.day
    ]


def _children(params: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(listed(params["children"]) if "children" in params else map(int, params["said_at"]))


async def _cards(uow: UnitOfWork, people: Collection[int]) -> list[_OnScreen]:
    """Answers to /pickup."""
    own = {_cards_of(person): person for person in people}
    query = _sent(uow).where(or_(*(and_(Letter.unique_key > one, Letter.unique_key < one + "z") for one in own)))
    return [
        _OnScreen(own[key[: key.rindex(":") + 1]], (channel, chat, message))
        for _person, key, params, channel, chat, message in await uow.session.execute(query)
        if key.startswith(tuple(own)) and max(map(date.fromisoformat, params["days"])) >= uow.day
    ]
