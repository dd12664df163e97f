"""``afterbell staff add``: the first people of a school, before anybody can sign in to the console."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from afterbell.settings import SettingsError
from care.agreement import same_name
from care.linking import issue_slip
from care.people import clean_name, normal_phone
from care.permissions import RIGHTS, SYSTEM, Permission
from care.records.people import Person, Role, SchoolClass, StaffRole
from care.school import School
from care.signin import make_link
from care.work import UnitOfWork

LINK_VALID = timedelta(hours=24)
CODE_VALID = timedelta(days=14)
CLASS = re.compile(r"(\d{1,2})\s*[(（]\s*(\d{1,2})\s*[)）]\s*班?")


async def add_from_command_line(
    school: School, name: str, role: Role, phone: str, grade: int | None, school_class: str
) -> str:
    """Gives a person a duty and returns the text with their one-time links. The person is found by the phone, or
    else made; a duty that is held already is left as it is and only the links are new. Raises SettingsError.
    """
    wanted, number = _clean(name, phone)
    async with school.work(SYSTEM) as uow:
        duty = await _duty(uow, role, grade, school_class)
        person, new = await _person(uow, wanted, number, duty)
        added = await _give(uow, person, duty)
        lines = [_what_happened(person, duty, new, added)]
        if Permission.CONSOLE in RIGHTS[role]:
            token = await make_link(uow, person.id, LINK_VALID)
            lines.append(f"  Console     {school.address}/sign-in/{token}   (once, within 24 hours)")
        code = await issue_slip(uow, person.id, None, CODE_VALID)
    lines.append(f"  Chat        {school.address}/chat?start={code}   (once, within 14 days)")
    lines.append(f"  Telegram    send the school's bot: /start {code}   (the same code)")
    return "\n".join(lines)


def _clean(name: str, phone: str) -> tuple[str, str]:
    wanted = clean_name(name)
    if not wanted:
        raise SettingsError("NAME: write the person's name, at most 40 letters.")
    number = normal_phone(phone)
    if phone.strip() and not number:
        raise SettingsError(f"--phone: {phone!r} is no phone number; write 7 to 15 digits, like 13800000000.")
    return wanted, number


async def _duty(uow: UnitOfWork, role: Role, grade: int | None, school_class: str) -> StaffRole:
    """The duty as it will be written, without its person."""
    duty = StaffRole(role=role, grade=None, school_class_id=None, since=uow.now)
    if role is Role.GRADE_LEADER:
        if grade is None or not 1 <= grade <= 12:
            raise SettingsError("A grade leader needs a grade: add --grade 2.")
        duty.grade = grade
    elif grade is not None:
        raise SettingsError(f"--grade belongs to a grade leader, not to {role}: leave it out.")
    if role is Role.HOMEROOM:
        duty.school_class_id = await _class_id(uow, school_class)
    elif school_class.strip():
        raise SettingsError(f"--class belongs to a homeroom teacher, not to {role}: leave it out.")
    return duty


async def _class_id(uow: UnitOfWork, written: str) -> int:
    found = CLASS.fullmatch(written.strip())
    if found is None:
        raise SettingsError('A homeroom teacher needs a class: add --class "2(3)" for class 3 of grade 2.')
    query = select(SchoolClass.id).where(SchoolClass.grade == int(found[1]), SchoolClass.number == int(found[2]))
    class_id = await uow.session.scalar(query)
    if class_id is None:
        known = list(await uow.session.scalars(select(SchoolClass).order_by(SchoolClass.grade, SchoolClass.number)))
        there = f"There are {known[0].name} to {known[-1].name}." if known else "There is no class yet."
        raise SettingsError(
            f"There is no class {found[1]}({found[2]}). {there} Import the classes first (docs/roster.md)."
        )
    return class_id


async def _person(uow: UnitOfWork, name: str, number: str, duty: StaffRole) -> tuple[Person, bool]:
    """(person, whether new). Never the wrong one: another name behind the phone, or a namesake, is asked back."""
    if number:
        people = list(await uow.session.scalars(select(Person).where(Person.phone == number)))
        if len(people) > 1:
            raise SettingsError(f"--phone: {len(people)} people in the roster have {number}; mend the roster first.")
        if people and not same_name(name, people[0].name):
            raise SettingsError(
                f"--phone: {number} belongs to {people[0].name} in the roster, not to {name}; check both."
            )
        if people:
            return people[0], False
    else:
        known = await _namesakes(uow, name)
        held = [person for person in known if await _holds(uow, person, duty)]
        if len(held) == 1:
            return held[0], False
        if known:
            raise SettingsError(
                f"There is a {name} on the staff already: add --phone with their number if it is the same person, "
                "or with the other's own if it is not."
            )
    person = Person(name=name, phone=number or None, created_at=uow.now)
    uow.session.add(person)
    await uow.session.flush()
    uow.record("staff_added", "person", person.id, by="command line")
    return person, True


async def _namesakes(uow: UnitOfWork, name: str) -> list[Person]:
    on_staff = select(StaffRole.person_id)
    return list(await uow.session.scalars(select(Person).where(Person.name == name, Person.id.in_(on_staff))))


async def _holds(uow: UnitOfWork, person: Person, duty: StaffRole) -> bool:
    query = select(StaffRole.id).where(
        StaffRole.person_id == person.id,
        StaffRole.role == duty.role,
        StaffRole.grade.is_(None) if duty.grade is None else StaffRole.grade == duty.grade,
        StaffRole.school_class_id.is_(None)
        if duty.school_class_id is None
        else StaffRole.school_class_id == duty.school_class_id,
    )
    return (await uow.session.scalars(query.limit(1))).first() is not None


async def _give(uow: UnitOfWork, person: Person, duty: StaffRole) -> bool:
    """Whether the duty is new."""
    if await _holds(uow, person, duty):
        return False
    duty.person_id = person.id
    uow.session.add(duty)
    await uow.session.flush()
    uow.record(
        "duty_added",
        "person",
        person.id,
        role=duty.role.value,
        grade=duty.grade,
        school_class_id=duty.school_class_id,
        by="command line",
    )
    return True


def _what_happened(person: Person, duty: StaffRole, new: bool, added: bool) -> str:
    if not added:
        return f"{person.name} is {duty.role} already; here are new links."
    return f"{person.name} is now {duty.role}" + ("." if new else " (a person of the roster).")
