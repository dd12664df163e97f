"""Who takes part in the afternoon: chosen from the demonstration school, in which nobody else is in care."""

from __future__ import annotations

from collections import Counter
from random import Random

from sqlalchemy import delete, select, update

from care.day.lead import next_lead
from care.people import holders
from care.records import (
    Application,
    Contact,
    DayRules,
    Guardianship,
    LeaveMode,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    State,
    StopListEntry,
    Student,
)
from care.school import School
from care.work import UnitOfWork
from reliability import cast as hour_cast
from reliability.afternoon.story import DAY, FIRST_WAVE, SECOND_WAVE, Cast, Child
from reliability.people import Somebody

CLASSES = ("2(3)", "3(5)")
EVERY_DAY = [1, 2, 3, 4, 5]
SECOND_GRADE = 3
"""From this grade on a class leaves with the second wave."""


async def make_ready(school: School, seed: int, classes: tuple[str, ...] = CLASSES) -> Cast:
    """Draws the children of these classes, and lets nobody else be in care; the same for the same seed."""
    await hour_cast.make_ready(school)
    rng = Random(seed)
    async with school.work() as uow:
        known = await _known(uow)
        children = [child for name in classes for child in await _children(uow, name, known, rng)]
        ids = [child.student_id for child in children]
        await uow.session.execute(delete(DayRules))
        await uow.session.execute(update(Application).values(weekdays=[], extended_weekdays=[]))
        theirs = update(Application).where(Application.student_id.in_(ids), Application.state == State.ENROLLED)
        await uow.session.execute(theirs.values(weekdays=EVERY_DAY, leave_mode=LeaveMode.COLLECTED))
        lead = await next_lead(uow, DAY)
        busy = set(await uow.session.scalars(select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)))
        keeper = next(one for one in await holders(uow, Role.CARE_TEACHER) if one not in busy and one in known)
    assert lead is not None
    return Cast(tuple(children), known[keeper], known[lead], tuple(known.values()))


async def _known(uow: UnitOfWork) -> dict[int, Somebody]:
    """Everybody who has a chat with the bot, by person."""
    rows = await uow.session.execute(
        select(Contact.chat_id, Person.id, Person.name, Person.language).join(Person, Person.id == Contact.person_id)
    )
    return {row.id: Somebody(row.chat_id, row.id, row.name) for row in rows if row.language != "en"}


async def _children(uow: UnitOfWork, name: str, known: dict[int, Somebody], rng: Random) -> list[Child]:
    """Children of a class with a name of their own and two guardians of one child each, who work elsewhere."""
    grade, number = int(name[0]), int(name[2:-1])
    school_class = (
        await uow.session.scalars(select(SchoolClass).where(SchoolClass.grade == grade, SchoolClass.number == number))
    ).one()
    homeroom = (await holders(uow, Role.HOMEROOM, class_id=school_class.id))[0]
    ties = list(await uow.session.scalars(select(Guardianship).order_by(Guardianship.id)))
    of_person = Counter(tie.person_id for tie in ties)
    staff = set(await uow.session.scalars(select(StaffRole.person_id)))
    names = Counter(await uow.session.scalars(select(Student.name)))
    barred = set(await uow.session.scalars(select(StopListEntry.student_id)))
    query = (
        select(Student)
        .join(Application, Application.student_id == Student.id)
        .where(Student.school_class_id == school_class.id, Application.state == State.ENROLLED)
        .where(Student.left_on.is_(None), Application.leaves_on.is_(None), Student.id.not_in(barred))
        .order_by(Student.id)
    )
    found: list[tuple[Student, tuple[Somebody, Somebody]]] = []
    for student in await uow.session.scalars(query):
        mine = [tie for tie in ties if tie.student_id == student.id]
        plain = all(
            tie.person_id in known and tie.person_id not in staff and of_person[tie.person_id] == 1
            for tie in mine
            if not tie.restricted
        )
        if plain and len(mine) == 2 and not any(tie.restricted for tie in mine) and names[student.name] == 1:
            found.append((student, (known[mine[0].person_id], known[mine[1].person_id])))
    wave, fates = (1, FIRST_WAVE) if grade < SECOND_GRADE else (2, SECOND_WAVE)
    drawn = rng.sample(found, len(fates))
    return [
        Child(student.id, student.name, fate, wave, known[homeroom], guardians)
        for fate, (student, guardians) in zip(fates, drawn, strict=True)
    ]
