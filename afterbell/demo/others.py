"""The demonstration's school beside its visitors: the classes that nobody plays call the roll, give to extended care
and hand over by themselves as the clock passes their hours, by the rules of ``care/`` (S11, S13, S14)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from zlib import crc32

from sqlalchemy import Row, and_, or_, select

from afterbell.demo.cast import STAR_CLASS
from afterbell.demo.homeward import all_collected
from care.clock import instant
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.errors import CareError
from care.extended import handover as passing
from care.extended import roll as extended
from care.extended.session import session_on, staying
from care.people import actor_for, holders
from care.permissions import SYSTEM
from care.records import (
    CareDay,
    CareSession,
    Class,
    Contact,
    Passing,
    Person,
    Role,
    SchoolClass,
    StaffRole,
    Step,
    Update,
)
from care.rollcall import all_others_present, sign_in
from care.school import School
from care.work import UnitOfWork
from scheduler.afternoon import open_today

ROLL_AFTER = timedelta(minutes=5)
GIVEN_AFTER, TAKEN_AFTER = timedelta(minutes=1), timedelta(minutes=3)
"""After the end of its class a child who stays is given to extended care, and counted there."""
FIRST_S, SPREAD_S = 60, 420
"""Seconds after the end of care at which the first adult comes, and over how many more the others do."""
ONE_IN, LATER = 150, timedelta(minutes=50)
"""One child in so many is collected so much later: of a few the clock of the uncollected has something to say."""
BEFORE_THE_END = timedelta(minutes=20)
"""Whoever stays for extended care is collected from so long before its end on."""
TOGETHER = 3
"""Deeds of one transaction, each of a whole class, so that a visitor's tap never waits long."""
ROUNDS = 3
"""A jump may pass the roll, the way to extended care and the way home, each of which follows from the one before."""
WAITING = HERE - {Step.LINED_OUT, Step.UNDONE}
"""With these two somebody has had a hand in it already."""

Act = Callable[[UnitOfWork], Awaitable[object]]


@dataclass(frozen=True)
class _Deed:
    """What somebody of the school does, and when."""

    at: datetime
    by: int
    act: Act


class Others:
    """Everybody whom no visitor plays. Whoever wrote as a teacher today plays that teacher, with the class; class 2(3),
    where the guided tour goes, is always the visitor's."""

    def __init__(self, school: School) -> None:
        self.school = school
        self._in_hand = asyncio.Lock()

    async def play(self, until: datetime | None = None) -> None:
        """Does what is due of the day under way by ``until`` (now), each deed at its own moment. Before a jump of the
        clock it is played up to there, so that no board shows a school that stood still. What the rules refuse is left
        as it is."""
        async with self._in_hand:
            if until is None:
                await open_today(self.school)
            for _ in range(ROUNDS):
                async with self.school.look(SYSTEM) as uow:
                    scene = await _read(uow, until or uow.now)
                due = sorted(scene.deeds() if scene else (), key=lambda deed: deed.at)
                if not due:
                    return
                await self._do_all(due)

    async def _do_all(self, deeds: list[_Deed]) -> None:
        for at in range(0, len(deeds), TOGETHER):
            async with self.school.work(SYSTEM) as uow:
                for deed in deeds[at : at + TOGETHER]:
                    await _do(uow, deed)
            await asyncio.sleep(0)  # who waits for the writer has it before the next few


async def _do(uow: UnitOfWork, deed: _Deed) -> None:
    """Its letters go out behind those of whoever is played, for a jump makes many at once."""
    with suppress(CareError):
        async with uow.part() as part:
            part.now = deed.at
            part.actor = await actor_for(part, await part.session.get_one(Person, deed.by))
            await deed.act(part)
            for letter in part.letters:
                letter["klass"] = Class.BROADCAST


