"""What the guardians of a missing child say: every answer is kept, and while two of them contradict each other the
child is not explained."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from care.alarm_screens import answer_key, contradicted_key, post_card, show_missing, with_key
from care.custody.chain import FAMILY, NOBODY, Link, Side
from care.enrolment.family import unrestricted_guardians
from care.errors import Conflict, Invalid, NotAllowed
from care.missing import alarm_of, append_after, child_of, concerned, is_asked, tell_lead, who_expects
from care.records.day import CONTRADICTED, Alarm, AlarmAnswer, AlarmKind, Answer, DayChild, Holder, Step
from care.records.delivery import Class
from care.records.people import Person
from care.release.alarms import open_alarm_of
from care.work import UnitOfWork

EXPLAINS = (Answer.WITH_ME, Answer.ON_LEAVE)


@dataclass(frozen=True)
class Said:
    """The last answer of a guardian, to an alarm of whatever kind."""

    person_id: int
    name: str
    answer: Answer
    at: datetime


async def said_to(uow: UnitOfWork, alarm_ids: Collection[int]) -> dict[int, tuple[Said, ...]]:
    """What each guardian has said last to each of these alarms, in the order of time; nothing for who has not."""
    query = (
        select(AlarmAnswer.alarm_id, AlarmAnswer.person_id, Person.name, AlarmAnswer.answer, AlarmAnswer.at)
        .join(Person, Person.id == AlarmAnswer.person_id)
        .where(AlarmAnswer.alarm_id.in_(list(alarm_ids)))
        .order_by(AlarmAnswer.id)
    )
    found: dict[int, dict[int, Said]] = {}
    for alarm_id, person_id, name, word, at in await uow.connection.execute(query) if alarm_ids else ():
        by_person = found.setdefault(alarm_id, {})
        by_person.pop(person_id, None)
        by_person[person_id] = Said(person_id, name, word, at)
    return {alarm_id: tuple(by_person.values()) for alarm_id, by_person in found.items()}


def together(said: Sequence[Said]) -> str:
    """What the last answers of all guardians say together: an Answer, CONTRADICTED, or empty."""
    words = {one.answer for one in said}
    if Answer.NOT_HERE in words:
        return CONTRADICTED if words.intersection(EXPLAINS) else Answer.NOT_HERE
    return next((one.value for one in (Answer.ON_LEAVE, Answer.WITH_ME) if one in words), "")


async def answer(uow: UnitOfWork, alarm_id: int, said: Answer) -> Alarm:
    """A guardian answers. "With me" explains where the child is, "not here" reaches the duty lead at once. Two that
    contradict each other explain nothing, in whatever order they come: the duty lead is told, until one of the
    guardians says otherwise, or that the other is right. While the alarm is open, an answer can be changed. Raises
    NotFound for who is not asked, Conflict("alarm_closed") afterwards, Conflict for agreeing with nobody."""
    if said is Answer.ON_LEAVE:
        raise Invalid()
    alarm = await alarm_of(uow, alarm_id, to_change=True)
    if not await is_asked(uow, alarm):
        raise NotAllowed()
    if alarm.closed_at is not None:
        raise Conflict("alarm_closed")
    me = uow.actor.person_id
    before = (await said_to(uow, [alarm.id])).get(alarm.id, ())
    if said is Answer.AGREED and not any(one.answer in EXPLAINS for one in before if one.person_id != me):
        raise Conflict()
    if any(one.answer is said for one in before if one.person_id == me):
        uow.record("missing_answered", "student", alarm.day_child.student_id, alarm=alarm.id, answer=said.value)
        return alarm
    await _answered(uow, alarm, await child_of(uow, alarm.day_child_id), said)
    return alarm


async def excused(uow: UnitOfWork, day_child_id: int) -> None:
    """The family has given leave for a child that was missing: that answers the alarm, which somebody still closes."""
    alarm = await open_alarm_of(uow, day_child_id, AlarmKind.MISSING)
    if alarm is not None:
        await _answered(uow, alarm, await child_of(uow, day_child_id), Answer.ON_LEAVE)


async def not_excused(uow: UnitOfWork, day_child_id: int) -> bool:
    """The leave that had answered an open alarm is taken back: the child is not with the family, and is looked for
    again. False where no alarm is open."""
    alarm = await open_alarm_of(uow, day_child_id, AlarmKind.MISSING)
    if alarm is not None:
        await _answered(uow, alarm, await child_of(uow, day_child_id), Answer.NOT_HERE)
    return alarm is not None


async def _answered(uow: UnitOfWork, alarm: Alarm, child: DayChild, word: Answer) -> None:
    """Keeps the answer; the chain, the staff and the other guardians follow what all answers say together."""
    me, before = uow.actor.person_id, alarm.answer
    row = AlarmAnswer(alarm_id=alarm.id, person_id=me, answer=word, at=uow.now)
    uow.session.add(row)
    await uow.session.flush()
    said = (await said_to(uow, [alarm.id]))[alarm.id]
    alarm.answer, alarm.answered_by, alarm.answered_at = together(said), me, uow.now
    uow.record("missing_answered", "student", child.student_id, alarm=alarm.id, answer=word.value)
    await _into_chain(uow, alarm, child, said)
    changed = alarm.answer != before
    leads = await tell_lead(uow, alarm) if alarm.answer in (Answer.NOT_HERE, CONTRADICTED) else []
    if changed or word is Answer.NOT_HERE or alarm.answer == CONTRADICTED:
        told = [person for person in await concerned(uow, alarm, child) if person not in leads]
        await post_card(uow, "missing_answered", told, answer_key(row.id), alarm)
    guardians = await unrestricted_guardians(uow, child.student_id)
    others = [one for one in guardians if one != me]
    if alarm.answer == CONTRADICTED and changed:
        key = contradicted_key(row.id)
        await uow.post("missing_contradicted", others, Class.ALARM, key=key, alarm_id=alarm.id)
    elif alarm.answer == Answer.WITH_ME and word is Answer.WITH_ME and changed:
        await uow.post("child_missing_over", others, Class.ALARM, key=with_key(row.id), alarm_id=alarm.id)
    elif alarm.answer == Answer.NOT_HERE and before in (Answer.WITH_ME, Answer.ON_LEAVE, CONTRADICTED):
        again = contradicted_key(row.id)  # they were told where the child is, and that does not hold any more
        await uow.post("child_missing", others, Class.ALARM, key=again, alarm_id=alarm.id)
    first_no = (alarm.answer, before) == (Answer.NOT_HERE, "")  # the others are still asked
    if CONTRADICTED in (before, alarm.answer) or word is Answer.ON_LEAVE:
        await show_missing(uow, alarm, guardians)
    elif changed and not first_no:  # who taps an answer sees it in place of what was tapped
        await show_missing(uow, alarm, others)


async def _into_chain(uow: UnitOfWork, alarm: Alarm, child: DayChild, said: Sequence[Said]) -> None:
    """The child is with who says so first and is contradicted by nobody, or on leave; else nobody is known to have
    it."""
    if alarm.answer == Answer.WITH_ME:
        holder = next(one for one in said if one.answer is Answer.WITH_ME)
        guardian = Side(Holder.ADULT, holder.person_id, holder.name)
        await append_after(uow, child.id, Step.ABSENT, Link(Step.EXPLAINED, guardian))
    elif alarm.answer == Answer.ON_LEAVE:
        await append_after(uow, child.id, Step.ABSENT, Link(Step.LEAVE, FAMILY))
    elif alarm.answer in (Answer.NOT_HERE, CONTRADICTED):
        missing = Link(Step.ABSENT, NOBODY)
        await append_after(uow, child.id, Step.EXPLAINED, missing)
        expected = Link(Step.EXPECTED, await who_expects(uow, child.session))
        if await append_after(uow, child.id, Step.LEAVE, expected):  # whose leave is in doubt is looked for again
            await append_after(uow, child.id, Step.EXPECTED, missing)
