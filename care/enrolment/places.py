"""Places per class: counted under a lock, and given to the next on the waiting list when one gets free; and what an
approval means for extended care."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from care.enrolment.family import unrestricted_guardians
from care.enrolment.states import HOLDS_A_PLACE, RULES, Move
from care.errors import Full, NotFound
from care.extended import places as extended
from care.permissions import SYSTEM
from care.records.delivery import Class
from care.records.enrolment import Application, State
from care.records.people import SchoolClass, Student
from care.term import wave_of
from care.work import UnitOfWork


async def places_taken(uow: UnitOfWork, term_id: int, class_id: int) -> int:
    """How many places of a class approved and enrolled children hold."""
    query = (
        select(func.count())
        .select_from(Application)
        .join(Student)
        .where(
            Application.term_id == term_id,
            Application.state.in_(HOLDS_A_PLACE),
            Student.school_class_id == class_id,
        )
    )
    return await uow.session.scalar(query) or 0


async def places_by_grade(uow: UnitOfWork, term_id: int) -> dict[int, int]:
    """How many children of each grade hold a place; a grade without any is left out."""
    query = (
        select(SchoolClass.grade, func.count())
        .join(Student, Student.school_class_id == SchoolClass.id)
        .join(Application, Application.student_id == Student.id)
        .where(Application.term_id == term_id, Application.state.in_(HOLDS_A_PLACE))
        .group_by(SchoolClass.grade)
    )
    return {grade: many for grade, many in await uow.session.execute(query)}


async def lock_class_of(uow: UnitOfWork, application_id: int) -> None:
    """Locks the places of an application's term (extended care) and of its child's class. Whoever may give or free a
    place does this before locking the application: all lock in one order, so that they wait for each other and never
    block each other."""
    query = select(Application.term_id, Student.school_class_id).join(Student).where(Application.id == application_id)
    found = (await uow.session.execute(query)).first()
    if found is None:
        raise NotFound()
    term_id, class_id = found
    await extended.lock_places(uow, term_id)
    await uow.session.get_one(SchoolClass, class_id, with_for_update=True, populate_existing=True)


async def take_place(uow: UnitOfWork, term_id: int, class_id: int) -> None:
    """Locks the class and makes sure that it has a place. Raises Full when it has not."""
    school_class = await uow.session.get_one(SchoolClass, class_id, with_for_update=True, populate_existing=True)
    taken = await places_taken(uow, term_id, class_id)
    if taken >= school_class.capacity:
        raise Full(school_class=school_class.name, capacity=school_class.capacity)


async def fit_extended(uow: UnitOfWork, application: Application) -> dict[str, Any]:
    """Takes the full weekdays of extended care out of an application that is about to be approved: the child is in care
    all the same and leaves with its class on them (``docs/decisions/011-extended-places.md``). Returns those weekdays
    for the event and the letter, as ``extended_full``; nothing where all were free."""
    lost = await extended_full_for(uow, application)
    application.extended_weekdays = [day for day in application.extended_weekdays if day not in lost]
    return {"extended_full": lost} if lost else {}


async def extended_full_for(uow: UnitOfWork, application: Application) -> list[int]:
    """The wished weekdays of extended care on which an approval would find no place; none once it is decided."""
    if application.state not in RULES[Move.APPROVE].sources or not application.extended_weekdays:
        return []
    full = await extended.full_weekdays(uow, application.term_id)
    return [day for day in application.extended_weekdays if day in full]


async def give_place_to_next(uow: UnitOfWork, term_id: int, class_id: int) -> list[int]:
    """Approves from the waiting list, longest waiting first, as far as places reach; nobody of a grade in no wave, as
    by hand. The caller has locked the term's places. Returns application ids."""
    school_class = await uow.session.get_one(SchoolClass, class_id, with_for_update=True, populate_existing=True)
    if await wave_of(uow, term_id, school_class.grade) is None:
        return []
    free = school_class.capacity - await places_taken(uow, term_id, class_id)
    if free <= 0:
        return []
    waiting = (
        select(Application)
        .join(Student)
        .where(
            Application.term_id == term_id,
            Application.state == State.WAITING,
            Student.school_class_id == class_id,
            Student.left_on.is_(None),
        )
        .options(joinedload(Application.guardianship))
        .order_by(Application.state_since, Application.id)
        .limit(free)
        .with_for_update(of=Application)
    )
    given = []
    actor, uow.actor = uow.actor, SYSTEM
    for application in await uow.session.scalars(waiting):
        lost = await fit_extended(uow, application)
        application.state = State.APPROVED
        application.state_since = uow.now
        application.version += 1
        uow.record("approved", "application", application.id, from_waiting_list=True, **lost)
        await post_step(uow, application, "approved", "", **lost)
        given.append(application.id)
    uow.actor = actor
    await uow.session.flush()
    return given


async def give_places_of(uow: UnitOfWork, term_id: int, grades: Collection[int]) -> None:
    """These grades leave with a wave from now on: whose places were kept from the waiting list gets them. The caller
    has locked the term's places."""
    query = select(SchoolClass.id).where(SchoolClass.grade.in_(grades)).order_by(SchoolClass.id)
    for class_id in list(await uow.session.scalars(query)):
        await give_place_to_next(uow, term_id, class_id)


async def waiting_position(uow: UnitOfWork, application: Application, class_id: int) -> int:
    """The place in the queue of the class's waiting list, 1 for the next."""
    query = (
        select(func.count())
        .select_from(Application)
        .join(Student)
        .where(
            Application.term_id == application.term_id,
            Application.state == State.WAITING,
            Student.school_class_id == class_id,
            (Application.state_since < application.state_since)
            | ((Application.state_since == application.state_since) & (Application.id <= application.id)),
        )
    )
    return await uow.session.scalar(query) or 0


async def post_step(uow: UnitOfWork, application: Application, action: str, remark: str, **more: Any) -> None:
    """Tells the guardian who applied about a step, at once (S1). ``more``: what ``fit_extended`` says."""
    await uow.post(
        "application_step",
        await _who_is_told(uow, application),
        Class.ALARM,
        key=f"step:{application.id}:{application.version}",
        application_id=application.id,
        version=application.version,
        action=action,
        remark=remark,
        **more,
    )


async def _who_is_told(uow: UnitOfWork, application: Application) -> list[int]:
    """Who applied; the child's other guardians when that one has been restricted since."""
    if not application.guardianship.restricted:
        return [application.guardianship.person_id]
    return await unrestricted_guardians(uow, application.student_id)
