"""What people of a simulated day do. A habit plans deeds when the day is open; more of them can be added.

The roll and the hand-over are not tapped here: ``TakesTheRoll`` acts by the rules' own command, and the hand-over is on
paper, as when the network is away from the first wave on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from afterbell.simulate.pace import Act, Deed, Pace
from afterbell.simulate.town import Town
from care import rollcall
from care.paper.enter import Collector, Entry, enter
from care.paper.sheet import PaperChild, paper_children, paper_session
from care.people import holders
from care.records import CareSession, Contact, DayChild, Guardianship, Role, SessionKind

PAPER_MINUTES = timedelta(minutes=15)
"""By when most children are collected after their wave's end."""


class Habit(Protocol):
    """How some people behave on the day that is played."""

    async def deeds(self, town: Town, pace: Pace) -> list[Deed]: ...


async def _sessions(town: Town) -> list[CareSession]:
    async with town.school.look() as uow:
        query = select(CareSession).where(CareSession.date == town.day, CareSession.kind == SessionKind.CLASS)
        return list(await uow.session.scalars(query.order_by(CareSession.id)))


class TakesTheRoll:
    """Each planned teacher signs in a little before or after the session begins; all are present."""

    async def deeds(self, town: Town, pace: Pace) -> list[Deed]:
        return [
            Deed(one.starts_at + pace.human(timedelta(minutes=3)), "roll taken", self._taking(town, one))
            for one in await _sessions(town)
            if one.teacher_id is not None
        ]

    def _taking(self, town: Town, session: CareSession) -> Act:
        async def take() -> None:
            async with town.school.work(await town.actor(session.teacher_id or 0)) as uow:
                await rollcall.sign_in(uow, session.id)
                await rollcall.all_others_present(uow, session.id)

        return take


class AsksForTheSheet:
    """Some teachers ask by ``/daysheet`` in the afternoon, through the chat."""

    async def deeds(self, town: Town, pace: Pace) -> list[Deed]:
        found = []
        for one in await _sessions(town):
            if one.teacher_id is not None and pace.chance.random() < 0.2:
                at = one.starts_at + pace.human(timedelta(minutes=20))
                found.append(Deed(at, "/daysheet", _sending(town, one.teacher_id, "/daysheet")))
        return found


class AsksAboutTheChild:
    """Some families ask where their child is, through the chat."""

    async def deeds(self, town: Town, pace: Pace) -> list[Deed]:
        async with town.school.look() as uow:
            query = (
                select(Guardianship.person_id)
                .join(DayChild, DayChild.student_id == Guardianship.student_id)
                .join(Contact, Contact.person_id == Guardianship.person_id)
                .where(DayChild.date == town.day, Guardianship.restricted.is_(False))
                .order_by(Guardianship.id)
            )
            people = list(dict.fromkeys(await uow.session.scalars(query)))
        return [
            Deed(town.moment(15) + pace.human(timedelta(minutes=60)), "/children", _sending(town, one, "/children"))
            for one in people
            if pace.chance.random() < 0.1
        ]


class EntersThePaper:
    """In the evening the office enters what the teachers wrote on the day sheets."""

    async def deeds(self, town: Town, pace: Pace) -> list[Deed]:
        async with town.school.look() as uow:
            office = (await holders(uow, Role.OFFICE))[0]
        at, found = town.moment(18, 30), []
        for one in await _sessions(town):
            at += pace.human(timedelta(minutes=1))
            found.append(Deed(at, "paper entered", self._entering(town, pace, office, one)))
        return found

    def _entering(self, town: Town, pace: Pace, office: int, session: CareSession) -> Act:
        async def work() -> None:
            async with town.school.work(await town.actor(office)) as uow:
                children = await paper_children(uow, await paper_session(uow, session.id))
                entries = [self._line(town, pace, child, session.ends_at) for child in children]
                await enter(uow, session.id, entries, session.starts_at.astimezone(town.school.zone).time())

        return work

    def _line(self, town: Town, pace: Pace, child: PaperChild, ends_at: datetime) -> Entry:
        adults = [one for one in child.adults.authorised if not one.stopped]
        if not adults:
            return Entry(child.id, child.seq)  # nobody could collect it: it stays open, and the account says so
        one = pace.chance.choice(adults)
        left = min(ends_at + pace.human(PAPER_MINUTES / 3), town.moment(18, 20)).astimezone(town.school.zone)
        return Entry(child.id, child.seq, collector=Collector(one.adult, one.id), left_at=left.time())


def _sending(town: Town, person_id: int, words: str) -> Act:
    async def send() -> None:
        await town.persona(person_id).send(words)

    return send


HABITS: tuple[Habit, ...] = (TakesTheRoll(), AsksForTheSheet(), AsksAboutTheChild(), EntersThePaper())
