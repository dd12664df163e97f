"""Kinds of letters: how a fact posted by ``care/`` is rendered in the chat, and what may be done with it.

Each feature of the chat lists its own kinds; ``letters.py`` puts them together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.wire.view import View
from care.work import UnitOfWork
from locales import Words
from papers import Printer


@dataclass(frozen=True)
class Context:
    """What a letter is rendered with: a reading transaction as its receiver, the words, the printer."""

    uow: UnitOfWork
    _: Words
    printer: Printer
    params: dict[str, Any]

    @property
    def screen(self) -> tuple[str, int, int] | None:
        """The message in whose place the letter goes, where its facts name one: channel, chat and message."""
        screen = self.params.get("screen")
        return (str(screen[0]), int(screen[1]), int(screen[2])) if screen else None

    def redraw(self, view: View, alone: bool = False) -> View:
        """The view in place of that message, and nowhere else: what is deleted, or in another chat than the letters go
        to now, stays as it is. ``alone``: no other letter says it, so that it comes as a new message then."""
        return replace(view, in_place_of=self.screen, in_place_only=not alone)

    @property
    def application_id(self) -> int:
        return int(self.params["application_id"])


Rendered = Callable[[Context], Awaitable[View | None]]


@dataclass(frozen=True)
class Kind:
    """How a kind of letter is rendered, whether it may go out twice when its fate is unknown (``again``), and whether
    another guardian of the child gets it when the receiver cannot be reached. A ``courtesy`` that reaches nobody is no
    matter for the office."""

    render: Rendered
    again: bool = True
    other_guardian: bool = False
    courtesy: bool = False
