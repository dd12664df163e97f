"""The school's side of the afternoon: teachers at the roll, the duty lead."""

from __future__ import annotations

from bot.chat.rolllist import HERE, UNSAID
from reliability.afternoon.player import Player, Scenery, child_in, labels
from reliability.afternoon.story import MISSING, Child, Fate, Part
from reliability.people import Deed, Pace, Somebody, taps_of
from webchat.model import Message
from webchat.world import World

SAYS_WITH_ME, SAYS_NOT = "答复“在我身边”", "答复“不在我这里”"
HOW, HOW_IT_ENDED, CLOSED = "的事情是怎么处理的？请输入。", "已电话核实，一切正常。", "已结束，原因已记录。"


class Staff(Player):
    """Whoever closes alarms about missing children: those of the fates given, once the letter says what it must."""

    def __init__(
        self, world: World, who: Somebody, closes: dict[Child, str], scenery: Scenery, pace: Pace, seed: int
    ) -> None:
        super().__init__(world, who, scenery, pace, seed)
        self._closes = closes
        self._closed: dict[Child, tuple[int, int]] = {}

    def _open_alarms(self) -> list[Child]:
        return [child for child in self._closes if not self._is_closed(child)]

    def _is_closed(self, child: Child) -> bool:
        """Whether the message on which the reason was tapped offers nothing more."""
        if child not in self._closed:
            return False
        message = self.chat.messages[self._closed[child][0]]
        return not taps_of(message, "mr") and not taps_of(message, "mc")

    def _close_missing(self) -> Deed | None:
        for child in self._open_alarms():
            if why := self.newest_with("mr", about=child.name):
                self._closed[child] = (why.id, 0)
                return self.deed(why, f"mr:{taps_of(why, 'mr')[0].split(':')[1]}:0")
            for message in self.newest():
                if child.name in message.text and self._closes[child] in message.text and taps_of(message, "mc"):
                    return self.deed(message, "mc")
        return None


class Lead(Staff):
    """The duty lead: finds the children of whom nobody says anything, and hears the families who dispute."""

    def __init__(self, world: World, scenery: Scenery, pace: Pace, seed: int) -> None:
        cast = scenery.cast
        closes = {child: "" for child in cast.children if child.fate is Fate.UNANSWERED}
        super().__init__(world, cast.lead, closes, scenery, pace, seed)
        self._asked: dict[str, int] = {}
        """By alarm of the gate: from which message on the question how it ended is looked for."""

    def open_tasks(self) -> list[str]:
        tasks = [f"{child.name} is to be found" for child in self._open_alarms() if self.part >= Part.UNANSWERED]
        disputes = [
            child
            for child in self.scenery.cast.children
            if child.fate is Fate.DISPUTED and self.part >= (Part.FIRST_GATE if child.wave == 1 else Part.SECOND_GATE)
        ]
        closed = sum(self.has_written(self._ending(alarm)) for alarm in self._asked)
        return tasks + [f"the dispute about {child.name} is to be closed" for child in disputes[closed:]]

    def own_deed(self) -> Deed | None:
        if self.part >= Part.UNANSWERED and (deed := self._close_missing()):
            return deed
        alarms = {data: message for message in self.newest() for data in taps_of(message, "hc")}
        still = [alarm for alarm in alarms if not self.has_written(self._ending(alarm))]
        still.sort(key=lambda alarm: alarm not in self._asked)
        return self._close_dispute(alarms[still[0]], still[0]) if still else None

    def _close_dispute(self, message: Message, alarm: str) -> Deed:
        """One alarm after the other: the reason that is typed is for the one that was tapped last."""
        since = self._asked.setdefault(alarm, self.chat.last_message_id + 1)
        if any(HOW in one.text for one in self.newest(since)):
            return self._ending(alarm)
        return Deed(message, alarm)

    def _ending(self, alarm: str) -> Deed:
        return Deed(words=HOW_IT_ENDED, once=alarm)


class Roll:
    """The roll of one class, as its teacher reads it on the screen. ``calls`` are the children to be called missing."""

    def __init__(self, teacher: Player, children: list[Child]) -> None:
        self.teacher = teacher
        self.children = children
        self.is_done = False
        self.found: set[Child] = set()
        self._called: set[Child] = set()
        self._pressed: set[Child] = set()

    def next_deed(self) -> Deed | None:
        board = self.teacher.newest_with("ks", "kt", "km", "kd")
        if board is None:
            return Deed(words="/checkin")
        for verb, act in (("ks", self._sign_in), ("kd", self._menu)):
            if taps_of(board, verb):
                return act(board)
        return self._list(board)

    def _sign_in(self, board: Message) -> Deed | None:
        return self.teacher.deed(board, "ks")

    def _menu(self, board: Message) -> Deed | None:
        """One child's menu: called missing once, then back to the list, which says whether that was heard."""
        child = child_in(board.text, self.children)
        absent = [data for data in taps_of(board, "kd") if data.endswith(":absent")]
        if child in self._to_call() and child not in self._pressed and absent:
            self._pressed.add(child)
            return Deed(board, absent[0])
        self._pressed.discard(child)
        return self.teacher.deed(board, "kl")

    def _to_call(self) -> list[Child]:
        return [child for child in self.children if child.fate in MISSING and child not in self._called]

    def _list(self, board: Message) -> Deed | None:
        shown = {child_in(label, self.children): (data, label) for data, label in labels(board, "kt", "km").items()}
        for child in self._to_call():
            data, label = shown[child]
            if label[0] in (UNSAID, HERE):
                return Deed(board, data)
            self._called.add(child)
        if everybody := self.teacher.deed(board, "ka"):
            return everybody
        self.is_done = True
        return None

    def turned_up(self, child: Child) -> Deed | None:
        """A child who was missing stands in the door: its name is typed."""
        shown = (message.text.splitlines()[0] for message in self.teacher.newest() if message.text)
        if any(line.startswith(HERE) and child.name in line for line in shown):
            self.found.add(child)
            return None
        return Deed(words=f"/checkin {child.name}", once=f"found:{child.student_id}")
