"""The roll as it stands (S13): a session's list of children, and the sessions somebody may take. Nothing here changes
anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row as DbRow
from sqlalchemy import Select, bindparam, select

from care.custody.chain import CHAIN, CHILDREN, HOLD_DAY
from care.custody.steps import HERE
from care.errors import NotFound
from care.permissions import Permission
from care.records.day import CareDay, CareSession, DayChild, Holder, SessionKind, Step
from care.records.people import Person, SchoolClass, Student
from care.work import UnitOfWork

NOT_THERE = frozenset({Step.EXPECTED, Step.LEAVE, Step.ABSENT, Step.EXPLAINED, Step.WITHDRAWN})
"""Steps of a child who has not come. Who has been handed over or collected since has come."""


@dataclass(frozen=True)
class RollChild:
    """A child on the list, with the last link of its chain: ``seq`` is how far that had grown when it was read.
    ``extended``: extended care has taken it over; it is none of the class's now."""

    id: int
    student_id: int
    number: int
    name: str
    step: Step
    seq: int
    holder: Holder
    holder_id: int | None
    holder_name: str
    at: datetime
    sha256: str = field(repr=False)
    extended: bool = False

    @property
    def is_here(self) -> bool:
        return self.step in HERE


@dataclass(frozen=True)
class RollSheet:
    """One session's list with its children by number. ``teacher`` is who signed in, or nobody yet; ``done_by`` who
    said the last thing that was left to say."""

    session_id: int
    date: date
    school_class: str
    grade: int
    school_class_id: int
    venue: str
    starts_at: datetime
    ends_at: datetime
    planned: str
    planned_id: int | None
    teacher_id: int | None
    teacher: str
    signed_in_at: datetime | None
    done_at: datetime | None
    done_by: str
    closed_at: datetime | None
    """When the day was sealed."""
    children: tuple[RollChild, ...]

    @property
    def expected(self) -> int:
        """Children of the list who are not on leave, nor out of care since it was made."""
        return len(self.children) - self._count(Step.LEAVE, Step.WITHDRAWN)

    @property
    def present(self) -> int:
        """Children who came: those who have been handed over or released since count as well. Who is here now, ``here``
        says."""
        return len(self.children) - self._count(*NOT_THERE)

    @property
    def here(self) -> int:
        """Children who are on site now, without those whom extended care has taken over."""
        return sum(child.is_here and not child.extended for child in self.children)

    @property
    def collected(self) -> int:
        """Children who have been released, from the class or from extended care."""
        return self._count(Step.RELEASED)

    @property
    def with_extended(self) -> int:
        """Children who are in extended care now."""
        return sum(child.is_here and child.extended for child in self.children)

    @property
    def open(self) -> int:
        """Children about whom nothing has been said yet."""
        return self._count(Step.EXPECTED)

    def _count(self, *wanted: Step) -> int:
        steps = [child.step for child in self.children]
        return sum(map(steps.count, wanted))

    @property
    def in_care(self) -> list[RollChild]:
        """The children for whom who is on duty answers now."""
        return [child for child in self.children if child.is_here and child.step is not Step.MOVED]

    def child(self, day_child_id: int) -> RollChild:
        """Raises NotFound for a child of another list."""
        for child in self.children:
            if child.id == day_child_id:
                return child
        raise NotFound()

    def with_children(self, changed: Mapping[int, RollChild]) -> RollSheet:
        """The list with some children as they are now."""
        return replace(self, children=tuple(changed.get(child.id, child) for child in self.children))


_planned = Person.__table__.alias("planned")
_signed = Person.__table__.alias("signed")
_done = Person.__table__.alias("done")


