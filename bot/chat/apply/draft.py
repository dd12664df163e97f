"""An application while it is being answered: what the conversation knows, what is said to it, where it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from care.enrolment.answers import COLLECTED_ONLY_GRADES, Answers, PickupAnswer
from care.records.enrolment import LeaveMode, Need
from care.records.people import Relation

Draft = dict[str, Any]
"""The answers so far, as they are saved after each one."""

ORDER = ("info", "consent", "weekdays", "needs", "extended", "pickup", "leave", "health", "courses", "summary")


@dataclass(frozen=True)
class Facts:
    """What the conversation must know of the child and the term."""

    student_id: int
    child: str
    school_class: str
    grade: int
    times: str
    venue: str
    gate: str
    extended_venue: str = ""
    extended_until: str = ""
    pages: tuple[str, ...] = ("",)
    criteria_version: int = 1
    remark: str = ""
    seal: Callable[[str], str] = field(default=str, repr=False)

    @property
    def has_extended(self) -> bool:
        return bool(self.extended_venue)

    @property
    def may_leave_alone(self) -> bool:
        return self.grade not in COLLECTED_ONLY_GRADES


@dataclass(frozen=True)
class Tap:
    """A button of the present question."""

    token: str


@dataclass(frozen=True)
class Said:
    """Words typed."""

    words: str


@dataclass(frozen=True)
class Next:
    """Where the conversation goes. ``problem`` is the code of a sentence; ``end`` is "submit" or "declined"."""

    step: str
    answers: Draft
    problem: str = ""
    end: str = ""


def questions(facts: Facts) -> list[str]:
    """The questions for this child, in order; the summary is last."""
    left_out = set()
    if not facts.has_extended:
        left_out.add("extended")
    if not facts.may_leave_alone:
        left_out.add("leave")
    return [step for step in ORDER if step not in left_out]


def begin(facts: Facts) -> Draft:
    """An empty application: nothing is preselected (S21)."""
    return {
        "student_id": facts.student_id,
        "page": 0,
        "weekdays": [],
        "needs": [],
        "need_words": "",
        "extended": [],
        "pickup": [],
        "leave": "" if facts.may_leave_alone else LeaveMode.COLLECTED.value,
        "health": "",
        "courses": "",
        "consent_data": False,
        "consent_health": False,
        "criteria_version": facts.criteria_version,
    }


def answered(step: str, answers: Draft) -> bool:
    """Whether a question has an answer that the rules will take."""
    match step:
        case "consent":
            return bool(answers["consent_data"])
        case "weekdays" | "leave":
            return bool(answers[step])
        case "needs":
            return bool(answers["needs"]) and (Need.OTHER not in answers["needs"] or bool(answers["need_words"]))
    return True


def as_answers(draft: Draft, facts: Facts, open_sealed: Callable[[str], str]) -> Answers:
    """The finished draft as the rules take it, for the class and the term as they are now."""
    extended = [day for day in draft["extended"] if day in draft["weekdays"]] if facts.has_extended else []
    return Answers(
        weekdays=tuple(draft["weekdays"]),
        needs=tuple(Need(value) for value in draft["needs"]),
        need_words=draft["need_words"],
        extended_weekdays=tuple(extended),
        pickup=tuple(PickupAnswer(name, Relation(relation), phone) for name, relation, phone in draft["pickup"]),
        leave_mode=LeaveMode(draft["leave"]) if facts.may_leave_alone else LeaveMode.COLLECTED,
        health_note=open_sealed(draft["health"]) if draft["health"] else "",
        courses_wished=draft["courses"],
        consent_data=draft["consent_data"],
        consent_health=draft["consent_health"],
        criteria_version=draft["criteria_version"],
    )
