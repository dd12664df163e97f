"""Who works at the school and with which duties (S2): taking on, giving and ending duties, letting in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from care.errors import Conflict, Invalid, NotFound
from care.linking import issue_slip
from care.people import clean_name, normal_phone
from care.permissions import RIGHTS, Permission
from care.records.people import Person, Reach, Role, SchoolClass, StaffRole
from care.signin import make_link
from care.students import reach_of, slip_validity
from care.work import UnitOfWork

MANAGERS = tuple(role for role in Role if Permission.MANAGE_STAFF in RIGHTS[role])
GRADES = range(1, 7)


@dataclass(frozen=True)
class DutyRow:
    id: int
    role: Role
    grade: int | None
    school_class: str | None
    since: datetime


@dataclass(frozen=True)
class StaffMember:
    """``may_sign_in``: some duty opens the console."""

    id: int
    name: str
    phone: str
    duties: tuple[DutyRow, ...]
    linked: bool
    may_sign_in: bool


async def members(uow: UnitOfWork) -> list[StaffMember]:
    """Everybody with a duty, in the order of their first one."""
    uow.require(Permission.MANAGE_STAFF)
    query = (
        select(StaffRole, Person, SchoolClass)
        .join(Person, Person.id == StaffRole.person_id)
        .outerjoin(SchoolClass, SchoolClass.id == StaffRole.school_class_id)
        .order_by(StaffRole.id)
    )
    people: dict[int, Person] = {}
    duties: defaultdict[int, list[DutyRow]] = defaultdict(list)
    for duty, person, school_class in await uow.session.execute(query):
        people[person.id] = person
        name = school_class.name if school_class else None
        duties[person.id].append(DutyRow(duty.id, duty.role, duty.grade, name, duty.since))
    reach = await reach_of(uow, list(people))
    return [
        StaffMember(
            person.id,
            person.name,
            person.phone or "",
            tuple(duties[person.id]),
            Reach.REACHABLE in reach.get(person.id, set()),
            any(Permission.CONSOLE in RIGHTS[duty.role] for duty in duties[person.id]),
        )
        for person in people.values()
    ]


async def add_staff(
    uow: UnitOfWork, name: str, phone: str, role: Role, grade: int | None = None, class_id: int | None = None
) -> Person:
    """Takes somebody on with a first duty. A person of that name and phone who is known already gets the duty."""
    uow.require(Permission.MANAGE_STAFF)
    clean, number = clean_name(name), normal_phone(phone)
    if not clean:
        raise Invalid("name_needed")
    if phone.strip() and not number:
        raise Invalid("phone_invalid")
    person = None
    if number:
        person = (await uow.session.scalars(select(Person).where(Person.phone == number))).first()
        if person is not None and person.name != clean:
            raise Invalid("phone_taken", name=person.name)
    if person is None:
        person = Person(name=clean, phone=number or None, language=uow.school.language, created_at=uow.now)
        uow.session.add(person)
        await uow.session.flush()
        uow.record("staff_added", "person", person.id)
    await add_duty(uow, person.id, role, grade, class_id)
    return person


async def add_duty(
    uow: UnitOfWork, person_id: int, role: Role, grade: int | None = None, class_id: int | None = None
) -> StaffRole:
    """Gives a duty. A grade leader needs a grade, a homeroom teacher a class; the others have neither."""
    uow.require(Permission.MANAGE_STAFF)
    person = await uow.session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise NotFound()
    grade = grade if role is Role.GRADE_LEADER else None
    class_id = class_id if role is Role.HOMEROOM else None
    if role is Role.GRADE_LEADER and grade not in GRADES:
        raise Invalid("grade_needed")
    if role is Role.HOMEROOM and (class_id is None or await uow.session.get(SchoolClass, class_id) is None):
        raise Invalid("class_needed")
    held = select(StaffRole.id).where(
        StaffRole.person_id == person_id,
        StaffRole.role == role,
        StaffRole.grade.is_not_distinct_from(grade),
        StaffRole.school_class_id.is_not_distinct_from(class_id),
    )
    if await uow.session.scalar(held) is not None:
        raise Conflict("duty_held")
    duty = StaffRole(person_id=person_id, role=role, grade=grade, school_class_id=class_id, since=uow.now)
    uow.session.add(duty)
    await uow.session.flush()
    uow.record("duty_added", "person", person_id, role=role.value, grade=grade, school_class_id=class_id)
    return duty


async def end_duty(uow: UnitOfWork, duty_id: int) -> None:
    """Ends a duty. Raises Invalid("last_manager") when nobody could manage staff afterwards."""
    uow.require(Permission.MANAGE_STAFF)
    managing = select(StaffRole).where(StaffRole.role.in_(MANAGERS)).order_by(StaffRole.id).with_for_update()
    managers = list(await uow.session.scalars(managing))
    duty = await uow.session.get(StaffRole, duty_id, with_for_update=True)
    if duty is None:
        raise NotFound()
    if duty.role in MANAGERS and all(other.id == duty.id for other in managers):
        raise Invalid("last_manager")
    await uow.session.delete(duty)
    uow.record(
        "duty_ended",
        "person",
        duty.person_id,
        role=duty.role.value,
        grade=duty.grade,
        school_class_id=duty.school_class_id,
    )


async def _member(uow: UnitOfWork, person_id: int) -> Person:
    uow.require(Permission.MANAGE_STAFF)
    query = select(Person).join(StaffRole, StaffRole.person_id == Person.id).where(Person.id == person_id)
    person = (await uow.session.scalars(query.limit(1))).first()
    if person is None:
        raise NotFound()
    return person


async def new_slip(uow: UnitOfWork, person_id: int) -> tuple[Person, str]:
    """A new code that ties a chat to a member of staff; unused ones before it no longer work."""
    person = await _member(uow, person_id)
    return person, await issue_slip(uow, person_id, None, await slip_validity(uow))


async def new_sign_in(uow: UnitOfWork, person_id: int) -> tuple[Person, str]:
    """A one-time sign-in token for a member of staff who has no chat at hand. The audit names who made it."""
    person = await _member(uow, person_id)
    return person, await make_link(uow, person_id)
