"""Telling a change of when there is care to whom it touches, once: families of the children whose care changes, staff
whose classes it moves, the leading group.

What is said is worked out when the letter goes out, from what its receiver knew before and what is now. A letter that
still waits when something changes again is followed by one that says all, or by none where everything is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import select

from care.permissions import Duty
from care.quiet import when_awake
from care.records.delivery import WAITS, Class, Letter
from care.records.people import Contact, Guardianship, Reach, Role, StaffRole
from care.work import UnitOfWork

STAFF = (Role.HEAD, Role.DEPUTY, Role.MEMBER, Role.OFFICE, Role.GRADE_LEADER, Role.HOMEROOM, Role.CARE_TEACHER)
"""Who of the school is told, as far as their classes are touched."""


class Known(Protocol):
    """What somebody knows: a letter keeps it as data; ``seen`` is equal where it is the same."""

    @property
    def seen(self) -> str: ...

    def as_data(self) -> dict[str, Any]: ...


class Child(Protocol):
    """A child with its place in the school."""

    @property
    def student_id(self) -> int: ...

    @property
    def grade(self) -> int: ...

    @property
    def class_id(self) -> int: ...


K = TypeVar("K", bound=Known)
C = TypeVar("C", bound=Child)


@dataclass(frozen=True)
class ToTell:
    """Somebody who is told: what they know, and of which children (none: as staff)."""

    person_id: int
    knows: Known
    students: tuple[int, ...] = ()


@dataclass(frozen=True)
class Told:
    """Who is told of a change. ``touched``: the children whose care it changes; ``beyond``: those of them none of whose
    guardians can be reached in a chat."""

    people: tuple[ToTell, ...] = ()
    touched: frozenset[int] = frozenset()
    beyond: frozenset[int] = frozenset()

    def __or__(self, other: Told) -> Told:
        """Who is told of one or the other, each counted once: as a guardian, where it is one of the two."""
        people = {
            one.person_id: one for one in sorted((*self.people, *other.people), key=lambda one: bool(one.students))
        }
        return Told(tuple(people.values()), self.touched | other.touched, self.beyond | other.beyond)

    @property
    def children(self) -> int:
        return len(self.touched)

    @property
    def out_of_reach(self) -> int:
        return len(self.beyond)

    def __len__(self) -> int:
        return len(self.people)

    @property
    def guardians(self) -> int:
        return sum(1 for one in self.people if one.students)

    @property
    def staff(self) -> int:
        return len(self) - self.guardians


async def gather(
    uow: UnitOfWork,
    children: Sequence[C],
    before: K,
    known: Mapping[int, K],
    changed: Callable[[C, K], bool],
    moved: Callable[[C, K], bool],
) -> Told:
    """Guardians of the children whose care is ``changed`` from what they know (``before``, unless ``known`` says
    otherwise), teachers whose classes are ``moved``, and the leading group; not who changes it. Whom this change does
    not touch has in a letter that still waits all there is to say."""
    found: dict[str, tuple[set[int], list[C]]] = {}

    def since(knows: K) -> tuple[set[int], list[C]]:
        if knows.seen not in found:
            own = {child.student_id for child in children if changed(child, knows)}
            found[knows.seen] = own, [child for child in children if moved(child, knows)]
        return found[knows.seen]

    mine: dict[int, list[int]] = {}
    families = await families_of(uow, [child.student_id for child in children])
    touched, classes = since(before)
    parents = {person for person, student in families if student in touched}
    for person_id, student_id in families:
        if person_id in parents and student_id in since(known.get(person_id, before))[0]:
            mine.setdefault(person_id, []).append(student_id)
    people = {who: ToTell(who, known.get(who, before), tuple(students)) for who, students in mine.items()}
    for person_id, duty in await _staff(uow):
        knows = known.get(person_id, before)
        if person_id in people or person_id == uow.actor.person_id:
            continue
        if _touches(classes, duty) and _touches(since(knows)[1], duty):
            people[person_id] = ToTell(person_id, knows)
    reached = set(await uow.session.scalars(select(Contact.person_id).where(Contact.reach == Reach.REACHABLE)))
    in_reach = {student for person, student in families if person in reached}
    return Told(tuple(people.values()), frozenset(touched), frozenset(touched - in_reach))


async def families_of(uow: UnitOfWork, students: list[int]) -> list[tuple[int, int]]:
    """(person, student) of the guardians who may know of these children."""
    query = (
        select(Guardianship.person_id, Guardianship.student_id)
        .where(Guardianship.student_id.in_(students), Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    return [(person, student) for person, student in await uow.session.execute(query)]


async def _staff(uow: UnitOfWork) -> list[tuple[int, Duty]]:
    query = select(StaffRole).where(StaffRole.role.in_(STAFF)).order_by(StaffRole.id)
    return [(one.person_id, Duty(one.role, one.grade, one.school_class_id)) for one in await uow.session.scalars(query)]


def _touches(children: Iterable[Child], duty: Duty) -> bool:
    return any(duty.covers(child.grade, child.class_id) for child in children)


async def known_of(uow: UnitOfWork, kind: str, key: str) -> dict[int, Mapping[str, Any]]:
    """What those know, as data, whose letter of this kind and key has not gone out yet."""
    known: dict[int, Mapping[str, Any]] = {}
    for person_id, params in await waiting_letters(uow, kind, key):
        known.setdefault(person_id, params["knows"])
    return known


async def waiting_letters(uow: UnitOfWork, kind: str, key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Person and facts of the letters of this kind and key that have not gone out yet, oldest first."""
    query = (
        select(Letter.person_id, Letter.params)
        .where(Letter.kind == kind, Letter.state == WAITS, Letter.sent_at.is_(None), Letter.unique_key.startswith(key))
        .order_by(Letter.id)
    )
    return [(person, params) for person, params in await uow.session.execute(query) if person is not None]


def post(
    uow: UnitOfWork, kind: str, told: Told, key: str, version: int, first: date, until: datetime, **params: Any
) -> None:
    """Posts the letters of one change. ``first``: the first date that is touched; what is about today goes at once, all
    else keeps the quiet hours."""
    at_once = first == uow.today
    for one in told.people:
        uow.post_new(
            kind,
            one.person_id,
            Class.ALARM if at_once else Class.BROADCAST,
            f"{key}{version}:{one.person_id}",
            due=uow.now if at_once else when_awake(uow.now, uow.school.zone),
            valid_until=until,
            version=version,
            knows=one.knows.as_data(),
            students=list(one.students),
            **params,
        )


async def said_later(uow: UnitOfWork, key: str, version: int, newest: int) -> bool:
    """Whether a later letter to the actor says what this version would."""
    later = [f"{key}{one}:{uow.actor.person_id}" for one in range(version + 1, newest + 1)]
    return bool(later) and bool(await uow.known_keys(later))


async def own_of(uow: UnitOfWork, students: Iterable[int]) -> set[int]:
    """Those of these children of whom the actor may know as a guardian."""
    return {student for person, student in await families_of(uow, sorted(students)) if person == uow.actor.person_id}
