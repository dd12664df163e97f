"""The calendar of the school: a month at a look, all dates that differ from their weekday, the years announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from starlette.responses import Response

from care.calendar_dates import DateState, ordinary, states_of, too_short
from care.calendar_official import announced_years, covers, official_days, take_over_official, year_entered_by_hand
from care.errors import Invalid
from care.permissions import Permission
from care.records.term import Term, Wave
from care.term import current_term, waves
from care.work import UnitOfWork
from console.dates import NAMES, SIGNS, DateKind, Month, in_words, is_special, kind_of, read_month, short_word
from console.door import Page, Visit, number, query_string


@dataclass(frozen=True)
class Cell:
    """One day. ``edge``: the first or the last of a term."""

    date: date
    kind: DateKind
    sign: str
    short: str
    words: str
    note: str
    edge: str
    announced: bool
    special: bool
    too_short: bool


@dataclass(frozen=True)
class Year:
    """``dates``: how many its official notice has, where it is known here. ``term``: the term reaches into it."""

    year: int
    announced: bool
    covered: bool
    dates: int
    term: bool


@dataclass(frozen=True)
class CalendarView:
    month: Month
    weeks: tuple[tuple[Cell | None, ...], ...]
    today: Cell
    term: Term | None
    specials: tuple[Cell, ...]
    undecided: tuple[Cell, ...]
    years: tuple[Year, ...]
    announced: bool
    kinds: tuple[DateKind, ...]
    signs: Mapping[DateKind, str]
    names: Mapping[DateKind, str]
    saved: date | None
    told: int
    taken: tuple[int, int, int, int] | None
    """Year, how many dates were new, how many alike, how many differ and were left."""


@dataclass(frozen=True)
class _Book:
    """What is needed to describe any date of the page."""

    visit: Visit
    states: Mapping[date, DateState]
    terms: Sequence[Term]
    waves: Mapping[int, list[Wave]]
    announced: frozenset[int]

    def cell(self, day: date) -> Cell:
        _, state = self.visit._, self.states.get(day) or ordinary(day)
        term = next((one for one in self.terms if one.starts_on <= day <= one.ends_on), None)
        kind, here = kind_of(day, state, term), self.waves[term.id] if term else []
        edge = ""
        if term is not None and day in (term.starts_on, term.ends_on):
            edge = _("term starts") if day == term.starts_on else _("term ends")
        return Cell(
            date=day,
            kind=kind,
            sign=SIGNS[kind],
            short=short_word(_, day, state, kind),
            words=in_words(_, day, state, kind, here),
            note=state.note,
            edge=edge,
            announced=day.year in self.announced,
            special=is_special(day, state),
            too_short=term is not None and is_special(day, state) and bool(too_short(state, day, here)),
        )


async def _book(visit: Visit, uow: UnitOfWork, first: date, last: date) -> _Book:
    terms = list(await uow.session.scalars(select(Term).order_by(Term.starts_on)))
    return _Book(
        visit,
        await states_of(uow, first, last),
        terms,
        {term.id: await waves(uow, term.id) for term in terms if term.starts_on <= last and first <= term.ends_on},
        await announced_years(uow),
    )


async def show(visit: Visit) -> Response:
    params = visit.request.query_params
    async with visit.looking() as uow:
        term = await current_term(uow)
        month = read_month(params.get("month"), uow.today)
        begins, ends = (term.starts_on, term.ends_on) if term else (month.first, month.last)
        dates = [month.first, month.last, begins, ends, uow.today]
        book = await _book(visit, uow, min(dates), max(dates))
        today = uow.today
    specials = [
        book.cell(day) for day, state in book.states.items() if begins <= day <= ends and is_special(day, state)
    ]
    view = CalendarView(
        month=month,
        weeks=tuple(tuple(book.cell(day) if day else None for day in week) for week in month.weeks()),
        today=book.cell(today),
        term=term,
        specials=tuple(specials),
        undecided=tuple(one for one in specials if one.kind is DateKind.UNDECIDED and one.date >= today),
        years=tuple(_years(today, term, book.announced)),
        announced=month.first.year in book.announced,
        kinds=tuple(DateKind),
        signs=SIGNS,
        names=NAMES,
        saved=_date(params.get("saved")),
        told=number(params.get("told")) or 0,
        taken=_taken(params.get("taken")),
    )
    return visit.page("calendar/page.html", view)


def _years(today: date, term: Term | None, announced: frozenset[int]) -> list[Year]:
    wanted = {today.year, today.year + 1}
    of_term = set(range(term.starts_on.year, term.ends_on.year + 1)) if term else set()
    return [
        Year(year, year in announced, covers(year), len(official_days(year)) if covers(year) else 0, year in of_term)
        for year in sorted(wanted | of_term)
    ]


def _date(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def _taken(written: str | None) -> tuple[int, int, int, int] | None:
    numbers = [number(part) for part in (written or "").split(".")]
    year, new, same, left = numbers if len(numbers) == 4 else (None,) * 4
    if year is None or new is None or same is None or left is None:
        return None
    return year, new, same, left


async def enter_year(visit: Visit) -> Response:
    """Takes over the official notice of a year, or notes that the office has entered it by hand."""
    how, year = visit.field("how"), visit.id
    async with visit.working() as uow:
        if how == "official":
            taken = await take_over_official(uow, year)
            counts = (year, taken.new, taken.same, len(taken.left))
            return visit.go("/calendar" + query_string(taken=".".join(map(str, counts))) + "#years")
        if how != "hand":
            raise Invalid()
        await year_entered_by_hand(uow, year)
    return visit.go("/calendar#years")


PAGES = [
    Page("/calendar", get=show, right=Permission.MANAGE_TERM),
    Page("/calendar/years/{id:int}", post=enter_year, right=Permission.MANAGE_TERM),
]
