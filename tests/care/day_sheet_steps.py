"""The day sheet of a class, its letters, and who holds a duty."""

from __future__ import annotations

from afternoon_school import actor, session_of
from sqlalchemy import select

from care.day.sheets import SheetChild, day_sheets
from care.permissions import Actor
from care.records import Letter, Role, StaffRole
from care.school import School

CLASS = "2(3)"


async def sheet(school: School, who: Actor, class_name: str = CLASS) -> list[SheetChild]:
    session = await session_of(school, class_name)
    async with school.look(who) as uow:
        (found,) = await day_sheets(uow, [session.id])
    return list(found.children)


async def holder_of(school: School, role: Role, grade: int | None = None) -> Actor:
    async with school.look() as uow:
        query = select(StaffRole.person_id).where(StaffRole.role == role)
        if grade is not None:
            query = query.where(StaffRole.grade == grade)
        person_id = (await uow.session.scalars(query.order_by(StaffRole.id))).first()
    assert person_id is not None
    return await actor(school, person_id)


async def letters(school: School) -> list[Letter]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter).where(Letter.kind == "day_sheet").order_by(Letter.id)))
