"""An afternoon of a few classes without a bot: the day is open, and its teachers can be asked to act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from stage import care_runs_in

from care.people import actor_for
from care.permissions import Actor
from care.records import CareSession, DayChild, Person, Role, SchoolClass, StaffRole, Student
from care.school import School
from scheduler import afternoon

CLASSES = ("2(3)", "3(5)")


async def open_afternoon(school: School, classes: Sequence[str] = CLASSES) -> None:
    await care_runs_in(school, *classes)
    await afternoon.tick(school)


async def class_id(school: School, name: str) -> int:
    grade, number = int(name[0]), int(name[2:-1])
    async with school.look() as uow:
        query = select(SchoolClass.id).where(SchoolClass.grade == grade, SchoolClass.number == number)
        return (await uow.session.scalars(query)).one()


async def holder_of(school: School, role: Role, grade: int | None = None, class_id: int | None = None) -> Actor:
    """The first who holds a duty, without any besides: most teachers are care teachers too, who see all classes."""
    async with school.look() as uow:
        query = select(Person).join(StaffRole, StaffRole.person_id == Person.id).where(StaffRole.role == role)
        if grade is not None:
            query = query.where(StaffRole.grade == grade)
        if class_id is not None:
            query = query.where(StaffRole.school_class_id == class_id)
        person = (await uow.session.scalars(query.order_by(StaffRole.id))).first()
        assert person is not None
        actor = await actor_for(uow, person)
    return replace(actor, duties=tuple(duty for duty in actor.duties if duty.role is role))


async def homeroom(school: School, name: str) -> Actor:
    return await holder_of(school, Role.HOMEROOM, class_id=await class_id(school, name))


async def session_of(school: School, name: str) -> int:
    async with school.look() as uow:
        query = select(CareSession.id).where(
            CareSession.school_class_id == await class_id(school, name), CareSession.date == uow.today
        )
        return (await uow.session.scalars(query)).one()


async def children_in(school: School, name: str) -> list[DayChild]:
    """The class's children of today by number."""
    place = await class_id(school, name)
    async with school.look() as uow:
        query = (
            select(DayChild)
            .join(Student, Student.id == DayChild.student_id)
            .where(Student.school_class_id == place, DayChild.date == uow.today)
            .order_by(DayChild.number)
        )
        return list(await uow.session.scalars(query))
