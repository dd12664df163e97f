"""The board as somebody sees it, and whose hands a child is in after a step."""

from __future__ import annotations

from care.board.today import Board, board
from care.custody.chain import FAMILY, NOBODY, Side
from care.custody.steps import HELD_BY
from care.permissions import Actor
from care.records import Holder, Step
from care.school import School


async def seen(school: School, actor: Actor) -> Board:
    async with school.look(actor) as uow:
        found = await board(uow)
    assert found is not None
    return found


def sides(step: Step, teacher: Actor) -> Side:
    """Somebody who may hold a child after a step."""
    if Holder.TEACHER in HELD_BY[step]:
        return Side(Holder.TEACHER, teacher.person_id, teacher.name)
    return NOBODY if Holder.NOBODY in HELD_BY[step] else FAMILY
