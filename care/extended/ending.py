"""Ending the offer of extended care (S11): who stays today still does, for nobody is turned out in the middle of a day;
nobody else can; standing weekdays are over; each family that is touched is told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import String, cast, select

from care.enrolment.states import HOLDS_A_PLACE
from care.extended.session import open_for_stayers, staying
from care.records.day import CareDay
from care.records.delivery import Class
from care.records.enrolment import Application
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Guardianship, Student
from care.work import UnitOfWork


@dataclass(frozen=True)
class Touched:
    """What the end means for a child. ``stays``: today as planned; ``refused``: what was asked or granted for today
    falls; ``days``: its standing weekdays, which are over (1 is Monday)."""

    student_id: int
    stays: bool
    refused: bool
    days: tuple[int, ...]


async def touched_by_end(uow: UnitOfWork, term_id: int) -> list[Touched]:
    """The children whom the end of the offer would touch now. Before the day is open nobody has been kept for today."""
    standing = await _standing(uow, term_id)
    wishes = {one.student_id: one for one in await _wishes(uow)}
    kept = await _kept(uow)
    return [
        Touched(
            student_id,
            stays=student_id in kept,
            refused=student_id in wishes and student_id not in kept,
            days=tuple(standing[student_id].extended_weekdays) if student_id in standing else (),
        )
        for student_id in sorted({*standing, *wishes, *kept})
    ]


async def _standing(uow: UnitOfWork, term_id: int) -> dict[int, Application]:
    query = (
        select(Application)
        .join(Student)
        .where(
            Application.term_id == term_id,
            Application.state.in_(HOLDS_A_PLACE),
            cast(Application.extended_weekdays, String) != "[]",
            Student.left_on.is_(None),
        )
    )
    return {one.student_id: one for one in await uow.session.scalars(query)}


async def _wishes(uow: UnitOfWork) -> list[ExtendedRequest]:
    """What was asked or granted for today."""
    query = select(ExtendedRequest).where(
        ExtendedRequest.date == uow.day, ExtendedRequest.state.in_((Wish.ASKED, Wish.APPROVED))
    )
    return list(await uow.session.scalars(query))


async def _kept(uow: UnitOfWork) -> frozenset[int]:
    """Who stays today all the same."""
    care_day, stay = await uow.session.get(CareDay, uow.day), await staying(uow, uow.day)
    if care_day is None or care_day.closed_at is not None or stay is None or uow.now >= stay.ends_at:
        return frozenset()
    return stay.students


async def end(uow: UnitOfWork, term_id: int) -> None:
    """Settles today, ends the standing weekdays and tells the families; the caller, who has locked the term, then takes
    the offer out of it."""
    children = await touched_by_end(uow, term_id)
    if any(one.stays for one in children):
        await open_for_stayers(uow)
    await _settle_today(uow, children)
    for application in (await _standing(uow, term_id)).values():
        application.extended_weekdays = []
    await _tell(uow, term_id, children)
    uow.record("extended_ended", "term", term_id, children=len(children), stay=sum(one.stays for one in children))


async def _settle_today(uow: UnitOfWork, children: Collection[Touched]) -> None:
    """Writes down who stays today, which the standing weekdays no longer say; declines what cannot be."""
    wishes = {one.student_id: one for one in await _wishes(uow)}
    for child in children:
        wish = wishes.get(child.student_id)
        if wish is not None and not child.stays:
            wish.state, wish.version = Wish.DECLINED, wish.version + 1
            wish.decided_by, wish.decided_at = uow.actor.person_id, uow.now
        if wish is None and child.stays:
            uow.session.add(
                ExtendedRequest(
                    date=uow.day,
                    student_id=child.student_id,
                    state=Wish.APPROVED,
                    asked_by=None,
                    asked_at=uow.now,
                    decided_at=uow.now,
                )
            )


async def _tell(uow: UnitOfWork, term_id: int, children: Collection[Touched]) -> None:
    """One letter to each guardian, about all of their children; at once where it changes today."""
    about = {child.student_id: child for child in children}
    query = select(Guardianship.person_id, Guardianship.student_id).where(
        Guardianship.student_id.in_(about), Guardianship.restricted.is_(False)
    )
    of_person: dict[int, list[Touched]] = defaultdict(list)
    for person_id, student_id in await uow.session.execute(query.order_by(Guardianship.id)):
        of_person[person_id].append(about[student_id])
    last_today = any(child.stays for child in children)
    for person_id, own in of_person.items():
        klass = Class.ALARM if any(child.refused for child in own) else Class.BROADCAST
        key = f"extended_ended:{term_id}:{uow.now.isoformat()}:{person_id}"
        said = [[child.student_id, child.stays, child.refused, list(child.days)] for child in own]
        uow.post_new("extended_ended", person_id, klass, key, children=said, last_today=last_today)
