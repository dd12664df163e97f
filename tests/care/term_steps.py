"""What the office changes of the term's standing plan, and what everybody would be told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from calendar_steps import OFFICE, in_care, jump
from sqlalchemy import select, update
from stage import care_runs_in

from care.people import actor_for
from care.permissions import SYSTEM
from care.records import (
    Letter,
    Person,
    Role,
    StaffRole,
    Term,
    Wave,
)
from care.school import School
from care.telling import Told
from care.term_changes import TermDates, change_dates
from care.term_telling import KIND, Telling, what_to_say
from care.term_waves import (
    WaveTimes,
    change_wave,
)
from care.work import UnitOfWork
from scheduler import afternoon

FAMILIES = "2(3)", "3(5)"
WEDNESDAY = date(2026, 11, 25)


async def evening(school: School) -> None:
    """Tuesday, 21:00: the day has been, and letters wait for the morning."""
    await care_runs_in(school, *FAMILIES)
    jump(school, 2026, 11, 24, 12, 30)
    await afternoon.tick(school)
    jump(school, 2026, 11, 24, 21, 0)


async def wanted(uow: UnitOfWork, ordinal: int) -> tuple[int, WaveTimes]:
    """A wave as it stands, to be changed."""
    wave = (await uow.session.scalars(select(Wave).where(Wave.ordinal == ordinal))).one()
    return wave.id, WaveTimes(
        tuple(wave.grades), wave.starts_at, wave.ends_at, wave.gate, wave.guidance_venue, wave.course_venue
    )


async def change(school: School, ordinal: int = 1, **values: object) -> Told:
    async with school.work(OFFICE) as uow:
        number, now = await wanted(uow, ordinal)
        return await change_wave(uow, number, replace(now, **values))  # type: ignore[arg-type]


async def dates(school: School, **values: date) -> Told:
    async with school.work(OFFICE) as uow:
        term = (await uow.session.scalars(select(Term))).one()
        now = TermDates(term.starts_on, term.ends_on, term.apply_from, term.apply_until, tuple(term.grades))
        return await change_dates(uow, term.id, replace(now, **values))


async def letters(school: School) -> list[Letter]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(Letter).where(Letter.kind == KIND).order_by(Letter.id)))


async def said(school: School) -> dict[int, list[Telling]]:
    """What each person would be told if everything that waits went out now; staff, too."""
    found: dict[int, list[Telling]] = {}
    for letter in await letters(school):
        async with school.look() as uow:
            assert letter.person_id is not None
            uow.actor = await actor_for(uow, await uow.session.get_one(Person, letter.person_id))
            if letter.sent_at is None and (telling := await what_to_say(uow, letter.params)):
                found.setdefault(letter.person_id, []).append(telling)
    return found


async def gone_out(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Letter).where(Letter.kind == KIND).values(state="sent", sent_at=uow.now))


async def guardians(school: School, *grades: int) -> dict[int, set[int]]:
    """The unrestricted guardians of each enrolled child of these grades that comes on some weekday."""
    async with school.look() as uow:
        return {child: people for day in range(1, 6) for child, people in (await in_care(uow, day, *grades)).items()}


def people_of(families: dict[int, set[int]]) -> set[int]:
    return {person for people in families.values() for person in people}


def told_as_family(told: Told) -> set[int]:
    return {one.person_id for one in told.people if one.students}


async def roles_of(school: School, people: Iterable[int]) -> Counter[Role]:
    async with school.look() as uow:
        return Counter(await uow.session.scalars(select(StaffRole.role).where(StaffRole.person_id.in_(list(people)))))
