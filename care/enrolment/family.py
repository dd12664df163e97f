"""Who belongs to a child, and who decides on it: never the child's own family."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from care.records.people import Guardianship, Role, SchoolClass, StaffRole, Student
from care.work import UnitOfWork


async def is_family(uow: UnitOfWork, student_id: int) -> bool:
    """Whether the actor is a guardian of the child: nobody decides on their own child."""
    query = select(Guardianship.id).where(
        Guardianship.student_id == student_id, Guardianship.person_id == uow.actor.person_id
    )
    return await uow.session.scalar(query) is not None


async def unrestricted_guardians(uow: UnitOfWork, student_id: int) -> list[int]:
    """The guardians who may be told about the child, as person ids."""
    query = select(Guardianship.person_id).where(
        Guardianship.student_id == student_id, Guardianship.restricted.is_(False)
    )
    return list(await uow.session.scalars(query.order_by(Guardianship.id)))


async def reviewers_of(uow: UnitOfWork, student_ids: Collection[int]) -> list[int]:
    """Who reviews the applications of these children, as person ids: for each child the homeroom teachers, without
    its own family; the grade leaders where that leaves nobody."""
    children = select(Student.id, Student.school_class_id, SchoolClass.grade).join(SchoolClass)
    ties = select(Guardianship.student_id, Guardianship.person_id).where(Guardianship.student_id.in_(student_ids))
    duties = select(StaffRole).where(StaffRole.role.in_((Role.HOMEROOM, Role.GRADE_LEADER)))
    families = {(student_id, person_id) for student_id, person_id in await uow.session.execute(ties)}
    held = list(await uow.session.scalars(duties))
    found: set[int] = set()
    for student_id, class_id, grade in await uow.session.execute(children.where(Student.id.in_(student_ids))):
        others = [duty for duty in held if (student_id, duty.person_id) not in families]
        homeroom = {d.person_id for d in others if d.role is Role.HOMEROOM and d.school_class_id == class_id}
        found |= homeroom or {d.person_id for d in others if d.role is Role.GRADE_LEADER and d.grade == grade}
    return sorted(found)
