"""The children at the gate, as a teacher sees them: who waits, who is on the way, who has gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from care.custody.steps import HERE
from care.records.day import Holder, Step
from care.records.enrolment import LeaveMode

YOUNGEST_ALONE = 3
"""Children below this grade never leave alone, whatever their application says."""


@dataclass(frozen=True)
class GateChild:
    """A child of today's list, and where its chain ends. ``seq`` is how far the chain had grown when it was read."""

    id: int
    student_id: int
    date: date
    session_id: int
    number: int
    name: str
    grade: int
    class_id: int
    school_class: str
    step: Step
    seq: int
    holder: Holder
    holder_id: int | None
    holder_name: str
    at: datetime
    by_id: int | None
    by_name: str
    data: dict[str, Any]
    leave_mode: LeaveMode
    gate: str
    ends_at: datetime
    planned: str
    """Who the family says will come; empty when it has not said."""
    within_reach: bool
    """Whether the actor may give this child away."""
    stays: bool = False
    """Goes on to extended care, and does not leave with its class."""
    extended: bool = False
    """Whether extended care has the child: then ``session_id``, ``gate`` and ``ends_at`` are those of extended care."""
    paper_since: datetime | None = None
    """Since when its session hands over on paper; None where it does not."""
    guardian: str = ""
    """A guardian's name, where another child of the class has the same name: what tells the two apart."""

    @property
    def is_here(self) -> bool:
        return self.step in HERE

    @property
    def on_the_way(self) -> bool:
        return self.step is Step.LINED_OUT

    @property
    def is_gone(self) -> bool:
        return self.step is Step.RELEASED

    def is_elsewhere(self, person_id: int | None) -> bool:
        """With somebody else than this person of the school, and not on its way to a gate."""
        return self.is_here and self.step not in (Step.LINED_OUT, Step.UNDONE) and self.holder_id != person_id

    @property
    def has_namesake(self) -> bool:
        return bool(self.guardian)

    @property
    def may_leave_alone(self) -> bool:
        return self.grade >= YOUNGEST_ALONE and self.leave_mode is LeaveMode.ALONE

    @property
    def goes_alone(self) -> bool:
        """May leave alone, and the family has not said that somebody comes on this date."""
        return self.may_leave_alone and not self.planned


@dataclass(frozen=True)
class Gate:
    """One session's children at the gate, by number. ``place`` is the class, or the venue where there is none.
    ``paper_since``, ``paper_by``: the hand-over goes on paper, and who has said so."""

    session_id: int
    place: str
    gate: str
    ends_at: datetime
    children: tuple[GateChild, ...]
    extended: bool = False
    paper_since: datetime | None = None
    paper_by: str = ""

    @property
    def waiting(self) -> int:
        return sum(1 for child in self.children if child.is_here and not child.on_the_way and not child.stays)

    @property
    def staying(self) -> int:
        return sum(1 for child in self.children if child.is_here and child.stays)

    @property
    def on_the_way(self) -> int:
        return sum(1 for child in self.children if child.on_the_way and not child.stays)

    @property
    def called_back(self) -> list[GateChild]:
        """On the way to the gate, and by now to stay for extended care: somebody has to bring them back."""
        return [child for child in self.children if child.on_the_way and child.stays]

    @property
    def collected(self) -> int:
        return sum(1 for child in self.children if child.is_gone)
