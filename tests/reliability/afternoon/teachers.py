"""Teachers of the afternoon: of a class, from the roll to the gate; and who keeps extended care."""

from __future__ import annotations

from collections.abc import Callable

from reliability.afternoon.gate import Families, Gate
from reliability.afternoon.player import Player, Scenery
from reliability.afternoon.staff import SAYS_NOT, SAYS_WITH_ME, Roll, Staff
from reliability.afternoon.story import Child, Fate, Part
from reliability.people import Deed, Pace, Somebody, taps_of
from webchat.world import World


class ClassTeacher(Staff):
    """Takes the roll of a class, closes the alarms that the family has answered, gives who stays to the keeper, and
    stands at the gate."""

    def __init__(
        self,
        world: World,
        who: Somebody,
        families: Families,
        is_kept: Callable[[], bool],
        scenery: Scenery,
        pace: Pace,
        seed: int,
    ) -> None:
        children = list(families)
        closes = {child: SAYS_WITH_ME for child in children if child.fate is Fate.WITH_FAMILY}
        super().__init__(world, who, closes, scenery, pace, seed)
        self.roll = Roll(self, children)
        self.gate = Gate(self, families)
        self.children, self.families = children, families
        self._is_kept = is_kept
        self._given = self._asked_to_give = False
        second = children[0].wave - 1
        self._roll_at = (Part.ROLL, Part.CHASED)[second]
        self._gate_at = (Part.FIRST_GATE, Part.SECOND_GATE)[second]

    @property
    def _astray(self) -> list[Child]:
        return [child for child in self.children if child.fate is Fate.ASTRAY]

    def open_tasks(self) -> list[str]:
        tasks = []
        if self.part >= self._roll_at:
            tasks += [] if self.roll.is_done else ["the roll"]
            tasks += [f"{child.name} is to turn up" for child in self._astray if child not in self.roll.found]
            tasks += [f"the alarm about {child.name} is to be closed" for child in self._open_alarms()]
        if self.part >= Part.COUNT and self._stayers and not self._given:
            tasks.append("who stays is to be given")
        return tasks + [f"{child.name} is to go" for child in self._leaving if child not in self.gate.gone]

    @property
    def _stayers(self) -> list[Child]:
        return [child for child in self.children if child.fate is Fate.STAYS]

    @property
    def _leaving(self) -> list[Child]:
        """Those who go in this part: who is late, when the family has been called."""
        now = self.part >= self._gate_at
        stay = [child for child in self.children if child.is_here and child.fate is not Fate.STAYS]
        return [child for child in stay if now and (child.fate is not Fate.LATE or self.part >= Part.LATE)]

    def own_deed(self) -> Deed | None:
        if self.part < self._roll_at:
            return None
        if not self.roll.is_done:
            return self.roll.next_deed()
        for child in self._astray:
            if child not in self.roll.found and self._heard(child):
                return self.roll.turned_up(child)
        if deed := self._close_missing():
            return deed
        if self.part >= Part.COUNT and self._stayers and not self._given and self._is_kept():
            return self._give()
        leaving = [child for child in self._leaving if child not in self.gate.gone and self._has_come(child)]
        return self.gate.next_deed(leaving) if leaving else None

    def _heard(self, child: Child) -> bool:
        return any(child.name in message.text and SAYS_NOT in message.text for message in self.newest())

    def _has_come(self, child: Child) -> bool:
        return child.fate is not Fate.LATE or self.families[child][0].is_called

    def _give(self) -> Deed | None:
        desk = self.newest_with("exp", "exw")
        if desk is None:
            self._given = self._asked_to_give
            return None if self._given else Deed(words="/extended")
        if deed := self.deed(desk, "exw"):
            self._asked_to_give = True
            return deed
        return self.deed(desk, "exp")


class Keeper(Player):
    """Keeps extended care: signs in, counts what the classes give, and hands over at the academy's own gate."""

    def __init__(self, world: World, families: Families, scenery: Scenery, pace: Pace, seed: int) -> None:
        super().__init__(world, scenery.cast.keeper, scenery, pace, seed)
        self.children = list(families)
        self.gate = Gate(self, families)
        self._counted: dict[str, int] = {}
        """By hand-over, the message on which it was counted."""
        self._signing = self.is_there = False

    @property
    def _taken(self) -> int:
        return sum(not taps_of(self.chat.messages[number], "exc") for number in self._counted.values())

    def open_tasks(self) -> list[str]:
        classes = len({child.teacher for child in self.children})
        tasks = ["a class is to be counted"] * (classes - self._taken) if self.part >= Part.COUNT else []
        if self.part >= Part.ACADEMY:
            tasks += [f"{child.name} is to go" for child in self.children if child not in self.gate.gone]
        return tasks

    def own_deed(self) -> Deed | None:
        if self.part < Part.COUNT:
            return None
        if not self.is_there:
            return self._sign_in()
        for message in self.newest():
            for data in taps_of(message, "exc"):
                number = data.split(":")[1]
                if number not in self._counted or taps_of(self.chat.messages[self._counted[number]], "exc"):
                    self._counted[number] = message.id
                    return Deed(message, data)
        leaving = [child for child in self.children if child not in self.gate.gone]
        return self.gate.next_deed(leaving) if leaving and self.part >= Part.ACADEMY else None

    def _sign_in(self) -> Deed | None:
        desk = self.newest_with("exi")
        if desk is not None:
            self._signing = True
            return self.deed(desk, "exi")
        self.is_there = self._signing
        return None if self._signing else Deed(words="/extended")
