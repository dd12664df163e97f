"""Closing the alarm about a missing child with a reason, in the chat: a ready one, or typed; asked back where it may be
wrong."""

from __future__ import annotations

from telegram import Update

from bot.chat.ids import id_of
from bot.chat.missing import card, names_of, state_lines
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.family import is_family
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.missing import alarm_of, close, may_close
from care.reasons import fit_reason
from care.records.day import CONTRADICTED, Alarm, Answer
from care.records.delivery import Form
from locales import Words, mark
from locales.labels import error_sentence

FLOW = "missing"
REASONS = (
    mark("The family says by phone: the child is with them"),
    mark("Ill, at home"),
    mark("Collected before care began"),
    mark("On leave; the school had not entered it"),
)
"""Ready reasons to close an alarm. All say that the child is with the family: of a child at school the roll tells."""


async def leave_question(turn: Turn) -> None:
    """Nothing that is typed from now on is a reason."""
    form = await turn.form(FLOW)
    if form is not None and form.step:
        turn.close(form)


async def card_tapped(update: Update, turn: Turn) -> None:
    """Back from the question for a reason."""
    await leave_question(turn)
    await turn.show(await card(turn.uow, turn._, await alarm_of(turn.uow, _id(turn))))


async def reasons_tapped(update: Update, turn: Turn) -> None:
    """Which reason? A button for the usual ones, or words."""
    alarm = await alarm_of(turn.uow, _id(turn))
    if not may_close(turn.uow, alarm):
        raise NotAllowed()
    if alarm.closed_at is not None:
        await _past(turn, alarm)
        return
    if await is_family(turn.uow, alarm.day_child.student_id):
        raise NotAllowed("alarm_own_child")
    form = await turn.open_form(FLOW, "words", {"alarm_id": alarm.id})
    await ask_reason(turn, form)


async def ask_reason(turn: Turn, form: Form) -> None:
    """The question for the reason, which is taken from a button or as typed."""
    _, alarm = turn._, await alarm_of(turn.uow, form.answers["alarm_id"])
    text = _(
        "Why is {child}, {school_class}, not at school? Tap a reason, or type it in your own words. It closes the "
        "alarm: from then on nobody at school answers for {child}. The family may read the reason, and it stays in "
        "the record of the day.",
        **names_of(alarm),
    )
    rows = [(Button(_(reason), pack("mr", alarm.id, number)),) for number, reason in enumerate(REASONS)]
    await turn.show(View(text, (*rows, *_other_ways(_, alarm))))


def _other_ways(_: Words, alarm: Alarm) -> tuple[tuple[Button, ...], ...]:
    """Instead of a reason: the child is at school after all, which the roll tells; or back."""
    found = Button(_("The child is at school: to the roll"), pack("kf", alarm.day_child_id))
    return (found,), (Button(_("‹ Back"), pack("mb", alarm.id)),)


async def reason_tapped(update: Update, turn: Turn) -> None:
    """One of the ready reasons. All say that the child is with the family: where a guardian has said that it is not,
    what closing means is asked once more, as of a typed reason."""
    alarm_id, number = (id_of(part) for part in turn.parts) if len(turn.parts) == 2 else (0, len(REASONS))
    if number >= len(REASONS):
        raise Conflict()
    alarm = await alarm_of(turn.uow, alarm_id)
    if alarm.closed_at is None and alarm.answer in (Answer.NOT_HERE, CONTRADICTED) and may_close(turn.uow, alarm):
        asked = await turn.open_form(FLOW, "words", {"alarm_id": alarm.id})
        said = "\n".join(await state_lines(turn.uow, turn._, alarm))
        await turn.show(_are_you_sure(turn._, asked, alarm, turn._(REASONS[number]), said))
        return
    try:
        await close(turn.uow, alarm_id, turn._(REASONS[number]))
    except Conflict as error:
        if error.code != "alarm_closed":
            raise
        await _past(turn, await alarm_of(turn.uow, alarm_id))
        return
    form = await turn.form(FLOW)
    if form is not None and form.step and form.answers.get("alarm_id") == alarm_id:
        turn.close(form)
    await turn.show(await card(turn.uow, turn._, await alarm_of(turn.uow, alarm_id)))


async def reason_typed(turn: Turn, form: Form, words: str) -> None:
    """The reason in one's own words. They may say that the child was found at school, so what closing means is asked
    once more."""
    try:
        reason = fit_reason(words)
        alarm = await alarm_of(turn.uow, form.answers["alarm_id"])
    except Invalid as error:
        await turn.say(View(error_sentence(turn._, error)))
        return
    except NotFound as error:  # the duty ended meanwhile
        turn.close(form)
        await turn.say(View(error_sentence(turn._, error)))
        return
    if alarm.closed_at is not None:
        turn.close(form)
        await turn.say(await card(turn.uow, turn._, alarm, error_sentence(turn._, Conflict("alarm_closed"))))
        return
    await turn.say(_are_you_sure(turn._, form, alarm, reason))


def _are_you_sure(_: Words, form: Form, alarm: Alarm, reason: str, said: str = "") -> View:
    """The question before this reason closes the alarm. ``said``: what the family has answered."""
    form.answers, form.version = {"alarm_id": alarm.id, "reason": reason}, form.version + 1
    text = _("{child}, {school_class}: “{reason}”. Is the child not at school?", reason=reason, **names_of(alarm))
    yes = Button(_("✔ Not at school: close the alarm"), pack("ms", alarm.id, form.version))
    return View("\n".join(filter(None, (said, text))), ((yes,), *_other_ways(_, alarm)))


async def sure_tapped(update: Update, turn: Turn) -> None:
    """The typed reason it was asked for, and no other, closes the alarm."""
    alarm_id, version = (id_of(part) for part in turn.parts) if len(turn.parts) == 2 else (0, 0)
    form = await turn.form(FLOW)
    alarm = await alarm_of(turn.uow, alarm_id)
    if alarm.closed_at is not None:
        await _past(turn, alarm)
        return
    if form is None or form.answers.get("alarm_id") != alarm_id or form.version != version:
        raise Conflict()
    await close(turn.uow, alarm_id, form.answers["reason"])
    turn.close(form)
    await turn.show(await card(turn.uow, turn._, await alarm_of(turn.uow, alarm_id)))


async def _past(turn: Turn, alarm: Alarm) -> None:
    """It is over already: say so, and show how it ended."""
    await turn.toast(error_sentence(turn._, Conflict("alarm_closed")))
    await turn.show(await card(turn.uow, turn._, alarm))


def _id(turn: Turn) -> int:
    if len(turn.parts) != 1:
        raise Conflict()
    return id_of(turn.parts[0])


TAPS = {
    "mb": card_tapped,
    "mc": reasons_tapped,
    "mr": reason_tapped,
    "ms": sure_tapped,
}
