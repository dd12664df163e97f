"""On paper: saying that a hand-over goes on paper, and entering afterwards what happened, class by class (S14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from starlette.responses import Response

from care.errors import CareError, Conflict, Invalid
from care.paper.correct import may_correct
from care.paper.enter import Collector, Entry, PaperRefused, enter
from care.paper.mark import Mark, back_from_paper, go_on_paper, marks
from care.paper.sheet import PaperChild, PaperSession, open_sessions, paper_children, paper_session
from care.permissions import Permission
from care.pickup.adults import Authorised
from care.records.day import Step
from care.records.pickup import Adult
from console.door import Page, Visit, number
from console.pages.settings import read_time
from console.refusals import sentence

OTHER, ALONE = "other", "alone"
CONFIRMS = frozenset({"paper_stop_listed", "paper_not_authorised", "paper_not_alone"})
"""What can be entered all the same, once the box is ticked."""


@dataclass(frozen=True)
class Typed:
    """A child's line as it was typed."""

    came: str = ""
    came_at: str = ""
    by: str = ""
    name: str = ""
    left_at: str = ""
    note: str = ""
    confirmed: bool = False
    seq: int = 0


@dataclass(frozen=True)
class ChildRow:
    child: PaperChild
    typed: Typed
    adults: tuple[tuple[str, Authorised], ...]
    error: str
    asks: bool
    """Whether the box is shown that confirms what should not have happened."""


@dataclass(frozen=True)
class ListView:
    """``marks``: by session, those of today whose hand-over may go on paper; ``extended``: that of extended care."""

    sessions: tuple[PaperSession, ...]
    marks: Mapping[int, Mark]
    extended: Mark | None
    problem: str = ""


@dataclass(frozen=True)
class FormView:
    session: PaperSession
    mark: Mark | None
    rows: tuple[ChildRow, ...]
    roll_at: str
    rest: bool
    error: str
    entered: int | None
    corrects: bool
    """Whether the actor corrects what was entered wrongly."""
    corrected: bool
    ends_at: str
    """As a clock shows it."""

    @property
    def named(self) -> bool:
        """Whether some child that is still to be entered has somebody whom its family named for the date."""
        return any(row.child.is_open and row.child.comes is not None for row in self.rows)


@dataclass(frozen=True)
class _Given:
    """What came with the form, and what was wrong with it: by child, and with the whole."""

    typed: Mapping[int, Typed] = field(default_factory=dict)
    roll_at: str = ""
    rest: bool = False
    problems: Mapping[int, CareError] = field(default_factory=dict)
    error: str = ""


async def show(visit: Visit) -> Response:
    session_id = number(visit.request.query_params.get("session"), 1)
    if session_id is not None:
        return await _form(visit, session_id, _Given())
    return await _list(visit)


async def _list(visit: Visit, problem: str = "", status: int = 200) -> Response:
    async with visit.looking() as uow:
        sessions = await open_sessions(uow)
        found = {one.session_id: one for one in await marks(uow)}
    of_classes = {session.session_id for session in sessions}
    extended = next((mark for mark in found.values() if mark.session_id not in of_classes), None)
    return visit.page("paper/list.html", ListView(tuple(sessions), found, extended, problem), status)


async def change_mark(visit: Visit) -> Response:
    """The hand-over goes on paper, or on in the chat."""
    try:
        async with visit.working() as uow:
            await (go_on_paper if visit.field("on") == "yes" else back_from_paper)(uow, visit.id)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _list(visit, sentence(visit._, error), error.status)
    return visit.go("/paper")


async def _form(visit: Visit, session_id: int, given: _Given, status: int = 200) -> Response:
    async with visit.looking() as uow:
        session = await paper_session(uow, session_id)
        children = await paper_children(uow, session)
        zone = uow.school.zone
        mark = next((one for one in await marks(uow) if one.session_id == session_id), None)
    view = FormView(
        session=session,
        mark=mark,
        rows=tuple(
            as_row(visit, child, given.typed.get(child.id, Typed()), given.problems.get(child.id)) for child in children
        ),
        roll_at=given.roll_at or f"{session.starts_at.astimezone(zone):%H:%M}",
        rest=given.rest,
        error=given.error,
        entered=number(visit.request.query_params.get("entered")),
        corrects=may_correct(visit.actor, session),
        corrected=visit.request.query_params.get("corrected") == "yes",
        ends_at=f"{session.ends_at.astimezone(zone):%H:%M}",
    )
    return visit.page("paper/form.html", view, status)


