"""The day's close, after a look at what it would seal; and who answers for today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import joinedload
from starlette.responses import Response

from care.alarms import OpenAlarm, alarms_of
from care.board.places import Tally, tally_of
from care.day.close import OpenChild, close_day, days_to_close, open_alarms, open_children
from care.day.lead import candidates, set_duty_lead
from care.errors import CareError, NotAllowed, NotFound
from care.permissions import Permission
from care.records.day import CareDay
from care.records.people import Person
from care.work import UnitOfWork
from console.door import Page, Visit, number, query_string
from console.pages.child import written_date
from console.refusals import sentence

LISTED = 60


@dataclass(frozen=True)
class DayEndView:
    """``still``: how many children are open in all; ``children`` are the first of those within the actor's reach."""

    day: date
    care_day: CareDay | None
    lead: str
    closed_by: str
    tally: Tally
    children: tuple[OpenChild, ...]
    still: int
    alarms: tuple[OpenAlarm, ...]
    open_alarms: int
    problem: str
    done: bool

    @property
    def ready(self) -> bool:
        return self.care_day is not None and not self.still and not self.open_alarms


async def show(visit: Visit) -> Response:
    _whole_day(visit)
    return await _page(visit, written_date(visit.request.query_params.get("date", "")))


async def _page(visit: Visit, day: date | None, problem: str = "", status: int = 200) -> Response:
    async with visit.looking() as uow:
        view = await _view(uow, day, problem, visit.request.query_params.get("done") == "1")
    return visit.page("home/dayend.html", view, status)


async def _view(uow: UnitOfWork, day: date | None, problem: str, done: bool) -> DayEndView:
    """Without a date: the oldest day that is open, or else today."""
    if day is None:
        day = next((one.date for one in await days_to_close(uow)), uow.day)
    care_day = await uow.session.get(CareDay, day, options=[joinedload(CareDay.duty_lead)])
    closed_by = await uow.session.get(Person, care_day.closed_by) if care_day and care_day.closed_by else None
    everywhere, grades, _classes = uow.actor.reach(Permission.SEE_BOARD)
    still = await open_children(uow, day)
    own = still if everywhere else [child for child in still if int(child.school_class.partition("(")[0]) in grades]
    return DayEndView(
        day=day,
        care_day=care_day,
        lead=care_day.duty_lead.name if care_day and care_day.duty_lead else "",
        closed_by=closed_by.name if closed_by else "",
        tally=await tally_of(uow, day),
        children=tuple(own[:LISTED]),
        still=len(still),
        alarms=tuple(one for one in await alarms_of(uow, day) if one.day == day),
        open_alarms=await open_alarms(uow, day),
        problem=problem,
        done=done and care_day is not None and care_day.closed_at is not None,
    )


def _whole_day(visit: Visit) -> None:
    """Raises NotAllowed for a grade leader, who answers for a part of the day only."""
    if not visit.actor.may_everywhere(Permission.ANSWER_FOR_DAY):
        raise NotAllowed()


async def close(visit: Visit) -> Response:
    _whole_day(visit)
    day = written_date(visit.field("date"))
    if day is None:
        raise NotFound()
    try:
        async with visit.working() as uow:
            await close_day(uow, day)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _page(visit, day, sentence(visit._, error), error.status)
    return visit.go("/day/close" + query_string(date=day.isoformat(), done=1))


@dataclass(frozen=True)
class LeadView:
    """``able``: who may answer for a day, as (id, name)."""

    day: date
    open: bool
    lead_id: int | None
    able: tuple[tuple[int, str], ...]
    problem: str


async def show_lead(visit: Visit) -> Response:
    return await _lead_page(visit)


async def _lead_page(visit: Visit, problem: str = "", status: int = 200) -> Response:
    async with visit.looking() as uow:
        care_day = await uow.session.get(CareDay, uow.day)
        view = LeadView(
            day=uow.day,
            open=care_day is not None and care_day.closed_at is None,
            lead_id=care_day.duty_lead_id if care_day else None,
            able=tuple((one.person_id, one.name) for one in await candidates(uow)),
            problem=problem,
        )
    return visit.page("home/lead.html", view, status)


async def change_lead(visit: Visit) -> Response:
    try:
        async with visit.working() as uow:
            await set_duty_lead(uow, number(visit.field("person"), 1) or 0)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _lead_page(visit, sentence(visit._, error), error.status)
    return visit.go("/?done=duty_lead_set")


PAGES = [
    Page("/day/close", get=show, post=close, right=Permission.ANSWER_FOR_DAY),
    Page("/day/lead", get=show_lead, post=change_lead, right=Permission.ANSWER_FOR_DAY),
]
