"""``afterbell staff add``: the first people of a school, before anybody can sign in to the console."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from afterbell.settings import SettingsError
from care.agreement import same_name
from care.errors import Conflict
from care.linking import issue_slip
from care.people import clean_name, normal_phone
from care.permissions import RIGHTS, SYSTEM, Duty, Permission
from care.records.people import Person, Role, SchoolClass, StaffRole
from care.school import School
from care.signin import make_link
from care.staff import GRADES, add_duty, add_staff
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
        person = await _known(uow, wanted, number, duty)
        if person is None:
            person = await add_staff(uow, wanted, number, role, duty.grade, duty.school_class_id)
            lines = [f"{person.name} is now {role}."]
        elif await _give(uow, person, duty):
            lines = [f"{person.name}, whom the school knows already, is now {role}."]
        else:
            lines = [f"{person.name} is {role} already; here are new links."]
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


async def _duty(uow: UnitOfWork, role: Role, grade: int | None, school_class: str) -> Duty:
    if role is Role.GRADE_LEADER:
        if grade not in GRADES:
            raise SettingsError("A grade leader needs a grade from 1 to 6: add --grade 2.")
    elif grade is not None:
        raise SettingsError(f"--grade belongs to a grade leader, not to {role}: leave it out.")
    if role is Role.HOMEROOM:
        return Duty(role, school_class_id=await _class_id(uow, school_class))
    if school_class.strip():
        raise SettingsError(f"--class belongs to a homeroom teacher, not to {role}: leave it out.")
    return Duty(role, grade)


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


async def _known(uow: UnitOfWork, name: str, number: str, duty: Duty) -> Person | None:
    """The person as the school knows them. Never the wrong one: another name behind the phone, or a namesake on the
    staff, is asked back."""
    if number:
        people = list(await uow.session.scalars(select(Person).where(Person.phone == number)))
        if len(people) > 1:
            raise SettingsError(f"--phone: {len(people)} people in the roster have {number}; mend the roster first.")
        if people and not same_name(name, people[0].name):
            raise SettingsError(
                f"--phone: {number} belongs to {people[0].name} in the roster, not to {name}; check both."
            )
        return people[0] if people else None
    namesakes = select(Person).join(StaffRole).where(Person.name == name).distinct()
    holding = namesakes.where(
        StaffRole.role == duty.role,
        StaffRole.grade.is_not_distinct_from(duty.grade),
        StaffRole.school_class_id.is_not_distinct_from(duty.school_class_id),
    )
    held = list(await uow.session.scalars(holding))
    if len(held) == 1:
        return held[0]
    if (await uow.session.scalars(namesakes)).first() is not None:
        raise SettingsError(
            f"There is a {name} on the staff already: add --phone with their number if it is the same person, "
            "or with the other's own if it is not."
        )
    return None


async def _give(uow: UnitOfWork, person: Person, duty: Duty) -> bool:
    """Whether the duty is new."""
    try:
        await add_duty(uow, person.id, duty.role, duty.grade, duty.school_class_id)
    except Conflict:
        return False
    return True
