"""Expected but missing, in the chat: "is the child with you?" for the guardians, the state of it for the staff, who
close it with a reason (``missing_reason.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from telegram import Update

from bot.chat.ids import id_of
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.family import is_family
from care.errors import Conflict, NotFound
from care.missing import alarm_of, asked, may_close
from care.missing_answers import EXPLAINS, Said, answer, said_to
from care.people import name_of
from care.records.day import CONTRADICTED, Alarm, Answer
from care.work import UnitOfWork
from locales import Words, mark
from locales.labels import error_sentence, label

SAID = {
    Answer.WITH_ME: mark("says: with me"),
    Answer.AGREED: mark("says: what the other guardian says is right"),
    Answer.NOT_HERE: mark("says: not with me"),
    Answer.ON_LEAVE: mark("has given leave"),
}
TAPPED = (Answer.WITH_ME, Answer.AGREED, Answer.NOT_HERE)


def _clock(uow: UnitOfWork, at: datetime) -> str:
    return f"{at.astimezone(uow.school.zone):%H:%M}"


def names_of(alarm: Alarm) -> dict[str, str]:
    """The child and its class."""
    student = alarm.day_child.student
    return {"child": student.name, "school_class": student.school_class.name}


# guardians


async def question(uow: UnitOfWork, _: Words, alarm: Alarm, outcome: bool | None = None) -> View:
    """What a guardian is asked, or what has been answered, with the answers that are still possible. ``outcome``: once
    it is over, this is the place where its reason stands; None: where no letter has brought it."""
    names = names_of(alarm)
    text = _(
        "{child} is not at roll call in {school_class} ({at}). Is the child with you?",
        at=_clock(uow, alarm.opened_at),
        **names,
    )
    yes = Button(_("Yes, with me"), pack("ma", alarm.id, Answer.WITH_ME.value))
    no = Button(_("No, not with me"), pack("ma", alarm.id, Answer.NOT_HERE.value))
    if alarm.closed_at is not None:
        return View(_settled(uow, _, alarm, alarm.answer in EXPLAINS if outcome is None else outcome))
    if alarm.answer == "":
        return View(text, ((yes, no),))
    said = (await said_to(uow, [alarm.id]))[alarm.id]
    if alarm.answer == CONTRADICTED:
        return contradiction(uow, _, alarm, said)
    if alarm.answer == Answer.ON_LEAVE:
        return View(_("{child} is on leave today. The teacher has been told.", **names))
    who = next(one for one in said if one.answer == alarm.answer)
    own = next((one for one in said if one.person_id == uow.actor.person_id), None)
    if alarm.answer == Answer.WITH_ME:
        if own is None or own.answer is not Answer.WITH_ME:
            return View(_("{name} answered: {child} is with them.", name=who.name, **names))
        told = _("You answered: {child} is with you. The teacher has been told. Thank you.", **names)
        return View(told, ((Button(_("I was wrong: not with me"), no.data),),))
    if own is not None and own.answer is Answer.NOT_HERE:
        told = _("You answered: {child} is not with you.", **names)
    else:
        told = _("{name} answered: {child} is not with them.", name=who.name, **names)
    told += "\n" + _("The teacher and the duty lead are looking for the child. Please keep your phone at hand.")
    return View(told, ((Button(_("The child is with me now"), yes.data),),))


def _settled(uow: UnitOfWork, _: Words, alarm: Alarm, outcome: bool) -> str:
    at, child = _clock(uow, alarm.closed_at or uow.now), names_of(alarm)["child"]
    if not outcome or not alarm.reason:
        return _("{child}: settled at {at}. There is nothing more to answer.", child=child, at=at)
    if alarm.answer not in EXPLAINS:
        return not_at_school(_, alarm)
    reason = alarm.reason
    return _(
        "{child}: settled at {at}: “{reason}”. There is nothing more to answer.", child=child, at=at, reason=reason
    )


def contradiction(uow: UnitOfWork, _: Words, alarm: Alarm, said: Sequence[Said]) -> View:
    """For the guardians, who contradict each other: what each has said, and how that can be set right."""
    lines = [_("⚠ {child}: the answers of the family contradict each other.", **names_of(alarm))]
    lines += [one.name + _(": ") + _said(uow, _, one) for one in said]
    lines.append(_("Please speak with each other at once. The teacher and the duty lead have been told."))
    mine = next((one.answer for one in said if one.person_id == uow.actor.person_id), None)
    rows = []
    if mine is not Answer.WITH_ME:
        rows.append(Button(_("The child is with me now"), pack("ma", alarm.id, Answer.WITH_ME.value)))
    if mine is not Answer.NOT_HERE:
        wrong = _("No, not with me") if mine is None else _("I was wrong: not with me")
        rows.append(Button(wrong, pack("ma", alarm.id, Answer.NOT_HERE.value)))
    elif any(one.answer in EXPLAINS for one in said):
        rows.append(Button(_("I was wrong: the other answer is right"), pack("ma", alarm.id, Answer.AGREED.value)))
    return View("\n".join(lines), tuple((row,) for row in rows))


def _said(uow: UnitOfWork, _: Words, one: Said) -> str:
    return _("{said} ({time})", said=_(SAID[one.answer]), time=_clock(uow, one.at))


def not_at_school(_: Words, alarm: Alarm) -> str:
    """For the guardians, of whom none has said that the child is with them: why the school has closed the alarm."""
    return _(
        "{child} is not at school, the school has noted: “{reason}”. If you do not know where {child} is, "
        "please call the school at once.",
        reason=alarm.reason,
        **names_of(alarm),
    )


async def answer_tapped(update: Update, turn: Turn) -> None:
    """A guardian answers. Afterwards, and when it is over, the message says how it stands."""
    if len(turn.parts) != 2 or turn.parts[1] not in TAPPED:
        raise Conflict()
    try:
        alarm = await answer(turn.uow, id_of(turn.parts[0]), Answer(turn.parts[1]))
    except Conflict as error:
        if error.code != "alarm_closed":
            raise
        alarm = await alarm_of(turn.uow, id_of(turn.parts[0]))
        await turn.toast(error_sentence(turn._, error))
    await turn.show(await question(turn.uow, turn._, alarm))


# staff


async def state_lines(uow: UnitOfWork, _: Words, alarm: Alarm) -> list[str]:
    """Whom the school has asked about a missing child, and what they said."""
    said = {one.person_id: one for one in (await said_to(uow, [alarm.id])).get(alarm.id, ())}
    lines = []
    if alarm.answer == CONTRADICTED:
        lines.append(_("⚠ The answers contradict each other: please call both. The child does not count as explained."))
    for one in await asked(uow, alarm):
        mine = said.pop(one.person_id, None)
        words = _said(uow, _, mine) if mine is not None else _("no answer yet")
        who = _("{name} ({relation})", name=one.name, relation=label(_, one.relation))
        lines.append(f"{who} {one.phone}".rstrip() + _(": ") + words)
    # who has answered, and would not be asked any more
    lines += [one.name + _(": ") + _said(uow, _, one) for one in said.values()]
    return lines or [_("There is no guardian who could be asked here.")]


async def card(uow: UnitOfWork, _: Words, alarm: Alarm, note: str = "") -> View:
    """A missing child as the staff see it, with what may be done."""
    if not may_close(uow, alarm):
        raise NotFound()
    head = head_of(uow, _, alarm)
    lines = [note, head] if note else [head]
    lines += await state_lines(uow, _, alarm)
    rows: list[tuple[Button, ...]] = []
    if alarm.closed_at is not None:
        lines.append(await how_it_ended(uow, _, alarm))
    elif not await is_family(uow, alarm.day_child.student_id):
        rows.append((Button(_("Close this with a reason"), pack("mc", alarm.id)),))
    rows.append((Button(_("‹ To the list"), pack("kl", alarm.day_child.session_id)),))
    return View("\n".join(lines), tuple(rows))


def head_of(uow: UnitOfWork, _: Words, alarm: Alarm) -> str:
    return _(
        "⚠ {child}, {school_class}: missing at roll call, {at}", at=_clock(uow, alarm.opened_at), **names_of(alarm)
    )


async def how_it_ended(uow: UnitOfWork, _: Words, alarm: Alarm) -> str:
    at = _clock(uow, alarm.closed_at) if alarm.closed_at else ""
    if not alarm.reason:
        return _("✔ There after all, {at}", at=at)
    return _("✔ Closed {at} by {name}: {reason}", at=at, name=await name_of(uow, alarm.closed_by), reason=alarm.reason)


TAPS = {"ma": answer_tapped}
