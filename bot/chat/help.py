"""/help, /cancel, and what is said to words that no conversation waits for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from telegram import Update

from bot.chat.agreement import FLOW as SIGN
from bot.chat.agreement import ask_name, name_typed
from bot.chat.apply.talk import answer_typed, is_application, present, put_away
from bot.chat.handover.flow import FLOW as GATE
from bot.chat.handover.talk import ask_again as ask_gate_again
from bot.chat.handover.talk import typed as gate_typed
from bot.chat.leave import FLOW as LEAVE
from bot.chat.leave import ask_again as ask_leave_again
from bot.chat.leave import words_typed as leave_typed
from bot.chat.menus import COMMANDS, EVERYONE, MORE, commands_for
from bot.chat.missing_reason import FLOW as MISSING
from bot.chat.missing_reason import ask_reason, reason_typed
from bot.chat.pickup.delegate import FLOW as DELEGATE
from bot.chat.pickup.delegate import question as ask_delegate
from bot.chat.pickup.delegate import typed as delegate_typed
from bot.chat.review import FLOW as REMARK
from bot.chat.review import ask_remark, card, remark_typed
from bot.chat.start import FLOW as HELLO
from bot.chat.start import ask_who, nobody_reads, try_code
from bot.chat.withdraw import FLOW as WITHDRAW
from bot.chat.withdraw import ask_when, date_typed
from bot.wire.turn import Turn
from bot.wire.view import View
from care.linking import looks_like_code
from care.people import children_of
from care.records.delivery import Form
from locales import Words

SELDOM = ("apply", "withdraw", *EVERYONE)
"""Commands that nobody means who types what happens today."""


@dataclass(frozen=True)
class Talk:
    """A conversation in which words are typed: what takes them, and what asks its question again."""

    typed: Callable[[Turn, Form, str], Coroutine[Any, Any, None]]
    again: Callable[[Turn, Form], Coroutine[Any, Any, None]]


async def help_command(update: Update, turn: Turn) -> None:
    _ = turn._
    if turn.person is None:
        await ask_who(turn)
        return
    guardian = bool(await children_of(turn.uow, turn.actor.person_id or 0))
    lines = [_line(_, name) for name in commands_for(turn.actor, guardian)]
    text = _(
        "This is the after-school care service of {school}. Here is what you can do:",
        school=turn.uow.school.called(_.language),
    )
    await turn.say(View(text + "\n\n" + "\n".join(lines)))


def _line(_: Words, name: str) -> str:
    said = f"/{name} – {_(COMMANDS[name])}"
    return f"{said}{_('; ')}{_(MORE[name])}" if name in MORE else said


async def cancel_command(update: Update, turn: Turn) -> None:
    _ = turn._
    form = await turn.form()
    if form is None or form.flow == HELLO:
        await turn.say(View(_("There is nothing to cancel. /help shows what you can do.")))
    elif is_application(form):
        await turn.say(await put_away(turn, form))
    else:
        application_id = form.answers.get("application_id")
        turn.close(form)
        await turn.say(View(_("Cancelled. Nothing was changed.")))
        if form.flow == REMARK and application_id is not None:
            await turn.say(await card(turn.uow, _, application_id))


async def words_typed(update: Update, turn: Turn) -> None:
    """Words go to the conversation that waits for them."""
    text = (update.effective_message.text if update.effective_message else None) or ""
    forms = await turn.forms()
    form = next((form for form in forms if form.step), None)
    if turn.person is None or (form is not None and form.flow == HELLO):
        await _stranger_typed(turn, text)
    elif form is None:
        await turn.say(await _nobody_reads(turn))
    elif form is not forms[0]:
        await _ask_again(turn, form)
    elif is_application(form):
        await answer_typed(turn, form, text)
    else:
        await TALKS[form.flow].typed(turn, form, text)


async def _nobody_reads(turn: Turn) -> View:
    """Words that nothing here waits for: who wrote them must not believe that a teacher has them now."""
    _ = turn._
    guardian = bool(await children_of(turn.uow, turn.actor.person_id or 0))
    names = [name for name in commands_for(turn.actor, guardian) if name not in SELDOM]
    lines = [nobody_reads(_), _("Please choose instead what you mean:")]
    lines += [_line(_, name) for name in (*names, "help")]
    if guardian:
        lines.append(_("For anything else, please speak to the homeroom teacher."))
    return View("\n".join(lines))


async def _ask_again(turn: Turn, form: Form) -> None:
    """Another conversation was held since this one asked: its question comes again before words are taken for it."""
    form = await turn.open_form(form.flow, form.step, form.answers)
    if is_application(form):
        await turn.say(await present(turn, form))
    else:
        await TALKS[form.flow].again(turn, form)


async def _ask_when_again(turn: Turn, form: Form) -> None:
    await ask_when(turn, form.answers["application_id"])


async def _ask_delegate_again(turn: Turn, form: Form) -> None:
    await turn.say(await ask_delegate(turn, form))


async def _stranger_typed(turn: Turn, text: str) -> None:
    if looks_like_code(text):
        await try_code(turn, text)
    else:
        await ask_who(turn, words_typed=True)


async def other_sent(update: Update, turn: Turn) -> None:
    """A picture, a sticker, a voice message: nothing here takes one."""
    if turn.person is None:
        await ask_who(turn)
        return
    await turn.say(View(turn._("Only text and buttons are understood here. /help shows what you can do.")))


async def unknown_command(update: Update, turn: Turn) -> None:
    await turn.say(View(turn._("This command is not known. /help shows what you can do.")))


async def unknown_tap(update: Update, turn: Turn) -> None:
    await turn.toast(turn._("This button is no longer in use. /help shows what you can do."), alert=True)


TALKS: dict[str, Talk] = {
    REMARK: Talk(remark_typed, ask_remark),
    SIGN: Talk(name_typed, ask_name),
    WITHDRAW: Talk(date_typed, _ask_when_again),
    LEAVE: Talk(leave_typed, ask_leave_again),
    MISSING: Talk(reason_typed, ask_reason),
    DELEGATE: Talk(delegate_typed, _ask_delegate_again),
    GATE: Talk(gate_typed, ask_gate_again),
}
"""By flow. An application is a conversation of its own kind: each child's has a flow of its own."""
