"""Which adults may collect a child on a date: its guardians, those named in the application, and delegates of the day;
never one on the stop-list, and never a guardian whom a court has restricted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, null, or_, select, union_all
from sqlalchemy.orm import joinedload

from care.errors import NotAllowed
from care.people import same_phone
from care.records.day import DayChild
from care.records.enrolment import Application, PickupPerson, State
from care.records.people import Guardianship, Person, Relation, StopListEntry
from care.records.pickup import Adult, Delegate
from care.records.term import Term
from care.work import UnitOfWork


@dataclass(frozen=True)
class Authorised:
    """An adult on one of a child's lists. ``id`` is the person's, the pick-up person's or the delegate's id, by
    ``adult``. ``stopped``: also on the stop-list, and therefore never to be given the child."""

    adult: Adult
    id: int
    name: str
    relation: Relation
    phone: str
    stopped: bool = False


@dataclass(frozen=True)
class Barred:
    """Somebody who must not collect the child. ``entry_id`` is the stop-list's row, where there is one."""

    name: str
    phone: str
    entry_id: int | None = None
    relation: Relation | None = None


async def authorised(uow: UnitOfWork, student_id: int, day: date) -> list[Authorised]:
    """Everybody on the child's lists for a date, guardians first; each adult once."""
    return list((await adults_of_all(uow, [student_id], day))[student_id].authorised)


def _holds_on(day: date) -> ColumnElement[bool]:
    """Whether an application speaks for its child on a date: also one that was withdrawn while the child was in care,
    for it is still to be collected."""
    planned = exists().where(DayChild.date == day, DayChild.application_id == Application.id)
    return or_(Application.state == State.ENROLLED, planned)


async def delegates_of(uow: UnitOfWork, day: date) -> list[Delegate]:
    """The delegates of a date whom nobody has withdrawn."""
    query = select(Delegate).where(Delegate.date == day, Delegate.withdrawn_at.is_(None)).order_by(Delegate.id)
    return list(await uow.session.scalars(query))


async def stop_list(uow: UnitOfWork, student_id: int) -> list[StopListEntry]:
    """The adults whom the stop-list names for the child now."""
    query = select(StopListEntry).where(StopListEntry.student_id == student_id, StopListEntry.ended_at.is_(None))
    return list(await uow.session.scalars(query.order_by(StopListEntry.id)))


async def barred(uow: UnitOfWork, student_id: int) -> list[Barred]:
    """Who must not collect the child: the stop-list, and restricted guardians, who may stand on some list still."""
    return (await barred_of_all(uow, [student_id]))[student_id]


async def barred_of_all(uow: UnitOfWork, student_ids: Iterable[int]) -> dict[int, list[Barred]]:
    """As ``barred`` for many children at once, in one query as for one."""
    wanted = list(dict.fromkeys(student_ids))
    named: dict[int, list[Barred]] = {student: [] for student in wanted}
    restricted: dict[int, list[Barred]] = {student: [] for student in wanted}
    for row in await uow.session.execute(_stopped(wanted)) if wanted else ():
        if row.entry_id is not None:
            named[row.student_id].append(Barred(row.name, row.phone or "", row.entry_id))
        else:
            restricted[row.student_id].append(Barred(row.name, row.phone or "", relation=Relation(row.relation)))
    return {student: _against(named[student], restricted[student]) for student in wanted}


def _stopped(students: list[int]) -> Select[Any]:
    """The rows of the stop-list that hold now, and the restricted guardians."""
    entries = select(
        StopListEntry.student_id,
        StopListEntry.name,
        StopListEntry.phone,
        StopListEntry.id.label("entry_id"),
        null().label("relation"),
        StopListEntry.id.label("at"),
    ).where(StopListEntry.student_id.in_(students), StopListEntry.ended_at.is_(None))
    ties = (
        select(
            Guardianship.student_id,
            Person.name,
            Person.phone,
            null(),
            cast(Guardianship.relation, String),
            Guardianship.id,
        )
        .join(Person, Person.id == Guardianship.person_id)
        .where(Guardianship.student_id.in_(students), Guardianship.restricted)
    )
    rows = union_all(entries, ties).subquery()
    return select(rows).order_by(rows.c.at)


def _against(named: list[Barred], restricted: list[Barred]) -> list[Barred]:
    """Who must not collect one child: its stop-list, and its restricted guardians where they are not on it."""
    related = [
        replace(one, relation=next((r.relation for r in restricted if is_stopped(r.name, r.phone, [one])), None))
        for one in named
    ]
    return related + [one for one in restricted if not is_stopped(one.name, one.phone, named)]


