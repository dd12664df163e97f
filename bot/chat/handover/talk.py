"""What a teacher types at the gate: /handover, a code (typed or scanned), a child's name or number, a reason."""

from __future__ import annotations

from telegram import Update

from bot.chat.handover import lists, screens
from bot.chat.handover.flow import (
    ALL_CLASSES,
    CLOSE,
    LIST,
    UNDO,
    WHO,
    attempt,
    hold,
    keep_list,
    kept,
    list_of,
    show_list,
    undone_note,
)
from bot.chat.handover.words import in_list, who_is
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.errors import Conflict
from care.permissions import Permission
from care.pickup.codes import TRIES, WrongTry, is_code, try_code
from care.records.day import Proof
from care.records.delivery import Form
from care.release.alarms import close_alarm, gate_alarm
from care.release.choosing import choices
from care.release.gate import any_child, child, come_by_code, find, sheet
from care.release.refusing import refuse, refuse_bearer
from care.release.undoing import undo
from locales import mark
from locales.labels import error_sentence

WRONG = {
    WrongTry.UNKNOWN: mark("No adult has this code today. Please compare it, or take the list and a signature."),
    WrongTry.TOO_MANY: mark(
        "Too many wrong codes ({limit} within an hour). Please hand over by the list and a signature now."
    ),
}


async def handover_command(update: Update, turn: Turn) -> None:
    """/handover, alone or with a code, a name or a number."""
    session_id = await _own_session(turn)
    words = " ".join(turn.args or [])
    if words:
        await _typed_at_list(turn, session_id, words)
    elif session_id is None:
        await turn.say(lists.choice_list(turn._, await choices(turn.uow)))
    else:
        await show_list(turn, session_id, class_id=ALL_CLASSES)


async def _own_session(turn: Turn) -> int | None:
    """The one session that is the teacher's, or the only one within reach; None where there is a choice."""
    found = await choices(turn.uow)
    own = [one for one in found if one.own] or found
    return own[0].session_id if len(own) == 1 else None


async def code_scanned(turn: Turn, code: str) -> None:
    """The QR code of a pick-up code leads here. Only a teacher reads it; whoever else scans it is told whom to show
    it."""
    if turn.actor.may(Permission.TAKE_ROLL):
        await code_typed(turn, code)
    else:
        await turn.say(View(turn._("This is a pick-up code. Please show it to the teacher at the gate.")))


async def typed(turn: Turn, form: Form, words: str) -> None:
    """Words for the gate."""
    if form.answers.get("date") != turn.uow.day.isoformat():
        turn.close(form)
        await turn.say(View(turn._("This hand-over is over. Send /handover for today's.")))
    elif form.step == WHO:
        one = await refuse(turn.uow, form.answers["child"], words)
        await hold(turn, one.session_id)
    elif form.step == UNDO:
        await _undo_reason(turn, form, words)
    elif form.step == CLOSE:
        await _how_it_ended(turn, form, words)
    else:
        await _typed_at_list(turn, form.answers.get("session"), words)


async def _how_it_ended(turn: Turn, form: Form, words: str) -> None:
    """Closes the alarm that was asked about. Where somebody was faster, nothing that is typed next is a reason."""
    try:
        async with turn.uow.part() as part:
            alarm = await close_alarm(part, form.answers["alarm"], words, form.answers.get("seen"))
        said = turn._("{child}: closed, with your reason.", child=await _whom(turn, alarm.day_child_id))
    except Conflict as error:
        if error.code == "alarm_grew":
            await _ask_of_all(turn, form, error)
            return
        if error.code != "alarm_closed":
            raise
        said = error_sentence(turn._, error)
    turn.put(form, LIST if form.answers.get("session") else "", await kept(turn))
    await turn.say(View(said))


