"""The day's close (S14): no day closes while a child is unexplained or still in somebody's hands. Closing seals the
custody chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update

from care.custody.chain import CHAIN, CHILDREN
from care.custody.ledger import day_root, heads_of, last_root
from care.custody.steps import ENDS
from care.errors import Conflict, NotFound
from care.permissions import Permission
from care.records.day import Alarm, CareDay, DayChild, Step
from care.records.delivery import Class
from care.records.people import SchoolClass, Student
from care.release.gate import UNDO_WITHIN
from care.work import UnitOfWork

SHOWN = 5
WAITS = frozenset({"day_too_fresh", "day_unplanned"})
"""What is over by itself: the clock waits, and tells nobody."""


@dataclass(frozen=True)
class OpenChild:
    """A child who keeps the day open: where the chain ends, and who holds the child. ``extended``: extended care has
    taken it over."""

    student_id: int
    name: str
    school_class: str
    step: Step
    holder_name: str
    extended: bool


async def open_children(uow: UnitOfWork, day: date) -> list[OpenChild]:
    """Children of a day for whom the school still answers, or of whom it does not know where they are."""
    query = (
        select(CHILDREN.c.student_id, Student.name, SchoolClass, CHAIN.c.step, CHAIN.c.holder_name)
        .add_columns(CHILDREN.c.extended_at.is_not(None))
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(Student, Student.id == CHILDREN.c.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .where(CHILDREN.c.date == day, CHAIN.c.step.not_in(ENDS))
        .order_by(SchoolClass.grade, SchoolClass.number, CHILDREN.c.number)
    )
    return [
        OpenChild(student_id, name, school_class.name, step, holder_name, extended)
        for student_id, name, school_class, step, holder_name, extended in await uow.session.execute(query)
    ]


async def open_alarms(uow: UnitOfWork, day: date) -> int:
    """How many alarms of a day nobody has closed."""
    query = select(Alarm.id).join(DayChild).where(DayChild.date == day, Alarm.closed_at.is_(None))
    return len(list(await uow.session.scalars(query)))


async def against_closing(uow: UnitOfWork, care_day: CareDay) -> Conflict | None:
    """Why a day cannot close now: "day_unplanned" while some of today's lists are still to be made (nobody makes those
    of an earlier day); "children_open" with their names, "alarms_open"; or "day_too_fresh", for a release of the last
    two minutes can be taken back, which a seal would forbid."""
    if care_day.planned_at is None and care_day.date >= uow.today:
        return Conflict("day_unplanned")
    still = await open_children(uow, care_day.date)
    if still:
        return Conflict("children_open", n=len(still), names=_names(still))
    alarms = await open_alarms(uow, care_day.date)
    if alarms:
        return Conflict("alarms_open", n=alarms)
    query = select(func.max(CHAIN.c.at)).join(CHILDREN, CHILDREN.c.id == CHAIN.c.day_child_id)
    newest = await uow.session.scalar(query.where(CHILDREN.c.date == care_day.date))
    return Conflict("day_too_fresh") if newest is not None and uow.now - newest <= UNDO_WITHIN else None


async def close_day(uow: UnitOfWork, day: date) -> None:
    """Closes a day and seals it. Raises NotFound for a day that never opened, Conflict("day_closed"), and what stands
    against it. PostgreSQL: whoever appends holds the day, so that all is written before it is read here."""
    uow.require_everywhere(Permission.ANSWER_FOR_DAY)
    care_day = await uow.session.get(CareDay, day, with_for_update=True)
    if care_day is None:
        raise NotFound()
    if care_day.closed_at is not None:
        raise Conflict("day_closed")
    against = await against_closing(uow, care_day)
    if against is not None:
        raise against
    previous = await last_root(uow)
    root = day_root(previous, day, await heads_of(uow, day))
    sealed = await uow.connection.execute(
        update(CareDay)
        .where(CareDay.date == day, CareDay.closed_at.is_(None))
        .values(closed_at=uow.now, closed_by=uow.actor.person_id, previous_root=previous, root=root)
    )
    if sealed.rowcount != 1:
        raise Conflict("day_closed")
    uow.record("day_closed", "day", day.toordinal(), date=day.isoformat(), root=root)
    if care_day.duty_lead_id not in (None, uow.actor.person_id) and uow.actor.person_id is not None:
        key = f"day_closed:{day.isoformat()}"
        await uow.post("day_closed", care_day.duty_lead_id, Class.ALARM, key=key, date=day.isoformat())


def _names(children: Sequence[OpenChild]) -> tuple[str, ...]:
    more = ("…",) if len(children) > SHOWN else ()
    return tuple(f"{child.name} {child.school_class}" for child in children[:SHOWN]) + more


async def days_to_close(uow: UnitOfWork) -> list[CareDay]:
    """Days that are open still, the oldest first."""
    query = select(CareDay).where(CareDay.closed_at.is_(None), CareDay.date <= uow.today).order_by(CareDay.date)
    return list(await uow.session.scalars(query))
