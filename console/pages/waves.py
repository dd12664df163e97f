"""A dismissal wave more, or one less (S9): what that does and to how many is shown first."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.errors import CareError, Conflict, NotFound
from care.permissions import Permission
from care.records.term import Term, Wave
from care.staff import GRADES
from care.telling import Told
from care.term import the_term, waves
from care.term_waves import (
    Touched,
    add_wave,
    check_removal,
    look_at_new_wave,
    remove_wave,
    told_of_removal,
    touched_by,
)
from console.door import Page, Visit, number
from console.pages.settings import TIMES_AND_PLACES, read_grades, read_wave, saved
from console.refusals import sentence


@dataclass(frozen=True)
class Leaves:
    """A grade that leaves the wave it was in; ``wave`` is that one's number."""

    grade: int
    wave: int


@dataclass(frozen=True)
class NewWaveView:
    """The form as it stands, and, once it has been looked at, what it would do."""

    term: Term
    grades: tuple[int, ...]
    chosen: tuple[int, ...]
    typed: dict[str, str]
    touched: Touched | None
    told: Told
    moved: tuple[Leaves, ...]
    error: str


@dataclass(frozen=True)
class Way:
    """A wave that the grades of a removed one can leave with, and who would be told."""

    wave: Wave
    told: Told


@dataclass(frozen=True)
class RemovalView:
    """``others``: the waves its grades can go to. ``error``: why it cannot be removed, now or in this way."""

    wave: Wave
    others: tuple[Way, ...]
    touched: Touched
    into: int | None
    possible: bool
    error: str


async def form(visit: Visit) -> Response:
    async with visit.looking() as uow:
        term = await the_term(uow)
        leaving = {grade for wave in await waves(uow, term.id) for grade in wave.grades}
    chosen = tuple(grade for grade in term.grades if grade not in leaving)
    return _new(visit, term, chosen, dict.fromkeys(TIMES_AND_PLACES, ""))


def _new(
    visit: Visit,
    term: Term,
    chosen: tuple[int, ...],
    typed: dict[str, str],
    touched: Touched | None = None,
    told: Told | None = None,
    moved: tuple[Leaves, ...] = (),
    error: CareError | None = None,
) -> Response:
    said = sentence(visit._, error) if error else ""
    view = NewWaveView(term, tuple(GRADES), chosen, typed, touched, told or Told(), moved, said)
    return visit.page("settings/wave_new.html", view, error.status if error else 200)


async def add(visit: Visit) -> Response:
    """Shows what the new wave does; adds it when that is confirmed."""
    typed = {name: visit.field(name).strip() for name in TIMES_AND_PLACES}
    async with visit.looking() as uow:
        term = await the_term(uow)
    try:
        if visit.field("step") == "edit":
            return _new(visit, term, read_grades(visit), typed)
        wanted = read_wave(visit)
        if visit.field("step") == "add":
            async with visit.working() as uow:
                wave, told = await add_wave(uow, term.id, wanted)
            return saved(visit, f"wave-{wave.id}", told, f"#wave-{wave.id}")
        async with visit.looking() as uow:
            told = await look_at_new_wave(uow, term.id, wanted)
            touched = await touched_by(uow, term.id, wanted.grades)
            here = await waves(uow, term.id)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return _new(visit, term, read_grades(visit), typed, error=error)
    moved = tuple(Leaves(grade, wave.ordinal) for wave in here for grade in wave.grades if grade in wanted.grades)
    return _new(visit, term, wanted.grades, typed, touched, told, moved)


async def removal(visit: Visit) -> Response:
    return await _removal(visit)


async def _removal(visit: Visit, refused: CareError | None = None) -> Response:
    async with visit.looking() as uow:
        wave = await uow.session.get(Wave, visit.id)
        if wave is None:
            raise NotFound()
        others = [
            Way(one, await told_of_removal(uow, wave, one))
            for one in await waves(uow, wave.term_id)
            if one.id != wave.id
        ]
        touched = await touched_by(uow, wave.term_id, wave.grades, wave)
        stands: CareError | None = None
        try:
            await check_removal(uow, wave.id)
        except Conflict as conflict:
            stands = conflict
    why = stands or refused
    view = RemovalView(
        wave=wave,
        others=tuple(others),
        touched=touched,
        into=number(visit.field("into"), 1),
        possible=stands is None,
        error=sentence(visit._, why) if why else "",
    )
    return visit.page("settings/wave_remove.html", view, refused.status if refused else 200)


async def remove(visit: Visit) -> Response:
    into = number(visit.field("into"), 1)
    try:
        if into is None and visit.field("into"):
            raise Conflict()
        async with visit.working() as uow:
            told = await remove_wave(uow, visit.id, into)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _removal(visit, error)
    return saved(visit, "removed", told)


PAGES = [
    Page("/settings/waves/new", get=form, post=add, right=Permission.MANAGE_TERM),
    Page("/settings/waves/{id:int}/remove", get=removal, post=remove, right=Permission.MANAGE_TERM),
]
