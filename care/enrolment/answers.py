"""What a guardian answers in an application, and what may not be answered."""

from __future__ import annotations

from dataclasses import dataclass

from care.errors import Invalid
from care.people import clean_name, normal_phone
from care.records.enrolment import LeaveMode, Need
from care.records.people import Relation

WORDS_LIMIT = 500
PICKUP_LIMIT = 6
COLLECTED_ONLY_GRADES = (1, 2)
"""Children of these grades never leave alone."""


@dataclass(frozen=True)
class PickupAnswer:
    name: str
    relation: Relation
    phone: str


@dataclass(frozen=True)
class Answers:
    """A whole application as answered. Weekdays are 1 (Monday) to 5."""

    weekdays: tuple[int, ...]
    needs: tuple[Need, ...]
    need_words: str
    extended_weekdays: tuple[int, ...]
    pickup: tuple[PickupAnswer, ...]
    leave_mode: LeaveMode
    health_note: str
    courses_wished: str
    consent_data: bool
    consent_health: bool
    criteria_version: int


def checked(answers: Answers, grade: int) -> Answers:
    """The answers as they may be stored. Raises Invalid with the code of the first answer that cannot stand."""
    if not answers.consent_data:
        raise Invalid("consent_needed")
    if not answers.weekdays or not set(answers.weekdays) <= {1, 2, 3, 4, 5}:
        raise Invalid("weekdays_needed")
    if not answers.needs or (Need.OTHER in answers.needs and not answers.need_words.strip()):
        raise Invalid("need_needed")
    if not set(answers.extended_weekdays) <= set(answers.weekdays):
        raise Invalid("extended_outside_weekdays")
    if len(answers.pickup) > PICKUP_LIMIT:
        raise Invalid("pickup_too_many", limit=PICKUP_LIMIT)
    if any(not clean_name(p.name) or not normal_phone(p.phone) for p in answers.pickup):
        raise Invalid("pickup_incomplete")
    if answers.leave_mode is LeaveMode.ALONE and grade in COLLECTED_ONLY_GRADES:
        raise Invalid("alone_not_allowed")
    if any(len(words) > WORDS_LIMIT for words in (answers.need_words, answers.health_note, answers.courses_wished)):
        raise Invalid("words_too_long", limit=WORDS_LIMIT)
    if answers.health_note and not answers.consent_health:
        raise Invalid("health_consent_needed")
    return answers
