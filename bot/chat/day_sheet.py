"""/daysheet: the paper from which a teacher gives children to the right adults without power or network (S10, S14).
It is printed when it is sent, from what holds then."""

from __future__ import annotations

import asyncio

from telegram import Update

from bot.chat.ids import id_of
from bot.chat.kinds import Context, Kind
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.day.sheets import SheetSession, sessions_of, taken
from care.errors import NotFound
from care.permissions import Permission
from care.records.delivery import Class
from papers.from_day import day_sheet_papers, group_name

ACROSS = 3


async def day_sheet_command(update: Update, turn: Turn) -> None:
    """Sends the sheets of who asks; who answers for more classes chooses among those."""
    _ = turn._
    turn.uow.require(Permission.TAKE_ROLL)
    sessions = await sessions_of(turn.uow, turn.uow.day)
    own = [session for session in sessions if session.teacher_id == turn.actor.person_id]
    await _post(turn, own)
    buttons = [Button(group_name(one, _), pack("ds", one.session_id)) for one in sessions if one not in own]
    if buttons:
        rows = tuple(tuple(buttons[at : at + ACROSS]) for at in range(0, len(buttons), ACROSS))
        await turn.say(View(_("Whose day sheet would you like?"), rows))
    elif not own:
        await turn.say(View(_("There is no day sheet for you today: you are on duty with no class, or no care runs.")))


async def sheet_tapped(update: Update, turn: Turn) -> None:
    wanted = id_of(turn.parts[0])
    found = [one for one in await sessions_of(turn.uow, turn.uow.day) if one.session_id == wanted]
    if not found:
        raise NotFound()
    await _post(turn, found)
    await turn.toast(turn._("The PDF is on its way."))


async def _post(turn: Turn, sessions: list[SheetSession]) -> None:
    taken(turn.uow, sessions)
    for session in sessions:
        await turn.uow.post("day_sheet", turn.actor.person_id or 0, Class.REPLY, session_id=session.session_id)


async def _day_sheet(c: Context) -> View | None:
    """The paper as things stand now; nothing for who has been replaced since."""
    _, session_id = c._, int(c.params["session_id"])
    (paper,) = await day_sheet_papers(c.uow, [session_id], _)
    content = await asyncio.to_thread(c.printer.day_sheets, [paper], _.language)
    text = _.many(
        "Day sheet: {group}, {date}, {times}. {n} child, with everybody who may collect it. It holds phone numbers: "
        "pass it on to nobody, and hand printed copies in after dismissal.",
        "Day sheet: {group}, {date}, {times}. {n} children, with everybody who may collect them. It holds phone "
        "numbers: pass it on to nobody, and hand printed copies in after dismissal.",
        len(paper.children),
        group=paper.group,
        date=paper.date,
        times=paper.times,
    )
    return View(text, document_name=_("day-sheet-{group}.pdf", group=paper.group), document=content)


KINDS: dict[str, Kind] = {"day_sheet": Kind(_day_sheet)}
