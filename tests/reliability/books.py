"""The books of an hour: what the database holds at its end, and what Telegram's side saw, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select

from care.records import Agreement, Application, Event, Form, Letter, PickupPerson, Update
from care.records.base import Record
from care.school import School
from reliability.families import Story
from reliability.witness import Shown, Told, Witness
from scheduler import due

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Books:
    """All that the account goes by. ``health`` holds the opened health notes by application id."""

    stories: tuple[Story, ...]
    told: tuple[Told, ...]
    shown: tuple[Shown, ...]
    questions: dict[str, frozenset[str]]
    unconfirmed: frozenset[int]
    inbox: list[Update]
    outbox: list[Letter]
    events: list[Event]
    applications: list[Application]
    pickup: list[PickupPerson]
    agreements: list[Agreement]
    forms: list[Form]
    health: dict[int, str]
    late: int
    """Letters that one more tick of the clock still posted: reminders that had been missing."""

    def application_of(self, story: Story) -> list[Application]:
        return [application for application in self.applications if application.student_id == story.student_id]


async def read_books(school: School, witness: Witness, stories: Sequence[Story]) -> Books:
    """Reads everything in one transaction; then lets the clock tick once more, and counts what that posts."""
    async with school.look() as uow:

        async def every(record: type[R]) -> list[R]:
            return list(await uow.session.scalars(select(record)))

        applications = await every(Application)
        inbox, outbox, events, pickup = (
            await every(Update),
            await every(Letter),
            await every(Event),
            await every(PickupPerson),
        )
        agreements, forms = await every(Agreement), await every(Form)
    await due.tick(school)
    async with school.look() as uow:
        after = len(list(await uow.session.scalars(select(Letter.id))))
    return Books(
        stories=tuple(stories),
        told=tuple(witness.told),
        shown=tuple(witness.shown),
        questions=dict(witness.questions),
        unconfirmed=frozenset(witness.unconfirmed),
        inbox=inbox,
        outbox=outbox,
        events=sorted(events, key=lambda event: event.id),
        applications=applications,
        pickup=pickup,
        agreements=agreements,
        forms=forms,
        health={a.id: school.keys.open(a.health_note) or "" for a in applications if a.health_note},
        late=after - len(outbox),
    )
