"""The books of a run: what the database holds at its end, and what Telegram's side saw, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import func, select

from care.records import Agreement, Application, Event, Form, Letter, PickupPerson, Update
from care.records.base import Record
from care.school import School
from care.work import UnitOfWork
from reliability.families import Story
from reliability.witness import Shown, Told, Witness
from scheduler import due

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Books:
    """What the account of every town goes by."""

    told: tuple[Told, ...]
    shown: tuple[Shown, ...]
    unconfirmed: frozenset[int]
    inbox: list[Update]
    outbox: list[Letter]
    events: list[Event]
    late: int
    """Letters that one more tick of the clock still posted: reminders that had been missing."""


@dataclass(frozen=True)
class HourBooks(Books):
    """Those of the busy hour. ``health`` holds the opened health notes by application id."""

    stories: tuple[Story, ...]
    questions: dict[str, frozenset[str]]
    applications: list[Application]
    pickup: list[PickupPerson]
    agreements: list[Agreement]
    forms: list[Form]
    health: dict[int, str]

    def application_of(self, story: Story) -> list[Application]:
        return [application for application in self.applications if application.student_id == story.student_id]


async def every(uow: UnitOfWork, record: type[R]) -> list[R]:
    return list(await uow.session.scalars(select(record)))


async def read_wire(school: School, witness: Witness, ticks: bool = True) -> dict[str, Any]:
    """The part that all towns have in common, as keywords. Lets the clock tick once more (unless not ``ticks``), and
    counts what that posts."""
    async with school.look() as uow:
        inbox, outbox, events = await every(uow, Update), await every(uow, Letter), await every(uow, Event)
    if ticks:
        await due.tick(school)
    async with school.look() as uow:
        after = await uow.session.scalar(select(func.count()).select_from(Letter)) or 0
    return {
        "told": tuple(witness.told),
        "shown": tuple(witness.shown),
        "unconfirmed": frozenset(witness.unconfirmed),
        "inbox": inbox,
        "outbox": outbox,
        "events": sorted(events, key=lambda event: event.id),
        "late": after - len(outbox),
    }


async def read_books(school: School, witness: Witness, stories: Sequence[Story], ticks: bool = True) -> HourBooks:
    """The books of a busy hour; ``ticks`` as for ``read_wire``."""
    async with school.look() as uow:
        applications, pickup = await every(uow, Application), await every(uow, PickupPerson)
        agreements, forms = await every(uow, Agreement), await every(uow, Form)
    return HourBooks(
        **await read_wire(school, witness, ticks),
        stories=tuple(stories),
        questions=dict(witness.questions),
        applications=applications,
        pickup=pickup,
        agreements=agreements,
        forms=forms,
        health={a.id: school.keys.open(a.health_note) or "" for a in applications if a.health_note},
    )
