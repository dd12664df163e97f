"""Today: the live board while a care day is open, for who sees it; for everybody else the overview."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from starlette.responses import Response

from care.board import children
from care.board.children import BoardChild
from care.board.places import Place
from care.board.today import Board, board
from care.channels import ChannelTrouble, channel_troubles
from care.day.close import days_to_close
from care.permissions import Permission
from care.records.day import SessionKind
from care.work import UnitOfWork
from console.door import Page, Visit, number, query_string
from console.pages.overview import overview

PAGE_SIZE = 60
DONE = frozenset({"alarm_closed", "duty_lead_set", "day_closed"})


@dataclass(frozen=True)
class Wanted:
    """Which children the list shows."""

    words: str
    class_id: int | None
    wave: int | None
    place: Place | None
    venue: str
    page: int

    def query(self, page: int | None = None) -> str:
        return query_string(
            q=self.words,
            class_=self.class_id,
            wave=self.wave,
            place=self.place,
            venue=self.venue,
            page=page if page and page > 1 else None,
        )

    @property
    def narrowed(self) -> bool:
        return bool(self.words or self.class_id or self.wave or self.place or self.venue)


@dataclass(frozen=True)
class Choice:
    """A class that the list can be narrowed to."""

    class_id: int
    name: str


@dataclass(frozen=True)
class BoardView:
    """``classes``, ``venues``: what the list can be narrowed to by one tap. ``older``: earlier days that nobody has
    closed."""

    now: datetime
    board: Board
    wanted: Wanted
    found: tuple[BoardChild, ...]
    total: int
    pages: int
    classes: tuple[Choice, ...]
    venues: tuple[str, ...]
    may_answer: bool
    sees_counts: bool
    older: tuple[date, ...] = ()
    troubles: tuple[ChannelTrouble, ...] = ()
    done: str = ""


async def show(visit: Visit) -> Response:
    """The page, or for htmx the board alone, to be put in the place of the one that is open."""
    if not visit.actor.may(Permission.SEE_BOARD):
        async with visit.looking() as uow:
            return visit.page("home/overview.html", await overview(uow))
    async with visit.looking() as uow:
        today = await board(uow)
        if visit.by_htmx and ("opens" in visit.request.query_params) is not (today is None):
            return Response(headers={"HX-Refresh": "true"})  # the day has opened, or another has begun
        if today is None:
            return await _before(uow, visit)
        view = await _view(uow, visit, today, whole=not visit.by_htmx)
    return visit.page("home/board_part.html" if visit.by_htmx else "home/board.html", view)


async def _before(uow: UnitOfWork, visit: Visit) -> Response:
    """While no day is open: when the next one is, and the alarms that are open all the same."""
    done = visit.request.query_params.get("done") == "alarm_closed"
    part = "home/before_part.html" if visit.by_htmx else "home/overview.html"
    return visit.page(part, await overview(uow, before_board=True, done=done))


def _wanted(visit: Visit) -> Wanted:
    params = visit.request.query_params
    place = params.get("place")
    return Wanted(
        words=params.get("q", "").strip()[:80],
        class_id=number(params.get("class"), 1),
        wave=number(params.get("wave"), 1, 99),
        place=Place(place) if place in set(Place) else None,
        venue=params.get("venue", "").strip()[:80],
        page=number(params.get("page"), 1, 100_000) or 1,
    )


async def _view(uow: UnitOfWork, visit: Visit, today: Board, whole: bool) -> BoardView:
    wanted = _wanted(visit)
    found, total = await _found(uow, wanted)
    if not found and wanted.page > 1:  # the list has become shorter than the page the visitor was on
        wanted = replace(wanted, page=1)
        found, total = await _found(uow, wanted)
    answers = uow.actor.may_everywhere(Permission.ANSWER_FOR_DAY)
    view = BoardView(
        now=uow.now,
        board=today,
        wanted=wanted,
        found=tuple(found),
        total=total,
        pages=max(1, -(-total // PAGE_SIZE)),
        classes=_choices(today),
        venues=_venues(today),
        may_answer=answers,
        sees_counts=uow.actor.may(Permission.SEE_COUNTS),
    )
    if not whole:
        return view
    done = visit.request.query_params.get("done", "")
    return replace(
        view,
        older=tuple(day.date for day in await days_to_close(uow) if day.date < uow.day) if answers else (),
        troubles=tuple(await channel_troubles(uow)) if uow.actor.may(Permission.SEE_OUTBOX) else (),
        done=done if done in DONE else "",
    )


async def _found(uow: UnitOfWork, wanted: Wanted) -> tuple[list[BoardChild], int]:
    looked_for = children.Wanted(wanted.words, wanted.class_id, wanted.wave, wanted.place, wanted.venue)
    return await children.find(uow, looked_for, (wanted.page - 1) * PAGE_SIZE, PAGE_SIZE)


def _choices(today: Board) -> tuple[Choice, ...]:
    found = {group.class_id: group.school_class for wave in today.waves for group in wave.groups}
    return tuple(Choice(class_id, name) for class_id, name in found.items())


def _venues(today: Board) -> tuple[str, ...]:
    """Where children of several classes are together; a room of one class is found by the class."""
    rooms = Counter(group.venue for wave in today.waves for group in wave.groups)
    extended = {group.venue for wave in today.waves for group in wave.groups if group.kind is SessionKind.EXTENDED}
    return tuple(venue for venue, classes in rooms.items() if classes > 1 or venue in extended)


PAGES = [Page("/", get=show)]
