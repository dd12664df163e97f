"""The clock of children whom nobody has collected: guardian, other guardians, duty lead, minutes after care ended.

Derived from the records at each tick: the key of a step names the child and the step, so a restart or a jump of the
clock tells nobody twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from care.day.rules import Rules
from care.permissions import SYSTEM
from care.release.late import HANDFUL, LEAD, Late, open_steps, take_step, take_together
from care.school import School
from care.work import UnitOfWork
from scheduler.parts import by_itself, together


async def chase_uncollected(school: School, rules: Rules) -> None:
    """Takes the steps that are due and have not been taken, each child's by itself; the duty lead is told of many
    children of one class at once."""
    async with school.look(SYSTEM) as uow:
        new = await open_steps(uow, rules.late_minutes)
    of_classes = _many_of_a_class(new)
    together_told = {late for many in of_classes.values() for late in many}
    for (session_id, unsaid), many in of_classes.items():
        children = [late.day_child_id for late in many]
        await by_itself("class uncollected", _take(school, session_id, children, unsaid), session_id=session_id)
    by_child: dict[int, list[Late]] = defaultdict(list)
    for late in new:
        if late not in together_told:
            by_child[late.day_child_id].append(late)
    for child_id, steps in by_child.items():
        await by_itself("uncollected", together(school, take_step, steps), day_child_id=child_id)


def _many_of_a_class(due: Sequence[Late]) -> dict[tuple[int, bool], list[Late]]:
    """The duty lead's steps by session, and by whether its roll says nothing, where there are several: of a roll that
    nobody has called more than one, else more than a handful."""
    steps: dict[tuple[int, bool], list[Late]] = defaultdict(list)
    for late in due:
        if late.step == LEAD:
            steps[late.session_id, late.unsaid].append(late)
    return {about: many for about, many in steps.items() if len(many) > (1 if about[1] else HANDFUL)}


async def _take(school: School, session_id: int, children: Sequence[int], unsaid: bool) -> None:
    async def take(uow: UnitOfWork, _: None) -> None:
        await take_together(uow, session_id, children, unsaid)

    await together(school, take, [None])
