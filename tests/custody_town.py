"""The smallest school with an afternoon in it: two classes, five children, every kind of adult who may or may not
come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select

from care.clock import MovableClock, stopped_clock
from care.day.plan import classes_to_open, open_day, open_session, planned
from care.permissions import SYSTEM
from care.records import (
    Adult,
    Application,
    CareSession,
    DayChild,
    Delegate,
    Guardianship,
    LeaveMode,
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
    Wave,
)
from care.school import School
from care.work import UnitOfWork

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, 30, tzinfo=ZONE)


@dataclass
class Town:
    """Ids: people by name, day children and sessions in order, and every adult that could be given as an argument."""

    people: dict[str, int] = field(default_factory=dict)
    children: list[int] = field(default_factory=list)
    students: list[int] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    adults: list[tuple[Adult, int]] = field(default_factory=list)
    names: dict[tuple[Adult, int], str] = field(default_factory=dict)
    allowed: set[tuple[int, str]] = field(default_factory=set)
    """(day child, adult's name): all who may collect whom."""
    alone: set[int] = field(default_factory=set)


def town_clock() -> MovableClock:
    return stopped_clock(ZONE, NOON)


async def build(school: School) -> Town:
    """Two classes, 2(1) and 3(1), with their day open and nothing said of any child."""
    town = Town()
    async with school.work(SYSTEM) as uow:
        term = await _term(uow)
        classes = []
        for grade in (2, 3):
            school_class = SchoolClass(grade=grade, number=1, capacity=9)
            uow.session.add(school_class)
            await uow.session.flush()
            classes.append(school_class.id)
        await _staff(uow, town, classes)
        await _families(uow, town, term, classes)
    async with school.work(SYSTEM) as uow:
        term = await uow.session.get_one(Term, term.id)
        await open_day(uow, term)
        for class_id in await classes_to_open(uow, term):
            await open_session(uow, term, class_id)
        await planned(uow, DAY)
    async with school.look() as uow:
        by_student = {child.student_id: child.id for child in await uow.session.scalars(select(DayChild))}
        town.sessions = list(await uow.session.scalars(select(CareSession.id).order_by(CareSession.id)))
    town.children = [by_student[student] for student in town.students]
    town.allowed = {(by_student[student], name) for student, name in town.allowed}
    town.alone = {by_student[student] for student in town.alone}
    return town


async def _term(uow: UnitOfWork) -> Term:
    term = Term(
        name="Autumn",
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 1, 29),
        apply_from=date(2026, 9, 1),
        apply_until=date(2027, 1, 29),
        grades=[1, 2, 3, 4],
    )
    uow.session.add(term)
    await uow.session.flush()
    for ordinal, grades in ((1, [1, 2]), (2, [3, 4])):
        uow.session.add(
            Wave(
                term_id=term.id,
                ordinal=ordinal,
                grades=grades,
                starts_at=time(14, 35),
                ends_at=time(17, 10),
                gate="East gate",
                guidance_venue="Classrooms",
                course_venue="Halls",
            )
        )
    return term


async def _person(uow: UnitOfWork, town: Town, name: str) -> int:
    person = Person(name=name, phone=f"1380000{len(town.people):04}", language="en", created_at=uow.now)
    uow.session.add(person)
    await uow.session.flush()
    town.people[name] = person.id
    return person.id


async def _staff(uow: UnitOfWork, town: Town, classes: list[int]) -> None:
    duties = (
        ("Homeroom two", Role.HOMEROOM, None, classes[0]),
        ("Homeroom three", Role.HOMEROOM, None, classes[1]),
        ("Gate teacher", Role.CARE_TEACHER, None, None),
        ("Deputy", Role.DEPUTY, None, None),
        ("Clerk of numbers", Role.FINANCE, None, None),
    )
    for name, role, grade, class_id in duties:
        person = await _person(uow, town, name)
        uow.session.add(StaffRole(person_id=person, role=role, grade=grade, school_class_id=class_id, since=uow.now))


