"""Tying a chat to a person: by the one-time code on the student's slip, or by the sender's own phone number."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import joinedload

from care.errors import NotAllowed, NotFound
from care.keys import ALPHABET
from care.people import Child, actor_for, as_child, children_of, normal_phone, ways_stored
from care.permissions import Duty, Permission
from care.records.delivery import Form
from care.records.people import Contact, Guardianship, Person, Reach, Relation, Slip, Student, WrongCode
from care.work import UnitOfWork

TRIES_PER_HOUR = 10
CODE_LENGTH = 10


class Refusal(StrEnum):
    """Why a chat was not tied to a person; each has its sentence in the chat."""

    WRONG = "code_wrong"
    USED = "code_used"
    EXPIRED = "code_expired"
    TOO_MANY = "too_many_tries"
    CHAT_TAKEN = "chat_taken"
    NOT_OWN_PHONE = "not_own_phone"
    PHONE_UNKNOWN = "phone_unknown"
    PHONE_AMBIGUOUS = "phone_ambiguous"


@dataclass(frozen=True)
class Linked:
    """A chat is now known: the person, the child the slip was for (all children by phone), and duties held."""

    person: Person
    children: tuple[Child, ...]
    duties: tuple[Duty, ...]


def normal_code(written: str) -> str:
    """The bare code: spaces and dashes, lower case and the full-width letters of a Chinese keyboard do not matter."""
    return "".join(char for char in unicodedata.normalize("NFKC", written).upper() if char.isalnum())


def looks_like_code(written: str) -> bool:
    """Whether somebody may mean a code by this: about as long, and a digit in it or no letter that codes never have."""
    code = normal_code(written)
    plausible = any(char.isdigit() for char in code) or set(code) <= set(ALPHABET)
    return abs(len(code) - CODE_LENGTH) <= 4 and code.isascii() and plausible


async def open_slip(uow: UnitOfWork, code: str, channel: str, chat_id: int) -> Linked | Refusal:
    """Uses a slip's code. A wrong try is counted; after ten in an hour the chat must wait."""
    if await cut_off(uow, channel, chat_id):
        return Refusal.TOO_MANY
    fingerprint = uow.school.keys.fingerprint("slip", normal_code(code))
    slip = (await uow.session.scalars(select(Slip).where(Slip.code_hash == fingerprint).with_for_update())).first()
    refusal = await _refused(uow, slip, channel, chat_id)
    if refusal or slip is None:
        uow.session.add(WrongCode(channel=channel, chat_id=chat_id, at=uow.now))
        return refusal or Refusal.WRONG
    person = await uow.session.get_one(Person, slip.person_id)
    contact = await _tie(uow, person, channel, chat_id, "slip")
    if contact is None:
        return Refusal.CHAT_TAKEN
    slip.used_at = slip.used_at or uow.now
    slip.used_by = contact.id
    uow.record("linked", "person", person.id, by="slip", channel=channel)
    children: tuple[Child, ...] = ()
    if slip.guardianship_id is not None:
        children = (await _child(uow, slip.guardianship_id),)
    return Linked(person, children, (await actor_for(uow, person)).duties)


async def cut_off(uow: UnitOfWork, channel: str, chat_id: int) -> bool:
    """Whether a chat has tried so many wrong codes within an hour that it must wait."""
    tries = select(func.count()).where(
        WrongCode.channel == channel, WrongCode.chat_id == chat_id, WrongCode.at > uow.now - timedelta(hours=1)
    )
    return (await uow.session.scalar(tries) or 0) >= TRIES_PER_HOUR


async def _refused(uow: UnitOfWork, slip: Slip | None, channel: str, chat_id: int) -> Refusal | None:
    if slip is None:
        return Refusal.WRONG
    if slip.guardianship_id is not None and not await _still_holds(uow, slip.guardianship_id):
        return Refusal.EXPIRED
    if slip.used_at is not None:
        known = select(Contact.person_id).where(Contact.channel == channel, Contact.chat_id == chat_id)
        mine = await uow.session.scalar(known) == slip.person_id
        return None if mine else Refusal.USED
    if slip.withdrawn_at is not None or slip.expires_at <= uow.now:
        return Refusal.EXPIRED
    return None


