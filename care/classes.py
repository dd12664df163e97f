"""The classes with the teachers who answer for them."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from care.errors import NotFound
from care.permissions import Permission
from care.records.people import Person, Role, SchoolClass, StaffRole
from care.work import UnitOfWork


async def homeroom_teachers(uow: UnitOfWork) -> dict[int, tuple[str, ...]]:
    """Names by class id."""
    query = (
        select(StaffRole.school_class_id, Person.name)
        .join(Person, Person.id == StaffRole.person_id)
        .where(StaffRole.role == Role.HOMEROOM)
        .order_by(StaffRole.id)
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    for class_id, name in await uow.session.execute(query):
        if class_id is not None:
            found[class_id].append(name)
    return {class_id: tuple(names) for class_id, names in found.items()}


async def all_classes(uow: UnitOfWork) -> list[SchoolClass]:
    return list(await uow.session.scalars(select(SchoolClass).order_by(SchoolClass.grade, SchoolClass.number)))


async def class_of(uow: UnitOfWork, class_id: int) -> SchoolClass:
    """A class the actor may know of. Raises NotFound otherwise."""
    school_class = await uow.session.get(SchoolClass, class_id)
    if school_class is None or not uow.actor.may_for(Permission.SEE_STUDENTS, school_class.grade, class_id):
        raise NotFound()
    return school_class
