"""Today's board: waves and classes with their counts, whether a teacher has signed in and the roll is done, and what
needs somebody at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, select

from care.alarms import OpenAlarm, alarms_of
from care.board.places import IN_SESSION, PLACES, Place, Tally, day_children
from care.calendar import Calendar
from care.custody.chain import CHAIN, CHILDREN
from care.day.rules import Rules, rules_of
from care.extended.session import Staying, staying
from care.permissions import Permission
from care.records.day import CareDay, CareSession, SessionKind
from care.records.people import Person, SchoolClass
from care.records.term import Term
from care.work import UnitOfWork


@dataclass(frozen=True)
class Group:
    """A class's children in one session. ``teacher`` is who has signed in, or else who is planned (``signed_in`` tells
    which). ``roll_due``: by when something should have been said about every child; ``late_from``: by when all should
    have been collected. ``staying``: children who stay for extended care and are still with their class: in the class's
    group those who are here, and in the group that awaits them there all of them, who are not in its tally yet."""

    session_id: int
    kind: SessionKind
    class_id: int
    school_class: str
    wave: int
    venue: str
    gate: str
    starts_at: datetime
    ends_at: datetime
    teacher: str
    signed_in: bool
    roll_done_at: datetime | None
    roll_due: datetime
    late_from: datetime
    tally: Tally
    staying: int = 0
    paper_since: datetime | None = None
    paper_by: str = ""

    def roll_is_late(self, now: datetime) -> bool:
        """Of extended care also while a class has not handed over the children who stay."""
        awaited = self.staying if self.kind is SessionKind.EXTENDED else 0
        return self.tally.of(Place.UNSAID) + awaited > 0 and now > self.roll_due

    def is_over(self, now: datetime) -> bool:
        """Children are still waiting when all should have been collected. Who stays for extended care should not."""
        return now > self.late_from and self.left > 0 and self.paper_since is None

    @property
    def on_paper(self) -> int:
        """Children of whom the paper has to say where they are; 0 where the hand-over does not go on paper."""
        return self.tally.waiting + self.tally.of(Place.UNSAID) if self.paper_since is not None else 0

    @property
    def left(self) -> int:
        """Children in the school's hands whom this group should see collected."""
        return self.tally.waiting - (self.staying if self.kind is SessionKind.CLASS else 0)


@dataclass(frozen=True)
class WaveBoard:
    """The groups that leave together."""

    ordinal: int
    kind: SessionKind
    groups: tuple[Group, ...]

    @property
    def tally(self) -> Tally:
        return Tally.together(group.tally for group in self.groups)

    @property
    def starts_at(self) -> datetime:
        return min(group.starts_at for group in self.groups)

    @property
    def ends_at(self) -> datetime:
        return max(group.ends_at for group in self.groups)

    @property
    def gates(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(group.gate for group in self.groups))


@dataclass(frozen=True)
class Board:
    """Today as it stands now, as far as the actor sees it. ``planned``: all its lists are made."""

    day: date
    planned: bool
    closed_at: datetime | None
    duty_lead_id: int | None
    duty_lead: str
    waves: tuple[WaveBoard, ...]
    alarms: tuple[OpenAlarm, ...]

    @property
    def tally(self) -> Tally:
        return Tally.together(wave.tally for wave in self.waves)

    def late_rolls(self, now: datetime) -> tuple[Group, ...]:
        """The groups whose roll should have been done by now."""
        return tuple(group for wave in self.waves for group in wave.groups if group.roll_is_late(now))


async def board(uow: UnitOfWork) -> Board | None:
    """Today's board, or None while no care day is open. Raises NotAllowed for who sees none."""
    uow.require(Permission.SEE_BOARD)
    query = (
        select(CareDay.date, CareDay.term_id, CareDay.planned_at, CareDay.closed_at, CareDay.duty_lead_id, Person.name)
        .outerjoin(Person, Person.id == CareDay.duty_lead_id)
        .where(CareDay.date == uow.day)
    )
    day = (await uow.connection.execute(query)).first()
    if day is None:
        return None
    return Board(
        day=day.date,
        planned=day.planned_at is not None,
        closed_at=day.closed_at,
        duty_lead_id=day.duty_lead_id,
        duty_lead=day.name or "",
        waves=await _waves(uow, await rules_of(uow, day.term_id)),
        alarms=await alarms_of(uow, day.date),
    )


async def _waves(uow: UnitOfWork, rules: Rules) -> tuple[WaveBoard, ...]:
    groups = await _groups(uow, rules)
    found: dict[tuple[SessionKind, int], list[Group]] = {}
    for group in groups:
        found.setdefault((group.kind, group.wave), []).append(group)
    order = sorted(found, key=lambda wave: (wave[0] is not SessionKind.CLASS, wave[1]))
    return tuple(WaveBoard(ordinal, kind, tuple(found[kind, ordinal])) for kind, ordinal in order)


