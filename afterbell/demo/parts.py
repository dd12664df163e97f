"""Which child has which part in the demonstration's afternoon."""

from __future__ import annotations

from enum import Enum, auto
from random import Random

from afterbell.demo.cast import OPEN_CLASS, STAR_CLASS
from afterbell.demo.morning import Morning

COURSE_CLASSES, TO_COURSES = 8, 4
"""From so many classes, so many children each go to a course."""


class Part(Enum):
    """What becomes of a child this afternoon. ``HERE`` is the rule, ``UNSAID`` the half of the star class's list that
    is left to the visitor."""

    HERE = auto()
    LEAVE = auto()
    LEAVE_AT_NOON = auto()
    LATE = auto()
    EXPLAINED = auto()
    COURSE = auto()
    MISSING = auto()
    UNSAID = auto()


DRAWN = ((Part.LEAVE, 9), (Part.LEAVE_AT_NOON, 2), (Part.LATE, 6), (Part.EXPLAINED, 3))
"""Beside one child of the star class who is on leave."""


def cast_parts(rng: Random, morning: Morning) -> dict[int, Part]:
    """Every child's part, by student id. The stars' own children are here, and nothing happens to them."""
    parts = {pupil.student_id: Part.HERE for group in morning.groups for pupil in group.pupils}
    free = [pupil for group in morning.groups for pupil in group.pupils if pupil.student_id not in morning.kept]
    star = [pupil for pupil in free if pupil.place == STAR_CLASS]
    parts[rng.choice(star).student_id] = Part.LEAVE
    drawn = iter(rng.sample([p for p in free if p.place not in (STAR_CLASS, OPEN_CLASS)], sum(n for _, n in DRAWN)))
    for part, count in DRAWN:
        parts.update({next(drawn).student_id: part for _ in range(count)})
    places = [group.place for group in morning.groups if group.place not in (STAR_CLASS, OPEN_CLASS)]
    for place in (OPEN_CLASS, *rng.sample(places, COURSE_CLASSES - 1)):
        there = [p.student_id for p in free if p.place == place and parts[p.student_id] is Part.HERE]
        chosen = rng.sample(there, TO_COURSES)
        parts.update(dict.fromkeys(chosen, Part.COURSE))
        if place == OPEN_CLASS:
            parts[chosen[-1]] = Part.MISSING
    unsaid = [p.student_id for p in star if parts[p.student_id] is Part.HERE]
    parts.update(dict.fromkeys(unsaid[len(unsaid) // 2 :], Part.UNSAID))
    return parts
