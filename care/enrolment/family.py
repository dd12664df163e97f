"""Who belongs to a child, and who decides on it: never the child's own family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Select, select

from care.records.people import Guardianship, Role, SchoolClass, StaffRole, Student
from care.work import UnitOfWork


async def is_family(uow: UnitOfWork, student_id: int) -> bool:
    """Whether the actor is a guardian of the child: nobody decides on their own child."""
    query = select(Guardianship.id).where(
        Guardianship.student_id == student_id, Guardianship.person_id == uow.actor.person_id
    )
    return await uow.session.scalar(query) is not None


async def restricted_from(uow: UnitOfWork, student_ids: Collection[int]) -> set[int]:
    """Of these children those of whom the actor is a restricted guardian: on their stop-list may stand the actor."""
    query = select(Guardianship.student_id).where(
        Guardianship.person_id == uow.actor.person_id,
        Guardianship.student_id.in_(student_ids),
        Guardianship.restricted.is_(True),
    )
    return set(await uow.session.scalars(query))


async def own_among(uow: UnitOfWork, student_ids: Collection[int]) -> set[int]:
    """Those of these children, as student ids, of whom the actor is a guardian."""
    query = select(Guardianship.student_id).where(
        Guardianship.student_id.in_(student_ids), Guardianship.person_id == uow.actor.person_id
    )
    return set(await uow.session.scalars(query))


async def unrestricted_guardians(uow: UnitOfWork, student_id: int) -> list[int]:
    """The guardians who may be told about the child, as person ids."""
    query = select(Guardianship.person_id).where(
        Guardianship.student_id == student_id, Guardianship.restricted.is_(False)
    )
    return list(await uow.session.scalars(query.order_by(Guardianship.id)))


async def reviewers_of(uow: UnitOfWork, student_ids: Collection[int] | Select[int]) -> list[int]:
    """Who reviews the applications of these children, as person ids: for each child the homeroom teachers, without
    its own family; the grade leaders where that leaves nobody."""
    of_class = select(Student.id, Student.school_class_id, SchoolClass.grade).join(SchoolClass)
    children = (await uow.session.execute(of_class.where(Student.id.in_(student_ids)))).all()
    if not children:
        return []
    duties = select(StaffRole.person_id, StaffRole.role, StaffRole.school_class_id, StaffRole.grade)
    ties = select(Guardianship.student_id, Guardianship.person_id).join(
        StaffRole, StaffRole.person_id == Guardianship.person_id
    )
    homeroom: dict[int | None, set[int]] = defaultdict(set)
    leaders: dict[int | None, set[int]] = defaultdict(set)
    family: dict[int, set[int]] = defaultdict(set)
    reviewing = StaffRole.role.in_((Role.HOMEROOM, Role.GRADE_LEADER))
    for person_id, role, class_id, grade in await uow.session.execute(duties.where(reviewing)):
        if role is Role.HOMEROOM:
            homeroom[class_id].add(person_id)
        else:
            leaders[grade].add(person_id)
    for student_id, person_id in await uow.session.execute(ties.where(Guardianship.student_id.in_(student_ids))):
        family[student_id].add(person_id)
    found: set[int] = set()
    for student_id, class_id, grade in children:
        found |= (homeroom[class_id] - family[student_id]) or (leaders[grade] - family[student_id])
    return sorted(found)