_planned = Person.__table__.alias("planned")
_signed = Person.__table__.alias("signed")


_SESSIONS: Select[*tuple[Any, ...]] = (
    select(
        CareSession.id,
        CareSession.kind,
        CareSession.wave,
        CareSession.venue,
        CareSession.gate,
        CareSession.starts_at,
        CareSession.ends_at,
        CareSession.roll_done_at,
        CareSession.paper_since,
        CareSession.paper_by,
        _planned.c.name.label("planned"),
        _signed.c.name.label("signed"),
    )
    .outerjoin(_planned, _planned.c.id == CareSession.teacher_id)
    .outerjoin(_signed, _signed.c.id == CareSession.signed_in_id)
)


async def _groups(uow: UnitOfWork, rules: Rules) -> list[Group]:
    """Each session of today with its children counted, class by class."""
    sessions = _SESSIONS.where(CareSession.date == uow.day)
    by_id = {row.id: row for row in await uow.connection.execute(sessions)}
    extended = next((row.id for row in by_id.values() if row.kind is SessionKind.EXTENDED), None)
    stay = await staying(uow, uow.day) if extended is not None else None  # it is made where anybody stays
    counts = day_children(
        select(
            IN_SESSION.label("in_session"),
            SchoolClass.id,
            SchoolClass.grade,
            SchoolClass.number,
            CHAIN.c.step,
            _awaited(stay).label("awaited"),
            func.count(),
        ),
        uow.actor,
        uow.day,
    ).group_by("in_session", SchoolClass.id, SchoolClass.grade, SchoolClass.number, CHAIN.c.step, "awaited")
    found: dict[tuple[int, int, int, int], dict[Place, int]] = {}
    awaited: dict[tuple[int, int], int] = {}
    for session_id, class_id, grade, number, step, stays, many in await uow.connection.execute(counts):
        if session_id not in by_id:  # on PostgreSQL the counts may be younger than the sessions
            continue
        place = PLACES[step]
        places = found.setdefault((grade, number, session_id, class_id), {})
        places[place] = places.get(place, 0) + many
        if stays and place in (Place.HERE, Place.ON_WAY):
            awaited[session_id, class_id] = awaited.get((session_id, class_id), 0) + many
        if stays and extended is not None and place in (Place.UNSAID, Place.HERE, Place.ON_WAY):
            found.setdefault((grade, number, extended, class_id), {})
            awaited[extended, class_id] = awaited.get((extended, class_id), 0) + many
    return [_group(rules, by_id[at[2]], at, Tally(found[at]), awaited.get((at[2], at[3]), 0)) for at in sorted(found)]


def _group(rules: Rules, session: Row[Any], at: tuple[int, int, int, int], tally: Tally, staying: int) -> Group:
    """``at``: grade, number, session, class."""
    grade, number, session_id, class_id = at
    return Group(
        session_id=session_id,
        kind=session.kind,
        class_id=class_id,
        school_class=f"{grade}({number})",
        wave=session.wave,
        venue=session.venue,
        gate=session.gate,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        teacher=session.signed or session.planned or "",
        signed_in=session.signed is not None,
        roll_done_at=session.roll_done_at,
        roll_due=session.starts_at + timedelta(minutes=rules.roll_minutes),
        late_from=session.ends_at + timedelta(minutes=rules.late_minutes[0]),
        tally=tally,
        staying=staying,
        paper_since=session.paper_since,
        paper_by=session.paper_by or "",
    )


def _awaited(stay: Staying | None) -> ColumnElement[int]:
    """1 for a child who stays for extended care and has not been handed over there."""
    students = sorted(stay.students) if stay is not None else []
    is_awaited = CHILDREN.c.student_id.in_(students) & CHILDREN.c.extended_at.is_(None)
    return case((is_awaited, 1), else_=0)


@dataclass(frozen=True)
class NextCare:
    """The next date with care, and when its lists are made. It may be today, before that hour."""

    day: date
    opens_at: time


LOOK_AHEAD_DAYS = 120


async def next_care(uow: UnitOfWork, calendar: Calendar) -> NextCare | None:
    """The next care day that is not open yet; None where no term knows of any."""
    terms = list(await uow.session.scalars(select(Term).where(Term.ends_on >= uow.today)))
    opened = await uow.session.get(CareDay, uow.today) is not None
    for ahead in range(1 if opened else 0, LOOK_AHEAD_DAYS):
        day = uow.today + timedelta(days=ahead)
        term = next((term for term in terms if term.starts_on <= day <= term.ends_on), None)
        if term is not None and calendar.is_care_day(day):
            return NextCare(day, (await rules_of(uow, term.id)).opens_at)
    return None
