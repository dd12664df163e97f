"""What is to happen to each child on the simulated day: who is there, who comes for it, when, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from care.custody.chain import CHAIN
from care.day.sheets import may_leave_alone
from care.pickup.adults import Authorised, authorised
from care.records import CareSession, DayChild, Guardianship, Step, Student
from care.records.enrolment import Application
from care.records.pickup import Adult
from care.work import UnitOfWork

Kind = TypeVar("Kind")


class Part(StrEnum):
    """Where the child is when its roll is called."""

    HERE = "here"
    LATE = "late"
    AT_HOME = "at home"
    ASTRAY = "astray"
    ON_LEAVE = "on leave"
    LEAVE_LATE = "leave given late"


class Odd(StrEnum):
    """What goes wrong at the gate."""

    NOTHING = ""
    WRONG_CODE = "wrong code"
    UNLISTED = "unlisted adult"
    UNDONE = "undone"


PARTS = ((Part.LATE, 0.02), (Part.AT_HOME, 0.01), (Part.ASTRAY, 0.005), (Part.LEAVE_LATE, 0.015))
ODDS = ((Odd.WRONG_CODE, 0.04), (Odd.UNLISTED, 0.015), (Odd.UNDONE, 0.015))
LATE_SHARE, LATE_MINUTES = 0.07, (5, 40)
BY_CODE = 0.5


@dataclass
class Fate:
    """``adult`` comes for the child, ``late`` after its care has ended; None where it goes home alone. ``code``: what
    the adult can tell the teacher, once somebody has read it on a screen."""

    child_id: int
    student_id: int
    session_id: int
    name: str
    school_class: str
    guardians: tuple[int, ...]
    part: Part
    adult: Authorised | None
    late: timedelta
    by_code: bool
    odd: Odd
    code: str = ""
    tries: int = field(default=0)

    @property
    def there(self) -> bool:
        return self.part in (Part.HERE, Part.LATE)

    def comes_at(self, ends_at: datetime, extended: bool) -> datetime:
        """From extended care children are fetched over its last half hour, a few after its end."""
        return ends_at + self.late - (timedelta(minutes=28) if extended else timedelta(0))


async def draw_fates(uow: UnitOfWork, seed: int) -> list[Fate]:
    """For the plan of today, child by child: each draws its own chances."""
    query = (
        select(DayChild, Student, Application, CareSession, CHAIN.c.step)
        .join(Student, Student.id == DayChild.student_id)
        .join(Application, Application.id == DayChild.application_id)
        .join(CareSession, CareSession.id == DayChild.session_id)
        .join(CHAIN, (CHAIN.c.day_child_id == DayChild.id) & (CHAIN.c.seq == DayChild.last_seq))
        .where(DayChild.date == uow.today)
        .options(joinedload(Student.school_class))
        .order_by(DayChild.id)
    )
    rows = (await uow.session.execute(query)).all()
    ties: dict[int, list[int]] = {}
    unrestricted = select(Guardianship).where(Guardianship.restricted.is_(False)).order_by(Guardianship.id)
    for tie in await uow.session.scalars(unrestricted):
        ties.setdefault(tie.student_id, []).append(tie.person_id)
    found = []
    for child, student, application, session, step in rows:
        chance = Random(f"{seed}:child:{student.id}")
        lists = await authorised(uow, student.id, uow.today)
        own = (Adult.GUARDIAN, session.teacher_id)
        adults = [one for one in lists if not one.stopped and (one.adult, one.id) != own]
        alone = may_leave_alone(application.leave_mode, student.school_class.grade)
        found.append(
            Fate(
                child_id=child.id,
                student_id=student.id,
                session_id=session.id,
                name=student.name,
                school_class=student.school_class.name,
                guardians=tuple(ties.get(student.id, ())),
                part=Part.ON_LEAVE if step is Step.LEAVE else _one(chance, PARTS, Part.HERE),
                adult=None if alone or not adults else _adult(chance, adults),
                late=_late(chance),
                by_code=chance.random() < BY_CODE,
                odd=_one(chance, ODDS, Odd.NOTHING),
            )
        )
    return found


def _one(chance: Random, shares: tuple[tuple[Kind, float], ...], else_: Kind) -> Kind:
    drawn = chance.random()
    for kind, share in shares:
        if drawn < share:
            return kind
        drawn -= share
    return else_


def _adult(chance: Random, adults: list[Authorised]) -> Authorised:
    """Mostly a guardian, at times one of the others."""
    others = [one for one in adults if one.adult is not Adult.GUARDIAN]
    mine = [one for one in adults if one.adult is Adult.GUARDIAN]
    return chance.choice(others if others and (not mine or chance.random() < 0.25) else mine)


def _late(chance: Random) -> timedelta:
    if chance.random() < LATE_SHARE:
        return timedelta(minutes=chance.uniform(*LATE_MINUTES))
    return timedelta(minutes=min(8.0, chance.lognormvariate(0.5, 0.8)) - 1)
