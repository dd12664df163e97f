"""The office at its console while the bot is at work, and families whose one child is in care."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from console_browser import ADDRESS, Browser
from sqlalchemy import select, update
from stage import USERS_FROM, Player, Stage

from care.records import Application, Contact, Guardianship, Person, SchoolClass, State, Student
from care.signin import make_link
from console.app import Desk, create_app


@asynccontextmanager
async def office_console(stage: Stage, language: str = "en") -> AsyncIterator[Browser]:
    """The office, signed in to the console of the school on the stage."""
    office = await stage.star("office")
    async with stage.school.work() as uow:
        await uow.session.execute(
            update(Person).where(Person.id == office.user_id - USERS_FROM).values(language=language)
        )
        token = await make_link(uow, office.user_id - USERS_FROM)
    browser = Browser(create_app(Desk(stage.school, stage.printer, lambda code: code)), language)
    await browser.client.post(f"/sign-in/{token}", headers={"origin": ADDRESS})
    try:
        yield browser
    finally:
        await browser.client.aclose()


async def families(stage: Stage, weekday: int, *, comes: bool = True) -> list[tuple[Player, str]]:
    """Guardians with a chat whose only child is enrolled and (or not) in care on a weekday, with the child's name."""
    async with stage.school.look() as uow:
        query = (
            select(Guardianship.person_id, Student.name, Application.weekdays)
            .join(Student, Student.id == Guardianship.student_id)
            .join(SchoolClass, SchoolClass.id == Student.school_class_id)
            .join(Application, Application.student_id == Student.id)
            .join(Contact, Contact.person_id == Guardianship.person_id)
            .where(Application.state == State.ENROLLED, Application.leaves_on.is_(None), SchoolClass.grade == 2)
            .where(Guardianship.restricted.is_(False))
            .order_by(Student.id, Guardianship.id)
        )
        rows = [tuple(row) for row in await uow.session.execute(query)]
    people = [person for person, _, _ in rows]
    return [
        (stage.persona(person), name)
        for person, name, weekdays in rows
        if people.count(person) == 1 and weekdays and (weekday in weekdays) is comes
    ]


async def in_english(stage: Stage, player: Player) -> None:
    async with stage.school.work() as uow:
        await uow.session.execute(update(Person).where(Person.id == player.user_id - USERS_FROM).values(language="en"))
