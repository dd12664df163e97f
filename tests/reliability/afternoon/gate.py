"""A teacher at the gate: line out, then one child after the other, by code or by the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reliability.afternoon.families import Guardian
from reliability.afternoon.player import Player, child_in, labels
from reliability.afternoon.story import Child, Fate
from reliability.people import Deed, Somebody, taps_of
from webchat.model import Message

LIST = "· 已接走 "
BY_CODE = (Fate.CODE, Fate.ASTRAY)
SCREENS = ("hw", "hg", "ha", "hk", "ho", "hu")
Families = Mapping[Child, tuple[Guardian, Guardian]]
"""Each child's two guardians, who show their code."""


class Gate:
    """One list at the gate."""

    def __init__(self, teacher: Player, families: Families) -> None:
        self.teacher = teacher
        self.families = families
        self.gone: set[Child] = set()
        self._undoing: set[Child] = set()
        self._back: set[Child] = set()
        """Of those who are to be taken back: asked for, and here again."""
        self._served: Child | None = None
        self._numbers: dict[Child, str] = {}

    def next_deed(self, leaving: Sequence[Child]) -> Deed | None:
        """``leaving``: those who are to go now, in order."""
        screen = next((one for one in self.teacher.newest() if self._is_screen(one)), None)
        if screen is None:
            return Deed(words="/handover")
        if taps_of(screen, "hw"):
            return self._take_back(screen)
        if taps_of(screen, "hg"):
            return self._give(screen)
        if taps_of(screen, "ha"):
            return self._adult(screen)
        return self._list(screen, leaving)

    def _is_screen(self, message: Message) -> bool:
        return LIST in message.text or any(taps_of(message, verb) for verb in SCREENS)

    def _list(self, screen: Message, leaving: Sequence[Child]) -> Deed | None:
        here, undo = self._by_child(screen, "hk"), self._by_child(screen, "hu")
        self._numbers |= {child: data.split(":")[1] for child, data in here.items()}
        self._back |= {child for child in here if child in self._undoing}
        if out := self.teacher.deed(screen, "ho"):
            return out
        for child in leaving:
            if child.fate is Fate.UNDONE and child not in self._back and child in undo:
                self._undoing.add(child)
                return Deed(screen, undo[child])
            if child in here:
                self._served = child
                return self._serve(screen, child, here[child])
            if child in self._numbers:
                self.gone.add(child)
        return None

    def _by_child(self, screen: Message, verb: str) -> dict[Child, str]:
        found = {child_in(label, self.families): data for data, label in labels(screen, verb).items()}
        return {child: data for child, data in found.items() if child is not None}

    def _serve(self, screen: Message, child: Child, card: str) -> Deed:
        if child.fate not in BY_CODE:
            return Deed(screen, card)
        return Deed(words=self.families[child][0].code, once=f"code:{child.student_id}")

    def _collector(self, child: Child) -> Somebody:
        """Who stands there now: whom the child is given to by mistake, at first."""
        if child.fate is Fate.UNDONE and child not in self._back:
            return child.guardians[0]
        return child.collector

    def _adult(self, screen: Message) -> Deed | None:
        child = self._served
        assert child is not None
        adult = f"ha:{self._numbers[child]}:g{self._collector(child).person_id}"
        return self.teacher.deed(screen, adult) or self.teacher.deed(screen, "hs")

    def _give(self, screen: Message) -> Deed | None:
        child = self._served
        assert child is not None
        mine = f":g{self._collector(child).person_id}:{self._numbers[child]}."
        found = [data for data in taps_of(screen, "hg") if mine in data]
        return Deed(screen, found[0]) if found else self.teacher.deed(screen, "hs")

    def _take_back(self, screen: Message) -> Deed:
        return Deed(screen, next(data for data in taps_of(screen, "hw") if data.endswith(":wrong_adult")))
