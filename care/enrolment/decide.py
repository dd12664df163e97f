"""The school's side of enrolment: the class reviews, the school approves, within the places of each class (S1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.enrolment.family import is_family
from care.enrolment.places import fit_extended, give_place_to_next, lock_class_of, post_step, take_place
from care.enrolment.states import RULES, Move, right_needed
from care.errors import Conflict, Invalid, NotAllowed, NotFound
from care.extended.places import lock_places
from care.permissions import Permission
from care.reasons import says_something
from care.records.enrolment import Application, State, Waiver
from care.records.people import SchoolClass, Student
from care.term import wave_of
from care.work import UnitOfWork

REMARK_LIMIT = 500
PLACES = (Move.APPROVE, Move.WAIT_LIST)
"""Moves that lock the class: a place that gets free at the same moment must find who has just joined the list."""


async def application_for_staff(uow: UnitOfWork, application_id: int, lock: bool = False) -> Application:
    """An application that the actor may see. Raises NotFound for one outside the actor's duty."""
    query = (
        select(Application)
        .where(Application.id == application_id)
        .options(
            joinedload(Application.student).joinedload(Student.school_class),
            joinedload(Application.guardianship),
        )
        .execution_options(populate_existing=True)
    )
    if lock:
        query = query.with_for_update(of=Application)
    application = (await uow.session.scalars(query)).first()
    if application is None:
        raise NotFound()
    school_class = application.student.school_class
    if not uow.actor.system and not uow.actor.may_for(Permission.SEE_APPLICATIONS, school_class.grade, school_class.id):
        raise NotFound()
    return application


async def decide(
    uow: UnitOfWork, move: Move, application_id: int, remark: str = "", version: int | None = None
) -> Application:
    """Makes one move. Raises NotFound, NotAllowed, Conflict (old screen, other state), Full, or Invalid (remark)."""
    if move in PLACES:
        await lock_class_of(uow, application_id)
    application = await application_for_staff(uow, application_id, lock=True)
    if application.state not in RULES[move].sources or version not in (None, application.version):
        raise Conflict(state=application.state)
    right = right_needed(move, application.state)
    school_class = application.student.school_class
    if right is None or not uow.actor.may_for(right, school_class.grade, school_class.id):
        raise NotAllowed()
    if await is_family(uow, application.student_id):
        raise NotAllowed("own_child")
    remark = remark.strip()
    if RULES[move].remark_needed and not says_something(remark):
        raise Invalid("remark_needed")
    if len(remark) > REMARK_LIMIT:
        raise Invalid("words_too_long", limit=REMARK_LIMIT)
    lost: dict[str, Any] = {}
    if move is Move.APPROVE:
        if await wave_of(uow, application.term_id, school_class.grade) is None:
            raise Invalid("grade_in_no_wave", grade=school_class.grade)
        await take_place(uow, application.term_id, school_class.id)
        lost = await fit_extended(uow, application)
    application.state = RULES[move].target
    application.state_since = uow.now
    application.version += 1
    uow.record(move.value, "application", application.id, remark, **lost)
    await post_step(uow, application, move.value, remark, **lost)
    await uow.session.flush()
    return application


async def set_capacity(uow: UnitOfWork, class_id: int, capacity: int, term_id: int) -> list[int]:
    """Changes the places of a class; new places go to its waiting list. Returns the applications that got one."""
    uow.require(Permission.MANAGE_CLASSES)
    if not 0 <= capacity <= 200:
        raise Invalid("capacity_out_of_range", limit=200)
    await lock_places(uow, term_id)
    school_class = await uow.session.get(SchoolClass, class_id, with_for_update=True)
    if school_class is None:
        raise NotFound()
    before, school_class.capacity = school_class.capacity, capacity
    uow.record("capacity_set", "school_class", class_id, before=before, after=capacity)
    await uow.session.flush()
    return await give_place_to_next(uow, term_id, class_id)


async def record_waiver(uow: UnitOfWork, application_id: int, reason: str) -> Waiver:
    """Records that the family pays nothing, and why; finance sees the number (S16)."""
    application = await application_for_staff(uow, application_id, lock=True)
    uow.require(Permission.RECORD_WAIVER)
    reason = reason.strip()
    if not says_something(reason):
        raise Invalid("reason_needed")
    if len(reason) > REMARK_LIMIT:
        raise Invalid("words_too_long", limit=REMARK_LIMIT)
    if application.state in (State.REFUSED, State.WITHDRAWN):
        raise Conflict(state=application.state)
    if await uow.session.scalar(select(Waiver.id).where(Waiver.application_id == application_id)) is not None:
        raise Conflict("waiver_exists")
    waiver = Waiver(application_id=application_id, reason=reason, recorded_by=uow.actor.person_id, recorded_at=uow.now)
    uow.session.add(waiver)
    uow.record("waiver_recorded", "application", application_id, reason)
    return waiver
