"""Who is who: the person behind a chat, their duties, their children."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import Select, Subquery, and_, select
from sqlalchemy.orm import joinedload

from care.permissions import NOBODY, Actor, Duty
from care.records.people import Contact, Guardianship, Person, Reach, Relation, Role, StaffRole, Student
from care.work import UnitOfWork


def normal_phone(written: str) -> str:
    """A number as it is dialled from the school: digits, with a leading ``+`` only where it is abroad. ``+86
    138-0000-0001`` is ``13800000001``, ``+44 (0)7911 123456`` is ``+447911123456``. Empty when no number.

    Digits of other scripts, such as the full-width ones of a Chinese keyboard, become the plain ones.
    """
    before = "".join(takewhile(lambda char: not char.isdecimal(), written))
    abroad = "+" in before or "＋" in before
    used = written.replace("(0)", "") if abroad else written  # a zero that is dialled only within that country
    digits = "".join(str(unicodedata.decimal(char)) for char in used if char.isdecimal())
    if abroad or digits.startswith("00"):
        abroad, digits = True, digits.lstrip("0")
    if digits.startswith("86") and (abroad or len(digits) == 13):
        abroad, digits = False, _within_china(digits[2:].lstrip("0"))
    return ("+" if abroad else "") + digits if 7 <= len(digits) <= 15 else ""


def _within_china(digits: str) -> str:
    """Without the country's code: a land line gets back the zero of its area code."""
    mobile = len(digits) == 11 and digits.startswith("1")
    service = len(digits) == 10 and digits.startswith(("400", "800"))
    return digits if mobile or service or len(digits) <= 8 else f"0{digits}"


def same_phone(one: str, other: str) -> bool:
    """Whether two normal numbers are the same: a messenger, or who types, may leave out the ``+``."""
    return bool(one) and one.lstrip("+") == other.lstrip("+")


def ways_stored(number: str) -> set[str]:
    """How a normal number that a messenger vouches for may stand in the roster; none for no number. What begins with a
    plus is never taken for a mobile number of China, which may have the same digits."""
    digits = number.lstrip("+")
    ways = {number, f"+{digits}"} if digits else set()
    return ways if len(digits) == 11 and digits.startswith("1") else ways | ({digits} - {""})


JOINERS = "\u200c\u200d"
"""Invisible, but part of how some scripts are written."""


def clean_name(written: str, limit: int = 40) -> str:
    """A name as typed, without line breaks and control characters, spaces single; empty when it has no letter."""
    visible = "".join(char if char.isprintable() or char in JOINERS else " " for char in written)
    name = " ".join(visible.split())
    return name if len(name) <= limit and any(char.isalnum() for char in name) else ""


NAME_SIGNS = frozenset(" ·•・‧.-‐‑'’" + JOINERS)
"""What stands in names beside letters."""


def adult_name(written: str, limit: int = 40) -> str:
    """An adult's full name as typed, of any script and without what cannot be seen in it; empty for what is no name:
    digits, signs, a single letter."""
    seen = "".join(char for char in written if char.isprintable() or char.isspace() or char in JOINERS)
    name = clean_name(seen, limit)
    kinds = [unicodedata.category(char)[0] for char in name]
    is_name = all(kind in "LM" or char in NAME_SIGNS for kind, char in zip(kinds, name, strict=True))
    return name if is_name and kinds[:1] == ["L"] and kinds.count("L") >= 2 else ""


@dataclass(frozen=True)
class Child:
    """A child of a guardian, as the chat shows it."""

    student_id: int
    guardianship_id: int
    name: str
    grade: int
    school_class_id: int
    school_class: str
    relation: Relation


@dataclass(frozen=True)
class Known:
    """A person the school knows, as the chat needs them."""

    id: int
    name: str
    language: str | None
    reach: Reach = Reach.REACHABLE
    """Whether this chat counts as one that can be written to."""


def with_person(found: Subquery) -> Select[Any]:
    """What was found in some chats (``channel``, ``chat_id``), each with the person behind the chat: a row for each of
    the duties they hold now, one where there is none."""
    return (
        select(found, Person.id.label("person_id"), Person.name, Person.language, Contact.reach)
        .add_columns(StaffRole.role, StaffRole.grade, StaffRole.school_class_id)
        .select_from(found)
        .outerjoin(Contact, and_(Contact.channel == found.c.channel, Contact.chat_id == found.c.chat_id))
        .outerjoin(Person, Person.id == Contact.person_id)
        .outerjoin(StaffRole, StaffRole.person_id == Person.id)
    )


def who_is(rows: Sequence[Any]) -> tuple[Known | None, Actor]:
    """The person behind a chat, by the rows of one thing found there (``with_person``), and who they act as."""
    first = rows[0]
    if first.person_id is None:
        return None, NOBODY
    person = Known(first.person_id, first.name, first.language, first.reach)
    duties = tuple(Duty(row.role, row.grade, row.school_class_id) for row in rows if row.role is not None)
    return person, Actor(person.id, person.name, duties)


async def actor_for(uow: UnitOfWork, person: Person) -> Actor:
    """The person with the duties they hold now."""
    rows = await uow.session.execute(
        select(StaffRole.role, StaffRole.grade, StaffRole.school_class_id)
        .where(StaffRole.person_id == person.id)
        .order_by(StaffRole.id)
    )
    return Actor(person.id, person.name, tuple(Duty(role, grade, class_id) for role, grade, class_id in rows))


async def children_of(uow: UnitOfWork, person_id: int) -> list[Child]:
    """The children a person may decide for. A restricted guardian has none here."""
    query = (
        select(Guardianship)
        .join(Student)
        .where(Guardianship.person_id == person_id, Guardianship.restricted.is_(False), Student.left_on.is_(None))
        .options(joinedload(Guardianship.student).joinedload(Student.school_class))
        .order_by(Student.school_class_id.desc(), Student.id)
    )
    return [as_child(g) for g in await uow.session.scalars(query)]


def as_child(guardianship: Guardianship) -> Child:
    student = guardianship.student
    return Child(
        student.id,
        guardianship.id,
        student.name,
        student.school_class.grade,
        student.school_class_id,
        student.school_class.name,
        guardianship.relation,
    )


async def holders(uow: UnitOfWork, *roles: Role, grade: int | None = None, class_id: int | None = None) -> list[int]:
    """Person ids that hold one of the duties, narrowed to a grade or a class where given."""
    query = select(StaffRole.person_id).where(StaffRole.role.in_(roles))
    if grade is not None:
        query = query.where(StaffRole.grade == grade)
    if class_id is not None:
        query = query.where(StaffRole.school_class_id == class_id)
    return list(dict.fromkeys(await uow.session.scalars(query.order_by(StaffRole.id))))


async def set_language(uow: UnitOfWork, person_id: int, language: str) -> None:
    person = await uow.session.get_one(Person, person_id)
    person.language = language


async def name_of(uow: UnitOfWork, person_id: int | None) -> str:
    """A person's name; empty for nobody."""
    person = await uow.session.get(Person, person_id) if person_id is not None else None
    return person.name if person is not None else ""
