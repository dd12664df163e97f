"""The day's plan (S8, S9): when a care day opens, its sessions are made, each with the children it expects.

The day is opened first, then each class in a transaction of its own; what a stop has left out is made by the next tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import insert, or_, select

from care.calendar import load_calendar
from care.clock import instant
from care.custody.chain import ADD, CHILDREN, FAMILY, Link, Side, first_row
from care.day.lead import next_lead, who_answers
from care.day.now import NIGHT_ENDS
from care.day.rules import rules_of
from care.people import holders
from care.records.day import CareDay, CareSession, DayChild, Holder, Leave, Proof, SessionKind, Step
from care.records.delivery import Class
from care.records.enrolment import Application, State
from care.records.people import Person, Role, SchoolClass, StaffRole, Student
from care.records.term import Term, Venue, VenueKind, Wave, WaveDay
from care.term import waves
from care.work import UnitOfWork


@dataclass(frozen=True)
class WaveTimes:
    """When a wave's care begins and ends on one date, as instants."""

    wave: Wave
    starts_at: datetime
    ends_at: datetime


async def term_on(uow: UnitOfWork, day: date) -> Term | None:
    """The term a date lies in."""
    return (await uow.session.scalars(select(Term).where(Term.starts_on <= day, Term.ends_on >= day))).first()


async def runs_on(uow: UnitOfWork, day: date) -> bool:
    """Whether there is care on a date: a term runs, and the calendar does not say otherwise."""
    return await term_on(uow, day) is not None and (await load_calendar(uow)).is_care_day(day)


async def times_on(uow: UnitOfWork, term_id: int, day: date) -> list[WaveTimes]:
    """Each wave's times on a date: its own, unless the calendar has others for that date (an early end)."""
    others = {row.wave_id: row for row in await uow.session.scalars(select(WaveDay).where(WaveDay.date == day))}

    def moment(at: time) -> datetime:
        return instant(day, at, uow.school.zone)

    found = []
    for wave in await waves(uow, term_id):
        own = others.get(wave.id, wave)
        found.append(WaveTimes(wave, moment(own.starts_at), moment(own.ends_at)))
    return found


async def to_be_planned(uow: UnitOfWork) -> Term | None:
    """The term whose plan of today should be made by now, and is not; None where there is no care today or it is too
    early."""
    care_day = await uow.session.get(CareDay, uow.today)
    if care_day is not None and care_day.planned_at is not None:
        return None
    term = await term_on(uow, uow.today)
    if term is None or not (await load_calendar(uow)).is_care_day(uow.today):
        return None
    opens_at = (await rules_of(uow, term.id)).opens_at
    return term if uow.now.astimezone(uow.school.zone).time() >= max(opens_at, NIGHT_ENDS) else None


async def open_day(uow: UnitOfWork, term: Term) -> None:
    """Opens today, and tells the duty lead; does nothing when it is open already."""
    if await uow.session.get(CareDay, uow.today) is not None:
        return
    lead = await next_lead(uow, uow.today)
    uow.session.add(CareDay(date=uow.today, term_id=term.id, opened_at=uow.now, duty_lead_id=lead))
    await uow.session.flush()
    uow.record("day_opened", "day", uow.today.toordinal(), date=uow.today.isoformat())
    if lead is not None:
        await uow.post("duty_lead", lead, Class.ALARM, key=f"duty_lead:{uow.today}", date=uow.today.isoformat())


async def classes_to_open(uow: UnitOfWork, term: Term) -> list[int]:
    """Classes with children in care that have no session yet today, and leave with a wave."""
    opened = select(CareSession.school_class_id).where(CareSession.date == uow.today)
    known = set(await uow.session.scalars(opened))
    grades = {grade for wave in await waves(uow, term.id) for grade in wave.grades}
    eligible = select(SchoolClass.id).where(SchoolClass.grade.in_(grades)).order_by(SchoolClass.id)
    expected = {child.class_id for child in await _attending(uow, term)} - known
    return [class_id for class_id in await uow.session.scalars(eligible) if class_id in expected]


async def planned(uow: UnitOfWork, day: date) -> None:
    """All sessions of a day are made. A class whose grade is in no wave has none: its children are on no list, and the
    office and who answers for the day are told so, once."""
    care_day = await uow.session.get_one(CareDay, day)
    care_day.planned_at = uow.now
    opened = set(await uow.session.scalars(select(CareSession.school_class_id).where(CareSession.date == day)))
    term = await uow.session.get_one(Term, care_day.term_id)
    without = {child.class_id for child in await _attending(uow, term)} - opened
    if without:
        people = [*await who_answers(uow, day), *await holders(uow, Role.OFFICE)]
        key, classes = f"no_wave:{day}", sorted(without)
        await uow.post("class_without_wave", people, Class.ALARM, key, date=day.isoformat(), class_ids=classes)
        uow.record("class_without_wave", "day", day.toordinal(), classes=classes)


@dataclass(frozen=True)
class _Attending:
    application_id: int
    student_id: int
    class_id: int


