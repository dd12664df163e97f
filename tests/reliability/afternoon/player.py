"""Somebody of the afternoon at their phone: what everybody there has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from reliability.afternoon.story import Cast, Child
from reliability.people import Deed, Pace, Resident, Somebody, taps_of
from webchat.model import Message
from webchat.world import World

OUT_OF_TURN = -1


@dataclass
class Scenery:
    """What everybody knows: which part of the afternoon it is, and whether the town is ``restless``: all is done, and
    some chat to pass the time."""

    cast: Cast
    part: int = OUT_OF_TURN
    restless: bool = False


class Player(Resident):
    """Acts in the parts of the afternoon in which it has something to do."""

    chats = False

    def __init__(self, world: World, who: Somebody, scenery: Scenery, pace: Pace, seed: int) -> None:
        super().__init__(world, who, pace, seed)
        self.scenery = scenery

    @property
    def part(self) -> int:
        return self.scenery.part

    @abstractmethod
    def open_tasks(self) -> list[str]:
        """What of the story is still to be done or seen by the end of this part."""

    @abstractmethod
    def own_deed(self) -> Deed | None:
        """What the story asks for now."""

    def next_deed(self) -> Deed | None:
        deed = self.own_deed()
        return Deed(words="/children") if deed is None and self.chats and self.scenery.restless else deed

    @property
    def is_idle(self) -> bool:
        return not self.open_tasks() and self.own_deed() is None and not self.awaits_answer

    def stir(self) -> None:
        """Looks up from whatever it waits for."""
        self.news += 1
        self._changed.set()

    def newest_with(self, *verbs: str, about: str = "") -> Message | None:
        """The newest message with a button of one of these verbs, and with this in its words."""
        for message in self.newest():
            if about in message.text and any(taps_of(message, verb) for verb in verbs):
                return message
        return None

    def deed(self, message: Message, start: str) -> Deed | None:
        """A tap of the first button whose data begins so."""
        verb = start.split(":")[0]
        found = [data for data in taps_of(message, verb) if data == start or data.startswith(f"{start}:")]
        return Deed(message, found[0]) if found else None


def labels(message: Message, *verbs: str) -> dict[str, str]:
    """The labels of a message's buttons of these verbs, by data."""
    return {
        str(button["callback_data"]): str(button["text"])
        for row in message.buttons()
        for button in row
        if str(button.get("callback_data", "")).split(":")[0] in verbs
    }


def child_in(label: str, children: Iterable[Child]) -> Child | None:
    """The child a button names."""
    return next((child for child in children if child.name in label), None)
