"""The books of an afternoon: who had which child when, beside what the wire's books hold."""

from __future__ import annotations

from dataclasses import dataclass

from care.custody.ledger import Flaw, Verified, verify
from care.records import (
    Alarm,
    AlarmKind,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    ExtendedHandover,
    SessionKind,
)
from care.school import School
from reliability.afternoon.story import DAY, Cast, Child
from reliability.books import Books, every, read_wire
from reliability.witness import Witness


@dataclass(frozen=True)
class AfternoonBooks(Books):
    """``ledger``: what walking the whole of it has found."""

    cast: Cast
    days: list[CareDay]
    sessions: list[CareSession]
    planned: list[DayChild]
    links: list[CustodyEvent]
    alarms: list[Alarm]
    passes: list[ExtendedHandover]
    ledger: Verified | Flaw

    def place_of(self, child: Child) -> DayChild | None:
        """The child's place in the day's plan."""
        return next((one for one in self.planned if one.student_id == child.student_id), None)

    def chain_of(self, child: Child) -> list[CustodyEvent]:
        place = self.place_of(child)
        return [link for link in self.links if place is not None and link.day_child_id == place.id]

    def session_of(self, child: Child) -> CareSession | None:
        place = self.place_of(child)
        return next((one for one in self.sessions if place is not None and one.id == place.session_id), None)

    @property
    def academy(self) -> CareSession | None:
        return next((one for one in self.sessions if one.kind is SessionKind.EXTENDED), None)

    def alarms_of(self, child: Child, kind: AlarmKind | None = None) -> list[Alarm]:
        place = self.place_of(child)
        mine = [alarm for alarm in self.alarms if place is not None and alarm.day_child_id == place.id]
        return [alarm for alarm in mine if kind in (None, alarm.kind)]


async def read_books(school: School, witness: Witness, cast: Cast, ticks: bool = True) -> AfternoonBooks:
    """Reads everything of the day; ``ticks`` as for ``read_wire``."""
    async with school.look() as uow:
        days, sessions = await every(uow, CareDay), await every(uow, CareSession)
        planned, links = await every(uow, DayChild), await every(uow, CustodyEvent)
        alarms, passes = await every(uow, Alarm), await every(uow, ExtendedHandover)
        ledger = await verify(uow)
    return AfternoonBooks(
        **await read_wire(school, witness, ticks),
        cast=cast,
        days=days,
        sessions=[one for one in sessions if one.date == DAY],
        planned=[one for one in planned if one.date == DAY],
        links=sorted(links, key=lambda link: (link.day_child_id, link.seq)),
        alarms=sorted(alarms, key=lambda alarm: alarm.id),
        passes=passes,
        ledger=ledger,
    )
