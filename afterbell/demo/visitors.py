"""Whom a visitor can play, as the database has them now."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select

from afterbell.demo.links import CHANNEL, LINKED_BY, user_id
from afterbell.demo.loading import MARK
from care.linking import CODE_LENGTH
from care.records import Contact, Guardianship, Mark, Person, Relation, Role, SchoolClass, Slip, StaffRole, Student
from care.school import School
from care.work import UnitOfWork
from locales import LANGUAGES, mark, words
from locales.labels import label

WHY = {
    "mother": mark("She has not opened the bot yet. Open her slip and apply for her daughter."),
    "care_mother": mark("Her child is in care now: see where, say who comes, give leave, read the hand-over."),
    "homeroom": mark("Half of her roll of 2(3) is still to be taken: /checkin. Applications wait for her review."),
    "care_teacher": mark("One child of 3(5) has not come back from a course, and is being looked for."),
    "duty_lead": mark("Answers for this afternoon: the live board, late rolls, the child who is missing."),
    "twins_father": mark("He has two children in one class: see that the bot asks which one."),
    "english_mother": mark("Her family reads English. Apply and sign in English."),
    "office": mark("She runs the console: approvals, classes, slips, texts."),
    "head": mark("He approves for the school and sees everything the console has."),
    "grade_leader": mark("He follows grade 2 and reviews where a homeroom teacher is away."),
}
"""Why to try this person first. Catalogue ``webchat``, whose page shows it."""


@dataclass(frozen=True)
class Star:
    person_id: int
    name: str
    about_key: str
    why: str


@dataclass(frozen=True)
class DemoPerson:
    """Somebody a visitor can play.

    ``start_payload`` is the code of a slip not yet used; None when the chat is tied already or there is no slip.
    """

    user_id: int
    name: str
    about: dict[str, str]
    group: Group
    phone: str
    language: str
    start_payload: str | None
    why: dict[str, str] = field(default_factory=dict)
    """For the stars: what there is to try with them, by language."""


Group = Literal["families", "teachers", "school"]


@dataclass(frozen=True)
class Account:
    """The chat account of an invented person."""

    user_id: int
    name: str
    language: str
    phone: str


@dataclass(frozen=True)
class Tie:
    """A child's class and name, and what the adult is to the child."""

    school_class: str
    student: str
    relation: Relation
    restricted: bool


async def stars(uow: UnitOfWork) -> list[Star]:
    """The persons to try first, in the order to show them; empty when the demonstration is not loaded."""
    mark = await uow.session.get(Mark, MARK)
    if mark is None:
        return []
    ids: dict[str, int] = json.loads(mark.value)["stars"]
    names = {p.id: p.name for p in await uow.session.scalars(select(Person).where(Person.id.in_(ids.values())))}
    return [Star(ids[key], names[ids[key]], key, why) for key, why in WHY.items() if ids.get(key) in names]


async def linked(uow: UnitOfWork) -> list[Account]:
    """Whose account in the web chat has started the bot as the demonstration begins."""
    query = (
        select(Contact.chat_id, Person.name, Person.language, Person.phone)
        .join(Person, Person.id == Contact.person_id)
        .where(Contact.channel == CHANNEL, Contact.linked_by == LINKED_BY)
        .order_by(Contact.chat_id)
    )
    rows = await uow.session.execute(query)
    return [Account(chat_id, name, _telegram_language(spoken), phone or "") for chat_id, name, spoken, phone in rows]


def _telegram_language(language: str | None) -> str:
    return "en" if language == "en" else "zh-hans"


async def people(school: School) -> list[DemoPerson]:
    """Everybody: the stars first, then families by class, teachers, and the school's other people."""
    async with school.look() as uow:
        why = {star.person_id: star.why for star in await stars(uow)}
        duties = await _duties(uow)
        ties = await _ties(uow)
        codes = await _unused_codes(uow)
        found = await _accounts(uow)
    order = [*why, *(n for n in ties if n not in duties), *duties, *found]
    wanted = [n for n in dict.fromkeys(order) if n in ties or n in duties]
    return [_shown(found[n], why.get(n, ""), duties.get(n, ()), ties.get(n, ()), codes.get(n)) for n in wanted]


