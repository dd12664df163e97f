"""Who answers for a day: the duty lead, as the plan named them or as somebody has changed it since (S2, S13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update

from care.errors import Conflict, Invalid, NotFound
from care.people import holders
from care.permissions import RIGHTS, Permission
from care.records.day import CareDay
from care.records.delivery import Class
from care.records.people import Contact, Person, Reach, Role, StaffRole
from care.work import UnitOfWork

LEADS = tuple(role for role in Role if Permission.ANSWER_FOR_DAY in RIGHTS[role] and role is not Role.GRADE_LEADER)
"""Duties that may answer for a whole day: a grade leader sees one grade of it only."""


async def who_answers(uow: UnitOfWork, day: date) -> list[int]:
    """Whom alarms of a day reach, as person ids: its duty lead. Where the day has none, or the lead cannot be written
    to, the deputies and the head as well: an alarm that nobody can read is none."""
    care_day = await uow.session.get(CareDay, day)
    lead = [] if care_day is None or care_day.duty_lead_id is None else [care_day.duty_lead_id]
    if await reachable(uow, lead):
        return lead
    return list(dict.fromkeys([*lead, *await holders(uow, Role.DEPUTY, Role.HEAD)]))


async def reachable(uow: UnitOfWork, people: Iterable[int]) -> list[int]:
    """Those of these people who have a chat that can be written to, in the order given."""
    people = list(people)
    query = select(Contact.person_id).where(Contact.person_id.in_(people), Contact.reach == Reach.REACHABLE)
    found = set(await uow.session.scalars(query)) if people else set()
    return [person for person in people if person in found]


async def next_lead(uow: UnitOfWork, day: date) -> int | None:
    """Who answers for a day until the rota says it: the deputies in turn, or else the head; who can be written to goes
    before who cannot."""
    deputies, heads = await holders(uow, Role.DEPUTY), await holders(uow, Role.HEAD)
    for people in (await reachable(uow, deputies), await reachable(uow, heads), deputies, heads):
        if people:
            return people[day.toordinal() % len(people)]
    return None


@dataclass(frozen=True)
class Candidate:
    person_id: int
    name: str


async def candidates(uow: UnitOfWork) -> list[Candidate]:
    """Who may answer for a day, the leading group first."""
    uow.require_everywhere(Permission.ANSWER_FOR_DAY)
    query = (
        select(Person.id, Person.name, StaffRole.role)
        .join(StaffRole, StaffRole.person_id == Person.id)
        .where(StaffRole.role.in_(LEADS))
        .order_by(StaffRole.id)
    )
    rows = sorted((await uow.connection.execute(query)).all(), key=lambda row: LEADS.index(row.role))
    return list({row.id: Candidate(row.id, row.name) for row in rows}.values())


async def set_duty_lead(uow: UnitOfWork, person_id: int) -> None:
    """From now on this person answers for today, and is told so. Raises NotFound where no day is open, Invalid for
    somebody whose duty does not include it, Conflict("day_closed")."""
    uow.require_everywhere(Permission.ANSWER_FOR_DAY)
    care_day = await uow.session.get(CareDay, uow.day)
    if care_day is None:
        raise NotFound()
    if person_id not in {one.person_id for one in await candidates(uow)}:
        raise Invalid("lead_unknown")
    if care_day.duty_lead_id == person_id:
        return
    changed = await uow.connection.execute(
        update(CareDay).where(CareDay.date == uow.day, CareDay.closed_at.is_(None)).values(duty_lead_id=person_id)
    )
    if changed.rowcount != 1:
        raise Conflict("day_closed")
    before = care_day.duty_lead_id
    uow.record("duty_lead_set", "day", uow.day.toordinal(), lead=person_id, before=before)
    if person_id != uow.actor.person_id:
        await uow.post("duty_lead", person_id, Class.ALARM, date=uow.day.isoformat())
