"""A child's day with its custody chain, and closing an alarm with a reason.

The address names the child and not the day, because a link to a child in a letter or on paper should lead to where the
child is now; other days are one click away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from care.alarms import alarm_within_reach, close
from care.board.child import ChildDay, child_day
from care.errors import CareError
from care.permissions import Permission
from console.door import Page, Visit, query_string
from console.refusals import sentence


@dataclass(frozen=True)
class Problem:
    """Why an alarm could not be closed, with the reason as it was written."""

    alarm_id: int
    sentence: str
    reason: str


@dataclass(frozen=True)
class ChildView:
    now: datetime
    day: ChildDay
    today: date
    problem: Problem | None
    done: str


def written_date(written: str) -> date | None:
    """A date as an address or a form carries it, or None where it is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


async def show(visit: Visit) -> Response:
    return await _page(visit, visit.id, written_date(visit.request.query_params.get("date", "")))


async def _page(
    visit: Visit, student_id: int, day: date | None, problem: Problem | None = None, status: int = 200
) -> Response:
    async with visit.looking() as uow:
        found = await child_day(uow, student_id, day or uow.day)
        now, today = uow.now, uow.day
    view = ChildView(
        now=now,
        day=found,
        today=today,
        problem=problem,
        done="alarm_closed" if visit.request.query_params.get("done") == "alarm_closed" else "",
    )
    return visit.page("home/child.html", view, status)


async def close_alarm(visit: Visit) -> Response:
    """Back to where it was closed: the board, or the child's page, which also says what stood against it."""
    async with visit.looking() as uow:
        alarm = await alarm_within_reach(uow, visit.id)
        student_id, day = alarm.day_child.student_id, alarm.day_child.date
    reason = visit.field("reason")
    try:
        async with visit.working() as uow:
            await close(uow, visit.id, reason)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _page(visit, student_id, day, Problem(visit.id, sentence(visit._, error), reason), error.status)
    if visit.field("from") == "child":
        return visit.go(f"/children/{student_id}" + query_string(date=day.isoformat(), done="alarm_closed"))
    return visit.go("/?done=alarm_closed")


PAGES = [
    Page("/children/{id:int}", get=show, right=Permission.SEE_BOARD),
    Page("/alarms/{id:int}/close", post=close_alarm, right=Permission.TAKE_ROLL),
]