async def _attending(uow: UnitOfWork, term: Term, class_id: int | None = None) -> list[_Attending]:
    """Enrolled children whose weekday today's timetable is, in the order of their class's list."""
    weekday = (await load_calendar(uow)).timetable(uow.today)
    query = (
        select(Application.id, Application.weekdays, Student.id, Student.school_class_id)
        .join(Student)
        .where(
            Application.term_id == term.id,
            Application.state == State.ENROLLED,
            or_(Application.leaves_on.is_(None), Application.leaves_on > uow.today),
            or_(Student.left_on.is_(None), Student.left_on > uow.today),
        )
        .order_by(Student.student_no, Student.id)
    )
    if class_id is not None:
        query = query.where(Student.school_class_id == class_id)
    rows = await uow.session.execute(query)
    return [_Attending(number, student, place) for number, weekdays, student, place in rows if weekday in weekdays]


async def open_session(uow: UnitOfWork, term: Term, class_id: int) -> None:
    """Makes a class's session of today with the children it expects; who is on leave is in the list as such."""
    school_class = await uow.session.get_one(SchoolClass, class_id)
    attending = await _attending(uow, term, class_id)
    times = next(
        (one for one in await times_on(uow, term.id, uow.today) if school_class.grade in one.wave.grades), None
    )
    known = select(CareSession.id).where(CareSession.date == uow.today, CareSession.school_class_id == class_id)
    if times is None or not attending or await uow.session.scalar(known) is not None:
        return
    teacher = await _class_teacher(uow, class_id)
    session = CareSession(
        date=uow.today,
        kind=SessionKind.CLASS,
        school_class_id=class_id,
        wave=times.wave.ordinal,
        venue=await _classroom(uow, school_class) or times.wave.guidance_venue,
        gate=times.wave.gate,
        starts_at=times.starts_at,
        ends_at=times.ends_at,
        teacher_id=teacher.id if teacher else None,
    )
    uow.session.add(session)
    await uow.session.flush()
    side = Side(Holder.TEACHER, teacher.id, teacher.name) if teacher else Side(Holder.SCHOOL, None, school_class.name)
    await _expect(uow, session.id, attending, await register_numbers(uow, term, class_id), side)


async def register_numbers(uow: UnitOfWork, term: Term, class_id: int) -> dict[int, int]:
    """The number of every child of a class: its place in the class's register, by student number (9 before 10). Who is
    in care on which day moves nobody, nor does a child that leaves the school within the term: teachers know these by
    heart."""
    query = select(Student.student_no, Student.id).where(
        Student.school_class_id == class_id, or_(Student.left_on.is_(None), Student.left_on > term.starts_on)
    )
    rows = sorted((len(no), no, student_id) for no, student_id in await uow.connection.execute(query))
    return {student_id: number for number, (_, _, student_id) in enumerate(rows, start=1)}


async def _class_teacher(uow: UnitOfWork, class_id: int) -> Person | None:
    query = select(Person).join(StaffRole).where(StaffRole.role == Role.HOMEROOM, StaffRole.school_class_id == class_id)
    return (await uow.session.scalars(query.order_by(StaffRole.id).limit(1))).first()


async def _classroom(uow: UnitOfWork, school_class: SchoolClass) -> str | None:
    """The class's own room, where the school has one listed by the class's name."""
    query = select(Venue.name).where(Venue.kind == VenueKind.CLASSROOM, Venue.name.startswith(school_class.name))
    return (await uow.session.scalars(query.limit(1))).first()


async def _expect(
    uow: UnitOfWork, session_id: int, attending: list[_Attending], numbers: dict[int, int], teacher: Side
) -> None:
    """The children's places in the list, each with the first link of its chain."""
    rows = [
        {
            "date": uow.today,
            "student_id": child.student_id,
            "application_id": child.application_id,
            "session_id": session_id,
            "number": numbers[child.student_id],
            "last_seq": 1,
        }
        for child in attending
    ]
    await uow.connection.execute(insert(CHILDREN), rows)
    students = select(Student.id).where(Student.id.in_([child.student_id for child in attending]))
    await uow.connection.execute(students.with_for_update(read=True))  # a leave that is being given is waited for
    away = await on_leave(uow, uow.today, [child.student_id for child in attending])
    query = select(DayChild.id, DayChild.student_id).where(DayChild.session_id == session_id)
    links = []
    for child_id, student_id in await uow.session.execute(query):
        link = Link(Step.LEAVE, FAMILY, Proof.PLAN) if student_id in away else Link(Step.EXPECTED, teacher, Proof.PLAN)
        links.append(first_row(uow, child_id, uow.today, student_id, link))
    await uow.connection.execute(ADD, links)


async def on_leave(uow: UnitOfWork, day: date, students: Iterable[int]) -> set[int]:
    """Which of these children are on leave on a date."""
    query = select(Leave.student_id).where(
        Leave.student_id.in_(list(students)), Leave.first <= day, Leave.last >= day, Leave.withdrawn_at.is_(None)
    )
    return set(await uow.session.scalars(query))
