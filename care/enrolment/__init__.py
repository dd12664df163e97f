"""Enrolment (S1): a family applies, the class reviews, the school approves, the agreement is signed."""

from care.enrolment.answers import Answers, PickupAnswer
from care.enrolment.apply import correct, may_apply, stay, submit, withdraw
from care.enrolment.decide import decide, record_waiver, set_capacity
from care.enrolment.states import Move

__all__ = [
    "Answers",
    "Move",
    "PickupAnswer",
    "correct",
    "decide",
    "may_apply",
    "record_waiver",
    "set_capacity",
    "stay",
    "submit",
    "withdraw",
]
