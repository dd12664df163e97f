"""An adult's code for one day: to forward, to read out, to print. Only for who may still collect a child then."""

from __future__ import annotations

from datetime import date

from telegram import Update

from bot.chat.pickup.party import ALL, Party, Who, day_of, party_of, who_of
from bot.wire.turn import Turn
from bot.wire.view import View
from care.errors import Conflict, NotAllowed
from care.pickup.adults import Authorised, may_collect
from care.pickup.codes import code_for, shown
from care.pickup.plan import own_leaving
from care.records.delivery import Class
from care.records.pickup import Adult
from care.work import UnitOfWork
from locales import Words
from locales.labels import day as day_label


async def who_and_children(uow: UnitOfWork, viewer: int, who: Who, day: date) -> tuple[Authorised, Party]:
    """The adult as authorised, and the viewer's children whom they may still collect then. Raises
    NotAllowed("not_authorised") for nobody of theirs, Conflict("already_collected") once all are."""
    party = await party_of(uow, viewer, day, ALL)
    await own_leaving(uow, party.ids, day)
    found, meant = [], None
    for child in party.still:
        try:
            meant = await may_collect(uow, child.student_id, *who, day)
            found.append(child.student_id)
        except NotAllowed:
            continue
    if meant is None:
        raise NotAllowed("not_authorised")
    return meant, party.only(found)


async def _asked(turn: Turn) -> tuple[date, Who, Authorised, Party]:
    if len(turn.parts) != 3:
        raise Conflict()
    day, who = day_of(turn.parts[0]), who_of(turn.parts[1], turn.parts[2])
    viewer = turn.actor.person_id or 0
    if who[0] is Adult.GUARDIAN and who[1] != viewer:  # the other guardian's own
        raise NotAllowed("not_authorised")
    return day, who, *await who_and_children(turn.uow, viewer, who, day)


def spelled(_: Words, code: str) -> str:
    """A code as it is read out over the telephone."""
    signs = [_("digit {sign}", sign=s) if s.isdecimal() else _("letter {sign}", sign=s) for s in code]
    half = len(signs) // 2
    return _(", ").join(signs[:half]) + _("; ") + _(", ").join(signs[half:])


async def read_out(update: Update, turn: Turn) -> None:
    day, who, _adult, _party = await _asked(turn)
    code = await code_for(turn.uow, *who, day)
    words = turn._(
        "{code}\n{spelled}\nNo code has the letters I, L, O or the digits 0, 1.",
        code=shown(code),
        spelled=spelled(turn._, code),
    )
    await turn.toast(words, alert=True)


async def to_forward(update: Update, turn: Turn) -> None:
    """A message of its own, without buttons, with just what the adult needs."""
    day, who, adult, party = await _asked(turn)
    _ = turn._
    lines = [_("Pick-up for {name}, only on {date}:", name=adult.name, date=day_label(_, day))]
    for child in party.children:
        lines.append(
            _(
                "{child}, class {school_class}: {time}, {gate}",
                child=child.name,
                school_class=child.school_class,
                time=f"{child.ends_at.astimezone(turn.uow.school.zone):%H:%M}",
                gate=child.gate,
            )
        )
    code = await code_for(turn.uow, *who, day)
    lines.append(_("Pick-up code: {code}", code=shown(code)))
    lines.append(_("Tell the teacher at the gate your name and this code."))
    await turn.say(View("\n".join(lines)))
    await turn.toast(_("The message below can be forwarded as it is."))


async def printed(update: Update, turn: Turn) -> None:
    """The slip as PDF; it is made when it is sent, so the code has to be there before."""
    day, who, _adult, _party = await _asked(turn)
    await code_for(turn.uow, *who, day)
    await turn.toast(turn._("The PDF is on its way."))
    adult, number = who
    me = turn.actor.person_id or 0
    await turn.uow.post("pickup_slip", me, Class.REPLY, date=day.isoformat(), adult=adult.value, adult_id=number)
