"""What the wire asks the chat for: how an update is refused, how a letter reads, and who hears of it instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot.wire.turn import Turn
from bot.wire.view import View
from care.errors import CareError
from care.records.delivery import Letter
from care.work import UnitOfWork


class Fact(Protocol):
    """What a letter that is rendered at the moment of sending says about itself."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def person_id(self) -> int | None: ...
    @property
    def params(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Voice:
    """The chat's part in delivery."""

    refuse: Callable[[Turn, CareError], Awaitable[None]]
    """Says that a rule said no."""
    apologise: Callable[[Turn], Awaitable[None]]
    """Says that something broke for good."""
    render: Callable[[Fact], Awaitable[View | None]]
    """A letter in the words of its receiver; None when it no longer holds."""
    again: Callable[[str], bool]
    """Whether a kind of letter may go out twice when its fate is unknown."""
    unreachable: Callable[[UnitOfWork, Letter], Awaitable[None]]
    """What follows when a letter's receiver has no chat that can be written to."""
