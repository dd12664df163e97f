"""/console: a one-time sign-in link for who may use the office console."""

from __future__ import annotations

from telegram import Update

from bot.wire.turn import Turn
from bot.wire.view import Button, View
from care.errors import NotAllowed
from care.signin import LINK_VALID, make_link


async def console_command(update: Update, turn: Turn) -> None:
    _ = turn._
    if turn.actor.person_id is None:
        raise NotAllowed()
    token = await make_link(turn.uow, turn.actor.person_id)
    address = f"{turn.uow.school.address}/sign-in/{token}"
    text = _(
        "Your sign-in link: it works once, within {minutes} minutes. Do not pass it on.",
        minutes=int(LINK_VALID.total_seconds() // 60),
    )
    if address.startswith("https://"):
        await turn.say(View(text, ((Button(_("Open the console"), url=address),),)))
    else:  # Telegram takes no plain http address on a button
        await turn.say(View(f"{text}\n\n{address}"))
