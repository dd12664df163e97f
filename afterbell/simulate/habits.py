"""Everything that people of a simulated day do."""

from __future__ import annotations

from datetime import datetime, timedelta

from afterbell.simulate.answers import (
    Acknowledges,
    AnswersReminders,
    ClosesGateAlarms,
    ClosesMissing,
    SaysWhereTheChildIs,
)
from afterbell.simulate.evening import KeepsExtendedCare
from afterbell.simulate.families import AsksAboutTheChild, BlocksTheBot, FetchesTheCode, GivesLeave
from afterbell.simulate.gate import HandsOver, standing_at
from afterbell.simulate.habit import Habit, on_paper, sessions_of
from afterbell.simulate.pace import Act, Deed, Pace
from afterbell.simulate.roll import TakesTheRoll
from afterbell.simulate.town import Town
from care.paper.enter import Collector, Entry, enter
from care.paper.sheet import PaperChild, paper_children, paper_session
from care.people import holders
from care.records import CareSession, Role

PAPER_MINUTES = timedelta(minutes=5)
"""By when most children of a class on paper are collected after their wave's end."""


class AsksForTheSheet(Habit):
    """Some teachers ask by ``/daysheet`` in the afternoon."""

    async def begin(self, town: Town, pace: Pace) -> None:
        for one in await sessions_of(town):
            if one.teacher_id is not None and pace.chance.random() < 0.2:
                at = one.starts_at + timedelta(minutes=30) + pace.human(timedelta(minutes=10))
                pace.plan([Deed(at, "/daysheet", self._asking(town, one.teacher_id))])

    def _asking(self, town: Town, person_id: int) -> Act:
        async def send() -> None:
            await town.phone(person_id).send("/daysheet")

        return send


class EntersThePaper(Habit):
    """In the evening the office enters what the teachers without network wrote on the day sheets."""

    async def begin(self, town: Town, pace: Pace) -> None:
        async with town.school.look() as uow:
            office = (await holders(uow, Role.OFFICE))[0]
        at, paper = town.moment(18, 30), await on_paper(town)
        for one in await sessions_of(town):
            if one.id in paper:
                at += pace.human(timedelta(minutes=1))
                pace.plan([Deed(at, "paper entered", self._entering(town, pace, office, one))])

    def _entering(self, town: Town, pace: Pace, office: int, session: CareSession) -> Act:
        async def work() -> None:
            here = {fate.child_id for fate in await standing_at(town, session.id)}
            async with town.school.work(await town.actor(office)) as uow:
                children = await paper_children(uow, await paper_session(uow, session.id))
                entries = [self._line(town, pace, one, session.ends_at) for one in children if one.id in here]
                await enter(uow, session.id, entries, session.starts_at.astimezone(town.school.zone).time())

        return work

    def _line(self, town: Town, pace: Pace, child: PaperChild, ends_at: datetime) -> Entry:
        adults = [one for one in child.adults.authorised if not one.stopped]
        if not adults:
            return Entry(child.id, child.seq)  # nobody could collect it: it stays open, and the account says so
        one = pace.chance.choice(adults)
        left = min(ends_at + pace.human(PAPER_MINUTES), town.moment(18, 20)).astimezone(town.school.zone)
        return Entry(child.id, child.seq, collector=Collector(one.adult, one.id), left_at=left.time())


HABITS: tuple[Habit, ...] = (
    GivesLeave(),
    BlocksTheBot(),
    TakesTheRoll(),
    AsksForTheSheet(),
    AsksAboutTheChild(),
    SaysWhereTheChildIs(),
    ClosesMissing(),
    AnswersReminders(),
    FetchesTheCode(),
    HandsOver(),
    KeepsExtendedCare(),
    Acknowledges(),
    ClosesGateAlarms(),
    EntersThePaper(),
)
