"""The clock of children whom nobody has collected: guardian, other guardians, duty lead, minutes after care ended.

Derived from the records at each tick: the key of a step names the child and the step, so a restart or a jump of the
clock tells nobody twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from care.day.rules import Rules
from care.permissions import SYSTEM
from care.release.late import open_steps, take_step, take_unsaid
from care.school import School
from care.work import UnitOfWork
from scheduler.parts import by_itself, together


async def chase_uncollected(school: School, rules: Rules) -> None:
    """Takes the steps that are due and have not been taken, each child's by itself; of a class whose roll says nothing
    about several children, all at once."""
    async with school.look(SYSTEM) as uow:
        new = await open_steps(uow, rules.late_minutes)
    classes: dict[int, list[int]] = defaultdict(list)
    for late in new:
        if late.unsaid_in is not None:
            classes[late.unsaid_in].append(late.day_child_id)
    for session_id, children in classes.items():
        if len(children) > 1:
            new = [late for late in new if late.day_child_id not in children]
            await by_itself("unsaid", _one_class(school, session_id, children), session_id=session_id)
    for child_id in dict.fromkeys(late.day_child_id for late in new):
        steps = [late for late in new if late.day_child_id == child_id]
        await by_itself("uncollected", together(school, take_step, steps), day_child_id=child_id)


async def _one_class(school: School, session_id: int, children: Sequence[int]) -> None:
    async def take(uow: UnitOfWork, _: None) -> None:
        await take_unsaid(uow, session_id, children)

    await together(school, take, [None])
