"""Correcting a hand-over that was entered from paper wrongly (S14)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.errors import CareError, Conflict
from care.paper.correct import Right, correct, entered
from care.paper.enter import PaperRefused
from care.paper.sheet import PaperSession
from care.permissions import Permission
from console.door import Page, Visit, number
from console.pages.paper import ChildRow, Typed, as_row, read_collector, read_moment, typed_line


@dataclass(frozen=True)
class CorrectView:
    """``told``: how many guardians have been told of what was entered."""

    session: PaperSession
    row: ChildRow
    reason: str
    unseen: bool
    told: int


async def show(visit: Visit) -> Response:
    return await _page(visit, Typed(), None)


async def _page(visit: Visit, typed: Typed, problem: CareError | None, status: int = 200) -> Response:
    async with visit.looking() as uow:
        wrong = await entered(uow, visit.id)
    row = as_row(visit, wrong.child, typed, problem)
    view = CorrectView(wrong.session, row, visit.field("reason"), wrong.unseen, len(wrong.told))
    return visit.page("paper/correct.html", view, status)


async def save(visit: Visit) -> Response:
    """Takes back and enters what is right, in one; a page that is old shows what is so now."""
    seq = number(visit.field(f"seq-{visit.id}"), 1)
    typed = typed_line(visit, visit.id, seq or 0)
    try:
        if seq is None:
            raise Conflict()
        right = Right(
            away=typed.came == "no",
            collector=read_collector(typed),
            left_at=read_moment(typed.left_at),
            note=typed.note,
            confirmed=typed.confirmed,
        )
        async with visit.working() as uow:
            session_id = await correct(uow, visit.id, seq, visit.field("reason"), right)
    except CareError as error:
        if error.status in (403, 404):
            raise
        problem = error.problems[visit.id] if isinstance(error, PaperRefused) else error
        return await _page(visit, typed, problem, error.status)
    return visit.go(f"/paper?session={session_id}&corrected=yes#child-{visit.id}")


PAGES = [Page("/paper/children/{id:int}", get=show, post=save, right=Permission.ANSWER_FOR_DAY)]
