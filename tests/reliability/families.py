"""Families: the slip, the whole application, a correction where one is asked for, and the agreement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from care.records.enrolment import LeaveMode, Need
from locales import words
from locales.labels import label, weekdays
from reliability.people import Deed, Pace, Resident, Somebody, taps_of
from reliability.witness import questions_of
from webchat.model import Message
from webchat.world import World

SUBMITTED = "的申请已提交"
SIGN_NAME = "签署协议：请输入您的姓名"
_ = words("zh_CN", "chat")


@dataclass(frozen=True)
class Adult:
    """Somebody else who may collect the child."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True)
class Wish:
    """What a family wants for its child."""

    weekdays: tuple[int, ...]
    needs: tuple[Need, ...]
    extended: tuple[int, ...] = ()
    adult: Adult | None = None
    health: str = ""
    courses: str = ""
    leave: LeaveMode = LeaveMode.COLLECTED


@dataclass(frozen=True)
class Story:
    """One child's way through the hour. ``decision`` is what the class says first: passed, returned or refused; what
    is returned is corrected (``corrected`` is then wanted) and passes. All that passes is approved and signed."""

    child: str
    school_class: str
    student_id: int
    class_id: int
    teacher_id: int
    guardian: Somebody
    slip: str
    wish: Wish
    decision: str = "passed"
    remark: str = ""
    corrected: Wish | None = None

    @property
    def final(self) -> Wish:
        return self.corrected or self.wish

    @property
    def chain(self) -> list[str]:
        """The audit of its application, from the first event to the last."""
        start = ["submitted"]
        if self.decision == "refused":
            return [*start, "refused"]
        if self.decision == "returned":
            start += ["returned", "submitted"]
        return [*start, "passed", "approved", "signed", "enrolled"]


@dataclass
class _Part:
    """The part of the hour a family is in, and from which message on it looks."""

    name: str = "hello"
    since: int = 0
    typed: set[str] = field(default_factory=set)


class Family(Resident):
    """One guardian with one child."""

    def __init__(self, world: World, story: Story, pace: Pace, seed: int) -> None:
        super().__init__(world, story.guardian, pace, seed)
        self.story = story
        self.wish = story.wish
        self.part = _Part()

    def next_deed(self) -> Deed | None:
        self._move_on()
        if self.done:
            return None
        shown = self.newest(self.part.since)
        if self.part.name == "hello":
            return self._hello(shown)
        if self.part.name == "wait":
            return None
        for message in shown:
            deed = self._sign(message) if self.part.name == "sign" else self._apply(message)
            if deed is not None and (self.part.name == "sign" or not self.has_written(deed)):
                return deed
        return None

    def _move_on(self) -> None:
        """To the next part, where the screen shows that it has come."""
        part, shown = self.part, self.newest(self.part.since)
        submitted = [message.id for message in shown if SUBMITTED in message.text]
        if part.name in ("hello", "apply", "correct") and submitted:
            self.part = part = _Part("wait", submitted[0])
            shown = self.newest(part.since)
        if part.name in ("wait", "correct"):
            for message in shown:
                if taps_of(message, "sg"):
                    self.part = _Part("sign", message.id)
                    return
                if part.name == "wait" and taps_of(message, "co"):
                    self.part = _Part("correct", message.id)
                    self.wish = self.story.final
                    return
                if self.story.decision == "refused" and self.story.remark in message.text:
                    self.done = True
        if part.name == "sign" and any(message.document for message in shown):
            self.done = True

    def _hello(self, shown: list[Message]) -> Deed | None:
        if any(taps_of(message, "go") for message in shown):
            self.part = _Part("apply")
            return Deed(words="/apply")
        return Deed(words=f"/start {self.story.slip}")

    def _apply(self, message: Message) -> Deed | None:
        for verb in ("fg", "co"):
            if found := taps_of(message, verb):
                return Deed(message, found[0])
        for question, tokens in questions_of(message).items():
            answer = self._answer(message, tokens)
            if answer in tokens:
                return Deed(message, f"f:{question}:{answer}")
            return Deed(message, words=answer, once=self.part.name + answer)
        return None

    def _answer(self, message: Message, tokens: list[str]) -> str:
        """A token to tap, or words to type."""
        here, wish = set(tokens), self.wish
        if "submit" in here:
            return self._checked(message)
        if "all" in here:
            return self._chosen(message, [str(day) for day in wish.weekdays])
        if "work_hours" in here:
            return self._chosen(message, [need.value for need in wish.needs])
        if "yes" in here:
            return "yes"
        if wish.leave.value in here:
            return wish.leave.value
        if wish.adult and wish.adult.relation in here:
            return wish.adult.relation
        if "add" in here:
            return "add" if wish.adult and "rm0of1" not in here else "next"
        if "write" in here:
            return "write" if wish.health else "none"
        if any(token.isdecimal() for token in here):
            return self._chosen(message, [str(day) for day in wish.extended])
        if "none" in here:
            return wish.courses or "none"
        if here == {"back"}:
            return self._typed(message)
        return "next" if "next" in here else max(here)

    def _typed(self, message: Message) -> str:
        adult = self.wish.adult or Adult("", "", "")
        if "健康说明" in message.text:
            return self.wish.health
        return adult.phone if "电话" in message.text else adult.name

    def _chosen(self, message: Message, wanted: list[str]) -> str:
        """The next box to tick or to clear; when all are as wanted, on."""
        boxes = {
            str(button["callback_data"]).split(":")[-1]: str(button["text"]).startswith("☑")
            for row in message.buttons()
            for button in row
            if str(button["text"])[:1] in "☑☐"
        }
        wrong = [token for token, ticked in boxes.items() if ticked is not (token in wanted)]
        return wrong[0] if wrong else "next" if "next" in message_tokens(message) else "none"

    def _checked(self, message: Message) -> str:
        """Reads the summary: what is not as wanted is changed, and only then it is submitted."""
        wish = self.wish
        lines = {
            "weekdays": _("Days: {value}", value=weekdays(_, wish.weekdays, in_list=True)),
            "needs": _("Reason: {value}", value=_("; ").join(label(_, need) for need in sorted(wish.needs))),
            "extended": _(
                "Extended care: {value}", value=weekdays(_, wish.extended, in_list=True) if wish.extended else _("none")
            ),
        }
        for token, line in lines.items():
            if f"• {line}" not in message.text.splitlines():
                return token
        return "submit"

    def _sign(self, message: Message) -> Deed | None:
        if found := taps_of(message, "sc"):
            return Deed(message, found[0])
        if SIGN_NAME in message.text:
            return Deed(message, words=self.who.name, once="sign")
        if found := taps_of(message, "sy") or taps_of(message, "sg"):
            return Deed(message, found[-1])
        return None


def message_tokens(message: Message) -> set[str]:
    """The tokens of all questions of a message."""
    return {token for tokens in questions_of(message).values() for token in tokens}


def corrected(wish: Wish) -> Wish:
    """The same with one day more, or one day fewer."""
    days = tuple(day for day in range(1, 6) if day not in wish.weekdays)[:1]
    return replace(wish, weekdays=tuple(sorted((*wish.weekdays, *days))) if days else (1, 2))
