"""What is due of extended care: its session is made, places that got free are given, a late roll is chased, what nobody
has decided lapses (S11)."""

from __future__ import annotations

from datetime import timedelta

from care.day.lead import who_answers
from care.day.rules import Rules
from care.extended.deciding import grant_waiting, waiting_requests
from care.extended.lapsing import lapse, undecided
from care.extended.roll import late_roll
from care.extended.session import open_for_stayers
from care.permissions import SYSTEM
from care.records.day import CareDay, CareSession
from care.records.delivery import Class
from care.school import School
from care.work import UnitOfWork
from scheduler.parts import by_itself, together

CHASE_MINUTES = (0, 10)
"""After the roll's deadline: the teacher (the duty lead where there is none), then the duty lead."""


async def open_session(school: School) -> None:
    """Makes today's session where any child stays."""

    async def make(uow: UnitOfWork, _: None) -> None:
        await open_for_stayers(uow)

    await together(school, make, [None])


async def tick(school: School, care_day: CareDay, rules: Rules) -> None:
    """Gives free places to who waits, oldest first, and chases the roll."""
    await by_itself("places", _grant(school))
    await by_itself("roll", _chase(school, care_day, rules))


async def _grant(school: School) -> None:
    async with school.look(SYSTEM) as uow:
        waiting = await waiting_requests(uow)
    for request_id in waiting:
        await by_itself("place", together(school, grant_waiting, [request_id]), request_id=request_id)


async def lapse_undecided(school: School) -> None:
    """What was asked and cannot be decided any more waits no longer, at night as well."""
    async with school.look(SYSTEM) as uow:
        waiting = await undecided(uow)
    for request_id in waiting:
        await by_itself("undecided", together(school, lapse, [request_id]), request_id=request_id)


async def _chase(school: School, care_day: CareDay, rules: Rules) -> None:
    async with school.look(SYSTEM) as uow:
        session = await late_roll(uow, rules.roll_minutes)
        if session is None:
            return
        due = _due(uow, await who_answers(uow, care_day.date), session, rules.roll_minutes)
        known = await uow.known_keys(f"{_key(session.id, step)}:{person}" for step, person in due)
    new = [(session, step, who) for step, who in due if f"{_key(session.id, step)}:{who}" not in known]
    if new:
        await together(school, _post, new)


def _due(uow: UnitOfWork, leads: list[int], session: CareSession, minutes: int) -> list[tuple[int, int]]:
    deadline = session.starts_at + timedelta(minutes=minutes)
    teacher = session.signed_in_id or session.teacher_id
    people = ([teacher] if teacher is not None else leads, leads)
    return [
        (step, person)
        for step, (after, told) in enumerate(zip(CHASE_MINUTES, people, strict=True))
        for person in told
        if uow.now - deadline >= timedelta(minutes=after)
    ]


def _key(session_id: int, step: int) -> str:
    return f"extended_roll:{session_id}:{step}"


async def _post(uow: UnitOfWork, new: tuple[CareSession, int, int]) -> None:
    session, step, person = new
    key = _key(session.id, step)
    await uow.post(
        "extended_roll_late", person, Class.ALARM, key, valid_until=session.ends_at, session_id=session.id, step=step
    )
