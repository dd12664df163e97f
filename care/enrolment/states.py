"""The way of an application (S1), as one table. The code runs this table; ``docs/enrolment.md`` draws it.

submitted → reviewed → approved → enrolled, with returned, refused, waiting and withdrawn beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from care.permissions import Permission
from care.records.enrolment import State


class Move(StrEnum):
    """What can be done to an application. The value is the action written in the audit."""

    RESUBMIT = "submitted"
    PASS = "passed"
    RETURN = "returned"
    REFUSE = "refused"
    APPROVE = "approved"
    WAIT_LIST = "wait_listed"
    SIGN = "enrolled"
    WITHDRAW = "withdrawn"


@dataclass(frozen=True)
class Rule:
    """From which states a move starts, where it ends, and the right it needs (None: the guardian's own)."""

    sources: frozenset[State]
    target: State
    rights: tuple[tuple[State, Permission], ...] = ()
    remark_needed: bool = False


S = State
P = Permission
_STAGES = ((S.SUBMITTED, P.REVIEW), (S.REVIEWED, P.APPROVE), (S.WAITING, P.APPROVE))

RULES: dict[Move, Rule] = {
    Move.RESUBMIT: Rule(frozenset({S.RETURNED}), S.SUBMITTED),
    Move.PASS: Rule(frozenset({S.SUBMITTED}), S.REVIEWED, ((S.SUBMITTED, P.REVIEW),)),
    Move.RETURN: Rule(frozenset({S.SUBMITTED, S.REVIEWED, S.WAITING}), S.RETURNED, _STAGES, remark_needed=True),
    Move.REFUSE: Rule(frozenset({S.SUBMITTED, S.REVIEWED, S.WAITING}), S.REFUSED, _STAGES, remark_needed=True),
    Move.APPROVE: Rule(
        frozenset({S.REVIEWED, S.WAITING}), S.APPROVED, ((S.REVIEWED, P.APPROVE), (S.WAITING, P.APPROVE))
    ),
    Move.WAIT_LIST: Rule(frozenset({S.REVIEWED}), S.WAITING, ((S.REVIEWED, P.APPROVE),)),
    Move.SIGN: Rule(frozenset({S.APPROVED}), S.ENROLLED),
    Move.WITHDRAW: Rule(
        frozenset({S.SUBMITTED, S.REVIEWED, S.RETURNED, S.WAITING, S.APPROVED, S.ENROLLED}), S.WITHDRAWN
    ),
}

HOLDS_A_PLACE = (State.APPROVED, State.ENROLLED)
"""States that take one of the class's places."""

OPEN = tuple(state for state in State if state not in (State.REFUSED, State.WITHDRAWN))
"""States in which a second application for the same child and term cannot be made."""


def right_needed(move: Move, state: State) -> Permission | None:
    """The right a member of staff needs for this move from this state; None when it is the guardian's own."""
    return dict(RULES[move].rights).get(state)


def moves_from(state: State) -> list[Move]:
    """The moves that staff may make from a state, in the order of the table."""
    return [move for move, rule in RULES.items() if state in rule.sources and right_needed(move, state)]
