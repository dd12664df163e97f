"""/checkin (S13): sign in for duty, then the class as buttons. A tap says "here", a second one opens what else can be
said; or, for who taps only those who are not here, the first one does.

Every tap reads the list anew and answers with it as it is now, so that two teachers on one list see the same, and an
old keyboard becomes the present one.
"""

from __future__ import annotations

import re

from telegram import Update

from bot.chat.handover.screens import child_card
from bot.chat.ids import id_of
from bot.chat.missing_reason import leave_question
from bot.chat.rolllist import (
    choices_view,
    done_line,
    list_view,
    menu_view,
    numbers_in,
    sign_in_view,
)
from bot.chat.rollmode import choose, only_away
from bot.chat.rolltyped import typed
from bot.wire.turn import Turn
from bot.wire.view import View
from care.calendar import load_calendar
from care.day.plan import term_on
from care.day.rules import rules_of
from care.errors import Conflict
from care.records.day import Step
from care.release.gate import child as gate_child
from care.rollcall import (
    RollSheet,
    all_others_present,
    choices,
    mark,
    on_leave_after_all,
    sheet,
    sheet_of_child,
    sign_in,
)
from locales.labels import clock

MASK = re.compile("[0-9a-f]{1,40}")


async def checkin_command(update: Update, turn: Turn) -> None:
    await leave_question(turn)
    found = await choices(turn.uow)
    words = " ".join(turn.args or ())
    own = [one for one in found if one.own]
    straight = own if len(own) == 1 else found
    if not found:
        await turn.say(View(await _why_none(turn)))
    elif words:
        await turn.say(await typed(turn, found, words))
    elif len(straight) == 1:
        await turn.say(await sign_in_view(turn, await sheet(turn.uow, straight[0].session_id)))
    else:
        await turn.say(choices_view(turn._, turn.uow.school.zone, found, 0))


async def _why_none(turn: Turn) -> str:
    """There is no list today, or not yet."""
    _, uow = turn._, turn.uow
    term = await term_on(uow, uow.today)
    if term is None or not (await load_calendar(uow)).is_care_day(uow.today):
        return _("There is no after-school care today, so there is no roll to call.")
    opens_at = (await rules_of(uow, term.id)).opens_at
    if uow.now.astimezone(uow.school.zone).time() < opens_at:
        return _("Today's lists are made at {time}. Please send /checkin again then.", time=clock(opens_at))
    return _("There is no list for you today.")


async def page_tapped(update: Update, turn: Turn) -> None:
    (page,) = _ids(turn, 1)
    await turn.show(choices_view(turn._, turn.uow.school.zone, await choices(turn.uow), page))


async def session_tapped(update: Update, turn: Turn) -> None:
    (session_id,) = _ids(turn, 1)
    await turn.show(await sign_in_view(turn, await sheet(turn.uow, session_id)))


async def sign_in_tapped(update: Update, turn: Turn) -> None:
    """The duty sign-in, as the screen has explained it: from nobody, or from the colleague it named."""
    session_id, seen = _ids(turn, 2)
    try:
        roll = await sign_in(turn.uow, session_id, seen)
    except Conflict as error:
        await _catch_up(turn, error)
        await turn.show(await sign_in_view(turn, await sheet(turn.uow, session_id)))
        return
    await _show(turn, roll)


async def list_tapped(update: Update, turn: Turn) -> None:
    """The list as it is now, as this chat calls the roll, or from now on in the mode that the button names; who helps
    with the roll comes by this button too."""
    session_id, *mode = _ids(turn, len(turn.parts) if len(turn.parts) == 2 else 1)
    if mode not in ([], [0], [1]):
        raise Conflict()
    await leave_question(turn)
    roll = await sheet(turn.uow, session_id)
    if mode:
        await choose(turn, mode == [1])
    await turn.show(await sign_in_view(turn, roll) if roll.teacher_id is None else await _list(turn, roll))


