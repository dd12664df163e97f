"""What the chat says of another room, or another end, of extended care."""

from __future__ import annotations

from bot.chat.kinds import Context, Kind
from bot.wire.view import View
from care.extended.moving import Moved, move_to_say
from locales import Words
from locales.calendar import long_day
from locales.labels import clock, listed


async def _extended_moved(c: Context) -> View | None:
    moved = await move_to_say(c.uow, c.params)
    if moved is None:
        return None
    lines = [_what(c._, moved)]
    if moved.children:
        lines.append(c._("Please collect there."))
        lines.append(c._("This is about: {children}", children=listed(c._, moved.children)))
    return View("\n".join(lines))


def _what(_: Words, moved: Moved) -> str:
    """What is and what was."""
    day, was, now = long_day(_, moved.since), moved.before, moved.after
    values = {"day": day, "venue": now.venue, "until": clock(now.until)}
    if was.venue == now.venue:
        return _(
            "From {day} on, extended care is until {until} (was {before}), at {venue} as before.",
            **values,
            before=clock(was.until),
        )
    if was.until == now.until:
        return _(
            "From {day} on, extended care is at {venue} (was {before}), until {until} as before.",
            **values,
            before=was.venue,
        )
    return _(
        "From {day} on, extended care is at {venue} (was {before}), until {until} (was {until_before}).",
        **values,
        before=was.venue,
        until_before=clock(was.until),
    )


KINDS: dict[str, Kind] = {"extended_moved": Kind(_extended_moved, courtesy=True)}
