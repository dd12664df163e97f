"""The application conversation as a pure function: where one stands, what is answered, what was said → what follows.

Nothing here knows of a chat or a database, so every path can be tested by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bot.chat.apply.draft import ORDER, Draft, Facts, Next, Said, Tap, answered, questions
from care.enrolment.answers import PICKUP_LIMIT, WORDS_LIMIT
from care.people import adult_name, normal_phone
from care.records.enrolment import LeaveMode, Need
from care.records.people import Relation

T = TypeVar("T", int, str)

NEEDS = tuple(Need)
ALL_RELATIONS = tuple(Relation)
EDITABLE = ("weekdays", "needs", "extended", "pickup", "leave", "health", "courses")
PICKUP_STEPS = ("pickup_name", "pickup_relation", "pickup_phone")


def advance(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    """One step of the conversation. What does not fit the question changes nothing and names the problem."""
    answers = {**answers}
    if said == Tap("back"):
        return _back(step, answers, facts)
    if said == Tap("noop"):
        return Next(step, answers)
    return _STEPS[step](step, answers, said, facts)


def _after(step: str, answers: Draft, facts: Facts) -> Next:
    _only_days_with_care(answers)
    if answers.pop("from_summary", False):
        return Next("summary", answers)
    return Next(next(later for later in ORDER[ORDER.index(step) + 1 :] if later in questions(facts)), answers)


def _only_days_with_care(answers: Draft) -> None:
    """Extended care follows care: a day given up there is given up here."""
    answers["extended"] = [day for day in answers["extended"] if day in answers["weekdays"]]


def _back(step: str, answers: Draft, facts: Facts) -> Next:
    if step in PICKUP_STEPS:
        answers.pop("adult", None)
        return Next("pickup", answers)
    if step == "health_words":
        return Next("health", answers)
    if step == "info":
        answers["page"] = max(0, page_of(answers, facts) - 1)
        return Next(step, answers)
    _only_days_with_care(answers)
    if answers.pop("from_summary", False):
        return Next("summary", answers)
    return Next(next(s for s in reversed(ORDER[: ORDER.index(step)]) if s in questions(facts)), answers)


def page_of(answers: Draft, facts: Facts) -> int:
    """The page being read. Another language, or a text published meanwhile, may have fewer."""
    return max(0, min(int(answers["page"]), len(facts.pages) - 1))


def _info(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="next") if page_of(answers, facts) + 1 == len(facts.pages):
            return _after(step, answers, facts)
        case Tap(token="next"):
            return Next(step, answers)
        case Tap(token=token) if token in (f"to{page}" for page in range(len(facts.pages))):
            answers["page"] = int(token[2:])
            return Next(step, answers)
    return Next(step, answers, "use_buttons")


def _consent(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if said == Tap("yes"):
        answers["consent_data"] = True
        return _after(step, answers, facts)
    if said == Tap("no"):
        return Next(step, answers, end="declined")
    return Next(step, answers, "use_buttons")


def _toggled(chosen: list[T], value: T) -> list[T]:
    if value in chosen:
        return [other for other in chosen if other != value]
    longer = chosen.copy()
    longer.append(value)
    return sorted(longer)


def _weekdays(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    match said:
        case Tap(token="next"):
            if not answers["weekdays"]:
                return Next(step, answers, "weekdays_needed")
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
        if not words:
            return Next(step, answers, "type_it")
        if len(words) > WORDS_LIMIT:
            return Next(step, answers, "words_too_long")
        answers["need_words"] = words
        if not answers["needs"]:
            answers["needs"] = [Need.OTHER.value]
        return Next(step, answers)
    if said.token == "next":
        if not answered(step, answers):
            return Next(step, answers, "other_needs_words" if answers["needs"] else "need_needed")
        return _after(step, answers, facts)
    if said.token == "clear":
        answers["need_words"] = ""
        return Next(step, answers)
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
        case Tap(token=token) if token.startswith("rm"):
            answers["pickup"] = _without(answers["pickup"], token)
            return Next(step, answers)
    return Next(step, answers, "use_buttons")


def removal(place: int, adults: list[Any]) -> str:
    """The token that removes one adult. It says how many there were, so that a second tap removes nobody else."""
    return f"rm{place}of{len(adults)}"


def _without(adults: list[Any], token: str) -> list[Any]:
    return [adult for place, adult in enumerate(adults) if removal(place, adults) != token]


def _pickup_name(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Tap):
        return Next(step, answers, "type_it")
    name = adult_name(said.words)
    if not name:
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
    return Next(step, answers, "use_buttons" if isinstance(said, Tap) else "consent_first")


def _health_words(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Tap) or not said.words.strip():
        return Next(step, answers, "type_it")
    if len(said.words.strip()) > WORDS_LIMIT:
        return Next(step, answers, "words_too_long")
    answers["health"], answers["consent_health"] = facts.seal(said.words.strip()), True
    return _after("health", answers, facts)


def _courses(step: str, answers: Draft, said: Tap | Said, facts: Facts) -> Next:
    if isinstance(said, Said):
        if len(said.words.strip()) > WORDS_LIMIT:
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
            missing = next((s for s in questions(facts) if not answered(s, answers)), "")
            if missing:
                return Next(missing, {**answers, "from_summary": True}, "answer_missing")
            return Next(step, answers, end="submit")
        case Tap(token=token) if token in EDITABLE and token in questions(facts):
            answers["from_summary"] = True
            return Next(token, answers)
    return Next(step, answers, "use_buttons")


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
