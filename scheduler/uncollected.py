"""The clock of children whom nobody has collected: guardian, other guardians, duty lead, minutes after care ended.

Derived from the records at each tick: the key of a step names the child and the step, so a restart or a jump of the
clock tells nobody twice.
"""

from __future__ import annotations

from care.day.rules import Rules
from care.permissions import SYSTEM
from care.release.late import due_steps, take_step
from care.school import School
from scheduler.parts import by_itself, together


async def chase_uncollected(school: School, rules: Rules) -> None:
    """Takes the steps that are due and have not been taken, each child's by itself."""
    async with school.look(SYSTEM) as uow:
        due = await due_steps(uow, rules.late_minutes)
        known = await uow.known_keys(f"{late.key()}:{person}" for late in due for person in late.people)
    new = [late for late in due if not late.people or any(f"{late.key()}:{one}" not in known for one in late.people)]
    for child_id in dict.fromkeys(late.day_child_id for late in new):
        steps = [late for late in new if late.day_child_id == child_id]
        await by_itself("uncollected", together(school, take_step, steps), day_child_id=child_id)
