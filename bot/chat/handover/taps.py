"""The gate's taps. Each looks anew at the child, the adult and the teacher's right: a keyboard stays clickable."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from telegram import Update

from bot.chat.handover import late, lists, screens, told
from bot.chat.handover.flow import (
    CLOSE,
    UNDO,
    WHO,
    ask,
    attempt,
    code_was_typed,
    handed_note,
    hold,
    list_of,
    show_list,
    undone_note,
)
from bot.chat.handover.over import over_view
from bot.chat.handover.words import Handed, read_adult, read_proof, read_seen
from bot.chat.ids import id_of
from bot.wire.turn import Turn
from care.errors import Conflict, NotAllowed, NotFound
from care.paper.mark import back_from_paper, go_on_paper
from care.pickup.adults import may_collect
from care.records.day import Proof
from care.release.alarms import gate_alarm, to_close
from care.release.gate import UNDO_WITHIN, any_child, child, children, come, sheet
from care.release.giving import Given, Held, leave_alone, line_out_all, release
from care.release.refusing import refuse_barred
from care.release.undoing import Slip, undo
from locales.labels import error_sentence


async def list_tapped(update: Update, turn: Turn) -> None:
    session_id, *of_class = turn.numbers
    await show_list(turn, session_id, class_id=of_class[0] if of_class else None)


EARLY = timedelta(minutes=30)
"""Before its end: a class that sets out earlier was most likely tapped by mistake, and families would come. From
extended care children leave at any time."""


async def line_out_tapped(update: Update, turn: Turn) -> None:
    session_id, sure = _some(turn.numbers if len(turn.numbers) > 1 else [*turn.numbers, 0], 2)
    if not sure:
        gate = await sheet(turn.uow, session_id)
        if not gate.extended and gate.ends_at - turn.uow.now > EARLY:
            await turn.show(lists.early_question(turn.uow, turn._, gate))
            return
    await attempt(turn, session_id, lambda part: line_out_all(part, session_id))
    await show_list(turn, session_id)


def _some(numbers: list[int], count: int) -> list[int]:
    if len(numbers) != count:
        raise Conflict()
    return numbers


async def child_tapped(update: Update, turn: Turn) -> None:
    await turn.show(await screens.child_card(turn.uow, turn._, await child(turn.uow, turn.numbers[0])))


async def adult_tapped(update: Update, turn: Turn) -> None:
    """An adult of the child's list. One who must not have the child: recorded, and nothing on the screen."""
    if len(turn.parts) != 2:
        raise Conflict()
    adult, adult_id = read_adult(turn.parts[1])
    one = await child(turn.uow, id_of(turn.parts[0]))
    if not one.is_here:
        await turn.show(await screens.child_card(turn.uow, turn._, one))
        return
    try:
        await may_collect(turn.uow, one.student_id, adult, adult_id, one.date)
    except NotAllowed as error:
        if error.code != "stop_listed":
            raise
        await release(turn.uow, {one.id: one.seq}, adult, adult_id, Proof.LIST)  # records the attempt
        await hold(turn, await list_of(turn, one))
        return
    came = await come(turn.uow, adult, adult_id)
    if came is None:
        raise Conflict()
    await turn.show(screens.come_screen(turn.uow, turn._, came, Proof.LIST, one.id, turn.screen))


async def barred_tapped(update: Update, turn: Turn) -> None:
    """The teacher taps a name that stands on the stop-list only."""
    day_child_id, place = _some(turn.numbers, 2)
    one = await refuse_barred(turn.uow, day_child_id, place)
    await hold(turn, await list_of(turn, one))


async def give_tapped(update: Update, turn: Turn) -> None:
    """Hands children over: by a code that was typed in this chat, or to an adult of the list."""
    if len(turn.parts) < 4 or turn.parts[1] not in ("0", "1"):
        raise Conflict()
    proof, sure = read_proof(turn.parts[0]), turn.parts[1] == "1"
    adult, adult_id = read_adult(turn.parts[2])
    seen = read_seen(turn.parts[3:])
    found = await children(turn.uow, seen)
    if proof is Proof.CODE and not await code_was_typed(turn, adult, adult_id):
        raise Conflict()
    namesake = next((one for one in found if one.has_namesake and one.is_here), None)
    if namesake is not None and not sure:
        who = await may_collect(turn.uow, namesake.student_id, adult, adult_id, namesake.date)
        data = turn.data.replace(f"hg:{turn.parts[0]}:0:", f"hg:{turn.parts[0]}:1:", 1)
        said = Handed(who.name, who.relation.value).said(turn._)
        await turn.show(screens.namesake_question(turn._, namesake, said, data))
        return
    back = await list_of(turn, found[0])
    outcome = await attempt(turn, back, lambda part: release(part, seen, adult, adult_id, proof))
    if isinstance(outcome, Held):
        await hold(turn, back)
    elif isinstance(outcome, Given):
        await show_list(turn, back, handed_note(turn, outcome))


