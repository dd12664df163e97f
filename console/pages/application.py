"""One application: all that a decision needs, on one screen, and the decision itself."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.agreement import agreement_of
from care.enrolment import Move, decide, record_waiver
from care.enrolment.around import (
    Sibling,
    is_stopped,
    namesakes,
    siblings,
    stop_list,
    text_of_version,
    waiver_of,
)
from care.enrolment.family import is_family
from care.enrolment.lists import ids_in_order
from care.enrolment.places import extended_full_for, waiting_position
from care.enrolment.queries import (
    ClassCount,
    application_whole,
    count_by_class,
    health_note_for,
    moves_open_to,
    timeline,
)
from care.errors import CareError, NotFound
from care.permissions import Permission
from care.records.enrolment import Agreement, Application, Need, PickupPerson, State, Waiver
from care.records.office import Event
from care.records.people import Person, StopListEntry
from care.records.term import TermText, TextKind
from care.work import UnitOfWork
from console.door import Page, Visit, number
from console.pages.applications import MOVE_ORDER, read_wanted
from console.prose import Block, blocks
from console.refusals import sentence


@dataclass(frozen=True)
class Pickup:
    adult: PickupPerson
    stopped: bool


@dataclass(frozen=True)
class Neighbours:
    """Where the list goes on from here; ``list`` is the query of that list."""

    before: int | None
    after: int | None
    place: int | None
    total: int
    list: str


@dataclass(frozen=True)
class Problem:
    """What stood against a decision, with what had been written."""

    sentence: str
    remark: str
    stale: bool
    waiver: bool = False


@dataclass(frozen=True)
class ApplicationView:
    application: Application
    guardian: Person
    needs: tuple[Need, ...]
    pickup: tuple[Pickup, ...]
    stopped: tuple[StopListEntry, ...]
    health_note: str | None
    may_see_health: bool
    criteria: TermText | None
    criteria_blocks: tuple[Block, ...]
    events: tuple[Event, ...]
    moves: tuple[Move, ...]
    places: ClassCount | None
    extended_full: tuple[int, ...]
    namesakes: tuple[str, ...]
    siblings: tuple[Sibling, ...]
    position: int | None
    agreement: Agreement | None
    signed_text: TermText | None
    signer: str
    waiver: Waiver | None
    may_waive: bool
    list: Neighbours
    done: str
    problem: Problem | None


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, problem: Problem | None = None, status: int = 200) -> Response:
    async with visit.looking() as uow:
        view = await _view(uow, visit, problem)
    return visit.page("applications/one.html", view, status)


async def _view(uow: UnitOfWork, visit: Visit, problem: Problem | None) -> ApplicationView:
    application = await application_whole(uow, visit.id)
    student = application.student
    school_class = student.school_class
    if not uow.actor.may_for(Permission.SEE_APPLICATIONS, school_class.grade, school_class.id):
        raise NotFound()
    stopped = await stop_list(uow, student.id)
    signed = await agreement_of(uow, application.id)
    counts = await count_by_class(uow, application.term_id, Permission.SEE_APPLICATIONS)
    waiting = application.state is State.WAITING
    sees_waivers = uow.actor.may(Permission.SEE_WAIVERS) or uow.actor.may(Permission.RECORD_WAIVER)
    waiver = await waiver_of(uow, application.id) if sees_waivers else None
    criteria = await text_of_version(
        uow, application.term_id, TextKind.CRITERIA, application.criteria_version, visit.language
    )
    family = await is_family(uow, student.id)
    done = visit.request.query_params.get("done", "")
    return ApplicationView(
        application=application,
        guardian=application.guardianship.person,
        needs=tuple(Need(need) for need in application.needs),
        pickup=tuple(Pickup(p, is_stopped(stopped, p.name, p.phone)) for p in application.pickup),
        stopped=tuple(stopped),
        health_note=health_note_for(uow, application),
        may_see_health=uow.actor.may_for(Permission.SEE_HEALTH, school_class.grade, school_class.id),
        criteria=criteria,
        criteria_blocks=tuple(blocks(criteria.body)) if criteria else (),
        events=tuple(reversed(await timeline(uow, application.id))),
        moves=tuple(sorted((Move(m) for m in moves_open_to(uow.actor, application, family)), key=MOVE_ORDER.index)),
        places=next((c for c in counts if c.class_id == school_class.id), None),
        extended_full=tuple(await extended_full_for(uow, application)),
        namesakes=tuple(await namesakes(uow, student)),
        siblings=tuple(await siblings(uow, student.id, application.term_id)),
        position=await waiting_position(uow, application, school_class.id) if waiting else None,
        agreement=signed[0] if signed else None,
        signed_text=signed[1] if signed else None,
        signer=signed[0].typed_name if signed else "",
        waiver=waiver,
        may_waive=uow.actor.may(Permission.RECORD_WAIVER) and waiver is None and application.state in WAIVABLE,
        list=await _neighbours(uow, visit, application),
        done=done if done in DONE else "",
        problem=problem,
    )


WAIVABLE = frozenset(State) - {State.REFUSED, State.WITHDRAWN}
DONE = frozenset({*(move.value for move in Move), "waiver_recorded"})


async def _neighbours(uow: UnitOfWork, visit: Visit, application: Application) -> Neighbours:
    """Before and after in the list the visitor came from; after a decision, the one that was next then."""
    wanted = read_wanted(visit.request.query_params, uow.actor)
    ids = await ids_in_order(uow, wanted.filter(application.term_id), wanted.mine)
    if application.id in ids:
        place = ids.index(application.id)
        before = ids[place - 1] if place > 0 else None
        after = ids[place + 1] if place + 1 < len(ids) else None
        return Neighbours(before, after, place + 1, len(ids), wanted.here)
    after = number(visit.request.query_params.get("next"), 1)
    return Neighbours(None, after if after in ids else next(iter(ids), None), None, len(ids), wanted.here)


def _back(visit: Visit, done: str) -> Response:
    wanted = read_wanted(visit.request.query_params, visit.actor)
    next_one = number(visit.field("next"), 1)
    return visit.go(f"/applications/{visit.id}{wanted.query(done=done, next=next_one)}")


async def make_move(visit: Visit) -> Response:
    try:
        move = Move(visit.field("move"))
    except ValueError:
        raise NotFound() from None
    remark = visit.field("remark")
    try:
        async with visit.working() as uow:
            await decide(uow, move, visit.id, remark, number(visit.field("version")))
    except CareError as error:
        if error.status in (403, 404):
            raise
        problem = Problem(sentence(visit._, error), remark, stale=error.code == "stale")
        return await _page(visit, problem, error.status)
    return _back(visit, move.value)


async def waive(visit: Visit) -> Response:
    reason = visit.field("reason")
    try:
        async with visit.working() as uow:
            await record_waiver(uow, visit.id, reason)
    except CareError as error:
        if error.status in (403, 404):
            raise
        problem = Problem(sentence(visit._, error), reason, stale=error.code == "stale", waiver=True)
        return await _page(visit, problem, error.status)
    return _back(visit, "waiver_recorded")


PAGES = [
    Page("/applications/{id:int}", get=show, post=make_move, right=Permission.SEE_APPLICATIONS),
    Page("/applications/{id:int}/waiver", post=waive, right=Permission.RECORD_WAIVER),
]