async def _still_holds(uow: UnitOfWork, guardianship_id: int) -> bool:
    """Whether this guardian may still be told about the child, and the child is still at the school."""
    query = (
        select(Guardianship.id)
        .join(Student)
        .where(Guardianship.id == guardianship_id, Guardianship.restricted.is_(False), Student.left_on.is_(None))
    )
    return await uow.session.scalar(query) is not None


async def _child(uow: UnitOfWork, guardianship_id: int) -> Child:
    query = (
        select(Guardianship)
        .where(Guardianship.id == guardianship_id)
        .options(joinedload(Guardianship.student).joinedload(Student.school_class))
    )
    return as_child((await uow.session.scalars(query)).one())


async def _tie(uow: UnitOfWork, person: Person, channel: str, chat_id: int, how: str) -> Contact | None:
    """The contact of this chat for this person; None when the chat belongs to somebody else."""
    query = select(Contact).where(Contact.channel == channel, Contact.chat_id == chat_id).with_for_update()
    contact = (await uow.session.scalars(query)).first()
    if contact is not None:
        contact.reach = Reach.REACHABLE
        return contact if contact.person_id == person.id else None
    contact = Contact(person_id=person.id, channel=channel, chat_id=chat_id, linked_at=uow.now, linked_by=how)
    uow.session.add(contact)
    await uow.session.flush()
    return contact


async def share_phone(uow: UnitOfWork, phone: str, own: bool, channel: str, chat_id: int) -> Linked | Refusal:
    """Uses the phone number the messenger vouches for: it must be the sender's own and stand once in the roster."""
    if not own:
        return Refusal.NOT_OWN_PHONE
    number = normal_phone(phone)
    people = list(await uow.session.scalars(select(Person).where(Person.phone.in_(ways_stored(number)))))
    if not people:
        return Refusal.PHONE_UNKNOWN
    if len(people) > 1:
        return Refusal.PHONE_AMBIGUOUS
    person = people[0]
    children = tuple(await children_of(uow, person.id))
    duties = (await actor_for(uow, person)).duties
    if not children and not duties:
        return Refusal.PHONE_UNKNOWN
    if await _tie(uow, person, channel, chat_id, "phone") is None:
        return Refusal.CHAT_TAKEN
    uow.record("linked", "person", person.id, by="phone", channel=channel)
    return Linked(person, children, duties)


async def set_reach(uow: UnitOfWork, channel: str, chat_id: int, reach: Reach) -> None:
    """Notes that a chat can, or can no longer, be written to."""
    query = select(Contact).where(Contact.channel == channel, Contact.chat_id == chat_id)
    contact = (await uow.session.scalars(query)).first()
    if contact is not None and contact.reach is not reach:
        contact.reach = reach
        uow.record("contact_" + reach.value, "person", contact.person_id, channel=channel)


@dataclass(frozen=True)
class PrintedSlip:
    """A slip ready for printing; the code is shown to nobody else."""

    student: str
    school_class: str
    relation: Relation
    person: str
    code: str
    expires_at: datetime


async def issue_slip(uow: UnitOfWork, person_id: int, guardianship_id: int | None, valid: timedelta) -> str:
    """Makes a new slip for a person and withdraws the unused ones before it. Returns the code."""
    if guardianship_id is not None:
        await _may_print(uow, guardianship_id)
    else:
        uow.require(Permission.MANAGE_STAFF)
    old = select(Slip).where(
        Slip.person_id == person_id,
        Slip.guardianship_id == guardianship_id if guardianship_id else Slip.guardianship_id.is_(None),
        Slip.used_at.is_(None),
        Slip.withdrawn_at.is_(None),
    )
    for slip in await uow.session.scalars(old):
        slip.withdrawn_at = uow.now
    slip = Slip(person_id=person_id, guardianship_id=guardianship_id, issued_at=uow.now, expires_at=uow.now + valid)
    uow.session.add(slip)
    await uow.session.flush()
    code = uow.school.keys.code("slip", slip.id, CODE_LENGTH)
    slip.code_hash = uow.school.keys.fingerprint("slip", code)
    uow.record("slip_issued", "person", person_id)
    return code


