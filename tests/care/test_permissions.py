"""How far a duty's rights reach: the whole school, a grade, a class, or nowhere (S2)."""

from __future__ import annotations

import itertools

import pytest

from care.permissions import NOBODY, PUPIL_FREE, RIGHTS, SYSTEM, Actor, Duty, Permission
from care.records import Role

CLASSES = [(grade, 10 * grade + number) for grade in (1, 2) for number in (1, 2)]
"""(grade, class id)."""

DUTIES = [
    Duty(Role.HEAD),
    Duty(Role.OFFICE),
    Duty(Role.GRADE_LEADER, grade=2),
    Duty(Role.HOMEROOM, school_class_id=11),
    Duty(Role.HOMEROOM, school_class_id=22),
    Duty(Role.CARE_TEACHER),
    Duty(Role.COMMITTEE),
    Duty(Role.GRADE_LEADER),
    Duty(Role.HOMEROOM),
]


def test_every_role_has_its_rights_written_down() -> None:
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize("role", sorted(PUPIL_FREE))
def test_who_sees_numbers_sees_no_pupil(role: Role) -> None:
    pupils = {
        Permission.SEE_APPLICATIONS, Permission.SEE_STUDENTS, Permission.SEE_HEALTH,
        Permission.REVIEW, Permission.APPROVE, Permission.PRINT_SLIPS, Permission.SEE_AUDIT, Permission.SEE_OUTBOX,
    }  # fmt: skip
    assert RIGHTS[role] & pupils == set()


@pytest.mark.parametrize("duties", list(itertools.combinations(DUTIES, 2)))
@pytest.mark.parametrize("permission", [Permission.REVIEW, Permission.SEE_APPLICATIONS, Permission.CONSOLE])
def test_reach_and_may_for_say_the_same(duties: tuple[Duty, ...], permission: Permission) -> None:
    """A list is cut by ``reach``, a single step is checked by ``may_for``: both must agree for every class."""
    actor = Actor(1, "Somebody", duties)
    everywhere, grades, classes = actor.reach(permission)
    for grade, class_id in CLASSES:
        in_list = everywhere or grade in grades or class_id in classes
        assert in_list is actor.may_for(permission, grade, class_id), (grade, class_id)
    if any(actor.may_for(permission, *place) for place in CLASSES):
        assert actor.may(permission)


def test_a_duty_without_its_place_reaches_nobody() -> None:
    lost = Actor(1, "Somebody", (Duty(Role.HOMEROOM), Duty(Role.GRADE_LEADER)))
    assert lost.reach(Permission.REVIEW) == (False, frozenset(), frozenset())
    assert not any(lost.may_for(Permission.REVIEW, *place) for place in CLASSES)


def test_nobody_and_the_clock_hold_no_duty() -> None:
    for actor in (NOBODY, SYSTEM):
        assert actor.reach(Permission.SEE_APPLICATIONS) == (False, frozenset(), frozenset())
        assert not actor.is_staff
