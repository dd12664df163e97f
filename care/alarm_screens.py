"""The letters of an alarm that stand on screens: once something has come of it, they say so in place of their
buttons."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import select

from care.records.day import Alarm, AlarmAnswer, AlarmKind, DayChild
from care.records.delivery import Class, Letter, LetterState
from care.records.people import StaffRole
from care.work import UnitOfWork

NEVER_CAME = (LetterState.FAILED, LetterState.LAPSED)


async def show_again(
    uow: UnitOfWork,
    kind: str,
    keys: Iterable[str],
    people: Collection[int] | None = None,
    newest_only: bool = False,
    **params: Any,
) -> None:
    """Each message that these people (None: anybody of the staff) have been sent under one of these keys is to show how
    it stands now: a letter of ``kind`` goes out in its place. What has not gone out yet needs none: a letter looks at
    the present state when it does. ``params`` are added to what the message was about, and ``newest``: no later one of
    these messages is with the person (``newest_only``: the others stay as they are)."""
    if people is None:
        people = set(await uow.session.scalars(select(StaffRole.person_id)))
    wanted = [f"{key}:{person}" for key in keys for person in people]
    query = (
        select(Letter.id, Letter.person_id, Letter.params, Letter.channel, Letter.chat_id, Letter.message_id)
        .where(Letter.unique_key.in_(wanted), Letter.state == LetterState.SENT, Letter.message_id.is_not(None))
        .order_by(Letter.id)
    )
    rows = (await uow.session.execute(query)).all()
    newest = {row.person_id: row.id for row in rows}
    for letter_id, person, about, *screen in rows:
        if person is not None and not (newest_only and newest[person] != letter_id):
            now = {**about, **params, "screen": screen, "at": uow.now.isoformat()}
            await uow.post(kind, person, Class.ALARM, **now, newest=newest[person] == letter_id)


async def show_missing(uow: UnitOfWork, alarm: Alarm, guardians: Collection[int], told: bool = False) -> None:
    """The question on these guardians' screens, and once it is over the letters to the staff, say how it stands.
    ``told``: how it ended they read in a letter of its own."""
    answers = list(await uow.session.scalars(select(AlarmAnswer.id).where(AlarmAnswer.alarm_id == alarm.id)))
    keys = [f"missing:{alarm.id}", *(key(one) for one in answers for key in (contradicted_key, with_key))]
    await show_again(uow, "missing_shown", keys, guardians, alarm_id=alarm.id, asked=True, told=told)
    if alarm.closed_at is not None:
        await show_again(uow, "missing_shown", card_keys(alarm.id, answers), alarm_id=alarm.id, asked=False)


async def post_card(uow: UnitOfWork, kind: str, people: Collection[int], key: str, alarm: Alarm) -> None:
    """How it stands with a missing child, for these members of the staff. The card before it on their screens points to
    it: of one alarm the newest alone has buttons."""
    await uow.post(kind, people, Class.ALARM, key=key, alarm_id=alarm.id, card=key)
    answers = await uow.session.scalars(select(AlarmAnswer.id).where(AlarmAnswer.alarm_id == alarm.id))
    before = [one for one in card_keys(alarm.id, answers) if one != key]
    await show_again(uow, "missing_shown", before, people, newest_only=True, alarm_id=alarm.id, asked=False)


async def is_newest_card(
    uow: UnitOfWork, alarm_id: int, key: str | None, screen: tuple[str, int, int] | None = None
) -> bool:
    """Whether no later card about this missing child has come to the actor, or is to come, than the one of this key.
    A card of an earlier version names none: it is known by the message where it stands, ``screen``."""
    answers = await uow.session.scalars(select(AlarmAnswer.id).where(AlarmAnswer.alarm_id == alarm_id))
    keys = [f"{one}:{uow.actor.person_id}" for one in card_keys(alarm_id, answers)]
    query = (
        select(Letter.unique_key, Letter.params, Letter.channel, Letter.chat_id, Letter.message_id)
        .where(Letter.unique_key.in_(keys), Letter.state.not_in(NEVER_CAME))
        .order_by(Letter.id.desc())
        .limit(1)
    )
    newest = (await uow.session.execute(query)).first()
    if newest is None:
        return True
    if key is not None:
        return bool(newest.unique_key == f"{key}:{uow.actor.person_id}")
    stands = (newest.channel, newest.chat_id, newest.message_id)
    return "card" not in newest.params and screen in (None, stands)


def card_keys(alarm_id: int, answers: Iterable[int]) -> list[str]:
    """Of the letters that show a missing child to the staff."""
    return [f"missing_told:{alarm_id}", lead_key(alarm_id), *(answer_key(one) for one in answers)]


def lead_key(alarm_id: int) -> str:
    """Of the letter that tells the duty lead of a missing child."""
    return f"missing_lead:{alarm_id}"


async def show_collected(uow: UnitOfWork, alarm: Alarm) -> None:
    """A letter about several uncollected children of one class, or of extended care, is over with the last of them."""
    child = await uow.session.get_one(DayChild, alarm.day_child_id)
    groups = [DayChild.session_id == child.session_id]
    groups += [DayChild.extended_at.is_not(None)] if child.extended_at is not None else []
    for group in groups:
        query = select(Alarm.id, Alarm.closed_at).join(DayChild, DayChild.id == Alarm.day_child_id)
        query = query.where(DayChild.date == child.date, group, Alarm.kind == AlarmKind.UNCOLLECTED)
        alarms = (await uow.session.execute(query)).all()
        if all(one.closed_at is not None for one in alarms):
            await show_again(uow, "class_collected", [class_key(one.id) for one in alarms])


def uncollected_key(alarm_id: int) -> str:
    """Of the letter about one child whom nobody has collected."""
    return f"late_lead:{alarm_id}"


def class_key(alarm_id: int) -> str:
    """Of the letter about several children of a class, by the first of their alarms."""
    return f"late_class:{alarm_id}"


def answer_key(answer_id: int) -> str:
    """Of the letters that tell the staff what a guardian has answered."""
    return f"missing_answer:{answer_id}"


def contradicted_key(answer_id: int) -> str:
    """Of the letters that tell the other guardians that an answer contradicts theirs."""
    return f"contradicted:{answer_id}"


def with_key(answer_id: int) -> str:
    """Of the letters that tell the other guardians with whom the child is."""
    return f"with:{answer_id}"
