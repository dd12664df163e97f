"""How a teacher calls the roll (S13): tapping who is here, or only those who are not. The chat keeps it for the day, so
that the list comes back as it was left, from whatever screen."""

from __future__ import annotations

from bot.wire.turn import Turn

FLOW = "roll"


async def only_away(turn: Turn) -> bool:
    """Whether the taps of this chat mean those who are not here."""
    form = await turn.form(FLOW)
    return form is not None and form.answers.get("away") == turn.uow.day.isoformat()


async def choose(turn: Turn, away: bool) -> None:
    """What the taps of this chat mean from now on, for the rest of the day."""
    await turn.open_form(FLOW, "", {"away": turn.uow.day.isoformat()} if away else {})
