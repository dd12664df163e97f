"""Which step may follow which, and who answers for the child after it. The table is what the code runs; it is drawn in
``docs/custody.md``."""

from __future__ import annotations

from collections.abc import Mapping

from care.records.day import Holder, Step

FOLLOWS: Mapping[Step | None, frozenset[Step]] = {
    None: frozenset({Step.EXPECTED, Step.LEAVE}),
    Step.EXPECTED: frozenset({Step.PRESENT, Step.LATE, Step.ABSENT, Step.MOVED, Step.LEAVE, Step.WITHDRAWN}),
    Step.LEAVE: frozenset({Step.PRESENT, Step.LATE, Step.EXPECTED, Step.WITHDRAWN}),
    Step.PRESENT: frozenset({Step.ABSENT, Step.LATE, Step.MOVED, Step.LINED_OUT, Step.HANDED_OVER, Step.RELEASED})
    | {Step.LEAVE},
    Step.LATE: frozenset({Step.PRESENT, Step.ABSENT, Step.MOVED, Step.LINED_OUT, Step.HANDED_OVER, Step.RELEASED})
    | {Step.LEAVE},
    Step.ABSENT: frozenset({Step.PRESENT, Step.LATE, Step.MOVED, Step.LEAVE, Step.EXPLAINED}),
    Step.MOVED: frozenset({Step.BACK, Step.ABSENT, Step.RELEASED}),
    Step.BACK: frozenset({Step.ABSENT, Step.MOVED, Step.LINED_OUT, Step.HANDED_OVER, Step.RELEASED}),
    Step.LINED_OUT: frozenset({Step.BACK, Step.ABSENT, Step.HANDED_OVER, Step.RELEASED}),
    Step.HANDED_OVER: frozenset({Step.PRESENT, Step.ABSENT, Step.MOVED, Step.BACK, Step.LINED_OUT, Step.RELEASED})
    | {Step.HANDED_OVER},
    Step.RELEASED: frozenset({Step.UNDONE}),
    Step.UNDONE: frozenset({Step.RELEASED, Step.LINED_OUT, Step.HANDED_OVER, Step.MOVED, Step.BACK, Step.ABSENT}),
    Step.EXPLAINED: frozenset({Step.PRESENT, Step.LATE, Step.ABSENT}),
    Step.WITHDRAWN: frozenset({Step.PRESENT, Step.LATE}),
}
"""What may come after each step; after none, the day's plan."""

HELD_BY: Mapping[Step, frozenset[Holder]] = {
    Step.EXPECTED: frozenset({Holder.SCHOOL, Holder.TEACHER}),
    Step.LEAVE: frozenset({Holder.FAMILY}),
    Step.PRESENT: frozenset({Holder.TEACHER}),
    Step.LATE: frozenset({Holder.TEACHER}),
    Step.ABSENT: frozenset({Holder.NOBODY}),
    Step.MOVED: frozenset({Holder.TEACHER, Holder.SCHOOL}),
    Step.BACK: frozenset({Holder.TEACHER}),
    Step.LINED_OUT: frozenset({Holder.TEACHER}),
    Step.HANDED_OVER: frozenset({Holder.TEACHER}),
    Step.RELEASED: frozenset({Holder.ADULT, Holder.FAMILY}),
    Step.UNDONE: frozenset({Holder.TEACHER}),
    Step.EXPLAINED: frozenset({Holder.FAMILY, Holder.ADULT}),
    Step.WITHDRAWN: frozenset({Holder.FAMILY}),
}
"""What kind of side answers after a step. ``NOBODY`` is what an alarm is open for: a child who is missing."""

HERE = frozenset(step for step, sides in HELD_BY.items() if Holder.TEACHER in sides) - {Step.EXPECTED}
"""The child is on site, with a teacher."""
ENDS = frozenset({Step.LEAVE, Step.RELEASED, Step.EXPLAINED, Step.WITHDRAWN})
"""The school no longer answers for the child: a day may close on these."""


def may_follow(before: Step | None, after: Step) -> bool:
    return after in FOLLOWS[before]
