"""What is due now, derived from the records: nothing is scheduled, so nothing can be lost or doubled.

Each letter has a key that names what it is about, so a second tick, a second scheduler or a jump of the clock posts
nothing twice. What is due is found by reading alone; only what is new is written, in small transactions, so that
nobody who writes waits for long. Reminders keep quiet hours: they go out between 07:30 and 20:00 school time, on
school days.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, literal, or_, select
from sqlalchemy.orm import aliased

from care.calendar import Calendar, load_calendar
from care.clock import instant
from care.enrolment.apply import settle
from care.enrolment.family import reviewers_of
from care.people import holders
from care.permissions import SYSTEM
from care.quiet import QUIET_FROM, QUIET_UNTIL
from care.records.delivery import Class, Letter
from care.records.enrolment import Application, State
from care.records.people import Guardianship, Role
from care.school import School
from care.work import UnitOfWork
from scheduler import afternoon
from scheduler import calendar as calendar_part
from scheduler.parts import by_itself, together

REVIEW_DAYS = 1
APPROVAL_DAYS = 1
SIGN_DAYS = (2, 5)
"""School days after which a reviewer, the school, and a guardian who has not signed are reminded."""
TOGETHER = 100
"""Letters that are posted in one transaction."""


@dataclass(frozen=True)
class Reminder:
    """A letter that is due and has not been posted yet."""

    kind: str
    person_id: int
    key: str
    valid_until: datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


Find = Callable[[UnitOfWork, Calendar], Awaitable[list[Reminder]]]


def may_remind(calendar: Calendar, local: datetime) -> bool:
    """Whether reminders may go out at this local time."""
    return calendar.is_school_day(local.date()) and QUIET_UNTIL <= local.time() < QUIET_FROM


async def tick(school: School) -> None:
    """Does and posts everything that is due by now."""
    await by_itself("withdrawals", settle_withdrawals(school))
    await by_itself("afternoon", afternoon.tick(school))
    await by_itself("calendar", calendar_part.tick(school))
    await by_itself("reminders", remind(school))


async def remind(school: School) -> None:
    """Posts the reminders that are due, outside the quiet hours."""
    async with school.look(SYSTEM) as uow:
        calendar = await load_calendar(uow)
    if may_remind(calendar, school.clock.local()):
        for part, find in (("reviewers", for_reviewers), ("school", for_school), ("signers", for_signers)):
            await by_itself(part, _post_new(school, calendar, part, find))


async def _post_new(school: School, calendar: Calendar, part: str, find: Find) -> None:
    async with school.look(SYSTEM) as uow:
        new = await find(uow, calendar)
    for at in range(0, len(new), TOGETHER):
        await by_itself(part, together(school, _post, new[at : at + TOGETHER]))


async def _post(uow: UnitOfWork, one: Reminder) -> None:
    uow.post_new(one.kind, one.person_id, Class.REMINDER, one.key, valid_until=one.valid_until, **one.params)


def overdue(uow: UnitOfWork, calendar: Calendar, state: State, days: int) -> ColumnElement[bool]:
    """The applications that have waited in a state for so many school days, as a condition."""
    since = calendar.school_days_ago(uow.now, days, uow.school.zone)
    return and_(Application.state == state, Application.state_since <= since)


async def for_reviewers(uow: UnitOfWork, calendar: Calendar) -> list[Reminder]:
    """One reminder a day for each reviewer, however many wait."""
    late = select(Application.student_id).where(overdue(uow, calendar, State.SUBMITTED, REVIEW_DAYS))
    return await _once_a_day(uow, "review_waits", await reviewers_of(uow, late))


async def for_school(uow: UnitOfWork, calendar: Calendar) -> list[Reminder]:
    """One reminder a day for the office (the head where there is no office)."""
    late = select(Application.id).where(overdue(uow, calendar, State.REVIEWED, APPROVAL_DAYS))
    if await uow.session.scalar(late.limit(1)) is None:
        return []
    people = await holders(uow, Role.OFFICE) or await holders(uow, Role.HEAD, Role.DEPUTY)
    return await _once_a_day(uow, "approval_waits", people)


async def _once_a_day(uow: UnitOfWork, kind: str, people: Sequence[int]) -> list[Reminder]:
    """A reminder of the day that was held up until the quiet hours lapses, for the next day has one of its own."""
    keys = {person_id: f"{kind}:{uow.today}:{person_id}" for person_id in people}
    known = await uow.known_keys(keys.values())
    evening = instant(uow.today, QUIET_FROM, uow.school.zone)
    return [Reminder(kind, who, key, evening) for who, key in keys.items() if key not in known]


async def for_signers(uow: UnitOfWork, calendar: Calendar) -> list[Reminder]:
    """Who has not signed is reminded after two school days, and once more after five; the child's other guardians
    where who applied has been restricted since. Where both are due (the clock jumped), only the later goes out."""
    applicant, told = aliased(Guardianship), aliased(Guardianship)
    late = {days: overdue(uow, calendar, State.APPROVED, days) for days in SIGN_DAYS}
    passed = case(*[(late[days], days) for days in sorted(SIGN_DAYS, reverse=True)])
    key: ColumnElement[str] = literal("agreement_waits")
    for part in (Application.id, Application.version, passed, told.person_id):
        key = key + ":" + cast(part, String)
    query = (
        select(told.person_id, key, Application.id)
        .join(applicant, applicant.id == Application.guardianship_id)
        .join(told, told.student_id == Application.student_id)
        .where(told.restricted.is_(False), or_(told.id == applicant.id, applicant.restricted.is_(True)))
        .where(late[min(SIGN_DAYS)], ~exists().where(Letter.unique_key == key))
        .order_by(Application.id, told.id)
    )
    return [
        Reminder("agreement_waits", person_id, wanted, params={"application_id": application_id})
        for person_id, wanted, application_id in await uow.session.execute(query)
    ]


async def settle_withdrawals(school: School) -> None:
    """Withdrawals whose day has come take effect (S21), each by itself; the place goes to the next on the waiting
    list."""
    today = school.clock.today()
    due = select(Application.id).where(Application.state == State.ENROLLED, Application.leaves_on <= today)
    async with school.look(SYSTEM) as uow:
        ids = list(await uow.session.scalars(due))
    for application_id in ids:
        await by_itself("withdrawal", together(school, settle, [application_id]), application_id=application_id)
