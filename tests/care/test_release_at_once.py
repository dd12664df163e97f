"""Two people at the gate at the same moment: one wins, the other is told who did; nothing is half done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from custody_town import Town, build, town_clock
from databases import Databases, make_school
from sqlalchemy import func, select

from care.custody.ledger import Verified, verify
from care.errors import CareError
from care.people import actor_for
from care.permissions import Actor
from care.records import Adult, Alarm, AlarmKind, CustodyEvent, Person, Proof, Step
from care.release.giving import Given, line_out_all, release
from care.release.refusing import refuse
from care.release.undoing import dispute, undo
from care.rollcall import all_others_present, sign_in
from care.school import School
from care.work import UnitOfWork

Act = Callable[[UnitOfWork], Awaitable[Any]]


@pytest.fixture
async def played(databases: Databases) -> AsyncIterator[tuple[School, Town]]:
    school = make_school(await databases.fresh(loaded=False), town_clock())
    town = await build(school)
    for name, session in zip(("Homeroom two", "Homeroom three"), town.sessions, strict=True):
        async with school.work(await who(school, town, name)) as uow:
            await sign_in(uow, session)
            await all_others_present(uow, session)
    yield school, town
    async with school.look() as uow:
        assert isinstance(await verify(uow), Verified)
    await school.close()


async def who(school: School, town: Town, name: str) -> Actor:
    async with school.look() as uow:
        return await actor_for(uow, await uow.session.get_one(Person, town.people[name]))


async def at_once(school: School, *acts: tuple[Actor, Act]) -> list[Any]:
    """What each got, or why not."""

    async def one(actor: Actor, act: Act) -> Any:
        try:
            async with school.work(actor) as uow:
                return await act(uow)
        except CareError as error:
            return error

    return list(await asyncio.gather(*(one(actor, act) for actor, act in acts)))


async def steps(school: School, child: int) -> list[Step]:
    async with school.look() as uow:
        query = select(CustodyEvent.step).where(CustodyEvent.day_child_id == child).order_by(CustodyEvent.seq)
        return list(await uow.session.scalars(query))


async def test_two_teachers_give_one_child_to_two_adults(played: tuple[School, Town]) -> None:
    school, town = played
    gate, deputy = await who(school, town, "Gate teacher"), await who(school, town, "Deputy")
    child = town.children[0]

    def to(name: str) -> Act:
        return lambda uow: release(uow, {child: 2}, Adult.GUARDIAN, town.people[name], Proof.LIST)

    got = await at_once(school, (gate, to("Ma One")), (deputy, to("Pa One")))
    (lost,) = [one for one in got if isinstance(one, CareError)]
    assert sum(isinstance(one, Given) for one in got) == 1
    assert lost.code == "already_released"
    assert {lost.values["teacher"], lost.values["adult"]} in ({"Gate teacher", "Ma One"}, {"Deputy", "Pa One"})
    assert (await steps(school, child)).count(Step.RELEASED) == 1


async def test_brother_and_sister_in_two_orders(played: tuple[School, Town]) -> None:
    """Two gates, the same two children, while a list is led out: nobody waits for ever, both go or none."""
    school, town = played
    gate, deputy = await who(school, town, "Gate teacher"), await who(school, town, "Deputy")
    ann, ben = town.children[0], town.children[1]

    def both(first: int, second: int) -> Act:
        return lambda uow: release(uow, {first: None, second: None}, Adult.GUARDIAN, town.people["Ma One"], Proof.LIST)

    got = await at_once(
        school,
        (gate, both(ann, ben)),
        (deputy, both(ben, ann)),
        (await who(school, town, "Homeroom two"), lambda uow: line_out_all(uow, town.sessions[0])),
    )
    assert sum(isinstance(one, Given) for one in got) == 1, got
    for child in (ann, ben):
        assert (await steps(school, child)).count(Step.RELEASED) == 1


async def test_alarms_at_once_are_one(played: tuple[School, Town]) -> None:
    school, town = played
    gate = await who(school, town, "Gate teacher")
    ma, pa = await who(school, town, "Ma One"), await who(school, town, "Pa One")
    child = town.children[0]
    await at_once(school, *[(gate, lambda uow: refuse(uow, child, "a man"))] * 3)
    async with school.work(gate) as uow:
        await release(uow, {child: None}, Adult.GUARDIAN, town.people["Ma One"], Proof.LIST)
    got = await at_once(school, *[(one, lambda uow: dispute(uow, child, 3)) for one in (ma, pa, ma)])
    assert not any(isinstance(one, CareError) for one in got)
    async with school.look() as uow:
        kinds = list(await uow.session.scalars(select(Alarm.kind).order_by(Alarm.id)))
        assert kinds == [AlarmKind.REFUSED, AlarmKind.DISPUTED]


async def test_an_undo_and_a_dispute_at_once(played: tuple[School, Town]) -> None:
    school, town = played
    gate, ma = await who(school, town, "Gate teacher"), await who(school, town, "Ma One")
    child = town.children[0]
    async with school.work(gate) as uow:
        await release(uow, {child: None}, Adult.GUARDIAN, town.people["Pa One"], Proof.LIST)
    got = await at_once(
        school,
        (gate, lambda uow: undo(uow, child, "a slip", seen=3)),
        (ma, lambda uow: dispute(uow, child, 3)),
        (gate, lambda uow: undo(uow, child, "a slip", seen=3)),
    )
    assert [isinstance(one, CareError) for one in got].count(False) in (1, 2)
    async with school.look() as uow:
        assert (
            await uow.session.scalar(select(func.count(CustodyEvent.id)).where(CustodyEvent.step == Step.UNDONE)) == 1
        )
