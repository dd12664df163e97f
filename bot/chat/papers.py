"""Applications and agreements as PDF in the chat (S5): asked for by a button, made when they are sent."""

from __future__ import annotations

from telegram import Update

from bot.wire.turn import Turn
from care.agreement import agreement_of
from care.enrolment.queries import application_whole
from care.errors import NotFound
from care.records.delivery import Class


async def application_pdf_tapped(update: Update, turn: Turn) -> None:
    await _post(turn, "application_pdf", turn.numbers[0])


async def agreement_pdf_tapped(update: Update, turn: Turn) -> None:
    if await agreement_of(turn.uow, turn.numbers[0]) is None:
        raise NotFound()
    await _post(turn, "agreement_pdf", turn.numbers[0])


async def _post(turn: Turn, kind: str, application_id: int) -> None:
    await application_whole(turn.uow, application_id)
    await turn.toast(turn._("The PDF is on its way."))
    await turn.uow.post(kind, turn.actor.person_id or 0, Class.REPLY, application_id=application_id)