def _marked(one: Authorised, against: Iterable[Barred]) -> Authorised:
    return replace(one, stopped=True) if any(stops(bar, one) for bar in against) else one


def stops(bar: Barred, one: Authorised) -> bool:
    """Whether an adult on a list is this one who must not collect the child. Parents may share a phone: a restricted
    guardian's own does not stop the other one. A delegate's phone is whatever was typed a moment ago: there the name
    alone stops, since another number must not let anybody through."""
    if one.adult is Adult.GUARDIAN and bar.entry_id is None and bare_name(one.name) != bare_name(bar.name):
        return False
    by_name_alone = one.adult is Adult.DELEGATE and is_stopped(one.name, "", [bar])
    return by_name_alone or is_stopped(one.name, one.phone, [bar])


def bare_name(name: str) -> str:
    """A name as it is compared: without spaces, full-width forms and case."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_stopped(name: str, phone: str, against: Iterable[Barred | StopListEntry]) -> bool:
    """Whether an adult is one of these: by phone, or by name where not both phones are known to differ."""
    for one in against:
        if same_phone(phone, one.phone or ""):
            return True
        differ = bool(phone and one.phone)
        if bare_name(name) == bare_name(one.name) and not differ:
            return True
    return False


def names(words: str, bar: Barred) -> bool:
    """Whether somebody's words name this person, alone or among others ("the father, Mr …")."""
    name = bare_name(bar.name)
    return is_stopped(words, "", [bar]) or (len(name) > 1 and name in bare_name(words))


async def may_collect(uow: UnitOfWork, student_id: int, adult: Adult, adult_id: int, day: date) -> Authorised:
    """The adult as the child's own list has them, when the child may be given to them on this date: by the row itself,
    or as the same name with the same phone (a grandmother named for each of two siblings).

    Raises NotAllowed: "stop_listed" for one on the stop-list and for a restricted guardian, "not_authorised" for one
    who stands on no list (or no longer does).
    """
    who = await who_is_adult(uow, adult, adult_id, day)
    if who is None:
        raise NotAllowed("not_authorised")
    if await is_barred(uow, student_id, who):
        raise NotAllowed("stop_listed")
    one = as_listed(who, await authorised(uow, student_id, day))
    if one is None:
        raise NotAllowed("not_authorised")
    return one


async def is_barred(uow: UnitOfWork, student_id: int, who: Authorised) -> bool:
    """Whether this adult must not collect the child, whichever list they stand on."""
    return _marked(who, await barred(uow, student_id)).stopped


async def names_barred(
    uow: UnitOfWork, adult: Adult, adult_id: int, name: str, day: date, against: Iterable[Barred]
) -> bool:
    """Whether the adult of whom a family has said that they come is one of these who must not. Who stands on no list
    any more is known by the name alone."""
    bars = list(against)
    if not bars:
        return False
    who = await who_is_adult(uow, adult, adult_id, day) or Authorised(adult, adult_id, name, Relation.OTHER, "")
    return any(stops(bar, who) for bar in bars)


async def who_is_adult(uow: UnitOfWork, adult: Adult, adult_id: int, day: date) -> Authorised | None:
    """The adult behind a row of a list, whichever children that list gives them; None for one who is on it no longer.
    ``stopped`` is not looked at here: it belongs to a child."""
    if adult is Adult.DELEGATE:
        delegate = next((one for one in await delegates_of(uow, day) if one.id == adult_id), None)
        if delegate is None:
            return None
        return Authorised(adult, adult_id, delegate.name, delegate.relation, delegate.phone)
    if adult is Adult.LISTED:
        listed = await uow.session.get(PickupPerson, adult_id)
        return Authorised(adult, adult_id, listed.name, listed.relation, listed.phone) if listed else None
    query = select(Person, Guardianship).join(Guardianship, Guardianship.person_id == Person.id)
    row = (await uow.session.execute(query.where(Person.id == adult_id).order_by(Guardianship.id).limit(1))).first()
    return Authorised(adult, adult_id, row[0].name, row[1].relation, row[0].phone or "") if row else None


