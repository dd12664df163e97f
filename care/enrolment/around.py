"""What stands around one application: namesakes, brothers and sisters, the stop-list, the text that was shown."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import aliased

from care.agreement import same_name
from care.enrolment.queries import within_reach
from care.people import normal_phone, same_phone
from care.permissions import Permission
from care.records.enrolment import Application, State, Waiver
from care.records.people import Guardianship, SchoolClass, StopListEntry, Student
from care.records.term import TermText, TextKind
from care.work import UnitOfWork


async def namesakes(uow: UnitOfWork, student: Student) -> list[str]:
    """Student numbers of the other children of that name in the class."""
    query = select(Student.student_no).where(
        Student.school_class_id == student.school_class_id,
        Student.name == student.name,
        Student.id != student.id,
        Student.left_on.is_(None),
    )
    return list(await uow.session.scalars(query.order_by(Student.student_no)))


@dataclass(frozen=True)
class Sibling:
    """A child with a guardian in common, and the newest application of the term within the actor's reach."""

    student: str
    school_class: str
    application_id: int | None
    state: State | None


async def siblings(uow: UnitOfWork, student_id: int, term_id: int) -> list[Sibling]:
    """Brothers and sisters whose class the actor's right to see applications reaches."""
    other, mine = aliased(Guardianship), aliased(Guardianship)
    query = (
        select(Student, SchoolClass, Application.id, Application.state)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .outerjoin(Application, (Application.student_id == Student.id) & (Application.term_id == term_id))
        .where(
            Student.id.in_(
                select(other.student_id)
                .join(mine, mine.person_id == other.person_id)
                .where(mine.student_id == student_id, other.student_id != student_id)
            ),
            Student.left_on.is_(None),
            within_reach(uow.actor, Permission.SEE_APPLICATIONS),
        )
        .order_by(Student.id, Application.id)
    )
    newest = {
        child.id: Sibling(child.name, school_class.name, application_id, state)
        for child, school_class, application_id, state in await uow.session.execute(query)
    }
    return list(newest.values())


async def stop_list(uow: UnitOfWork, student_id: int) -> list[StopListEntry]:
    """Adults who must not collect the child now."""
    query = select(StopListEntry).where(StopListEntry.student_id == student_id, StopListEntry.ended_at.is_(None))
    return list(await uow.session.scalars(query.order_by(StopListEntry.id)))


def is_stopped(entries: list[StopListEntry], name: str, phone: str) -> bool:
    """Whether an adult of this name or phone number stands on the stop-list."""
    number = normal_phone(phone)
    return any(same_name(name, e.name) or same_phone(number, normal_phone(e.phone or "")) for e in entries)


async def waiver_of(uow: UnitOfWork, application_id: int) -> Waiver | None:
    return (await uow.session.scalars(select(Waiver).where(Waiver.application_id == application_id))).first()


async def text_of_version(
    uow: UnitOfWork, term_id: int, kind: TextKind, version: int, language: str
) -> TermText | None:
    """A version of a text in the wanted language, or else in any that it has."""
    query = select(TermText).where(TermText.term_id == term_id, TermText.kind == kind, TermText.version == version)
    found = {text.language: text for text in await uow.session.scalars(query)}
    return found.get(language) or next(iter(found.values()), None)
