"""The classes: children, places, waiting list, homeroom teachers; changing the places."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.classes import class_of, homeroom_teachers
from care.enrolment import set_capacity
from care.enrolment.queries import ClassCount, count_by_class
from care.errors import CareError, Invalid
from care.permissions import Permission
from care.records.enrolment import State
from care.term import current_term, the_term, waves
from console.door import Page, Visit, number
from console.refusals import sentence


@dataclass(frozen=True)
class ClassRow:
    count: ClassCount
    teachers: tuple[str, ...]
    waiting: int
    held: str
    """Why nobody of the waiting list gets a place; empty where they do."""
    to_decide: int
    may_print: bool


@dataclass(frozen=True)
class Changed:
    """The change just made, so that it can be set back."""

    count: ClassCount
    before: int
    given: int


@dataclass(frozen=True)
class ClassesView:
    rows: tuple[ClassRow, ...]
    may_change: bool
    changed: Changed | None
    error: str
    error_class: int | None


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, error: str = "", error_class: int | None = None, status: int = 200) -> Response:
    async with visit.looking() as uow:
        term = await current_term(uow)
        counts = await count_by_class(uow, term.id if term else 0, Permission.SEE_STUDENTS)
        teachers = await homeroom_teachers(uow)
        leaving = {grade for wave in await waves(uow, term.id) for grade in wave.grades} if term else set()
    view = ClassesView(
        rows=tuple(_row(visit, count, teachers.get(count.class_id, ()), leaving) for count in counts),
        may_change=visit.actor.may(Permission.MANAGE_CLASSES) and term is not None,
        changed=_changed(visit, counts),
        error=error,
        error_class=error_class,
    )
    return visit.page("classes/list.html", view, status)


def _row(visit: Visit, count: ClassCount, teachers: tuple[str, ...], leaving: set[int]) -> ClassRow:
    """``leaving``: the grades that leave with a wave."""
    waiting = count.states.get(State.WAITING, 0)
    held = waiting and count.grade not in leaving
    return ClassRow(
        count=count,
        teachers=teachers,
        waiting=waiting,
        held=sentence(visit._, Invalid("grade_in_no_wave", grade=count.grade)) if held else "",
        to_decide=count.states.get(State.SUBMITTED, 0) + count.states.get(State.REVIEWED, 0),
        may_print=visit.actor.may_for(Permission.PRINT_SLIPS, count.grade, count.class_id),
    )


def _changed(visit: Visit, counts: list[ClassCount]) -> Changed | None:
    params = visit.request.query_params
    before, given = number(params.get("before"), 0, 200), number(params.get("given"), 0, 200)
    changed = next((c for c in counts if c.class_id == number(params.get("changed"))), None)
    if changed is None or before is None or given is None:
        return None
    return Changed(changed, before, given)


async def change_places(visit: Visit) -> Response:
    try:
        places = number(visit.field("capacity"))
        if places is None:
            raise Invalid("number_needed")
        async with visit.working() as uow:
            before = (await class_of(uow, visit.id)).capacity
            term = await the_term(uow)
            given = await set_capacity(uow, visit.id, places, term.id)
    except CareError as error:
        if error.status in (403, 404):
            raise
        return await _page(visit, sentence(visit._, error), visit.id, error.status)
    return visit.go(f"/classes?changed={visit.id}&before={before}&given={len(given)}#class-{visit.id}")


PAGES = [
    Page("/classes", get=show, right=Permission.SEE_STUDENTS),
    Page("/classes/{id:int}/places", post=change_places, right=Permission.MANAGE_CLASSES),
]
