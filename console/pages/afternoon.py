"""The afternoon's settings of the term: when a day opens and closes, and how long each step may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.responses import Response

from care.day.rules import LONGEST_MINUTES, Rules, rules_of, set_rules
from care.errors import CareError, Invalid
from care.permissions import Permission
from care.records.term import Term
from care.term import current_term, the_term
from console.door import Page, Visit, number
from console.pages.settings import read_time
from console.refusals import sentence
from locales.labels import clock

LATE = ("late_first", "late_second", "late_third")
TIMES = ("opens_at", "leave_until", "closes_at")
MINUTES = ("roll_minutes", "missing_minutes", "remind_minutes", "sheet_minutes", *LATE)


@dataclass(frozen=True)
class AfternoonView:
    term: Term | None
    values: Mapping[str, str]
    """As typed, or as they are."""
    longest: int
    saved: bool
    error: str


def _as_typed(rules: Rules) -> dict[str, str]:
    once = (rules.roll_minutes, rules.missing_minutes, rules.remind_minutes, rules.sheet_minutes)
    minutes = (*once, *rules.late_minutes)
    times = (rules.opens_at, rules.leave_until, rules.closes_at)
    return dict(zip(TIMES, map(clock, times), strict=True)) | dict(zip(MINUTES, map(str, minutes), strict=True))


async def show(visit: Visit) -> Response:
    async with visit.looking() as uow:
        term = await current_term(uow)
        rules = await rules_of(uow, term.id) if term else Rules()
    return _page(visit, term, _as_typed(rules), saved="saved" in visit.request.query_params)


def _page(
    visit: Visit, term: Term | None, values: Mapping[str, str], saved: bool = False, error: str = "", status: int = 200
) -> Response:
    return visit.page("settings/afternoon.html", AfternoonView(term, values, LONGEST_MINUTES, saved, error), status)


def _read(values: Mapping[str, str], rules: Rules) -> Rules:
    """The settings as typed; those that are set elsewhere stay as they are."""
    opens, leave, closes = (read_time(values[name]) for name in TIMES)
    minutes = [number(values[name], 0, 10 * LONGEST_MINUTES) for name in MINUTES]
    if None in minutes:
        raise Invalid("number_needed")
    roll, missing, remind, sheet, first, second, third = (one or 0 for one in minutes)
    return replace(
        rules,
        opens_at=opens,
        leave_until=leave,
        roll_minutes=roll,
        missing_minutes=missing,
        remind_minutes=remind,
        sheet_minutes=sheet,
        late_minutes=(first, second, third),
        closes_at=closes,
    )


async def save(visit: Visit) -> Response:
    values = {name: visit.field(name).strip() for name in (*TIMES, *MINUTES)}
    async with visit.looking() as uow:
        term = await the_term(uow)
    try:
        async with visit.working() as uow:
            await set_rules(uow, term.id, _read(values, await rules_of(uow, term.id)))
    except CareError as error:
        if error.status in (403, 404):
            raise
        return _page(visit, term, values, error=sentence(visit._, error), status=error.status)
    return visit.go("/settings/afternoon?saved=1")


PAGES = [Page("/settings/afternoon", get=show, post=save, right=Permission.MANAGE_TERM)]
