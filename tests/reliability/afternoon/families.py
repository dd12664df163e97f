"""Guardians in the afternoon: leave, a missing child, the reminder, what is told of the hand-over."""

from __future__ import annotations

from afterbell.simulate.phone import CODE
from reliability.afternoon.player import Player, Scenery
from reliability.afternoon.story import DAY, Child, Fate, Part
from reliability.people import Deed, Pace, taps_of
from webchat.model import Message
from webchat.world import World

CALLED = "还在学校"
REMINDED = {1: Part.FIRST_REMINDERS, 2: Part.SECOND_REMINDERS}
CHATTY = (Fate.LEAVE, Fate.WITH_FAMILY, Fate.UNANSWERED)
ASKED = (Fate.WITH_FAMILY, Fate.ASTRAY)
BOTH_ANSWERS = 2
SHOWN_BY = {"lvb": "leave", "exn": "answer", "puc": "answer"}
"""Buttons that a message has only when the task is done."""


class Guardian(Player):
    """One of a child's two guardians; the first one says what happens, the other reads."""

    def __init__(self, world: World, child: Child, first: bool, scenery: Scenery, pace: Pace, seed: int) -> None:
        super().__init__(world, child.guardians[not first], scenery, pace, seed)
        self.child = child
        self.first = first
        self.chats = not first and child.fate in CHATTY
        self._done: set[str] = set()
        self._begun: dict[str, tuple[int, int, str]] = {}

    @property
    def code(self) -> str:
        """The pick-up code on the screen; empty where there is none."""
        return next((found[0] for message in self.newest() if (found := CODE.search(message.text))), "")

    @property
    def is_called(self) -> bool:
        """Whether the school has said that nobody has come for the child."""
        return any(CALLED in message.text for message in self.newest())

    @property
    def tasks(self) -> set[str]:
        """What this guardian has to do by the end of this part."""
        child, part, tasks = self.child, self.part, set[str]()
        if not self.first:
            return tasks
        if child.fate is Fate.LEAVE and part >= Part.LEAVE:
            tasks.add("leave")
        if child.fate in ASKED and part >= (Part.ROLL if child.wave == 1 else Part.CHASED):
            tasks.add("missing")
        if child.is_here and part >= REMINDED[child.wave]:
            tasks.add("answer")
        if child.fate is Fate.DISPUTED and part >= (Part.FIRST_GATE if child.wave == 1 else Part.SECOND_GATE):
            tasks.add("dispute")
        return tasks

    def open_tasks(self) -> list[str]:
        self._look()
        return sorted(self.tasks - self._done)

    def own_deed(self) -> Deed | None:
        doing = {"leave": self._leave, "missing": self._missing, "answer": self._answer, "dispute": self._dispute}
        for task in self.open_tasks():
            if deed := doing[task]():
                return deed
        told = self.newest_with("hq") if self.child.fate not in (Fate.DISPUTED, Fate.UNDONE) else None
        return self.deed(told, "hq") if told else None

    def _look(self) -> None:
        """Notes what the screen shows as done: on a copy that comes later nobody acts again."""
        for message in self.newest():
            self._done |= {task for verb, task in SHOWN_BY.items() if taps_of(message, verb)}
        for task, (number, buttons, verb) in self._begun.items():
            if len(taps_of(self.chat.messages[number], verb)) < buttons:
                self._done.add(task)

    def _begin(self, task: str, message: Message, data: str) -> Deed:
        """Does what takes its button off the message."""
        verb = data.split(":")[0]
        self._begun[task] = (message.id, len(taps_of(message, verb)), verb)
        return Deed(message, data)

    def _leave(self) -> Deed | None:
        child, today = self.child.student_id, f"{DAY:%Y%m%d}"
        message = self.newest_with("lvd", "lvr", "lvy")
        if message is None:
            return Deed(words="/leave")
        steps = (f"lvy:{child}", f"lvr:{child}:{today}:{today}:n", f"lvd:{child}:{today}")
        return next((deed for start in steps if (deed := self.deed(message, start))), None)

    def _missing(self) -> Deed | None:
        for message in self.newest():
            found = taps_of(message, "ma")
            if len(found) == BOTH_ANSWERS and self.child.name in message.text:
                return self._begin("missing", message, found[self.child.fate is Fate.ASTRAY])
        return None

    def _answer(self) -> Deed | None:
        """Who comes, by the reminder; or the child stays."""
        if self.child.fate is Fate.STAYS:
            if stay := self.newest_with("exy"):
                return self.deed(stay, "exy")
            reminder = self.newest_with("pui")
            return self.deed(reminder, "go:extended") if reminder else None
        message = self.newest_with("pui", "pua")
        if message is None or self.child.fate is not Fate.OTHER:
            return self.deed(message, "pui") if message else None
        other = f":g:{self.child.guardians[1].person_id}"
        chosen = [data for data in taps_of(message, "pua") if data.endswith(other)]
        return Deed(message, chosen[0]) if chosen else self.deed(message, "puo")

    def _dispute(self) -> Deed | None:
        message = self.newest_with("hx")
        return self._begin("dispute", message, taps_of(message, "hx")[0]) if message else None