async def _families(uow: UnitOfWork, town: Town, term: Term, classes: list[int]) -> None:
    """Ann and Ben are brother and sister; the two Cais are not; Dot's father is restricted, and on the stop-list."""
    kids = (
        ("Ann", classes[0], LeaveMode.ALONE, ("Ma One", "Pa One")),
        ("Ben", classes[1], LeaveMode.ALONE, ("Ma One", "Pa One")),
        ("Cai", classes[0], LeaveMode.COLLECTED, ("Ma Cai", "Pa Cai")),
        ("Cai", classes[0], LeaveMode.COLLECTED, ("Ma Other",)),
        ("Dot", classes[1], LeaveMode.COLLECTED, ("Ma Dot", "Pa Dot")),
    )
    for number, (name, class_id, leave_mode, parents) in enumerate(kids):
        student = Student(name=name, student_no=f"S{number}", school_class_id=class_id)
        uow.session.add(student)
        await uow.session.flush()
        town.students.append(student.id)
        ties = []
        for parent in parents:
            person = town.people.get(parent) or await _person(uow, town, parent)
            relation = Relation.MOTHER if parent.startswith("Ma") else Relation.FATHER
            restricted = parent == "Pa Dot"
            tie = Guardianship(student_id=student.id, person_id=person, relation=relation, restricted=restricted)
            uow.session.add(tie)
            await uow.session.flush()
            ties.append(tie.id)
            town.names[Adult.GUARDIAN, person] = parent
            if not restricted:
                town.allowed.add((student.id, parent))
        if leave_mode is LeaveMode.ALONE and name == "Ben":
            town.alone.add(student.id)
        await _enrol(uow, town, term, student, ties[0], leave_mode)
    await _delegates(uow, town)
    town.adults = [
        *town.names,
        (Adult.GUARDIAN, town.people["Gate teacher"]),
        (Adult.LISTED, 999),
        (Adult.DELEGATE, 999),
    ]


async def _enrol(uow: UnitOfWork, town: Town, term: Term, student: Student, tie: int, leave_mode: LeaveMode) -> None:
    """Each has a grandmother listed: one and the same for Ann and Ben; Dot's is on the stop-list."""
    listed = {"Ann": "Nan One", "Ben": "Nan One"}.get(student.name, f"Nan {student.student_no}")
    phone = {"Ann": "13911110000", "Ben": "13911110000"}.get(student.name, f"1392222000{student.id}")
    row = PickupPerson(ordinal=1, name=listed, relation=Relation.GRANDMOTHER, phone=phone)
    application = Application(
        term_id=term.id,
        student_id=student.id,
        guardianship_id=tie,
        state=State.ENROLLED,
        state_since=uow.now,
        submitted_at=uow.now,
        weekdays=[1, 2, 3, 4, 5],
        needs=["work_hours"],
        extended_weekdays=[],
        leave_mode=leave_mode,
        criteria_version=1,
        pickup=[row],
    )
    uow.session.add(application)
    await uow.session.flush()
    town.names[Adult.LISTED, row.id] = listed
    if student.name == "Dot":
        for name, bad_phone in ((listed, phone), ("Pa Dot", None)):
            uow.session.add(
                StopListEntry(student_id=student.id, name=name, phone=bad_phone, reason="order", added_at=uow.now)
            )
    else:
        town.allowed.add((student.id, listed))


async def _delegates(uow: UnitOfWork, town: Town) -> None:
    """Ma One's sends somebody for Ann today; somebody for another day; and Pa Dot would send somebody, too."""
    ann, dot = town.students[0], town.students[4]
    rows = (
        ("Aunt Today", DAY, "Ma One", ann, None),
        ("Aunt Tomorrow", date(2026, 11, 25), "Ma One", ann, None),
        ("Aunt Withdrawn", DAY, "Ma One", ann, uow.now),
        ("Friend of Pa Dot", DAY, "Pa Dot", dot, None),
    )
    for name, day, guardian, student, withdrawn in rows:
        delegate = Delegate(
            date=day,
            guardian_id=town.people[guardian],
            student_ids=[student],
            name=name,
            relation=Relation.AUNT,
            phone=f"1393333{len(town.names):04}",
            made_at=uow.now,
            withdrawn_at=withdrawn,
        )
        uow.session.add(delegate)
        await uow.session.flush()
        town.names[Adult.DELEGATE, delegate.id] = name
        if name == "Aunt Today":
            town.allowed.add((student, name))
