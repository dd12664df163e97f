"""The gate as a teacher sees it: which children wait, are on the way or have gone; and for whom an adult has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row as DbRow
from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import aliased

from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.now import must_be_now
from care.errors import NotFound
from care.extended.session import staying
from care.permissions import Actor, Permission
from care.pickup.adults import Authorised, as_listed, authorised, bare_name, is_barred, students_naming, who_is_adult
from care.records.day import CareSession, SessionKind, Step
from care.records.enrolment import Application
from care.records.people import Guardianship, Person, SchoolClass, Student
from care.records.pickup import Adult, PickupCode, PickupPlan
from care.release.waiting import Gate, GateChild
from care.rollsheet import hold
from care.work import UnitOfWork

UNDO_WITHIN = timedelta(minutes=2)


_away = aliased(CareSession)
"""Extended care, for a child whom it has taken over: the child leaves from there."""


def _select() -> Select[Any]:
    return (
        select(
            CHILDREN.c.id,
            CHILDREN.c.student_id,
            CHILDREN.c.date,
            func.coalesce(_away.id, CHILDREN.c.session_id).label("session_id"),
            _away.id.label("away_id"),
            _away.signed_in_id.label("away_signed_in_id"),
            CHILDREN.c.number,
            Student.name,
            SchoolClass.id.label("class_id"),
            SchoolClass.grade,
            SchoolClass.number.label("class_number"),
            CHAIN.c.step,
            CHAIN.c.seq,
            CHAIN.c.holder,
            CHAIN.c.holder_id,
            CHAIN.c.holder_name,
            CHAIN.c.at,
            CHAIN.c.by_id,
            CHAIN.c.by_name,
            CHAIN.c.data,
            Application.leave_mode,
            PickupPlan.name.label("planned"),
            CareSession.signed_in_id,
            func.coalesce(_away.gate, CareSession.gate).label("gate"),
            func.coalesce(_away.ends_at, CareSession.ends_at).label("ends_at"),
            case((_away.id.is_(None), CareSession.paper_since), else_=_away.paper_since).label("paper_since"),
        )
        .join(CHAIN, and_(CHAIN.c.day_child_id == CHILDREN.c.id, CHAIN.c.seq == CHILDREN.c.last_seq))
        .join(Student, Student.id == CHILDREN.c.student_id)
        .join(SchoolClass, SchoolClass.id == Student.school_class_id)
        .join(CareSession, CareSession.id == CHILDREN.c.session_id)
        .join(Application, Application.id == CHILDREN.c.application_id)
        .outerjoin(
            _away,
            and_(
                CHILDREN.c.extended_at.is_not(None),
                _away.date == CHILDREN.c.date,
                _away.kind == SessionKind.EXTENDED,
            ),
        )
        .outerjoin(PickupPlan, and_(PickupPlan.date == CHILDREN.c.date, PickupPlan.student_id == CHILDREN.c.student_id))
    )


def may_release(actor: Actor, grade: int, class_id: int, *on_duty: int | None) -> bool:
    """Who has signed in for the child's session or has the child, and whoever may take its roll and stands at the
    gate."""
    answers = actor.person_id is not None and actor.person_id in on_duty and actor.may(Permission.TAKE_ROLL)
    return answers or actor.may_for(Permission.TAKE_ROLL, grade, class_id)


def _child(uow: UnitOfWork, row: DbRow[Any]) -> GateChild:
    return GateChild(
        id=row.id,
        student_id=row.student_id,
        date=row.date,
        session_id=row.session_id,
        number=row.number,
        name=row.name,
        grade=row.grade,
        class_id=row.class_id,
        school_class=f"{row.grade}({row.class_number})",
        step=row.step,
        seq=row.seq,
        holder=row.holder,
        holder_id=row.holder_id,
        holder_name=row.holder_name,
        at=row.at,
        by_id=row.by_id,
        by_name=row.by_name,
        data=row.data,
        leave_mode=row.leave_mode,
        gate=row.gate,
        ends_at=row.ends_at,
        planned=row.planned or "",
        extended=row.away_id is not None,
        paper_since=row.paper_since,
        within_reach=may_release(
            uow.actor, row.grade, row.class_id, row.signed_in_id, row.away_signed_in_id, row.holder_id
        ),
    )


async def _read(uow: UnitOfWork, query: Select[Any]) -> list[GateChild]:
    return [_child(uow, row) for row in (await uow.connection.execute(query)).all()]


async def sheet(uow: UnitOfWork, session_id: int) -> Gate:
    """A session of today with its children. Raises NotFound for one that the actor may not release from,
    Conflict("of_another_day")."""
    query = (
        select(CareSession, SchoolClass)
        .outerjoin(SchoolClass, SchoolClass.id == CareSession.school_class_id)
        .where(CareSession.id == session_id)
    )
    row = (await uow.session.execute(query)).first()
    if row is None:
        raise NotFound()
    session, school_class = row
    children = [child for child in await _of(uow, session) if child.within_reach]
    if not children and not may_release(
        uow.actor, school_class.grade if school_class else 0, session.school_class_id or 0, session.signed_in_id
    ):
        raise NotFound()
    must_be_now(uow, session.date)
    return Gate(
        session.id,
        school_class.name if school_class else session.venue,
        session.gate,
        session.ends_at,
        tuple(await _told_apart(uow, children)),
        session.kind is SessionKind.EXTENDED,
        session.paper_since,
        session.paper_by or "",
    )


async def _of(uow: UnitOfWork, session: CareSession) -> list[GateChild]:
    """Who leaves from here: of a class without those whom extended care has taken over, and marked who stays for it."""
    query = _select().where(CHILDREN.c.date == session.date).order_by(SchoolClass.id, CHILDREN.c.number)
    stay = await staying(uow, session.date)
    if session.kind is SessionKind.EXTENDED:
        return await _read(uow, query.where(CHILDREN.c.extended_at.is_not(None)))
    found = await _read(uow, query.where(CHILDREN.c.session_id == session.id, CHILDREN.c.extended_at.is_(None)))
    return [replace(child, stays=True) if stay and child.student_id in stay.students else child for child in found]


def find(gate: Gate, words: str) -> list[GateChild]:
    """The children a teacher means by a typed number of the list or a name, or a part of one."""
    words = words.strip()
    if words.isascii() and words.isdecimal():
        return [one for one in gate.children if one.number == int(words)]
    bare = bare_name(words)
    exact = [one for one in gate.children if bare_name(one.name) == bare]
    return exact or [one for one in gate.children if bare and bare in bare_name(one.name)]


async def children(uow: UnitOfWork, ids: Iterable[int]) -> list[GateChild]:
    """These children of today, by number. Raises NotFound when one of them is none that the actor may release,
    Conflict("of_another_day")."""
    wanted = set(ids)
    query = _select().where(CHILDREN.c.id.in_(wanted))
    found = await _read(uow, query.order_by(CHILDREN.c.id))
    if len(found) != len(wanted) or not wanted or not all(child.within_reach for child in found):
        raise NotFound()
    for one in found:
        must_be_now(uow, one.date)
    return await _told_apart(uow, found)


async def hold_lists(uow: UnitOfWork, ids: Iterable[int]) -> None:
    """PostgreSQL: whoever changes the lists of these children waits until this transaction is over. Taken before what
    is decided on is read, in one order, so that two never wait for each other."""
    if uow.school.is_sqlite:
        return
    query = select(CHILDREN.c.session_id).where(CHILDREN.c.id.in_(set(ids))).distinct()
    for session_id in sorted((await uow.connection.execute(query)).scalars()):
        await hold(uow, session_id)


async def child(uow: UnitOfWork, day_child_id: int) -> GateChild:
    return (await children(uow, [day_child_id]))[0]


async def any_child(uow: UnitOfWork, day_child_id: int) -> GateChild | None:
    """A child as it stands now, whoever asks: for letters and guardians, whose right their callers look at."""
    return next(iter(await _read(uow, _select().where(CHILDREN.c.id == day_child_id))), None)


async def any_children(uow: UnitOfWork, ids: Iterable[int]) -> list[GateChild]:
    """As ``any_child``, of several: those of one name told apart, by class and number."""
    query = _select().where(CHILDREN.c.id.in_(set(ids)))
    return await _told_apart(
        uow, await _read(uow, query.order_by(SchoolClass.grade, SchoolClass.number, CHILDREN.c.number))
    )


async def _told_apart(uow: UnitOfWork, found: Sequence[GateChild]) -> list[GateChild]:
    """Gives each child that shares its name with another of its class's list a guardian's name."""
    if not found:
        return []
    lists = (
        select(CHILDREN.c.date, Student.school_class_id, Student.name)
        .join(Student, Student.id == CHILDREN.c.student_id)
        .where(
            CHILDREN.c.date.in_({child.date for child in found}),
            Student.school_class_id.in_({child.class_id for child in found}),
        )
    )
    names = Counter((row.date, row.school_class_id, bare_name(row.name)) for row in await uow.connection.execute(lists))
    doubles = [child for child in found if names[child.date, child.class_id, bare_name(child.name)] > 1]
    if not doubles:
        return list(found)
    query = (
        select(Guardianship.student_id, Person.name)
        .join(Person, Person.id == Guardianship.person_id)
        .where(Guardianship.student_id.in_([child.student_id for child in doubles]), Guardianship.restricted.is_(False))
        .order_by(Guardianship.id.desc())
    )
    first = {row.student_id: row.name for row in await uow.connection.execute(query)}
    known = {child.id: first.get(child.student_id, "?") for child in doubles}
    return [replace(child, guardian=known.get(child.id, "")) for child in found]


@dataclass(frozen=True)
class Come:
    """An adult at the gate, and the children who are here: those they may collect, and those they must not.
    ``gone``: whom they may collect, and who has left already; read only where none is here."""

    who: Authorised
    children: tuple[tuple[GateChild, Authorised], ...]
    stopped: tuple[GateChild, ...]
    gone: tuple[GateChild, ...] = ()


async def come(uow: UnitOfWork, adult: Adult, adult_id: int) -> Come | None:
    """For whom an adult has come: every child here on one of whose lists they stand, in whichever class. None when the
    adult stands on no list of today any more."""
    uow.require(Permission.TAKE_ROLL)
    who = await who_is_adult(uow, adult, adult_id, uow.day)
    if who is None:
        return None
    students = await students_naming(uow, who, uow.day)
    may, stopped = await _sorted_out(uow, who, students, HERE)
    gone = [] if may or stopped else (await _sorted_out(uow, who, students, {Step.RELEASED}))[0]
    return Come(who, tuple(may), tuple(stopped), tuple(one for one, _ in gone))


async def _sorted_out(
    uow: UnitOfWork, who: Authorised, students: Iterable[int], steps: Iterable[Step]
) -> tuple[list[tuple[GateChild, Authorised]], list[GateChild]]:
    """Of these students of today at one of these steps: whom the adult may collect, and whom they must not."""
    query = _select().where(CHILDREN.c.student_id.in_(students), CHILDREN.c.date == uow.day, CHAIN.c.step.in_(steps))
    in_order = query.order_by(SchoolClass.grade, SchoolClass.id, CHILDREN.c.number)
    may: list[tuple[GateChild, Authorised]] = []
    stopped: list[GateChild] = []
    for one in await _told_apart(uow, await _read(uow, in_order)):
        listed = as_listed(who, await authorised(uow, one.student_id, uow.day))
        if listed is not None and not listed.stopped:
            may.append((one, listed))
        elif listed is not None or await is_barred(uow, one.student_id, who):
            stopped.append(one)
    return may, stopped


async def come_by_code(uow: UnitOfWork, row: PickupCode) -> Come | None:
    """For whom the bearer of a code has come; None for a code of another day, or of an adult on no list any more."""
    return await come(uow, row.adult, row.adult_id) if row.date == uow.day else None


async def just_released(uow: UnitOfWork) -> list[GateChild]:
    """The children whom the actor has released within the last two minutes: they can still be taken back."""
    query = _select().where(
        CHILDREN.c.date == uow.day,
        CHAIN.c.step == Step.RELEASED,
        CHAIN.c.by_id == uow.actor.person_id,
        CHAIN.c.at >= uow.now - UNDO_WITHIN,
    )
    return await _told_apart(uow, await _read(uow, query.order_by(CHAIN.c.at.desc(), CHILDREN.c.id)))
