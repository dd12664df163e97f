"""Looking for children on the board: by name, class, wave and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from care.alarms import may_see
from care.board.places import IN_SESSION, ON_DUTY, PLACES, Place, day_children, may_know_adults
from care.custody.chain import CHAIN, CHILDREN
from care.enrolment.family import restricted_from
from care.permissions import Permission
from care.pickup.adults import barred_of_all
from care.records.day import Alarm, AlarmKind, CareSession, Holder, SessionKind, Step
from care.records.people import SchoolClass, Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class Wanted:
    """Which children are looked for."""

    words: str = ""
    class_id: int | None = None
    wave: int | None = None
    place: Place | None = None
    venue: str = ""


@dataclass(frozen=True)
class BoardChild:
    """A child of today: the last step, who has the child since when, and as far as the actor may see them, which alarms
    are open, and the names of those who must not collect it."""

    student_id: int
    name: str
    number: int
    school_class: str
    kind: SessionKind
    wave: int
    venue: str
    step: Step
    holder: Holder
    holder_name: str
    at: datetime
    alarms: frozenset[AlarmKind]
    barred: tuple[str, ...] = ()


async def find(uow: UnitOfWork, wanted: Wanted, offset: int = 0, limit: int = 50) -> tuple[list[BoardChild], int]:
    """Today's children within the actor's reach, class by class in the order of their lists, and how many there are in
    all. Raises NotAllowed for who sees no board."""
    uow.require(Permission.SEE_BOARD)
    query = day_children(
        select(
            CHILDREN.c.id,
            CHILDREN.c.student_id,
            CHILDREN.c.number,
            Student.name,
            SchoolClass.id.label("class_id"),
            SchoolClass.grade,
            SchoolClass.number.label("class_number"),
            CareSession.kind,
            CareSession.wave,
            CareSession.venue,
            ON_DUTY.label("on_duty"),
            CHAIN.c.step,
            CHAIN.c.holder,
            CHAIN.c.holder_name,
            CHAIN.c.at,
            func.count().over().label("total"),
        ),
        uow.actor,
        uow.day,
    ).join(CareSession, CareSession.id == IN_SESSION)
    query = query.where(*_filters(wanted))
    order = (SchoolClass.grade, SchoolClass.number, CHILDREN.c.number, CHILDREN.c.id)
    rows = (await uow.connection.execute(query.order_by(*order).offset(offset).limit(limit))).all()
    alarms = await _open(uow, [row.id for row in rows])
    barred = await _barred(uow, rows)
    found = [
        BoardChild(
            student_id=row.student_id,
            name=row.name,
            number=row.number,
            school_class=f"{row.grade}({row.class_number})",
            kind=row.kind,
            wave=row.wave,
            venue=row.venue,
            step=row.step,
            holder=row.holder,
            holder_name=row.holder_name,
            at=row.at,
            alarms=frozenset(
                kind for kind in alarms.get(row.id, ()) if may_see(uow.actor, kind, row.grade, row.class_id)
            ),
            barred=barred.get(row.student_id, ()),
        )
        for row in rows
    ]
    return found, rows[0].total if rows else 0


def _filters(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.words.strip():
        yield Student.name.icontains(wanted.words.strip(), autoescape=True)
    if wanted.class_id is not None:
        yield SchoolClass.id == wanted.class_id
    if wanted.wave is not None:
        yield CareSession.wave == wanted.wave
    if wanted.venue:
        yield CareSession.venue == wanted.venue
    if wanted.place is not None:
        yield CHAIN.c.step.in_([step for step, place in PLACES.items() if place is wanted.place])


async def _barred(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> dict[int, tuple[str, ...]]:
    """By student id, the names of those who must not collect it, as far as they are for the actor."""
    known = [row.student_id for row in rows if may_know_adults(uow.actor, row.grade, row.class_id, row.on_duty)]
    found = {student_id: bars for student_id, bars in (await barred_of_all(uow, known)).items() if bars}
    hidden = await restricted_from(uow, found) if found else set()
    return {one: tuple(bar.name for bar in bars) for one, bars in found.items() if one not in hidden}


async def _open(uow: UnitOfWork, day_children_ids: list[int]) -> dict[int, list[AlarmKind]]:
    query = select(Alarm.day_child_id, Alarm.kind).where(
        Alarm.day_child_id.in_(day_children_ids), Alarm.closed_at.is_(None)
    )
    found: dict[int, list[AlarmKind]] = {}
    for child_id, kind in await uow.connection.execute(query) if day_children_ids else ():
        found.setdefault(child_id, []).append(kind)
    return found
