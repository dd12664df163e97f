"""The list of applications: tabs, search, filters, paging, and choosing many."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams
from starlette.responses import Response

from care.enrolment import Move
from care.enrolment.lists import STAGES, ids_in_order, rows_of, waiting_count
from care.enrolment.queries import ClassCount, Filter, Row, count_by_class, count_by_state
from care.enrolment.states import RULES, right_needed
from care.permissions import Actor, Permission
from care.records.enrolment import State
from care.term import current_term
from care.work import UnitOfWork
from console.door import Page, Visit, number, query_string

MINE, EVERY = "mine", "all"
PAGE_SIZE = 50
AGES = (1, 2, 5)
MOVE_ORDER = (Move.PASS, Move.APPROVE, Move.WAIT_LIST, Move.RETURN, Move.REFUSE)
"""The way on first, the way out last."""
TAB_ORDER = (
    State.SUBMITTED,
    State.REVIEWED,
    State.WAITING,
    State.RETURNED,
    State.APPROVED,
    State.ENROLLED,
    State.REFUSED,
    State.WITHDRAWN,
)


@dataclass(frozen=True)
class Wanted:
    """The list as its address says it."""

    tab: str
    words: str = ""
    grade: int | None = None
    class_id: int | None = None
    days: int | None = None
    page: int = 1

    @property
    def mine(self) -> bool:
        return self.tab == MINE

    def filter(self, term_id: int, any_state: bool = False) -> Filter:
        states = frozenset({State(self.tab)}) if self.tab in set(State) and not any_state else frozenset()
        return Filter(term_id, states, self.grade, self.class_id, self.words, self.days)

    def query(self, **changed: object) -> str:
        """The address's query, with some parts changed."""
        parts: dict[str, object] = {
            "state": self.tab,
            "q": self.words,
            "grade": self.grade,
            "class": self.class_id,
            "days": self.days,
            "page": self.page if self.page > 1 else None,
        }
        return query_string(**(parts | {name.rstrip("_"): value for name, value in changed.items()}))

    @property
    def here(self) -> str:
        return self.query()


def waits_at_all(actor: Actor) -> bool:
    return any(actor.may(right) for _, right in STAGES)


def read_wanted(params: QueryParams, actor: Actor) -> Wanted:
    """The list an address asks for; what makes no sense is left out."""
    tab = params.get("state", "")
    mine = waits_at_all(actor)
    if tab not in {*State, EVERY} and not (tab == MINE and mine):
        tab = MINE if mine else EVERY
    days = number(params.get("days"), 1, 365)
    return Wanted(
        tab=tab,
        words=params.get("q", "").strip()[:80],
        grade=number(params.get("grade"), 1, 12),
        class_id=number(params.get("class"), 1),
        days=days if days in AGES else None,
        page=number(params.get("page"), 1, 100_000) or 1,
    )


@dataclass(frozen=True)
class Tab:
    name: str
    state: State | None
    count: int
    here: bool


@dataclass(frozen=True)
class ListRow:
    """A row with the places of its class."""

    row: Row
    places: ClassCount | None


@dataclass(frozen=True)
class ListView:
    wanted: Wanted
    tabs: tuple[Tab, ...]
    rows: tuple[ListRow, ...]
    total: int
    first: int
    last: int
    pages: int
    moves: tuple[Move, ...]
    classes: tuple[ClassCount, ...]
    grades: tuple[int, ...]
    ages: tuple[int, ...]
    chosen_class: ClassCount | None
    term: str
    no_term: bool = False


def moves_for_tab(actor: Actor, tab: str) -> tuple[Move, ...]:
    """The moves worth a button: those some application of the tab can make by one of the actor's rights."""
    states = [State(tab)] if tab in set(State) else list(TAB_ORDER)
    if tab == MINE:
        states = [state for state, right in STAGES if actor.may(right)]
    return tuple(move for move in MOVE_ORDER if any(may_ever(actor, move, state) for state in states))


def may_ever(actor: Actor, move: Move, state: State) -> bool:
    """Whether the actor may make this move from this state, for some class."""
    right = right_needed(move, state)
    return state in RULES[move].sources and right is not None and actor.may(right)


async def show(visit: Visit) -> Response:
    wanted = read_wanted(visit.request.query_params, visit.actor)
    async with visit.looking() as uow:
        view = await _list(uow, wanted)
    return visit.page("applications/list.html", view)


async def _list(uow: UnitOfWork, wanted: Wanted) -> ListView:
    term = await current_term(uow)
    if term is None:
        return ListView(wanted, (), (), 0, 0, 0, 1, (), (), (), AGES, None, "", no_term=True)
    ids = await ids_in_order(uow, wanted.filter(term.id), wanted.mine)
    pages = max(1, -(-len(ids) // PAGE_SIZE))
    wanted = replace(wanted, page=min(wanted.page, pages))
    start = (wanted.page - 1) * PAGE_SIZE
    rows = await rows_of(uow, ids[start : start + PAGE_SIZE])
    classes = await count_by_class(uow, term.id, Permission.SEE_APPLICATIONS)
    by_name = {c.school_class: c for c in classes}
    return ListView(
        wanted=wanted,
        tabs=await _tabs(uow, wanted, term.id),
        rows=tuple(ListRow(row, by_name.get(row.school_class)) for row in rows),
        total=len(ids),
        first=start + 1 if rows else 0,
        last=start + len(rows),
        pages=pages,
        moves=moves_for_tab(uow.actor, wanted.tab),
        classes=tuple(classes),
        grades=tuple(sorted({c.grade for c in classes})),
        ages=AGES,
        chosen_class=next((c for c in classes if c.class_id == wanted.class_id), None),
        term=term.name,
    )


async def _tabs(uow: UnitOfWork, wanted: Wanted, term_id: int) -> tuple[Tab, ...]:
    others = wanted.filter(term_id, any_state=True)
    counts = await count_by_state(uow, others)
    tabs = [Tab(state.value, state, counts[state], wanted.tab == state) for state in TAB_ORDER]
    if waits_at_all(uow.actor):
        tabs.insert(0, Tab(MINE, None, await waiting_count(uow, others), wanted.mine))
    tabs.append(Tab(EVERY, None, sum(counts.values()), wanted.tab == EVERY))
    return tuple(tabs)


PAGES = [Page("/applications", get=show, right=Permission.SEE_APPLICATIONS)]
