"""Who answers for a day: the duty lead, as the plan named them or as somebody has changed it since (S2, S13)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from care.errors import Conflict, Invalid, NotFound
from care.permissions import RIGHTS, Permission
from care.records.day import CareDay
from care.records.delivery import Class
from care.records.people import Person, Role, StaffRole
from care.work import UnitOfWork

LEADS = tuple(role for role in Role if Permission.ANSWER_FOR_DAY in RIGHTS[role] and role is not Role.GRADE_LEADER)
"""Duties that may answer for a whole day: a grade leader sees one grade of it only."""


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
    care_day = await uow.session.get(CareDay, uow.today)
    if care_day is None:
        raise NotFound()
    if person_id not in {one.person_id for one in await candidates(uow)}:
        raise Invalid("lead_unknown")
    if care_day.duty_lead_id == person_id:
        return
    changed = await uow.connection.execute(
        update(CareDay).where(CareDay.date == uow.today, CareDay.closed_at.is_(None)).values(duty_lead_id=person_id)
    )
    if changed.rowcount != 1:
        raise Conflict("day_closed")
    before = care_day.duty_lead_id
    uow.record("duty_lead_set", "day", uow.today.toordinal(), lead=person_id, before=before)
    if person_id != uow.actor.person_id:
        await uow.post("duty_lead", person_id, Class.ALARM, date=uow.today.isoformat())
