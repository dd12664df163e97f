"""A child's day with its custody chain, closing an alarm with a reason, and the child's stop-list.

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
from care.pickup import stop_list
from care.work import UnitOfWork
from console.door import Page, Visit, number, query_string
from console.refusals import sentence


@dataclass(frozen=True)
class Problem:
    """Why an alarm could not be closed, with the reason as it was written."""

    alarm_id: int
    sentence: str
    reason: str


@dataclass(frozen=True)
class StopProblem:
    """Why the stop-list stays as it is, with what was written. ``entry_id``: of whom was to be taken off, or None."""

    sentence: str
    entry_id: int | None
    name: str
    phone: str
    reason: str


@dataclass(frozen=True)
class StopList:
    """The child's stop-list, for who keeps it. ``own``: of their own child, which somebody else does."""

    entries: tuple[stop_list.Entry, ...]
    own: bool
    problem: StopProblem | None


@dataclass(frozen=True)
class ChildView:
    now: datetime
    day: ChildDay
    today: date
    problem: Problem | None
    stop_list: StopList | None
    done: str


DONE = frozenset({"alarm_closed", "stop_added", "stop_ended"})


def written_date(written: str) -> date | None:
    """A date as an address or a form carries it, or None where it is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


async def show(visit: Visit) -> Response:
    return await _page(visit, visit.id, written_date(visit.request.query_params.get("date", "")))


async def _page(
    visit: Visit, student_id: int, day: date | None, problem: Problem | StopProblem | None = None, status: int = 200
) -> Response:
    async with visit.looking() as uow:
        found = await child_day(uow, student_id, day or uow.day)
        now, today = uow.now, uow.day
        stopped = await _stop_list(uow, found, problem if isinstance(problem, StopProblem) else None)
    done = visit.request.query_params.get("done", "")
    view = ChildView(
        now=now,
        day=found,
        today=today,
        problem=problem if isinstance(problem, Problem) else None,
        stop_list=stopped,
        done=done if done in DONE and problem is None else "",
    )
    return visit.page("home/child.html", view, status)


async def _stop_list(uow: UnitOfWork, found: ChildDay, problem: StopProblem | None) -> StopList | None:
    if not uow.actor.may(Permission.MANAGE_STOP_LIST):
        return None
    if not await stop_list.may_change(uow, found.student):  # their own child: it may be about themselves
        return StopList((), True, None)
    return StopList(await stop_list.entries(uow, found.student.id), False, problem)


async def close_alarm(visit: Visit) -> Response:
    """Back to where it was closed: the board, or the child's page, which also says what stood against it."""
    async with visit.looking() as uow:
        alarm = await alarm_within_reach(uow, visit.id)
        student_id, day = alarm.day_child.student_id, alarm.day_child.date
    reason = visit.field("reason")
    try:
        async with visit.working() as uow:
            await close(uow, visit.id, reason, number(visit.field("names"), 0))
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _page(visit, student_id, day, Problem(visit.id, sentence(visit._, error), reason), error.status)
    if visit.field("from") == "child":
        return visit.go(f"/children/{student_id}" + query_string(date=day.isoformat(), done="alarm_closed"))
    return visit.go("/?done=alarm_closed")


async def add_stop(visit: Visit) -> Response:
    """Puts an adult on the child's stop-list."""
    name, phone, reason = (visit.field(field) for field in ("name", "phone", "reason"))
    try:
        async with visit.working() as uow:
            await stop_list.add(uow, visit.id, name, phone, reason)
    except CareError as error:
        if error.status in (403, 404):
            raise
        problem = StopProblem(sentence(visit._, error), None, name, phone, reason)
        return await _page(visit, visit.id, None, problem, error.status)
    return visit.go(f"/children/{visit.id}?done=stop_added#stop-list")


async def end_stop(visit: Visit) -> Response:
    """Takes somebody off a child's stop-list."""
    async with visit.looking() as uow:
        student_id = await stop_list.student_of(uow, visit.id)
    reason = visit.field("reason")
    try:
        async with visit.working() as uow:
            await stop_list.end(uow, visit.id, reason)
    except CareError as error:
        if error.status in (403, 404):
            raise
        problem = StopProblem(sentence(visit._, error), visit.id, "", "", reason)
        return await _page(visit, student_id, None, problem, error.status)
    return visit.go(f"/children/{student_id}?done=stop_ended#stop-list")


PAGES = [
    Page("/children/{id:int}", get=show, right=Permission.SEE_BOARD),
    Page("/children/{id:int}/stop-list", post=add_stop, right=Permission.MANAGE_STOP_LIST),
    Page("/stop-list/{id:int}/end", post=end_stop, right=Permission.MANAGE_STOP_LIST),
    Page("/alarms/{id:int}/close", post=close_alarm, right=Permission.TAKE_ROLL),
]
