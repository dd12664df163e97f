"""Asking for extended care, and how many places are left."""

from __future__ import annotations

from afternoon_school import TUESDAY
from extended_school import Work

from care.extended.asking import ask, withdraw
from care.extended.places import offer_on, places_left, stays_on
from care.records import Application
from care.school import School


async def left(school: School) -> int:
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY)
        assert offer is not None
        return await places_left(uow, offer)


async def staying(school: School) -> set[int]:
    async with school.look() as uow:
        offer = await offer_on(uow, TUESDAY)
        assert offer is not None
        return await stays_on(uow, offer)


def asks(application: Application) -> Work:
    return lambda uow: ask(uow, application.student_id)


def withdraws(application: Application) -> Work:
    return lambda uow: withdraw(uow, application.student_id)
