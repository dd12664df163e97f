"""The school's side of the hour: homeroom teachers who review by button, and the leading group who approve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reliability.families import Story
from reliability.people import Deed, Pace, Resident, Somebody, taps_of
from webchat.model import Message
from webchat.world import World


@dataclass(frozen=True)
class Card:
    """One application in one version, as it came for review; ``first`` is the message in which it was first seen."""

    application: str
    version: str
    first: int
    story: Story
    move: str

    def is_open(self, message: Message) -> bool:
        """Whether a message has the buttons for a decision on this card."""
        return any(data.split(":")[2:] == [self.application, self.version] for data in taps_of(message, "rv"))

    def is_decided(self, message: Message) -> bool:
        """Whether a message shows the application as one on which this card decides nothing any more."""
        return f"rc:{self.application}" in taps_of(message, "rc") and not self.is_open(message)


class Teacher(Resident):
    """A homeroom teacher: decides as the story of each child says, one card after the other."""

    def __init__(self, world: World, who: Somebody, stories: Sequence[Story], pace: Pace, seed: int) -> None:
        super().__init__(world, who, pace, seed)
        self.stories = stories
        self._cards: dict[tuple[str, str], Card] = {}
        self._decided: set[Card] = set()

    def next_deed(self) -> Deed | None:
        shown = self.newest()
        for message in reversed(shown):
            self._take_up(message)
        for card in self._cards.values():
            if card not in self._decided:
                deed = self._decide(card, [message for message in shown if message.id >= card.first])
                if deed is not None:
                    return deed
        return None

    def _take_up(self, message: Message) -> None:
        for data in taps_of(message, "rv"):
            _verb, _move, application, version = data.split(":")
            story = next((story for story in self.stories if story.child in message.text), None)
            if story is not None and (application, version) not in self._cards:
                seen = any(card.application == application for card in self._cards.values())
                move = "passed" if seen else story.decision
                self._cards[application, version] = Card(application, version, message.id, story, move)

    def _decide(self, card: Card, shown: list[Message]) -> Deed | None:
        """What to do about one card; None when it is decided."""
        if any(card.is_decided(message) for message in shown):
            self._decided.add(card)
            return None
        for message in shown:
            if f"rx:{card.application}" in taps_of(message, "rx"):
                return Deed(message, words=card.story.remark, once=f"{card.application}:{card.version}")
            if card.is_open(message):
                return Deed(message, f"rv:{card.move}:{card.application}:{card.version}")
        return None


class Head(Resident):
    """One of the leading group: looks through what waits, and approves the children of the town."""

    def __init__(
        self, world: World, who: Somebody, wanted: Callable[[], Sequence[Story]], pace: Pace, seed: int
    ) -> None:
        super().__init__(world, who, pace, seed)
        self._wanted = wanted
        self._looked_at = 0
        self._rest = False

    def next_deed(self) -> Deed | None:
        wanted = {story.child: story for story in self._wanted()}
        for message in self.newest(self._looked_at):
            for data in taps_of(message, "rv"):
                if data.startswith("rv:approved:") and any(child in message.text for child in wanted):
                    return Deed(message, data)
            for row in message.buttons():
                label, data = str(row[0]["text"]), str(row[0].get("callback_data", ""))
                story = wanted.get(label.split(" · ")[0])
                if data.startswith("ro:") and story is not None and story.school_class in label:
                    return Deed(message, data)
            if further := [data for data in taps_of(message, "rl") if self._is_further(message, data)]:
                return Deed(message, further[0])
        self._rest = not self._rest
        if self._rest or not wanted:  # nothing was found: a look around before the list is asked for again
            return None
        self._looked_at = self.chat.last_message_id + 1
        return Deed(words="/review")

    def _is_further(self, message: Message, data: str) -> bool:
        return data == taps_of(message, "rl")[-1] and "›" in str(message.buttons()[-1][-1]["text"])
