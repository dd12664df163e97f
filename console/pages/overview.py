"""The term at a glance: what waits for me, how full the classes are, what was decided lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from care.alarms import OpenAlarm, alarms_of
from care.board.today import NextCare, next_care
from care.calendar import load_calendar
from care.channels import ChannelTrouble, channel_troubles
from care.enrolment.lists import Decision, Waiting, recent_decisions, waiting_counts
from care.enrolment.queries import ClassCount, count_by_class
from care.outbox import Backlog, backlog
from care.permissions import Permission
from care.records.enrolment import State
from care.records.term import Term
from care.term import applications_open, current_term
from care.work import UnitOfWork
from console.door import Page, Visit


@dataclass(frozen=True)
class GradeChart:
    grade: int
    classes: tuple[ClassCount, ...]

    @property
    def taken(self) -> int:
        return sum(one.taken for one in self.classes)

    @property
    def capacity(self) -> int:
        return sum(one.capacity for one in self.classes)


@dataclass(frozen=True)
class Office:
    """What waits for the actor besides the afternoon."""

    waiting: tuple[Waiting, ...]
    backlog: Backlog | None
    troubles: tuple[ChannelTrouble, ...]


@dataclass(frozen=True)
class BeforeBoard:
    """The page stands in for the board, which is not open: when it will be, and the alarms that are open all the same,
    such as a hand-over of yesterday that a guardian disputes this morning. ``done``: one was just closed."""

    next_care: NextCare | None
    alarms: tuple[OpenAlarm, ...]
    done: bool


@dataclass(frozen=True)
class OverviewView:
    """``before``: only for who would see a board, while none is open."""

    today: date
    school_day: bool
    term: Term | None
    open_now: bool
    office: Office
    grades: tuple[GradeChart, ...]
    totals: tuple[tuple[State, int], ...]
    decisions: tuple[Decision, ...]
    sees_applications: bool
    sees_counts: bool
    before: BeforeBoard | None


SHOWN_TOTALS = (State.ENROLLED, State.APPROVED, State.REVIEWED, State.SUBMITTED, State.WAITING)


async def show(visit: Visit) -> Response:
    """The page; for htmx, what waits besides the afternoon, as the board's last line."""
    async with visit.looking() as uow:
        if visit.by_htmx:
            return visit.page("home/office_part.html", await office(uow, await current_term(uow)))
        view = await overview(uow)
    return visit.page("home/overview.html", view)


async def office(uow: UnitOfWork, term: Term | None) -> Office:
    sees_outbox = uow.actor.may(Permission.SEE_OUTBOX)
    return Office(
        waiting=tuple(await waiting_counts(uow, term.id))
        if term and uow.actor.may(Permission.SEE_APPLICATIONS)
        else (),
        backlog=await backlog(uow) if sees_outbox else None,
        troubles=tuple(await channel_troubles(uow)) if sees_outbox else (),
    )


async def overview(uow: UnitOfWork, before_board: bool = False, done: bool = False) -> OverviewView:
    """``before_board``: shown to who would see a board, while none is open."""
    actor = uow.actor
    term = await current_term(uow)
    counts = await count_by_class(uow, term.id, Permission.SEE_COUNTS) if term else []
    sees = actor.may(Permission.SEE_APPLICATIONS)
    calendar = await load_calendar(uow)
    before: BeforeBoard | None = None
    if before_board:
        before = BeforeBoard(await next_care(uow, calendar), await alarms_of(uow, uow.today), done)
    return OverviewView(
        today=uow.today,
        school_day=calendar.is_school_day(uow.today),
        term=term,
        open_now=term is not None and applications_open(term, uow.today),
        office=await office(uow, term),
        grades=tuple(
            GradeChart(g, tuple(c for c in counts if c.grade == g)) for g in sorted({c.grade for c in counts})
        ),
        totals=tuple((state, sum(c.states.get(state, 0) for c in counts)) for state in SHOWN_TOTALS),
        decisions=tuple(await recent_decisions(uow, term.id)) if term and sees else (),
        sees_applications=sees,
        sees_counts=actor.may(Permission.SEE_COUNTS),
        before=before,
    )


PAGES = [Page("/overview", get=show, right=Permission.SEE_COUNTS)]
