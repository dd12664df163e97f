"""A small school for the console's tests: two classes of grade 1, one of grade 3, somebody for each duty."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from care.permissions import SYSTEM
from care.records import (
    Application,
    Contact,
    Event,
    Guardianship,
    LeaveMode,
    Letter,
    LetterState,
    Person,
    PickupPerson,
    Relation,
    Role,
    SchoolClass,
    StaffRole,
    State,
    StopListEntry,
    Student,
    Term,
    TermText,
    TextKind,
    Venue,
    VenueKind,
    Wave,
)
from care.records.delivery import Class
from care.school import School
from care.term import text_hash
from care.work import UnitOfWork

HOSTILE = "<b>=1+1</b>"


@dataclass
class Town:
    """Ids of what the tests refer to."""

    term: int = 0
    classes: dict[str, int] = field(default_factory=dict)
    staff: dict[Role, int] = field(default_factory=dict)
    applications: dict[str, int] = field(default_factory=dict)
    students: dict[str, int] = field(default_factory=dict)
    guardianships: dict[str, int] = field(default_factory=dict)
    letter: int = 0


async def build(school: School) -> Town:
    town = Town()
    async with school.work(SYSTEM) as uow:
        await _term(uow, town)
        for grade, number in ((1, 1), (1, 2), (3, 1)):
            school_class = SchoolClass(grade=grade, number=number, capacity=3)
            uow.session.add(school_class)
            await uow.session.flush()
            town.classes[school_class.name] = school_class.id
        await _staff(uow, town)
        for name, place, state in (
            ("Ann", "1(1)", State.SUBMITTED),
            ("Ben", "1(1)", State.REVIEWED),
            ("Cai", "1(1)", State.REVIEWED),
            (HOSTILE, "1(2)", State.SUBMITTED),
            ("Eve", "3(1)", State.REVIEWED),
            ("Fay", "3(1)", State.ENROLLED),
            ("Gus", "3(1)", State.WAITING),
        ):
            await child(uow, town, name, place, state)
        letter = Letter(
            kind="application_step",
            klass=Class.ALARM,
            person_id=town.staff[Role.HEAD],
            params={"application_id": 1},
            state=LetterState.FAILED,
            posted_at=uow.now,
            due_at=uow.now,
            error="Forbidden: bot was blocked by the user",
        )
        uow.session.add(letter)
        await uow.session.flush()
        town.letter = letter.id
    return town


async def _term(uow: UnitOfWork, town: Town) -> None:
    venue = Venue(name="Library", kind=VenueKind.EXTENDED)
    uow.session.add(venue)
    await uow.session.flush()
    term = Term(
        name="Autumn",
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 1, 29),
        apply_from=date(2026, 9, 1),
        apply_until=date(2027, 1, 29),
        grades=[1, 2, 3, 4],
        extended_venue_id=venue.id,
        extended_until=time(18, 30),
        extended_capacity=20,
    )
    uow.session.add(term)
    await uow.session.flush()
    town.term = term.id
    for ordinal, grades, starts, ends in (
        (1, [1, 2], time(14, 35), time(17, 10)),
        (2, [3, 4], time(15, 25), time(17, 25)),
    ):
        uow.session.add(
            Wave(
                term_id=term.id,
                ordinal=ordinal,
                grades=grades,
                starts_at=starts,
                ends_at=ends,
                gate="East gate",
                guidance_venue="Classrooms",
                course_venue="Halls",
            )
        )
    for kind in TextKind:
        for language in ("zh_CN", "en"):
            body = f"# About {kind.value}\n1. One rule in {language}"
            uow.session.add(
                TermText(
                    term_id=term.id,
                    kind=kind,
                    version=1,
                    language=language,
                    title=kind.value,
                    body=body,
                    sha256=text_hash(body),
                    published_at=uow.now,
                )
            )


async def _staff(uow: UnitOfWork, town: Town) -> None:
    for number, role in enumerate(Role):
        person = Person(name=f"Staff {role.value}", phone=f"1990000{number:04}", language="en", created_at=uow.now)
        uow.session.add(person)
        await uow.session.flush()
        town.staff[role] = person.id
        uow.session.add(
            StaffRole(
                person_id=person.id,
                role=role,
                grade=1 if role is Role.GRADE_LEADER else None,
                school_class_id=town.classes["1(1)"] if role is Role.HOMEROOM else None,
                since=uow.now,
            )
        )


async def child(uow: UnitOfWork, town: Town, name: str, place: str, state: State, since: datetime | None = None) -> int:
    """A child with one guardian and an application in a state; returns the application's id."""
    number = 1000 + len(town.students)
    student = Student(name=name, student_no=f"S{number}", school_class_id=town.classes[place])
    parent = Person(name=f"Parent of {name}", phone=f"138{number:08}", language="en", created_at=uow.now)
    uow.session.add_all([student, parent])
    await uow.session.flush()
    tie = Guardianship(student_id=student.id, person_id=parent.id, relation=Relation.MOTHER)
    uow.session.add(tie)
    uow.session.add(Contact(person_id=parent.id, channel="web", chat_id=number, linked_at=uow.now, linked_by="slip"))
    await uow.session.flush()
    at = since or uow.now - timedelta(days=3) + timedelta(minutes=len(town.students))
    application = Application(
        term_id=town.term,
        student_id=student.id,
        guardianship_id=tie.id,
        state=state,
        state_since=at,
        submitted_at=at,
        weekdays=[1, 2, 3],
        needs=["work_hours"],
        extended_weekdays=[1],
        leave_mode=LeaveMode.COLLECTED,
        health_note=uow.school.keys.seal("peanut allergy"),
        courses_wished="chess",
        criteria_version=1,
        pickup=[PickupPerson(ordinal=1, name="Bad Uncle", relation=Relation.UNCLE, phone="13900000001")],
    )
    uow.session.add(application)
    await uow.session.flush()
    uow.session.add(
        Event(
            at=at,
            actor_id=parent.id,
            actor_name=parent.name,
            action="submitted",
            subject="application",
            subject_id=application.id,
            data={},
        )
    )
    town.students[name], town.applications[name], town.guardianships[name] = student.id, application.id, tie.id
    return application.id


async def stop(uow: UnitOfWork, town: Town, name: str) -> None:
    uow.session.add(
        StopListEntry(student_id=town.students[name], name="Bad Uncle", reason="court order", added_at=uow.now)
    )


async def state_of(school: School, application_id: int) -> State:
    async with school.look() as uow:
        state = await uow.session.scalar(select(Application.state).where(Application.id == application_id))
    assert state is not None
    return state


async def last_event(school: School) -> Event:
    async with school.look() as uow:
        return (await uow.session.scalars(select(Event).order_by(Event.id.desc()).limit(1))).one()
