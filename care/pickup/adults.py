"""Which adults may collect a child on a date: its guardians, those named in the application, and delegates of the day;
never one on the stop-list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from care.errors import NotAllowed
from care.people import clean_name
from care.records.enrolment import Application, PickupPerson, State
from care.records.people import Guardianship, Person, Relation, StopListEntry
from care.records.pickup import Adult, Delegate
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


async def authorised(uow: UnitOfWork, student_id: int, day: date) -> list[Authorised]:
    """Everybody on the child's lists for a date, guardians first; each adult once."""
    found: list[Authorised] = []
    for person, relation in await _guardians(uow, student_id):
        found.append(Authorised(Adult.GUARDIAN, person.id, person.name, relation, person.phone or ""))
    known, guardians = {(one.name, one.phone) for one in found}, {one.id for one in found}
    for one in await _listed(uow, student_id):
        if (one.name, one.phone) not in known:
            found.append(Authorised(Adult.LISTED, one.id, one.name, one.relation, one.phone))
    for delegate in await delegates_of(uow, day):
        if student_id in delegate.student_ids and delegate.guardian_id in guardians:  # who may still decide for it
            found.append(Authorised(Adult.DELEGATE, delegate.id, delegate.name, delegate.relation, delegate.phone))
    stopped = await stop_list(uow, student_id)
    return [_marked(one, stopped) for one in found]


async def _guardians(uow: UnitOfWork, student_id: int) -> list[tuple[Person, Relation]]:
    query = (
        select(Person, Guardianship.relation)
        .join(Guardianship, Guardianship.person_id == Person.id)
        .where(Guardianship.student_id == student_id, Guardianship.restricted.is_(False))
        .order_by(Guardianship.id)
    )
    return [(person, relation) for person, relation in await uow.session.execute(query)]


async def _listed(uow: UnitOfWork, student_id: int) -> list[PickupPerson]:
    query = (
        select(PickupPerson)
        .join(Application)
        .where(Application.student_id == student_id, Application.state == State.ENROLLED)
        .order_by(PickupPerson.ordinal)
    )
    return list(await uow.session.scalars(query))


async def delegates_of(uow: UnitOfWork, day: date) -> list[Delegate]:
    """The delegates of a date whom nobody has withdrawn."""
    query = select(Delegate).where(Delegate.date == day, Delegate.withdrawn_at.is_(None)).order_by(Delegate.id)
    return list(await uow.session.scalars(query))


async def stop_list(uow: UnitOfWork, student_id: int) -> list[StopListEntry]:
    """The adults who must not collect the child now."""
    query = select(StopListEntry).where(StopListEntry.student_id == student_id, StopListEntry.ended_at.is_(None))
    return list(await uow.session.scalars(query))


def _marked(one: Authorised, entries: Iterable[StopListEntry]) -> Authorised:
    if not is_stopped(one.name, one.phone, entries):
        return one
    return Authorised(one.adult, one.id, one.name, one.relation, one.phone, stopped=True)


def is_stopped(name: str, phone: str, entries: Iterable[StopListEntry]) -> bool:
    """Whether an adult is one of the stop-list: by phone, or by name where not both phones are known to differ."""
    for entry in entries:
        if phone and entry.phone and phone == entry.phone:
            return True
        differ = bool(phone and entry.phone and phone != entry.phone)
        if clean_name(name) == clean_name(entry.name) and not differ:
            return True
    return False


def match_of(one: Authorised, people: Iterable[Authorised]) -> Authorised | None:
    """The adult on another child's list: the same row, or for pick-up persons the same name and phone, since brothers
    and sisters have lists of their own."""
    for other in people:
        alike = one.adult is other.adult is Adult.LISTED and (one.name, one.phone) == (other.name, other.phone)
        if alike or (one.adult, one.id) == (other.adult, other.id):
            return other
    return None


async def may_collect(uow: UnitOfWork, student_id: int, adult: Adult, adult_id: int, day: date) -> Authorised:
    """The adult, when the child may be given to them on this date. Raises NotAllowed: "stop_listed" for one on the
    stop-list, "not_authorised" for one who stands on no list (or no longer does)."""
    people = await authorised(uow, student_id, day)
    one = next((a for a in people if (a.adult, a.id) == (adult, adult_id)), None)
    if one is None and adult is Adult.LISTED:
        row = await uow.session.get(PickupPerson, adult_id)  # a brother's or sister's
        one = match_of(Authorised(adult, row.id, row.name, row.relation, row.phone), people) if row else None
    if one is None:
        raise NotAllowed("not_authorised")
    if one.stopped:
        raise NotAllowed("stop_listed")
    return one