def _sessions() -> Select[*tuple[Any, ...]]:
    return (
        select(
            CareSession.id,
            CareSession.date,
            CareSession.venue,
            CareSession.starts_at,
            CareSession.ends_at,
            CareSession.teacher_id,
            CareSession.signed_in_id,
            CareSession.signed_in_at,
            CareSession.roll_done_at,
            CareDay.closed_at,
            SchoolClass.id.label("class_id"),
            SchoolClass.grade,
            SchoolClass.number.label("class_number"),
            _planned.c.name.label("planned"),
            _signed.c.name.label("signed"),
            _done.c.name.label("done_by"),
        )
        .join(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .join(CareDay, CareDay.date == CareSession.date)
        .outerjoin(_planned, _planned.c.id == CareSession.teacher_id)
        .outerjoin(_signed, _signed.c.id == CareSession.signed_in_id)
        .outerjoin(_done, _done.c.id == CareSession.roll_done_id)
    )


_OF_CHILD = select(CHILDREN.c.session_id).where(CHILDREN.c.id == bindparam("child")).scalar_subquery()
_SESSION = _sessions().where(CareSession.id == bindparam("session"))
_SESSION_OF_CHILD = _sessions().where(CareSession.id == _OF_CHILD)
_HOLD = select(CareSession.id).with_for_update(key_share=True)
_HOLD_DAY = select(CareDay.date).with_for_update(read=True, key_share=True)
_HOLD_DAY_OF_SESSION = _HOLD_DAY.where(
    CareDay.date == select(CareSession.date).where(CareSession.id == bindparam("session")).scalar_subquery()
)
_HOLD_SESSION = _HOLD.where(CareSession.id == bindparam("session"))
_HOLD_OF_CHILD = _HOLD.where(CareSession.id == _OF_CHILD)
_CHILDREN = (
    select(
        CHILDREN.c.id,
        CHILDREN.c.student_id,
        CHILDREN.c.number,
        CHILDREN.c.last_seq,
        Student.name,
        CHAIN.c.step,
        CHAIN.c.holder,
        CHAIN.c.holder_id,
        CHAIN.c.holder_name,
        CHAIN.c.at,
        CHAIN.c.sha256,
        CHILDREN.c.extended_at.is_not(None),
    )
    .join(Student, Student.id == CHILDREN.c.student_id)
    .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
    .where(CHILDREN.c.session_id == bindparam("session"))
    .order_by(CHILDREN.c.number)
)


async def hold(uow: UnitOfWork, session_id: int | None = None, day_child_id: int | None = None) -> None:
    """PostgreSQL: whoever changes this session's list, or seals its day, waits until this transaction is over. Take it
    before any other lock of the list (alarms, chains). SQLite has one writer anyway."""
    if uow.school.is_sqlite:
        return
    if session_id is not None:
        await uow.connection.execute(_HOLD_DAY_OF_SESSION, {"session": session_id})
        await uow.connection.execute(_HOLD_SESSION, {"session": session_id})
    else:
        await uow.connection.execute(HOLD_DAY, {"child": day_child_id})
        await uow.connection.execute(_HOLD_OF_CHILD, {"child": day_child_id})


async def sheet(uow: UnitOfWork, session_id: int) -> RollSheet:
    """A session's list as it stands. Raises NotFound for one that the actor may not take the roll of."""
    return await _read(uow, (await uow.connection.execute(_SESSION, {"session": session_id})).first())


async def sheet_of_child(uow: UnitOfWork, day_child_id: int) -> RollSheet:
    """The list on which a planned child stands. Raises NotFound as ``sheet`` does."""
    return await _read(uow, (await uow.connection.execute(_SESSION_OF_CHILD, {"child": day_child_id})).first())


async def _read(uow: UnitOfWork, session: DbRow[Any] | None) -> RollSheet:
    if session is None or not uow.actor.may_for(Permission.TAKE_ROLL, session.grade, session.class_id):
        raise NotFound()
    rows = (await uow.connection.execute(_CHILDREN, {"session": session.id})).all()
    return RollSheet(
        session_id=session.id,
        date=session.date,
        school_class=f"{session.grade}({session.class_number})",
        grade=session.grade,
        school_class_id=session.class_id,
        venue=session.venue,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        planned=session.planned or "",
        planned_id=session.teacher_id,
        teacher_id=session.signed_in_id,
        teacher=session.signed or "",
        signed_in_at=session.signed_in_at,
        done_at=session.roll_done_at,
        done_by=session.done_by or "",
        closed_at=session.closed_at,
        children=tuple(_child(row) for row in rows),
    )


def _child(row: Sequence[Any]) -> RollChild:
    id_, student_id, number, seq, name, step, holder, holder_id, holder_name, at, sha256, extended = row
    return RollChild(id_, student_id, number, name, step, seq, holder, holder_id, holder_name, at, sha256, extended)


@dataclass(frozen=True)
class Choice:
    """A session of today that the actor may take: ``own`` when it is planned for them or they have signed in.
    ``teacher`` is who signed in, or else who is planned."""

    session_id: int
    school_class: str
    grade: int
    starts_at: datetime
    ends_at: datetime
    teacher: str
    own: bool
    signed_in: bool
    done: bool


async def choices(uow: UnitOfWork) -> list[Choice]:
    """Today's sessions that the actor may take the roll of, their own first, then by grade and class. Raises
    NotAllowed for who may take none."""
    uow.require(Permission.TAKE_ROLL)
    query = (
        _sessions()
        .where(CareSession.date == uow.day, CareSession.kind == SessionKind.CLASS)
        .order_by(SchoolClass.grade, SchoolClass.number)
    )
    found = [
        Choice(
            session_id=row.id,
            school_class=f"{row.grade}({row.class_number})",
            grade=row.grade,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            teacher=row.signed or row.planned or "",
            own=uow.actor.person_id in (row.signed_in_id, row.teacher_id),
            signed_in=row.signed_in_id is not None,
            done=row.roll_done_at is not None,
        )
        for row in await uow.connection.execute(query)
        if uow.actor.may_for(Permission.TAKE_ROLL, row.grade, row.class_id)
    ]
    return sorted(found, key=lambda one: not one.own)


def meant(children: Iterable[RollChild], words: str) -> list[RollChild]:
    """The children somebody means by a number of the list, a name, or a part of one."""
    words = " ".join(words.split())
    if words.isdecimal():
        return [child for child in children if len(words) < 6 and child.number == int(words)]
    folded = words.casefold()
    named = [child for child in children if words and folded in child.name.casefold()]
    return [child for child in named if child.name.casefold() == folded] or named


async def find(uow: UnitOfWork, session_id: int, words: str) -> list[RollChild]:
    """The children of a session whom a teacher means by a typed number of the list or a name, or a part of one."""
    return meant((await sheet(uow, session_id)).children, words)


async def sessions_with(uow: UnitOfWork, name: str) -> list[int]:
    """Today's sessions in whose list some child's name has this in it; some may be beyond the actor's reach."""
    query = (
        select(DayChild.session_id)
        .join(Student)
        .where(DayChild.date == uow.day, Student.name.icontains(name, autoescape=True))
    )
    return sorted(set(await uow.session.scalars(query)))
