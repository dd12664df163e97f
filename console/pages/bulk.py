"""Deciding on many applications: one page that says what will happen, then the deed and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from care.enrolment import Move
from care.enrolment.bulk import (
    ClassForecast,
    Result,
    Shown,
    class_ids,
    decide_shown,
    forecast,
    may_move,
    without_extended,
)
from care.enrolment.lists import rows_of
from care.enrolment.queries import Row, count_by_class
from care.enrolment.states import RULES
from care.errors import Invalid, NotFound
from care.permissions import Permission
from care.term import the_term
from console.door import Page, Visit, number
from console.pages.applications import read_wanted
from console.refusals import sentence

LIMIT = 200


@dataclass(frozen=True)
class ConfirmView:
    """What the move would do to how many."""

    move: Move
    back: str
    possible: tuple[Row, ...]
    impossible: tuple[Row, ...]
    changed: tuple[Row, ...]
    classes: tuple[ClassForecast, ...]
    without_extended: int
    remark_needed: bool
    remark: str
    error: str

    @property
    def too_many(self) -> int:
        return sum(one.too_many for one in self.classes)


@dataclass(frozen=True)
class Failure:
    result: Result
    sentence: str


@dataclass(frozen=True)
class ResultView:
    move: Move
    back: str
    done: tuple[Result, ...]
    failed: tuple[Failure, ...]


def read_shown(written: list[str]) -> list[Shown]:
    """``id:version`` of each ticked row. Raises Invalid where nothing is ticked."""
    shown = {}
    for entry in written[:LIMIT]:
        id_part, _, version_part = entry.partition(":")
        application_id, version = number(id_part, 1), number(version_part, 1)
        if application_id and version:
            shown[application_id] = Shown(application_id, version)
    if not shown:
        raise Invalid("nothing_chosen")
    return list(shown.values())


def read_move(written: str) -> Move:
    try:
        return Move(written)
    except ValueError:
        raise NotFound() from None


async def choose(visit: Visit) -> Response:
    """On to the page that says what will happen."""
    move, shown = read_move(visit.field("move")), read_shown(visit.fields("pick"))
    pairs = [("move", move.value), *(("pick", f"{one.id}:{one.version}") for one in shown)]
    here = read_wanted(visit.request.query_params, visit.actor).here
    return visit.go(f"/applications/bulk{here}{'&' if here else '?'}{urlencode(pairs, safe=':')}")


async def confirm(visit: Visit) -> Response:
    params = visit.request.query_params
    return await _confirm(visit, read_move(params.get("move", "")), read_shown(params.getlist("pick")))


async def _confirm(visit: Visit, move: Move, shown: list[Shown], error: str = "", status: int = 200) -> Response:
    versions = {one.id: one.version for one in shown}
    async with visit.looking() as uow:
        term = await the_term(uow)
        rows = await rows_of(uow, list(versions))
        classes = await class_ids(uow, list(versions))
        counts = await count_by_class(uow, term.id, Permission.SEE_APPLICATIONS)
        changed = [row for row in rows if row.version != versions[row.id]]
        same = [row for row in rows if row.version == versions[row.id]]
        possible = [row for row in same if may_move(visit.actor, move, row, classes[row.id])]
        approved = [row.id for row in possible] if move is Move.APPROVE else []
        short = await without_extended(uow, term.id, approved) if approved else 0
    chosen = Counter(classes[row.id] for row in possible)
    view = ConfirmView(
        move=move,
        back=read_wanted(visit.request.query_params, visit.actor).here,
        possible=tuple(possible),
        impossible=tuple(row for row in same if row not in possible),
        changed=tuple(changed),
        classes=tuple(forecast(counts, chosen)) if move is Move.APPROVE else (),
        without_extended=short,
        remark_needed=RULES[move].remark_needed,
        remark=visit.field("remark"),
        error=error,
    )
    return visit.page("applications/confirm.html", view, status)


async def carry_out(visit: Visit) -> Response:
    move, shown, remark = read_move(visit.field("move")), read_shown(visit.fields("pick")), visit.field("remark")
    try:
        async with visit.working() as uow:
            results = await decide_shown(uow, move, shown, remark)
    except Invalid as error:
        return await _confirm(visit, move, shown, sentence(visit._, error), error.status)
    view = ResultView(
        move=move,
        back=read_wanted(visit.request.query_params, visit.actor).here,
        done=tuple(one for one in results if one.error is None),
        failed=tuple(Failure(one, sentence(visit._, one.error)) for one in results if one.error),
    )
    return visit.page("applications/result.html", view)


PAGES = [
    Page("/applications/bulk", get=confirm, post=choose, right=Permission.SEE_APPLICATIONS),
    Page("/applications/bulk/confirm", post=carry_out, right=Permission.SEE_APPLICATIONS),
]
