"""Steps of extended care that several stories share: who stays, the roll of the class, who is with whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time

from journey import person_id
from sqlalchemy import select, update
from stage import Player, Stage

from care import rollcall
from care.records import (
    Application,
    CareSession,
    CustodyEvent,
    DayChild,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Student,
    Term,
)

TUESDAY = date(2026, 11, 24)

CLASS, ENGLISH = "2(3)", "3(5)"

CHINESE = re.compile("[\u4e00-\u9fff]+")


async def at(stage: Stage, hour: int, minute: int = 0) -> None:
    await stage.at(datetime.combine(TUESDAY, time(hour, minute), stage.school.zone))


async def attending(stage: Stage, class_name: str) -> list[tuple[Application, str]]:
    """The enrolled children of a class who come on Tuesdays, with their names."""
    grade, number = int(class_name[0]), int(class_name[2:-1])
    async with stage.school.look() as uow:
        query = (
            select(Application, Student.name)
            .join(Student, Student.id == Application.student_id)
            .join(SchoolClass)
            .where(SchoolClass.grade == grade, SchoolClass.number == number, Application.state == State.ENROLLED)
            .order_by(Student.student_no)
        )
        return [(one, name) for one, name in await uow.session.execute(query) if 2 in one.weekdays]


async def begin(stage: Stage, stay: Sequence[int] = (), places: int = 120) -> None:
    """Only these children have Tuesday as a standing day."""
    async with stage.school.work() as uow:
        await uow.session.execute(update(Application).values(extended_weekdays=[]))
        await uow.session.execute(update(Term).values(extended_capacity=places))
        chosen = update(Application).where(Application.id.in_(list(stay))).values(extended_weekdays=[2])
        await uow.session.execute(chosen)


async def care_teacher(stage: Stage, number: int = 0) -> Player:
    """Somebody whose only duty is care."""
    several = select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)
    query = select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER, StaffRole.person_id.not_in(several))
    return stage.persona((await stage.ask(query.order_by(StaffRole.id)))[number])


async def english(stage: Stage, player: Player) -> Player:
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(player))).language = "en"
    return player


async def roll_taken(stage: Stage, class_name: str) -> Player:
    """The class's teacher has signed in and everybody is there."""
    teacher = await stage.homeroom_of(class_name)
    grade, number = int(class_name[0]), int(class_name[2:-1])
    query = select(CareSession.id).join(SchoolClass).where(SchoolClass.grade == grade, SchoolClass.number == number)
    session_id = (await stage.ask(query.where(CareSession.date == TUESDAY)))[0]
    async with stage.school.work(await stage.act_as(teacher)) as uow:
        await rollcall.sign_in(uow, session_id)
        await rollcall.all_others_present(uow, session_id)
    await stage.calm()
    return teacher


async def holder(stage: Stage, application: Application) -> CustodyEvent:
    """The child's last link."""
    async with stage.school.look() as uow:
        query = (
            select(CustodyEvent)
            .join(DayChild, (DayChild.id == CustodyEvent.day_child_id) & (DayChild.last_seq == CustodyEvent.seq))
            .where(DayChild.date == TUESDAY, DayChild.student_id == application.student_id)
        )
        return (await uow.session.scalars(query)).one()
