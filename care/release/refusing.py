"""A refused release: recorded, custody unchanged, and told to the duty lead without a word on the teacher's screen."""

from __future__ import annotations

from enum import StrEnum

from care.day.lead import who_answers
from care.errors import Conflict, Invalid
from care.people import holders
from care.pickup.adults import barred, names
from care.records.day import AlarmKind
from care.records.delivery import Class
from care.records.people import Role
from care.release.alarms import raise_alarm, who_refused
from care.release.gate import Come, child, hold_lists
from care.release.waiting import GateChild
from care.work import UnitOfWork

WORDS_LIMIT = 120


class Why(StrEnum):
    """Why an adult did not get the child."""

    STOP_LISTED = "stop_listed"
    NOT_LISTED = "not_listed"


async def refuse(uow: UnitOfWork, day_child_id: int, words: str, why: Why = Why.NOT_LISTED) -> GateChild:
    """Somebody asked for the child and does not get it. ``words``: who it was, as the teacher puts it; a name of the
    stop-list is known by them. The alarm stays until it is closed with a reason; the same words again are no news;
    who else asks the adult to wait hears all the same how it ended.
    Raises Invalid("who_needed") where nobody is named."""
    one = await child(uow, day_child_id)
    words = " ".join(words.split())
    if not words or len(words) > WORDS_LIMIT:
        raise Invalid("words_too_long" if words else "who_needed", limit=WORDS_LIMIT)
    if any(names(words, bar) for bar in await barred(uow, one.student_id)):
        why = Why.STOP_LISTED
    return await _refused(uow, one, words, why)


async def _refused(uow: UnitOfWork, one: GateChild, words: str, why: Why) -> GateChild:
    await hold_lists(uow, [one.id])
    alarm, _ = await raise_alarm(uow, one.id, AlarmKind.REFUSED)
    known = alarm.remark.splitlines()
    if words in known:
        if uow.actor.person_id not in await who_refused(uow, alarm, one.student_id):
            uow.record("release_refused", "student", one.student_id, words, why=why.value, alarm=alarm.id)
        return one
    alarm.remark = "\n".join([*known, words])
    alarm.lead_told_at = alarm.lead_told_at or uow.now
    uow.record("release_refused", "student", one.student_id, words, why=why.value, alarm=alarm.id)
    await uow.post(
        "release_refused",
        await _others_who_answer(uow, one),
        Class.ALARM,
        key=f"refused:{alarm.id}:{len(known)}",
        alarm_id=alarm.id,
        why=why.value,
        words=words,
        teacher=uow.actor.name,
    )
    return one


async def _others_who_answer(uow: UnitOfWork, one: GateChild) -> list[int]:
    """Who answers for the day; somebody else where that is who stands at the gate, for the adult may see the screen."""
    people = [person for person in await who_answers(uow, one.date) if person != uow.actor.person_id]
    if people:
        return people
    return [person for person in await holders(uow, Role.HEAD, Role.DEPUTY) if person != uow.actor.person_id]


async def refuse_bearer(uow: UnitOfWork, came: Come) -> None:
    """Somebody shows a code who must not collect these children: of whichever class they are, it is told."""
    for one in came.stopped:
        await _refused(uow, one, came.who.name, Why.STOP_LISTED)


async def refuse_barred(uow: UnitOfWork, day_child_id: int, place: int) -> GateChild:
    """The teacher points at one of those who must not collect the child, by place on that list."""
    one = await child(uow, day_child_id)
    known = await barred(uow, one.student_id)
    if not 0 <= place < len(known):
        raise Conflict()
    return await refuse(uow, day_child_id, known[place].name, Why.STOP_LISTED)