async def _accounts(uow: UnitOfWork) -> dict[int, Account]:
    query = select(Person.id, Person.name, Person.language, Person.phone).order_by(Person.id)
    rows = await uow.session.execute(query)
    return {n: Account(user_id(n), name, _telegram_language(spoken), phone or "") for n, name, spoken, phone in rows}


async def _duties(uow: UnitOfWork) -> dict[int, list[tuple[StaffRole, str]]]:
    """Duties by person, each with the name of its class where it has one."""
    query = select(StaffRole, SchoolClass).outerjoin(SchoolClass).order_by(StaffRole.id)
    duties = defaultdict(list)
    for duty, school_class in await uow.session.execute(query):
        duties[duty.person_id].append((duty, school_class.name if school_class else ""))
    return dict(duties)


async def _ties(uow: UnitOfWork) -> dict[int, list[Tie]]:
    query = (
        select(Guardianship.person_id, SchoolClass, Student.name, Guardianship.relation, Guardianship.restricted)
        .join(Student, Student.id == Guardianship.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(Student.left_on.is_(None))
        .order_by(SchoolClass.grade, SchoolClass.number, Student.id, Guardianship.id)
    )
    ties = defaultdict(list)
    for person_id, school_class, student, relation, restricted in await uow.session.execute(query):
        ties[person_id].append(Tie(school_class.name, student, relation, restricted))
    return dict(ties)


async def _unused_codes(uow: UnitOfWork) -> dict[int, str]:
    """A code by which each person not yet tied to a chat can be."""
    query = (
        select(Slip.id, Slip.person_id)
        .where(
            Slip.used_at.is_(None),
            Slip.withdrawn_at.is_(None),
            Slip.expires_at > uow.now,
            ~select(Contact.id).where(Contact.person_id == Slip.person_id).exists(),
        )
        .order_by(Slip.id.desc())
    )
    return {person: uow.school.keys.code("slip", n, CODE_LENGTH) for n, person in await uow.session.execute(query)}


def _group(duties: Sequence[tuple[StaffRole, str]]) -> Group:
    roles = {duty.role for duty, _ in duties}
    if not roles:
        return "families"
    return "teachers" if roles & {Role.HOMEROOM, Role.CARE_TEACHER, Role.GRADE_LEADER} else "school"


def _shown(
    account: Account, why: str, duties: Sequence[tuple[StaffRole, str]], ties: Sequence[Tie], code: str | None
) -> DemoPerson:
    return DemoPerson(
        user_id=account.user_id,
        name=account.name,
        about={language: _about(language, duties, ties) for language in LANGUAGES},
        group=_group(duties),
        phone=account.phone,
        language=account.language,
        start_payload=code,
        why={language: words(language, "webchat")(why) for language in LANGUAGES} if why else {},
    )


def _about(language: str, duties: Sequence[tuple[StaffRole, str]], ties: Sequence[Tie]) -> str:
    chinese = language == "zh_CN"
    parts = [_duty_words(language, duty, school_class) for duty, school_class in duties]
    parts += _tie_words(language, ties)
    return ("；" if chinese else "; ").join(parts)


def _duty_words(language: str, duty: StaffRole, school_class: str) -> str:
    what = label(words(language, "common"), duty.role)
    if language == "zh_CN":
        where = f"{school_class}班 " if school_class else f"{duty.grade}年级 " if duty.grade else ""
        return where + what
    where = f" of {school_class}" if school_class else f", grade {duty.grade}" if duty.grade else ""
    return what + where


def _tie_words(language: str, ties: Sequence[Tie]) -> list[str]:
    """One part for each class, so that twins are named together."""
    together: defaultdict[tuple[str, Relation, bool], list[str]] = defaultdict(list)
    for tie in ties:
        together[tie.school_class, tie.relation, tie.restricted].append(tie.student)
    parts = []
    for (school_class, relation, restricted), names in together.items():
        what = label(words(language, "common"), relation)
        if language == "zh_CN":
            parts.append(f"{school_class}班 {'、'.join(names)} 的{what}{'（监护权受限）' if restricted else ''}")
        else:
            parts.append(f"{what} of {' and '.join(names)} in {school_class}{' (restricted)' if restricted else ''}")
    return parts
