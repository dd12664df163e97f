"""What is due now, derived from the records: nothing is scheduled, so nothing can be lost or doubled.

Each letter has a key that names what it is about, so a second tick, a second scheduler or a jump of the clock posts
nothing twice. Reminders keep quiet hours: they go out between 07:30 and 20:00 school time, on school days.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select

from care.calendar import Calendar, load_calendar
from care.enrolment.apply import settle
from care.enrolment.family import reviewers_of, unrestricted_guardians
from care.people import holders
from care.permissions import SYSTEM
from care.records.delivery import Class
from care.records.enrolment import Application, State
from care.records.people import Guardianship, Role
from care.school import School
from care.work import UnitOfWork

QUIET_UNTIL = time(7, 30)
QUIET_FROM = time(20, 0)
REVIEW_DAYS = 1
APPROVAL_DAYS = 1
SIGN_DAYS = (2, 5)
"""School days after which a reviewer, the school, and a guardian who has not signed are reminded."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Waiting:
    """An application that waits for somebody."""

    id: int
    version: int
    state: State
    since: datetime
    student_id: int
    guardian_id: int | None
    """Who applied; None when that one has been restricted since."""


def may_remind(calendar: Calendar, local: datetime) -> bool:
    """Whether reminders may go out at this local time."""
    return calendar.is_school_day(local.date()) and QUIET_UNTIL <= local.time() < QUIET_FROM


def overdue(
    waiting: Iterable[Waiting], state: State, days: int, calendar: Calendar, now: datetime, zone: ZoneInfo
) -> list[Waiting]:
    """Those that have waited in a state for so many school days."""
    return [one for one in waiting if one.state is state and calendar.school_days_later(one.since, days, zone) <= now]


async def by_itself(part: str, doing: Awaitable[object], **about: int) -> None:
    """Does one part of a tick: when it fails, that is logged, and the parts after it are done all the same.

    Only the kind of the error is logged, for its words may hold people's."""
    try:
        await doing
    except Exception as error:  # noqa: BLE001 - the parts after it must have their turn; the next tick tries again
        log.error("a part of a tick failed", part=part, error=type(error).__name__, **about)


async def tick(school: School) -> None:
    """Does and posts everything that is due by now, each matter in a transaction by itself."""
    await by_itself("withdrawals", settle_withdrawals(school))
    await by_itself("reminders", remind(school))


async def remind(school: School) -> None:
    """Posts the reminders that are due, outside the quiet hours."""
    async with school.look(SYSTEM) as uow:
        calendar = await load_calendar(uow)
        if not may_remind(calendar, school.clock.local()):
            return
        waiting = await _waiting(uow)
    now, zone = school.clock.now(), school.zone
    reviews = overdue(waiting, State.SUBMITTED, REVIEW_DAYS, calendar, now, zone)
    approvals = overdue(waiting, State.REVIEWED, APPROVAL_DAYS, calendar, now, zone)
    await by_itself("reviewers", _post(school, remind_reviewers, reviews))
    await by_itself("school", _post(school, remind_school, approvals))
    for days, late in unsigned_since(waiting, calendar, now, zone).items():
        await by_itself("signers", _post(school, partial(remind_signers, days=days), late))


async def _post(
    school: School, remind_of: Callable[[UnitOfWork, list[Waiting]], Awaitable[None]], late: list[Waiting]
) -> None:
    if late:
        async with school.work(SYSTEM) as uow:
            await remind_of(uow, late)


def unsigned_since(
    waiting: Iterable[Waiting], calendar: Calendar, now: datetime, zone: ZoneInfo
) -> dict[int, list[Waiting]]:
    """Unsigned agreements by the reminder that is due: where both are (the clock jumped), only the later goes out."""
    found: dict[int, list[Waiting]] = {}
    reminded: set[int] = set()
    for days in sorted(SIGN_DAYS, reverse=True):
        late = overdue(waiting, State.APPROVED, days, calendar, now, zone)
        found[days] = [one for one in late if one.id not in reminded]
        reminded |= {one.id for one in late}
    return found


async def _waiting(uow: UnitOfWork) -> list[Waiting]:
    query = (
        select(Application, Guardianship)
        .join(Guardianship, Guardianship.id == Application.guardianship_id)
        .where(Application.state.in_([State.SUBMITTED, State.REVIEWED, State.APPROVED]))
    )
    return [
        Waiting(a.id, a.version, a.state, a.state_since, a.student_id, None if g.restricted else g.person_id)
        for a, g in await uow.session.execute(query)
    ]


async def remind_reviewers(uow: UnitOfWork, late: list[Waiting]) -> None:
    """One reminder a day for each reviewer, however many wait."""
    reviewers = await reviewers_of(uow, {one.student_id for one in late})
    key = f"review_waits:{uow.today}"
    await uow.post("review_waits", reviewers, Class.REMINDER, key=key, valid_until=_evening(uow))


async def remind_school(uow: UnitOfWork, late: list[Waiting]) -> None:
    """One reminder a day for the office (the head where there is no office)."""
    people = await holders(uow, Role.OFFICE) or await holders(uow, Role.HEAD, Role.DEPUTY)
    key = f"approval_waits:{uow.today}"
    await uow.post("approval_waits", people, Class.REMINDER, key=key, valid_until=_evening(uow))


async def remind_signers(uow: UnitOfWork, late: list[Waiting], days: int) -> None:
    """Who has not signed is reminded after two school days, and once more after five; the child's other guardians
    where who applied has been restricted since."""
    for one in late:
        await uow.post(
            "agreement_waits",
            one.guardian_id or await unrestricted_guardians(uow, one.student_id),
            Class.REMINDER,
            key=f"agreement_waits:{one.id}:{one.version}:{days}",
            application_id=one.id,
        )


def _evening(uow: UnitOfWork) -> datetime:
    """When the quiet hours of the day begin: a reminder of the day that was held up until then lapses, for the next
    day has one of its own."""
    return datetime.combine(uow.today, QUIET_FROM, uow.school.zone)


async def settle_withdrawals(school: School) -> None:
    """Withdrawals whose day has come take effect (S21); the place goes to the next on the waiting list."""
    today = school.clock.today()
    due = select(Application.id).where(Application.state == State.ENROLLED, Application.leaves_on <= today)
    async with school.look(SYSTEM) as uow:
        ids = list(await uow.session.scalars(due))
    for application_id in ids:
        await by_itself("withdrawal", _settle(school, application_id), application_id=application_id)


async def _settle(school: School, application_id: int) -> None:
    async with school.work(SYSTEM) as uow:
        await settle(uow, application_id)
