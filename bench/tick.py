"""What a tick of the clock costs: with nothing due, with 2,000 reminders due, and once these have been posted.

``python -m bench.tick`` prints one line of JSON; times are wall clock in milliseconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

import uvloop
from sqlalchemy import func, select, update

from bench import scene
from care.clock import stopped_clock
from care.permissions import NOBODY, Actor
from care.records.delivery import Letter
from care.records.enrolment import Application, LeaveMode, State
from care.records.people import Guardianship, Relation, Student
from care.records.term import Term
from care.school import School
from care.work import UnitOfWork
from scheduler import due

MORNING = datetime(2026, 11, 23, 10, 0, tzinfo=scene.ZONE)
"""A Monday in term, when reminders may go out."""


class Watched(School):
    """A school that notes how long each writing transaction lasted, in seconds."""

    lasted: list[float]

    @asynccontextmanager
    async def work(self, actor: Actor = NOBODY) -> AsyncIterator[UnitOfWork]:
        since = time.perf_counter()
        async with super().work(actor) as uow:
            yield uow
        self.lasted.append(time.perf_counter() - since)


async def add_applications(school: School, count: int) -> None:
    """As many children, each with an approved application, of today."""
    async with school.work() as uow:
        term = Term(
            id=1,
            name="Bench",
            starts_on=date(2026, 9, 1),
            ends_on=date(2027, 1, 29),
            apply_from=date(2026, 9, 1),
            apply_until=date(2026, 12, 31),
            grades=[1, 2, 3, 4],
        )
        uow.session.add(term)
        numbers = range(1, count + 1)
        uow.session.add_all(
            [Student(id=n, name=f"童{n}", student_no=str(n), school_class_id=n % scene.TEACHERS + 1) for n in numbers]
        )
        await uow.session.flush()
        uow.session.add_all(
            [Guardianship(id=n, student_id=n, person_id=scene.TEACHERS + n, relation=Relation.MOTHER) for n in numbers]
        )
        await uow.session.flush()
        uow.session.add_all([_application(uow, n) for n in numbers])


def _application(uow: UnitOfWork, n: int) -> Application:
    return Application(
        term_id=1,
        student_id=n,
        guardianship_id=n,
        state=State.APPROVED,
        state_since=uow.now,
        submitted_at=uow.now,
        weekdays=[1, 2, 3, 4, 5],
        needs=["work_hours"],
        extended_weekdays=[],
        leave_mode=LeaveMode.COLLECTED,
        criteria_version=1,
    )


async def timed(school: Watched, times: int) -> dict[str, Any]:
    """Ticks so many times; the median, and the longest writing transaction."""
    took = []
    school.lasted = []
    for _ in range(times):
        since = time.perf_counter()
        await due.tick(school)
        took.append(time.perf_counter() - since)
    return {
        "ms": statistics.median(took) * 1000,
        "transactions": len(school.lasted) / times,
        "longest_ms": max(school.lasted, default=0.0) * 1000,
    }


async def measure(count: int) -> dict[str, Any]:
    plain = scene.open_school(f"sqlite+aiosqlite:///{sys.argv[2]}")
    plain.clock = stopped_clock(scene.ZONE, MORNING)
    school = Watched(**plain.__dict__)
    school.lasted = []
    await add_applications(school, count)
    await due.tick(school)
    nothing = await timed(school, 20)
    async with school.work() as uow:
        await uow.session.execute(update(Application).values(state_since=MORNING - timedelta(days=28)))
    all_due = await timed(school, 1)
    async with school.look() as uow:
        posted = await uow.session.scalar(select(func.count()).select_from(Letter))
    again = await timed(school, 5)
    await school.close()
    return {"count": count, "posted": posted, "nothing": nothing, "due": all_due, "again": again}


def main() -> None:
    sys.stdout.write(json.dumps(uvloop.run(measure(int(sys.argv[1])))) + "\n")


if __name__ == "__main__":
    main()
