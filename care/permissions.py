"""Who may do what (S2): each duty has just the rights it needs. This table is what the code runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from care.records.people import Role


class Permission(StrEnum):
    CONSOLE = "console"
    SEE_APPLICATIONS = "see_applications"
    REVIEW = "review"
    APPROVE = "approve"
    SEE_HEALTH = "see_health"
    SEE_STUDENTS = "see_students"
    PRINT_SLIPS = "print_slips"
    MANAGE_CLASSES = "manage_classes"
    MANAGE_STAFF = "manage_staff"
    MANAGE_TERM = "manage_term"
    MANAGE_STOP_LIST = "manage_stop_list"
    SEE_COUNTS = "see_counts"
    RECORD_WAIVER = "record_waiver"
    SEE_WAIVERS = "see_waivers"
    SEE_OUTBOX = "see_outbox"
    SEE_AUDIT = "see_audit"
    SEE_BOARD = "see_board"
    TAKE_ROLL = "take_roll"
    ANSWER_FOR_DAY = "answer_for_day"


P = Permission
_LEADING = frozenset(
    {P.CONSOLE, P.SEE_APPLICATIONS, P.APPROVE, P.SEE_HEALTH, P.SEE_STUDENTS, P.SEE_COUNTS, P.SEE_WAIVERS}
    | {P.SEE_BOARD, P.TAKE_ROLL, P.ANSWER_FOR_DAY}
)
_STEERING = frozenset({P.MANAGE_CLASSES, P.MANAGE_TERM, P.MANAGE_STOP_LIST, P.RECORD_WAIVER, P.SEE_OUTBOX, P.SEE_AUDIT})
_TEACHING = frozenset({P.CONSOLE, P.SEE_APPLICATIONS, P.REVIEW, P.SEE_HEALTH, P.SEE_STUDENTS, P.SEE_COUNTS})

RIGHTS: dict[Role, frozenset[Permission]] = {
    Role.HEAD: _LEADING | _STEERING | {P.MANAGE_STAFF},
    Role.DEPUTY: _LEADING | _STEERING,
    Role.MEMBER: _LEADING,
    Role.OFFICE: _LEADING | _STEERING | {P.PRINT_SLIPS, P.MANAGE_STAFF},
    Role.GRADE_LEADER: _TEACHING | {P.SEE_BOARD, P.TAKE_ROLL, P.ANSWER_FOR_DAY},
    Role.HOMEROOM: _TEACHING | {P.PRINT_SLIPS, P.SEE_BOARD, P.TAKE_ROLL},
    Role.CARE_TEACHER: frozenset({P.CONSOLE, P.SEE_BOARD, P.TAKE_ROLL}),
    Role.LOGISTICS: frozenset({P.CONSOLE, P.SEE_COUNTS}),
    Role.FINANCE: frozenset({P.CONSOLE, P.SEE_COUNTS, P.SEE_WAIVERS}),
    Role.COMMITTEE: frozenset({P.CONSOLE, P.SEE_COUNTS}),
    Role.SUPERVISOR: frozenset({P.CONSOLE, P.SEE_COUNTS}),
}

PUPIL_FREE = frozenset({Role.LOGISTICS, Role.FINANCE, Role.COMMITTEE, Role.SUPERVISOR})
"""Duties that see numbers, never pupils."""


@dataclass(frozen=True)
class Duty:
    """A role as held: a grade leader's grade, a homeroom teacher's class, or neither (the whole school)."""

    role: Role
    grade: int | None = None
    school_class_id: int | None = None

    def covers(self, grade: int, school_class_id: int) -> bool:
        if self.role is Role.HOMEROOM:
            return self.school_class_id == school_class_id
        if self.role is Role.GRADE_LEADER:
            return self.grade == grade
        return True


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with their duties, or the system (the clock) with none."""

    person_id: int | None
    name: str
    duties: tuple[Duty, ...] = ()
    system: bool = False

    @property
    def is_staff(self) -> bool:
        return bool(self.duties)

    def may(self, permission: Permission) -> bool:
        """Whether any duty gives the right, wherever it reaches."""
        return any(permission in RIGHTS[duty.role] for duty in self.duties)

    def may_for(self, permission: Permission, grade: int, school_class_id: int) -> bool:
        """Whether the right reaches this class."""
        return any(permission in RIGHTS[duty.role] and duty.covers(grade, school_class_id) for duty in self.duties)

    def may_everywhere(self, permission: Permission) -> bool:
        """Whether the right reaches the whole school; the clock's does."""
        return self.system or self.reach(permission)[0]

    def reach(self, permission: Permission) -> tuple[bool, frozenset[int], frozenset[int]]:
        """How far the right reaches: (whole school, grades, class ids)."""
        held = [duty for duty in self.duties if permission in RIGHTS[duty.role]]
        grades = frozenset(d.grade for d in held if d.role is Role.GRADE_LEADER and d.grade is not None)
        classes = frozenset(
            d.school_class_id for d in held if d.role is Role.HOMEROOM and d.school_class_id is not None
        )
        return any(d.role not in (Role.GRADE_LEADER, Role.HOMEROOM) for d in held), grades, classes


SYSTEM = Actor(None, "AfterBell", system=True)
NOBODY = Actor(None, "")
