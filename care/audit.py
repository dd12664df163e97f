"""Looking things up in the audit: who did what to what, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from care.permissions import Permission
from care.records.day import CareSession
from care.records.enrolment import Application
from care.records.office import Event
from care.records.people import Person, SchoolClass, Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class AuditFilter:
    """``since`` and ``until`` are instants; ``until`` itself is not included."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    subject_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class AuditRow:
    """An event, with the name of what it was done to where there is one."""

    event: Event
    name: str


async def search_audit(uow: UnitOfWork, wanted: AuditFilter, offset: int, limit: int) -> tuple[list[AuditRow], bool]:
    """A page of events, newest first, and whether there are older ones."""
    uow.require(Permission.SEE_AUDIT)
    query = select(Event).order_by(Event.id.desc()).offset(offset).limit(limit + 1)
    if wanted.actor:
        query = query.where(Event.actor_name.icontains(wanted.actor, autoescape=True))
    if wanted.action:
        query = query.where(Event.action == wanted.action)
    if wanted.subject:
        query = query.where(Event.subject == wanted.subject)
    if wanted.subject_id is not None:
        query = query.where(Event.subject_id == wanted.subject_id)
    if wanted.since is not None:
        query = query.where(Event.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Event.at < wanted.until)
    events = list(await uow.session.scalars(query))
    names = await _names(uow, events[:limit])
    rows = [AuditRow(event, names.get((event.subject, event.subject_id), "")) for event in events[:limit]]
    return rows, len(events) > limit


async def _names(uow: UnitOfWork, events: list[Event]) -> dict[tuple[str, int], str]:
    """What the subjects are called, by one query for each kind of them."""

    def ids(subject: str) -> set[int]:
        return {event.subject_id for event in events if event.subject == subject}

    people = select(Person.id, Person.name).where(Person.id.in_(ids("person")))
    children = select(Application.id, Student.name).join(Student).where(Application.id.in_(ids("application")))
    students = select(Student.id, Student.name).where(Student.id.in_(ids("student")))
    classes = select(SchoolClass).where(SchoolClass.id.in_(ids("school_class")))
    sessions = (
        select(CareSession.id, CareSession.venue, SchoolClass)
        .outerjoin(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .where(CareSession.id.in_(ids("session")))
    )
    found = {("person", number): name for number, name in await uow.session.execute(people)}
    found |= {("application", number): name for number, name in await uow.session.execute(children)}
    found |= {("student", number): name for number, name in await uow.session.execute(students)}
    found |= {("session", number): c.name if c else venue for number, venue, c in await uow.session.execute(sessions)}
    found |= {("school_class", c.id): c.name for c in await uow.session.scalars(classes)}
    return found
