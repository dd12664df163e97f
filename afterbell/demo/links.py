"""Slips for everybody, and chats already tied for the staff and for families whose children are enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from afterbell.demo.applications import Story
from afterbell.demo.book import Book, draw, local
from afterbell.demo.families import Child
from afterbell.demo.term import SLIPS_EXPIRE
from care.linking import CODE_LENGTH
from care.records import Contact, Reach, Slip, State

CHANNEL = "web"
FIRST_USER = 1_000_000_000
"""A person's user id in the web chat is this plus the person's id."""
LINKED_BY = "demo"

STAFF_SLIPS = local(date(2026, 8, 26), 9)
STAFF_LINKED = local(date(2026, 8, 27), 9)
FAMILY_SLIPS = local(date(2026, 9, 1), 7, 30)


def user_id(person_id: int) -> int:
    return FIRST_USER + person_id


@dataclass(frozen=True)
class _Owner:
    person_id: int
    guardianship_id: int | None
    issued_at: datetime


def write_links(book: Book, staff: Sequence[int], children: list[Child], stories: list[Story]) -> None:
    """Contacts first: a used slip names the contact that used it."""
    linked = {person_id: STAFF_LINKED for person_id in staff} | {
        person_id: at for person_id, at in _families_linked(stories).items() if person_id not in set(staff)
    }
    contacts = {person_id: _contact(book, person_id, at) for person_id, at in linked.items()}
    owners = [_Owner(person_id, None, STAFF_SLIPS) for person_id in staff]
    for child in children:
        owners += [_Owner(adult.person_id, number, FAMILY_SLIPS) for number, adult in child.free_guardians]
    for owner in owners:
        _slip(book, owner, contacts.get(owner.person_id), linked.get(owner.person_id))


def _families_linked(stories: list[Story]) -> dict[int, datetime]:
    """When each guardian opened the slip: who applies, just before; the other parent of an enrolled child, later."""
    rng = draw("links")
    linked: dict[int, datetime] = {}
    for story in stories:
        person_id = story.applicant.person_id
        linked.setdefault(person_id, story.moments[0] - timedelta(minutes=rng.randint(6, 35)))
    for story in stories:
        if story.wish.state is State.ENROLLED:
            for _, adult in story.child.free_guardians:
                linked.setdefault(adult.person_id, story.moments[0] + timedelta(minutes=rng.randint(10, 300)))
    return linked


def _contact(book: Book, person_id: int, at: datetime) -> int:
    return book.add(
        Contact,
        person_id=person_id,
        channel=CHANNEL,
        chat_id=user_id(person_id),
        reach=Reach.REACHABLE,
        linked_at=at,
        linked_by=LINKED_BY,
    )


def _slip(book: Book, owner: _Owner, contact: int | None, linked_at: datetime | None) -> None:
    number = book.next_id(Slip)
    code = book.keys.code("slip", number, CODE_LENGTH)
    used = max(linked_at, owner.issued_at) if linked_at else None
    book.add(
        Slip,
        person_id=owner.person_id,
        guardianship_id=owner.guardianship_id,
        code_hash=book.keys.fingerprint("slip", code),
        issued_at=owner.issued_at,
        expires_at=SLIPS_EXPIRE,
        used_at=used,
        used_by=contact,
        withdrawn_at=None,
    )