async def child_tapped(update: Update, turn: Turn) -> None:
    """A child about whom nothing had been said when the button was drawn: it is here."""
    child_id, seen = _ids(turn, 2)
    try:
        roll = await mark(turn.uow, child_id, Step.PRESENT, seen)
    except Conflict as error:
        await _catch_up(turn, error)
        roll = await sheet_of_child(turn.uow, child_id)
    await _show(turn, roll)


async def menu_tapped(update: Update, turn: Turn) -> None:
    """What can be said of a child. A button that is old shows the list."""
    child_id, seen = _ids(turn, 2)
    roll = await sheet_of_child(turn.uow, child_id)
    child = roll.child(child_id)
    if roll.date != turn.uow.day:
        raise Conflict("roll_of_other_day")
    if child.seq != seen:
        await _catch_up(turn, Conflict())
        await _show(turn, roll)
    else:
        await turn.show(await menu_view(turn, roll, child))


async def found_tapped(update: Update, turn: Turn) -> None:
    """A child that was missing is at school: what the roll can say of it. Somebody has to be on duty for that."""
    (child_id,) = _ids(turn, 1)
    await leave_question(turn)
    roll = await sheet_of_child(turn.uow, child_id)
    if roll.date != turn.uow.day:
        raise Conflict("roll_of_other_day")
    signed = roll.teacher_id is not None
    await turn.show(await menu_view(turn, roll, roll.child(child_id)) if signed else await sign_in_view(turn, roll))


async def said_tapped(update: Update, turn: Turn) -> None:
    """What a child's menu offers."""
    if len(turn.parts) != 3 or turn.parts[2] not in set(Step):
        raise Conflict()
    child_id, seen, step = id_of(turn.parts[0]), id_of(turn.parts[1]), Step(turn.parts[2])
    try:
        if step is Step.LEAVE:
            roll = await on_leave_after_all(turn.uow, child_id, seen)
        else:
            roll = await mark(turn.uow, child_id, step, seen)
    except Conflict as error:
        await _catch_up(turn, error)
        roll = await sheet_of_child(turn.uow, child_id)
        await turn.show(await menu_view(turn, roll, roll.child(child_id)))
        return
    await _show(turn, roll)


async def left_early_tapped(update: Update, turn: Turn) -> None:
    """Leaving early is a release to an adult, with all that belongs to one."""
    await turn.show(await child_card(turn.uow, turn._, await gate_child(turn.uow, id_of(turn.parts[0]))))


async def all_others_tapped(update: Update, turn: Turn) -> None:
    """All children whom the button's list showed as not called yet are here; those on leave never."""
    if len(turn.parts) != 2 or not MASK.fullmatch(turn.parts[1]):
        raise Conflict()
    await _show(turn, await all_others_present(turn.uow, id_of(turn.parts[0]), numbers_in(turn.parts[1])))


def _ids(turn: Turn, count: int) -> list[int]:
    """The ids of the button. Raises Conflict for one that is not ours."""
    if len(turn.parts) != count:
        raise Conflict()
    return [id_of(part) for part in turn.parts]


async def _list(turn: Turn, roll: RollSheet) -> View:
    return list_view(turn._, turn.uow.school.zone, roll, away=await only_away(turn))


async def _show(turn: Turn, roll: RollSheet) -> None:
    """The list in place of what was tapped; whoever has said the last thing that was left is told so."""
    if roll.done_at == turn.uow.now:
        await turn.toast(done_line(turn._, turn.uow.school.zone, roll))
    await turn.show(await _list(turn, roll))


async def _catch_up(turn: Turn, error: Conflict) -> None:
    """Somebody was faster: that is no error, the screen only has to follow. Other conflicts are."""
    if error.code != Conflict.code:
        raise error
    await turn.toast(turn._("The list has changed meanwhile; this is how it stands now."))


TAPS = {
    "kp": page_tapped,
    "ko": session_tapped,
    "ks": sign_in_tapped,
    "kl": list_tapped,
    "kt": child_tapped,
    "kf": found_tapped,
    "km": menu_tapped,
    "kd": said_tapped,
    "ke": left_early_tapped,
    "ka": all_others_tapped,
}