def as_row(visit: Visit, child: PaperChild, typed: Typed, problem: CareError | None) -> ChildRow:
    return ChildRow(
        child=child,
        typed=typed,
        adults=tuple((f"{one.adult.value}:{one.id}", one) for one in child.adults.authorised),
        error=sentence(visit._, problem) if problem else "",
        asks=typed.confirmed or (problem is not None and problem.code in CONFIRMS),
    )


async def enter_paper(visit: Visit) -> Response:
    roll_at, rest = visit.field("roll_at"), visit.field("rest") == "yes"
    typed = _typed(visit)
    try:
        async with visit.working() as uow:
            session = await paper_session(uow, visit.id)
            children = await paper_children(uow, session)
            roll = read_time(roll_at)
            entries, problems = _entries(children, typed, rest)
            if problems:
                raise PaperRefused(problems)
            entered = await enter(uow, visit.id, entries, roll)
    except CareError as error:
        if error.status in (403, 404):
            raise
        problems = dict(error.problems) if isinstance(error, PaperRefused) else {}
        given = _Given(typed, roll_at, rest, problems, sentence(visit._, error))
        return await _form(visit, visit.id, given, error.status)
    return visit.go(f"/paper?session={visit.id}&entered={entered}")


def _typed(visit: Visit) -> dict[int, Typed]:
    found = {}
    for written in visit.fields("child"):
        child, seq = number(written, 1), number(visit.field(f"seq-{written}"), 1)
        if child is not None and seq is not None:
            found[child] = typed_line(visit, child, seq)
    return found


def typed_line(visit: Visit, child: int, seq: int) -> Typed:
    return Typed(
        came=visit.field(f"came-{child}"),
        came_at=visit.field(f"at-{child}").strip(),
        by=visit.field(f"by-{child}"),
        name=visit.field(f"name-{child}"),
        left_at=visit.field(f"left-{child}").strip(),
        note=visit.field(f"note-{child}"),
        confirmed=visit.field(f"ok-{child}") == "yes",
        seq=seq,
    )


def _entries(
    children: list[PaperChild], typed: Mapping[int, Typed], rest: bool
) -> tuple[list[Entry], dict[int, CareError]]:
    """The lines as typed; with ``rest`` every other child that is still expected has come."""
    entries, problems = [], dict[int, CareError]()
    for child in children:
        one = typed.get(child.id)
        if one is None:
            continue
        try:
            came = {"yes": True, "no": False}.get(one.came)
            collector = read_collector(one)
            if rest and came is None and collector is None and child.step is Step.EXPECTED:
                came = True
            entries.append(
                Entry(
                    day_child_id=child.id,
                    seq=one.seq,
                    came=came,
                    came_at=read_moment(one.came_at),
                    collector=collector,
                    left_at=read_moment(one.left_at),
                    note=one.note,
                    confirmed=one.confirmed,
                )
            )
        except CareError as error:
            problems[child.id] = error
    return entries, problems


def read_moment(written: str) -> time | None:
    return read_time(written) if written else None


def read_collector(typed: Typed) -> Collector | None:
    if typed.by not in ("", OTHER) and typed.name.strip():
        raise Invalid("paper_two_names")
    if typed.by == ALONE:
        return Collector()
    if typed.by == OTHER or (not typed.by and typed.name.strip()):
        return Collector(name=typed.name.strip() or "?")
    if not typed.by:
        return None
    kind, _, written = typed.by.partition(":")
    row = number(written, 1)
    if kind not in {adult.value for adult in Adult} or row is None:
        raise Conflict()
    return Collector(Adult(kind), row)


PAGES = [
    Page("/paper", get=show, right=Permission.TAKE_ROLL),
    Page("/paper/{id:int}/mark", post=change_mark, right=Permission.TAKE_ROLL),
    Page("/paper/{id:int}", post=enter_paper, right=Permission.TAKE_ROLL),
]