async def _ask_of_all(turn: Turn, form: Form, error: Conflict) -> None:
    """Somebody else has been refused since the question: it comes again, with everybody's name."""
    alarm = await gate_alarm(turn.uow, form.answers["alarm"])
    one = await any_child(turn.uow, alarm.day_child_id)
    if one is None:
        raise error
    turn.put(form, CLOSE, {**form.answers, "seen": len(alarm.remark.splitlines())})
    asked = screens.end_question(turn._, one, alarm)
    await turn.say(View(error_sentence(turn._, error) + "\n" + asked.text))


async def _whom(turn: Turn, day_child_id: int) -> str:
    """The child an alarm is about. Of several alarms it must show which one is over."""
    one = await any_child(turn.uow, day_child_id)
    return who_is(turn._, one) if one is not None else ""


async def _undo_reason(turn: Turn, form: Form, words: str) -> None:
    one = await child(turn.uow, form.answers["child"])
    seq, back = form.answers["seq"], await list_of(turn, one)
    done = await attempt(turn, back, lambda part: undo(part, one.id, words, seen=seq))
    if done is not None:
        await show_list(turn, back, undone_note(turn, done))


async def ask_again(turn: Turn, form: Form) -> None:
    """Another conversation was held since: the gate's question comes again."""
    if form.answers.get("date") != turn.uow.day.isoformat():
        turn.close(form)
        await turn.say(View(turn._("This hand-over is over. Send /handover for today's.")))
    elif form.step == WHO:
        await turn.say(screens.who_question(turn._, await child(turn.uow, form.answers["child"])))
    elif form.step == UNDO:
        one = await child(turn.uow, form.answers["child"])
        await turn.say(screens.undo_question(turn._, one, form.answers["seq"]))
    elif form.step == CLOSE:
        alarm = await gate_alarm(turn.uow, form.answers["alarm"])
        about = await any_child(turn.uow, alarm.day_child_id)
        if about is not None:
            await turn.say(screens.end_question(turn._, about, alarm))
    elif form.answers.get("session"):
        await show_list(turn, form.answers["session"])
    else:
        await turn.say(View(turn._("Please type the pick-up code again, or send /handover.")))


async def _typed_at_list(turn: Turn, session_id: int | None, words: str) -> None:
    """A pick-up code, or else a child of the list."""
    if is_code(words):
        await code_typed(turn, words)
        return
    if session_id is None:
        await turn.say(lists.choice_list(turn._, await choices(turn.uow)))
        return
    found = find(await sheet(turn.uow, session_id), words)
    await keep_list(turn, session_id)
    if len(found) == 1:
        await turn.say(await screens.child_card(turn.uow, turn._, found[0]))
    elif found:
        rows = tuple((Button(in_list(one), pack("hk", one.id)),) for one in found[:20])
        await turn.say(View(turn._("Which child?"), rows))
    else:
        text = turn._("This is neither a pick-up code (6 letters and digits) nor a child of this list.")
        await turn.say(View(text, ((Button(turn._("‹ To the list"), pack("hs", session_id)),),)))


async def code_typed(turn: Turn, words: str) -> None:
    """For whom the bearer of this code has come. A wrong code counts; a stop-listed bearer is recorded, silently."""
    turn.uow.require(Permission.TAKE_ROLL)
    row = await try_code(turn.uow, words, turn.uow.day, turn.channel, turn.chat)
    if isinstance(row, WrongTry):
        await turn.say(View(turn._(WRONG[row], limit=TRIES)))
        return
    came = await come_by_code(turn.uow, row)
    if came is None:
        await turn.say(View(turn._("This code no longer counts: the family has taken it back.")))
    elif came.stopped and not came.children:
        await refuse_bearer(turn.uow, came)
        await turn.say(View(screens.wait_sentence(turn._)))
    elif not came.children:
        await turn.say(screens.nobody_here(turn.uow, turn._, came))
    else:
        await keep_list(turn, None, (row.adult, row.adult_id))
        await turn.say(screens.come_screen(turn.uow, turn._, came, Proof.CODE))
