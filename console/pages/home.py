"""Today: what waits for me, how full the classes are, what was decided lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

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
class HomeView:
    today: date
    school_day: bool
    term: Term | None
    open_now: bool
    waiting: tuple[Waiting, ...]
    grades: tuple[GradeChart, ...]
    totals: tuple[tuple[State, int], ...]
    decisions: tuple[Decision, ...]
    sees_applications: bool
    backlog: Backlog | None
    troubles: tuple[ChannelTrouble, ...]


SHOWN_TOTALS = (State.ENROLLED, State.APPROVED, State.REVIEWED, State.SUBMITTED, State.WAITING)


async def show(visit: Visit) -> Response:
    async with visit.looking() as uow:
        view = await _view(uow)
    return visit.page("home/page.html", view)


async def _view(uow: UnitOfWork) -> HomeView:
    actor = uow.actor
    term = await current_term(uow)
    counts = await count_by_class(uow, term.id, Permission.SEE_COUNTS) if term else []
    sees, sees_outbox = actor.may(Permission.SEE_APPLICATIONS), actor.may(Permission.SEE_OUTBOX)
    return HomeView(
        today=uow.today,
        school_day=(await load_calendar(uow)).is_school_day(uow.today),
        term=term,
        open_now=term is not None and applications_open(term, uow.today),
        waiting=tuple(await waiting_counts(uow, term.id)) if term and sees else (),
        grades=tuple(
            GradeChart(g, tuple(c for c in counts if c.grade == g)) for g in sorted({c.grade for c in counts})
        ),
        totals=tuple((state, sum(c.states.get(state, 0) for c in counts)) for state in SHOWN_TOTALS),
        decisions=tuple(await recent_decisions(uow, term.id)) if term and sees else (),
        sees_applications=sees,
        backlog=await backlog(uow) if sees_outbox else None,
        troubles=tuple(await channel_troubles(uow)) if sees_outbox else (),
    )


PAGES = [Page("/", get=show)]