@dataclass(frozen=True)
class _Scene:
    """The day under way as far as nobody plays it. ``there``: who keeps extended care, unless a visitor does."""

    until: datetime
    opened_at: datetime
    sessions: dict[int, CareSession]
    children: tuple[Row[Any], ...]
    stay: frozenset[int]
    extended: CareSession | None
    there: int | None
    given: bool
    """Whether some class waits to be counted in extended care."""

    def deeds(self) -> Iterator[_Deed]:
        yield from (deed for deed in (*self._rolls(), *self._passings(), *self._homeward()) if deed.at <= self.until)

    def _rolls(self) -> Iterator[_Deed]:
        for session in self.sessions.values():
            teacher = session.teacher_id
            if teacher is not None and session.signed_in_id is None and session.roll_done_at is None:
                at = max(session.starts_at + ROLL_AFTER, self.opened_at)
                yield _Deed(at, teacher, partial(_call_the_roll, session.id))

    def _passings(self) -> Iterator[_Deed]:
        if self.extended is None or self.there is None:
            return
        first = min((session.ends_at for session in self.sessions.values()), default=self.extended.starts_at)
        if self.extended.signed_in_id is None:
            yield _Deed(max(first, self.opened_at), self.there, extended.sign_in)
        staying_in = {one.session_id for one in self.children if self._stays(one)}
        for session_id in staying_in & set(self.sessions):
            session = self.sessions[session_id]
            if session.signed_in_id is not None:
                yield _Deed(session.ends_at + GIVEN_AFTER, session.signed_in_id, partial(_give, session_id))
                yield _Deed(session.ends_at + TAKEN_AFTER, self.there, _count_all)
        if self.given:
            yield _Deed(self.until, self.there, _count_all)

    def _stays(self, one: Row[Any]) -> bool:
        return one.extended_at is None and one.student_id in self.stay

    def _homeward(self) -> Iterator[_Deed]:
        """The children whose adult has come by now, all of one teacher at once."""
        leaving: dict[int, dict[int, datetime]] = {}
        for one in self.children:
            by, ends_at = self._from(one)
            at = max(ends_at + _wait(one), one.at)
            if by is not None and by == one.holder_id and at <= self.until:
                leaving.setdefault(by, {})[one.id] = at
        for by, homeward in leaving.items():
            yield _Deed(max(homeward.values()), by, partial(all_collected, homeward))

    def _from(self, one: Row[Any]) -> tuple[int | None, datetime]:
        """Who gives the child to its family, and when its care ends. Nobody where it is the visitor who does."""
        session = self.sessions.get(one.session_id)
        if one.extended_at is not None and self.extended is not None:
            return self.there, self.extended.ends_at - BEFORE_THE_END
        if session is None or one.student_id in self.stay:
            return None, self.until
        return session.signed_in_id, session.ends_at


def _wait(one: Row[Any]) -> timedelta:
    """How long after the end of care the family comes: the same on every machine, and another on every day."""
    draw = crc32(f"{one.date}/{one.student_id}".encode())
    return timedelta(seconds=FIRST_S + draw % SPREAD_S) + (LATER if draw % ONE_IN == 0 else timedelta())


async def _read(uow: UnitOfWork, until: datetime) -> _Scene | None:
    """None while no day is under way."""
    care_day = await uow.session.get(CareDay, uow.day)
    if care_day is None or care_day.closed_at is not None:
        return None
    played = await _played(uow)
    query = (
        select(CareSession)
        .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .where(CareSession.date == uow.day, CareSession.paper_since.is_(None), CareSession.starts_at <= until)
        .where(or_(SchoolClass.grade != STAR_CLASS[0], SchoolClass.number != STAR_CLASS[1]))
    )
    found = [one for one in await uow.session.scalars(query) if played.isdisjoint((one.teacher_id, one.signed_in_id))]
    there = await session_on(uow, uow.day)
    stay = await staying(uow, uow.day)
    return _Scene(
        until,
        care_day.opened_at,
        {one.id: one for one in found},
        tuple(await _waiting(uow)),
        stay.students if stay else frozenset(),
        there,
        await _keeper(uow, there, played),
        any(one.state is Passing.GIVEN for one in await passing.open_handovers(uow)) if there else False,
    )


async def _played(uow: UnitOfWork) -> set[int | None]:
    """To whose chats somebody wrote today, by the school's clock."""
    since = instant(uow.day, time.min, uow.school.zone)
    query = (
        select(Contact.person_id)
        .join(Update, and_(Update.channel == Contact.channel, Update.chat_id == Contact.chat_id))
        .where(Update.received_at >= since)
    )
    return set(await uow.session.scalars(query.distinct()))


async def _waiting(uow: UnitOfWork) -> list[Row[Any]]:
    """The children who are with a teacher of theirs."""
    query = (
        select(CHILDREN.c.id, CHILDREN.c.date, CHILDREN.c.student_id, CHILDREN.c.session_id, CHILDREN.c.extended_at)
        .add_columns(CHAIN.c.holder_id, CHAIN.c.at)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .where(CHILDREN.c.date == uow.day, CHAIN.c.step.in_(WAITING))
    )
    return list((await uow.connection.execute(query)).all())


async def _keeper(uow: UnitOfWork, there: CareSession | None, played: set[int | None]) -> int | None:
    """Who keeps extended care: whoever signed in or is planned, else a care teacher without a class of their own."""
    if there is None or there.paper_since is not None:
        return None
    busy = set(await uow.session.scalars(select(StaffRole.person_id).where(StaffRole.role != Role.CARE_TEACHER)))
    free = [one for one in await holders(uow, Role.CARE_TEACHER) if one not in busy]
    keeper = there.signed_in_id or there.teacher_id or next(iter(free), None)
    return None if keeper in played else keeper


async def _call_the_roll(session_id: int, uow: UnitOfWork) -> None:
    await sign_in(uow, session_id)
    await all_others_present(uow, session_id)


async def _give(session_id: int, uow: UnitOfWork) -> None:
    await passing.give(uow, session_id)


async def _count_all(uow: UnitOfWork) -> None:
    for one in await passing.open_handovers(uow):
        if one.state is Passing.GIVEN:
            await passing.take(uow, one.id, one.version, everyone=True)
