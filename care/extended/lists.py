"""Extended care as the office sees it: today's children by class, what is asked, and the settings (S11)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, time

from sqlalchemy import select

from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.plan import on_leave
from care.day.rules import rules_of, set_rules
from care.errors import NotFound
from care.extended.places import Attending, Offer, attending
from care.permissions import Permission
from care.records.day import Step
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Person, SchoolClass, Student
from care.records.term import Term
from care.term_changes import ExtendedCare, change_extended
from care.work import UnitOfWork


@dataclass(frozen=True)
class Asked:
    """What was said for today, by whom and when."""

    request_id: int
    version: int
    state: Wish
    by: str
    at: datetime
    remark: str


@dataclass(frozen=True)
class ChildRow:
    """A child of whom extended care says something today. ``step`` and ``holder``: the last link of its chain, once
    the day is open; ``there``: taken over."""

    student_id: int
    name: str
    school_class: str
    grade: int
    class_id: int
    standing: bool
    asked: Asked | None
    on_leave: bool
    stays: bool
    step: Step | None
    holder: str
    there: bool

    @property
    def may_stay_after_all(self) -> bool:
        """Whether the school has declined, and the child has not gone: it may still change its mind."""
        declined = self.asked is not None and self.asked.state is Wish.DECLINED
        return declined and not self.on_leave and (self.step in HERE or self.step in (None, Step.EXPECTED))


@dataclass(frozen=True)
class _Place:
    step: Step
    holder: str
    there: bool


async def today_rows(uow: UnitOfWork, offer: Offer) -> list[ChildRow]:
    """By class and name, as far as the actor's duty reaches."""
    said = {
        one.student_id: one
        for one in await attending(uow, offer)
        if one.in_care and (one.is_standing or one.wish is not None)
    }
    away = await on_leave(uow, offer.date, said)
    asked, places = await _asked(uow, offer, said), await _places(uow, offer, said)
    query = select(Student, SchoolClass).join(SchoolClass).where(Student.id.in_(list(said)))
    query = query.order_by(SchoolClass.grade, SchoolClass.number, Student.name, Student.id)
    return [
        _row(student, school_class, said[student.id], asked.get(student.id), student.id in away, places.get(student.id))
        for student, school_class in await uow.session.execute(query)
        if uow.actor.may_for(Permission.SEE_BOARD, school_class.grade, school_class.id)
    ]


def _row(
    student: Student,
    school_class: SchoolClass,
    said: Attending,
    asked: Asked | None,
    away: bool,
    place: _Place | None,
) -> ChildRow:
    return ChildRow(
        student_id=student.id,
        name=student.name,
        school_class=school_class.name,
        grade=school_class.grade,
        class_id=school_class.id,
        standing=said.is_standing,
        asked=asked,
        on_leave=away,
        stays=said.wants_to_stay and not away,
        step=place.step if place else None,
        holder=place.holder if place else "",
        there=place is not None and place.there,
    )


async def _asked(uow: UnitOfWork, offer: Offer, students: Collection[int]) -> dict[int, Asked]:
    query = (
        select(ExtendedRequest, Person.name)
        .outerjoin(Person, Person.id == ExtendedRequest.asked_by)
        .where(ExtendedRequest.date == offer.date, ExtendedRequest.student_id.in_(list(students)))
    )
    return {
        one.student_id: Asked(one.id, one.version, one.state, name or "", one.asked_at, one.remark)
        for one, name in await uow.session.execute(query)
    }


async def _places(uow: UnitOfWork, offer: Offer, students: Collection[int]) -> dict[int, _Place]:
    query = (
        select(CHILDREN.c.student_id, CHAIN.c.step, CHAIN.c.holder_name, CHILDREN.c.extended_at)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .where(CHILDREN.c.date == offer.date, CHILDREN.c.student_id.in_(list(students)))
    )
    rows = await uow.connection.execute(query)
    return {row.student_id: _Place(row.step, row.holder_name, row.extended_at is not None) for row in rows}


async def set_extended(uow: UnitOfWork, term_id: int, until_ask: time, automatic: bool, places: int) -> None:
    """The settings of extended care that the office changes most: until when a family changes today without anybody
    being told, whether places are granted by themselves, and how many there are. Raises NotFound where extended care is
    not offered."""
    uow.require(Permission.MANAGE_TERM)
    term = await uow.session.get(Term, term_id)
    if term is None or term.extended_venue_id is None:
        raise NotFound()
    rules = replace(await rules_of(uow, term_id), extended_until_ask=until_ask, extended_automatic=automatic)
    await set_rules(uow, term_id, rules)
    if places != term.extended_capacity:
        await change_extended(uow, term_id, ExtendedCare(term.extended_venue_id, term.extended_until, places))