async def alone_tapped(update: Update, turn: Turn) -> None:
    day_child_id, seq, sure = _some(turn.numbers, 3)
    one = await child(turn.uow, day_child_id)
    if not sure and one.goes_alone and one.is_here:
        await turn.show(screens.alone_question(turn._, one))
        return
    left = await attempt(turn, one.session_id, lambda part: leave_alone(part, day_child_id, seq))
    if left is not None:
        await show_list(turn, one.session_id, handed_note(turn, Given((left,))))


async def not_listed_tapped(update: Update, turn: Turn) -> None:
    one = await child(turn.uow, turn.numbers[0])
    await ask(turn, WHO, child=one.id)
    await turn.show(screens.who_question(turn._, one))


async def undo_tapped(update: Update, turn: Turn) -> None:
    """Asks why, as long as it can still be undone."""
    day_child_id, seq = _some(turn.numbers, 2)
    one = await child(turn.uow, day_child_id)
    too_late = turn.uow.now - one.at > UNDO_WITHIN
    if not one.is_gone or one.seq != seq or too_late:
        error = Conflict("undo_late") if one.is_gone and one.seq == seq else Conflict()
        await turn.toast(error_sentence(turn._, error), alert=True)
        await show_list(turn, await list_of(turn, one))
        return
    await ask(turn, UNDO, child=one.id, seq=seq)
    await turn.show(screens.undo_question(turn._, one, seq))


async def undo_why_tapped(update: Update, turn: Turn) -> None:
    if len(turn.parts) != 3 or turn.parts[2] not in set(Slip):
        raise Conflict()
    day_child_id, seq, slip = id_of(turn.parts[0]), id_of(turn.parts[1]), Slip(turn.parts[2])
    back = await list_of(turn, await child(turn.uow, day_child_id))
    done = await attempt(turn, back, lambda part: undo(part, day_child_id, slip=slip, seen=seq))
    if done is not None:
        await show_list(turn, back, undone_note(turn, done))


async def paper_tapped(update: Update, turn: Turn) -> None:
    """The hand-over goes on paper, once that is sure."""
    session_id, sure = _some(turn.numbers, 2)
    if sure:
        await go_on_paper(turn.uow, session_id)
        await show_list(turn, session_id)
    else:
        await turn.show(lists.paper_question(turn._, await sheet(turn.uow, session_id)))


async def chat_again_tapped(update: Update, turn: Turn) -> None:
    (session_id,) = _some(turn.numbers, 1)
    await back_from_paper(turn.uow, session_id)
    await show_list(turn, session_id)


# guardians and the duty lead


async def close_tapped(update: Update, turn: Turn) -> None:
    """Who answers for the day is asked how it ended. Where it has, the letter says so."""
    alarm = await gate_alarm(turn.uow, turn.numbers[0])
    one = await any_child(turn.uow, alarm.day_child_id)
    if one is None:
        raise NotFound()
    try:
        await to_close(turn.uow, alarm.id)
    except Conflict as error:
        if error.code != "alarm_closed":
            raise
        await turn.toast(error_sentence(turn._, error))
        await turn.show(await over_view(turn.uow, turn._, alarm, one))
        return
    await ask(turn, CLOSE, alarm=alarm.id, seen=len(alarm.remark.splitlines()))
    await turn.say(screens.end_question(turn._, one, alarm))


Tap = Callable[[Update, Turn], Coroutine[Any, Any, None]]
TAPS: dict[str, Tap] = {
    "hs": list_tapped,
    "ho": line_out_tapped,
    "hk": child_tapped,
    "ha": adult_tapped,
    "hz": barred_tapped,
    "hg": give_tapped,
    "hl": alone_tapped,
    "hn": not_listed_tapped,
    "hu": undo_tapped,
    "hw": undo_why_tapped,
    "hq": told.acknowledged,
    "hx": told.disputed,
    "hy": told.withdrawn,
    "hc": close_tapped,
    "hf": late.child_tapped,
    "hv": late.class_tapped,
    "hp": paper_tapped,
    "hb": chat_again_tapped,
}
