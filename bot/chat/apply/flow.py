"""The application conversation as a pure function: where one stands, what is answered, what was said → what follows.

Nothing here knows of a chat or a database, so every path can be tested by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from care.enrolment.answers import COLLECTED_ONLY_GRADES, PICKUP_LIMIT, WORDS_LIMIT, Answers, PickupAnswer
from care.people import clean_name, normal_phone
from care.records.enrolment import LeaveMode, Need
from care.records.people import Relation

Draft = dict[str, Any]

NEEDS = tuple(Need)
RELATIONS = tuple(relation for relation in Relation if relation not in (Relation.MOTHER, Relation.FATHER))
ALL_RELATIONS = (Relation.MOTHER, Relation.FATHER, *RELATIONS)
EDITABLE = ("weekdays", "needs", "extended", "pickup", "leave", "health", "courses")
PICKUP_STEPS = ("pickup_name", "pickup_relation", "pickup_phone")


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
    steps = ["info", "consent", "weekdays", "needs", "extended", "pickup", "leave", "health", "courses", "summary"]
    if not facts.has_extended:
        steps.remove("extended")
    if not facts.may_leave_alone:
        steps.remove("leave")
    return steps


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


def advance(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    """One step of the conversation. What does not fit the question changes nothing and names the problem."""
    answers = {**answers}
    if said == Tap("back"):
        return _back(step, answers, facts)
    if said == Tap("noop"):
        return Next(step, answers)
    return _STEPS[step](step, answers, said, facts)


def _after(step: str, answers: Draft, facts: Facts) -> Next:
    if answers.pop("from_summary", False):
        return Next("summary", answers)
    steps = questions(facts)
    return Next(steps[steps.index(step) + 1], answers)


def _back(step: str, answers: Draft, facts: Facts) -> Next:
    if step in PICKUP_STEPS:
        answers.pop("adult", None)
        return Next("pickup", answers)
    if step == "health_words":
        return Next("health", answers)
    if step == "info" and answers["page"] > 0:
        answers["page"] -= 1
        return Next(step, answers)
    if answers.pop("from_summary", False):
        return Next("summary", answers)
    steps = questions(facts)
    place = steps.index(step)
    return Next(steps[max(0, place - 1)], answers)


def _info(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if said != Tap("next"):
        return Next(step, answers, "use_buttons")
    if answers["page"] + 1 < len(facts.pages):
        answers["page"] += 1
        return Next(step, answers)
    return _after(step, answers, facts)


def _consent(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if said == Tap("yes"):
        answers["consent_data"] = True
        return _after(step, answers, facts)
    if said == Tap("no"):
        return Next(step, answers, end="declined")
    return Next(step, answers, "use_buttons")


def _toggled(chosen: list[Any], value: Any) -> list[Any]:
    return sorted([other for other in chosen if other != value] if value in chosen else [*chosen, value])


def _weekdays(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="next"):
            if not answers["weekdays"]:
                return Next(step, answers, "weekdays_needed")
            answers["extended"] = [day for day in answers["extended"] if day in answers["weekdays"]]
            return _after(step, answers, facts)
        case Tap(token="all"):
            answers["weekdays"] = [1, 2, 3, 4, 5]
            return Next(step, answers)
        case Tap(token=token) if token in tuple("12345"):
            answers["weekdays"] = _toggled(answers["weekdays"], int(token))
            return Next(step, answers)
    return Next(step, answers, "use_buttons")


def _needs(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Said):
        words = said.words.strip()
        if len(words) > WORDS_LIMIT:
            return Next(step, answers, "words_too_long")
        answers["need_words"] = words
        if not answers["needs"]:
            answers["needs"] = [Need.OTHER.value]
        return Next(step, answers)
    if said.token == "next":
        if not answers["needs"] or (answers["needs"] == [Need.OTHER] and not answers["need_words"]):
            return Next(step, answers, "need_needed")
        return _after(step, answers, facts)
    values = [need.value for need in NEEDS]
    if said.token in values:
        answers["needs"] = _toggled(answers["needs"], said.token)
        return Next(step, answers)
    return Next(step, answers, "use_buttons")


def _extended(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="next"):
            return _after(step, answers, facts)
        case Tap(token="none"):
            answers["extended"] = []
            return _after(step, answers, facts)
        case Tap(token=token) if token.isdecimal() and int(token) in answers["weekdays"]:
            answers["extended"] = _toggled(answers["extended"], int(token))
            return Next(step, answers)
    return Next(step, answers, "use_buttons")


def _pickup(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="next"):
            return _after(step, answers, facts)
        case Tap(token="add"):
            if len(answers["pickup"]) >= PICKUP_LIMIT:
                return Next(step, answers, "pickup_too_many")
            answers["adult"] = []
            return Next("pickup_name", answers)
        case Tap(token=token) if token.startswith("rm") and token[2:].isdecimal():
            place = int(token[2:])
            answers["pickup"] = [adult for i, adult in enumerate(answers["pickup"]) if i != place]
            return Next(step, answers)
    return Next(step, answers, "use_buttons")


def _pickup_name(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Tap):
        return Next(step, answers, "type_it")
    name = clean_name(said.words)
    if not name or name.isdecimal():
        return Next(step, answers, "name_unclear")
    answers["adult"] = [name]
    return Next("pickup_relation", answers)


def _pickup_relation(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Said) or said.token not in [relation.value for relation in ALL_RELATIONS]:
        return Next(step, answers, "use_buttons")
    answers["adult"] = [answers["adult"][0], said.token]
    return Next("pickup_phone", answers)


def _pickup_phone(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Tap):
        return Next(step, answers, "type_it")
    phone = normal_phone(said.words)
    if not phone:
        return Next(step, answers, "phone_unclear")
    answers["pickup"] = [*answers["pickup"], [*answers.pop("adult"), phone]]
    return Next("pickup", answers)


def _leave(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Tap) and said.token in [mode.value for mode in LeaveMode]:
        answers["leave"] = said.token
        return _after(step, answers, facts)
    return Next(step, answers, "use_buttons")


def _health(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="none"):
            answers["health"], answers["consent_health"] = "", False
            return _after(step, answers, facts)
        case Tap(token="write"):
            return Next("health_words", answers)
        case Tap(token="keep") if answers["health"]:
            return _after(step, answers, facts)
    return Next(step, answers, "use_buttons")


def _health_words(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Tap) or not said.words.strip():
        return Next(step, answers, "type_it")
    if len(said.words) > WORDS_LIMIT:
        return Next(step, answers, "words_too_long")
    answers["health"], answers["consent_health"] = facts.seal(said.words.strip()), True
    return _after("health", answers, facts)


def _courses(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Said):
        if len(said.words) > WORDS_LIMIT:
            return Next(step, answers, "words_too_long")
        answers["courses"] = said.words.strip()
        return _after(step, answers, facts)
    if said.token == "none":
        answers["courses"] = ""
        return _after(step, answers, facts)
    return Next(step, answers, "use_buttons")


def _summary(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="submit"):
            missing = next((s for s in questions(facts) if not _answered(s, answers)), "")
            if missing:
                return Next(missing, {**answers, "from_summary": True}, "answer_missing")
            return Next(step, answers, end="submit")
        case Tap(token=token) if token in EDITABLE and token in questions(facts):
            answers["from_summary"] = True
            return Next(token, answers)
    return Next(step, answers, "use_buttons")


def _answered(step: str, answers: Draft) -> bool:
    match step:
        case "consent":
            return bool(answers["consent_data"])
        case "weekdays" | "needs" | "leave":
            return bool(answers[step])
    return True


_STEPS: dict[str, Callable[[str, Draft, Tap | Said, Facts], Next]] = {
    "info": _info,
    "consent": _consent,
    "weekdays": _weekdays,
    "needs": _needs,
    "extended": _extended,
    "pickup": _pickup,
    "pickup_name": _pickup_name,
    "pickup_relation": _pickup_relation,
    "pickup_phone": _pickup_phone,
    "leave": _leave,
    "health": _health,
    "health_words": _health_words,
    "courses": _courses,
    "summary": _summary,
}


def as_answers(draft: Draft, open_sealed: Callable[[str], str]) -> Answers:
    """The finished draft as the rules take it."""
    return Answers(
        weekdays=tuple(draft["weekdays"]),
        needs=tuple(Need(value) for value in draft["needs"]),
        need_words=draft["need_words"],
        extended_weekdays=tuple(draft["extended"]),
        pickup=tuple(PickupAnswer(name, Relation(relation), phone) for name, relation, phone in draft["pickup"]),
        leave_mode=LeaveMode(draft["leave"]),
        health_note=open_sealed(draft["health"]) if draft["health"] else "",
        courses_wished=draft["courses"],
        consent_data=draft["consent_data"],
        consent_health=draft["consent_health"],
        criteria_version=draft["criteria_version"],
    )