async def students_naming(uow: UnitOfWork, who: Authorised, day: date) -> set[int]:
    """The children on one of whose lists this adult may stand: by the row itself, or as the same name with the same
    phone (a grandmother named for each of two siblings). Whether they may collect, ``as_listed`` says."""
    found: set[int] = set()
    people = select(Guardianship.student_id).join(Person, Person.id == Guardianship.person_id)
    listed = select(Application.student_id).join(PickupPerson, PickupPerson.application_id == Application.id)
    if who.adult is Adult.GUARDIAN:
        found.update(await uow.session.scalars(people.where(Person.id == who.id)))
    elif who.adult is Adult.LISTED:
        found.update(await uow.session.scalars(listed.where(PickupPerson.id == who.id)))
    if who.phone:
        found.update(await uow.session.scalars(people.where(Person.phone == who.phone, Person.name == who.name)))
        same = listed.where(PickupPerson.phone == who.phone, PickupPerson.name == who.name)
        found.update(await uow.session.scalars(same))
    for delegate in await delegates_of(uow, day):
        same_adult = who.adult is Adult.DELEGATE and delegate.id == who.id
        if same_adult or (who.phone and (delegate.name, delegate.phone) == (who.name, who.phone)):
            found.update(delegate.student_ids)
    return found


def as_listed(who: Authorised, lists: Iterable[Authorised]) -> Authorised | None:
    """The adult as a child's own lists have them: the very row, or else the same name with the same phone."""
    same = [one for one in lists if who.phone and (one.name, one.phone) == (who.name, who.phone)]
    rows = [one for one in lists if (one.adult, one.id) == (who.adult, who.id)]
    return next(iter([*rows, *same]), None)


@dataclass(frozen=True)
class Adults:
    """What a child's lists say of a date: who is on one of them, and who must not collect the child."""

    authorised: tuple[Authorised, ...]
    barred: tuple[Barred, ...]


async def adults_of_all(uow: UnitOfWork, student_ids: Iterable[int], day: date) -> dict[int, Adults]:
    """As ``authorised`` and ``barred`` for many children at once, in as many queries as for one."""
    wanted = list(dict.fromkeys(student_ids))
    ties: dict[int, list[Guardianship]] = {student: [] for student in wanted}
    for tie in await _guardianships_of(uow, wanted):
        ties[tie.student_id].append(tie)
    listed: dict[int, list[PickupPerson]] = {student: [] for student in wanted}
    for student, one in await _listed_of(uow, wanted, day):
        listed[student].append(one)
    against = await barred_of_all(uow, wanted)
    delegates = await delegates_of(uow, day)
    found = {}
    for student in wanted:
        mine = [one for one in delegates if student in one.student_ids]
        lists = _lists(ties[student], listed[student], mine)
        found[student] = Adults(tuple(_marked(one, against[student]) for one in lists), tuple(against[student]))
    return found


def _lists(
    ties: Iterable[Guardianship], listed: Iterable[PickupPerson], delegates: Iterable[Delegate]
) -> list[Authorised]:
    """The lists of one child, guardians first; each adult once."""
    free = [(tie.person, tie.relation) for tie in ties if not tie.restricted]
    found = [Authorised(Adult.GUARDIAN, one.id, one.name, relation, one.phone or "") for one, relation in free]
    known = {(one.name, one.phone) for one in found}
    found += [
        Authorised(Adult.LISTED, one.id, one.name, one.relation, one.phone)
        for one in listed
        if (one.name, one.phone) not in known
    ]
    decides = {person.id for person, _relation in free}
    found += [
        Authorised(Adult.DELEGATE, one.id, one.name, one.relation, one.phone)
        for one in delegates
        if one.guardian_id in decides
    ]
    return found


async def _guardianships_of(uow: UnitOfWork, students: list[int]) -> list[Guardianship]:
    query = select(Guardianship).where(Guardianship.student_id.in_(students)).options(joinedload(Guardianship.person))
    return list(await uow.session.scalars(query.order_by(Guardianship.id)))


async def _listed_of(uow: UnitOfWork, students: list[int], day: date) -> list[tuple[int, PickupPerson]]:
    query = (
        select(Application.student_id, PickupPerson)
        .join(PickupPerson, PickupPerson.application_id == Application.id)
        .join(Term, Term.id == Application.term_id)
        .where(
            Application.student_id.in_(students),
            _holds_on(day),
            Term.starts_on <= day,
            Term.ends_on >= day,
        )
        .order_by(Application.student_id, PickupPerson.ordinal)
    )
    return [(student, listed) for student, listed in await uow.session.execute(query)]
