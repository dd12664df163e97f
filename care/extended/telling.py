"""Who hears of extended care for a date: the school that is asked, the guardians, and after the cut-off both
teachers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from care.clock import instant
from care.custody.chain import CHAIN, CHILDREN
from care.custody.steps import HERE
from care.day.lead import who_answers
from care.day.rules import rules_of
from care.enrolment.family import unrestricted_guardians
from care.extended.places import Offer
from care.extended.session import open_extended, session_on
from care.people import holders
from care.pickup.showing import show_way_home
from care.quiet import when_awake
from care.records.day import AlarmKind, CareDay, CareSession, DayChild
from care.records.delivery import Class
from care.records.extended import ExtendedRequest, Wish
from care.records.people import Role
from care.release.alarms import settle
from care.work import UnitOfWork


async def ask_school(uow: UnitOfWork, request: ExtendedRequest) -> None:
    """The day's duty lead and the office are asked to decide."""
    answers, office = await who_answers(uow, request.date), await holders(uow, Role.OFFICE)
    is_open = await uow.session.get(CareDay, request.date) is not None
    people = [*answers, *office] if is_open or not office else office
    await _post(uow, "asked", people, request)


async def _post(uow: UnitOfWork, what: str, people: list[int], request: ExtendedRequest) -> None:
    """At once; of the new date, after midnight, in the morning."""
    kind = f"extended_{what}"
    key = f"{kind}:{request.id}:{request.version}"
    due = uow.now if request.date == uow.day else when_awake(uow.now, uow.school.zone)
    await uow.post(kind, people, Class.ALARM, key, due, request_id=request.id, version=request.version)


async def took_effect(uow: UnitOfWork, offer: Offer, request: ExtendedRequest, told: int | None) -> None:
    """The child's other guardians are told; after the cut-off both teachers as well. ``told``: who sees it anyway. A
    child who was uncollected after its class has ended is that no longer, until extended care ends."""
    if request.date == uow.day:
        await open_extended(uow)
        if request.state is Wish.APPROVED:
            await _waits_no_more(uow, request.student_id)
    await tell_guardians(uow, request, told)
    await show_way_home(uow, [request.student_id])
    if uow.now >= await cut_off(uow, offer):
        teachers = [one for one in await _both_teachers(uow, request) if one != told]
        await _post(uow, "changed", teachers, request)


async def _waits_no_more(uow: UnitOfWork, student_id: int) -> None:
    query = (
        select(CHILDREN.c.id)
        .join(CHAIN, (CHAIN.c.day_child_id == CHILDREN.c.id) & (CHAIN.c.seq == CHILDREN.c.last_seq))
        .where(CHILDREN.c.date == uow.day, CHILDREN.c.student_id == student_id, CHAIN.c.step.in_(HERE))
    )
    here = await uow.session.scalar(query)
    if here is not None:
        await settle(uow, here, AlarmKind.UNCOLLECTED)


async def tell_guardians(uow: UnitOfWork, request: ExtendedRequest, told: int | None = None) -> None:
    """The child's guardians hear what was decided, also that one of them has withdrawn it: whoever comes must know
    where the child is."""
    guardians = [one for one in await unrestricted_guardians(uow, request.student_id) if one != told]
    await _post(uow, "decided", guardians, request)


async def cut_off(uow: UnitOfWork, offer: Offer) -> datetime:
    """Until when a change for the date tells nobody."""
    rules = await rules_of(uow, offer.term_id)
    return instant(offer.date, rules.extended_until_ask, uow.school.zone)


async def _both_teachers(uow: UnitOfWork, request: ExtendedRequest) -> list[int]:
    """Who has the child's class today, and who has extended care: whoever signed in, or else whoever was planned."""
    query = (
        select(CareSession)
        .join(DayChild, DayChild.session_id == CareSession.id)
        .where(DayChild.date == request.date, DayChild.student_id == request.student_id)
    )
    sessions = [(await uow.session.scalars(query)).first(), await session_on(uow, request.date)]
    return list(
        dict.fromkeys(
            person
            for session in sessions
            if session is not None and (person := session.signed_in_id or session.teacher_id) is not None
        )
    )