async def _may_print(uow: UnitOfWork, guardianship_id: int) -> None:
    query = (
        select(Guardianship)
        .where(Guardianship.id == guardianship_id)
        .options(joinedload(Guardianship.student).joinedload(Student.school_class))
    )
    guardianship = (await uow.session.scalars(query)).first()
    if guardianship is None:
        raise NotFound()
    school_class = guardianship.student.school_class
    if uow.actor.system or uow.actor.may_for(Permission.PRINT_SLIPS, school_class.grade, school_class.id):
        return
    raise NotAllowed()


async def slips_of_class(uow: UnitOfWork, class_id: int, valid: timedelta) -> list[PrintedSlip]:
    """The unused slips of a class, ready for printing; guardians who have none and no chat yet get a new one."""
    query = (
        select(Guardianship)
        .join(Student)
        .where(
            Student.school_class_id == class_id,
            Student.left_on.is_(None),
            Guardianship.restricted.is_(False),
            ~select(Slip.id).where(Slip.guardianship_id == Guardianship.id, Slip.used_at.is_not(None)).exists(),
        )
        .options(joinedload(Guardianship.student).joinedload(Student.school_class), joinedload(Guardianship.person))
        .order_by(Student.id, Guardianship.id)
    )
    return [await _printed(uow, guardianship, valid) for guardianship in await uow.session.scalars(query)]


async def slip_of(uow: UnitOfWork, guardianship_id: int, valid: timedelta) -> PrintedSlip:
    """One guardian's slip, ready for printing; a new one when the last was used or ran out."""
    query = (
        select(Guardianship)
        .where(Guardianship.id == guardianship_id, Guardianship.restricted.is_(False))
        .options(joinedload(Guardianship.student).joinedload(Student.school_class), joinedload(Guardianship.person))
    )
    guardianship = (await uow.session.scalars(query)).first()
    if guardianship is None:
        raise NotFound()
    return await _printed(uow, guardianship, valid)


async def _printed(uow: UnitOfWork, guardianship: Guardianship, valid: timedelta) -> PrintedSlip:
    await _may_print(uow, guardianship.id)
    usable = select(Slip).where(
        Slip.guardianship_id == guardianship.id,
        Slip.used_at.is_(None),
        Slip.withdrawn_at.is_(None),
        Slip.expires_at > uow.now,
    )
    slip = (await uow.session.scalars(usable)).first()
    if slip is None:
        code = await issue_slip(uow, guardianship.person_id, guardianship.id, valid)
        expires_at = uow.now + valid
    else:
        code, expires_at = uow.school.keys.code("slip", slip.id, CODE_LENGTH), slip.expires_at
    return PrintedSlip(
        student=guardianship.student.name,
        school_class=guardianship.student.school_class.name,
        relation=guardianship.relation,
        person=guardianship.person.name,
        code=code,
        expires_at=expires_at,
    )


async def unlink(uow: UnitOfWork, guardianship_id: int) -> int:
    """Cuts every chat off from a guardian: the slip came into wrong hands. What was begun in those chats goes, too.

    Returns the student's id; the guardian needs a new slip.
    """
    await _may_print(uow, guardianship_id)
    guardianship = await uow.session.get_one(Guardianship, guardianship_id)
    query = select(Contact).where(Contact.person_id == guardianship.person_id).with_for_update()
    for contact in await uow.session.scalars(query):
        await uow.session.execute(update(Slip).where(Slip.used_by == contact.id).values(used_by=None))
        await uow.session.execute(delete(Form).where(Form.channel == contact.channel, Form.chat_id == contact.chat_id))
        await uow.session.delete(contact)
    uow.record("unlinked", "person", guardianship.person_id)
    return guardianship.student_id
