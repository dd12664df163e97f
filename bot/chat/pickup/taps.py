"""Everything that may be tapped about the way home, by verb, and the command."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update

from bot.chat.pickup import delegate, sharing
from bot.chat.pickup.command import (
    adult_chosen,
    alone_after_all,
    changing,
    i_come,
    others_listed,
    pickup_command,
    viewed,
)
from bot.wire.turn import Turn

__all__ = ["TAPS", "pickup_command"]

TAPS: dict[str, Callable[[Update, Turn], Coroutine[Any, Any, None]]] = {
    "puv": viewed,
    "puc": changing,
    "pui": i_come,
    "puo": others_listed,
    "pua": adult_chosen,
    "pub": alone_after_all,
    "pud": delegate.begun,
    "puq": delegate.tapped,
    "pug": delegate.shown_again,
    "puw": delegate.withdrawn,
    "puf": sharing.to_forward,
    "pus": sharing.read_out,
    "pup": sharing.printed,
}
