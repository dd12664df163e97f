"""A tick does each of its parts by itself: one that fails holds up no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from care.enrolment.apply import settle
from care.records import Application, Letter, Mark, State
from care.school import School
from care.work import UnitOfWork
from scheduler import due, tick


async def broken(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("the name of a child")


async def test_a_broken_withdrawal_holds_up_neither_the_others_nor_the_reminders(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with school.work() as uow:
        enrolled = select(Application.id).where(Application.state == State.ENROLLED).order_by(Application.id).limit(2)
        first, second = await uow.session.scalars(enrolled)
        leaving = update(Application).where(Application.id.in_([first, second])).values(leaves_on=uow.today)
        await uow.session.execute(leaving)

    async def settle_second(uow: UnitOfWork, application_id: int) -> bool:
        if application_id == first:
            await broken()
        return await settle(uow, application_id)

    monkeypatch.setattr(due, "settle", settle_second)
    monkeypatch.setattr(due, "for_reviewers", broken)
    school.clock.jump(school.clock.now() + timedelta(days=3))  # type: ignore[attr-defined]
    with capture_logs() as logs:
        await due.tick(school)
    async with school.look() as uow:
        states = select(Application.state).where(Application.id.in_([first, second])).order_by(Application.id)
        assert list(await uow.session.scalars(states)) == [State.ENROLLED, State.WITHDRAWN]
        kinds = set(await uow.session.scalars(select(Letter.kind)))
    assert {"approval_waits", "agreement_waits"} <= kinds
    assert [(entry["part"], entry["error"]) for entry in logs] == [
        ("withdrawal", "RuntimeError"), ("reviewers", "RuntimeError")
    ]  # fmt: skip
    assert "child" not in str(logs)


async def test_the_clock_is_kept_though_the_tidying_fails(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick, "tidy", broken)
    with capture_logs() as logs:
        await tick.Ticker(school).tick()
    async with school.look() as uow:
        mark = await uow.session.get_one(Mark, "clock")
        assert mark.value == school.clock.now().isoformat()
    assert [entry["part"] for entry in logs] == ["tidy"]


async def test_a_stop_lets_the_tick_in_hand_come_to_its_end(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def long(*args: Any) -> None:
        begun.set()
        await go_on.wait()
        done.set()

    monkeypatch.setattr(tick, "tidy", long)
    ticker = tick.Ticker(school, every_s=0.01)
    ticker.start()
    await begun.wait()
    stopping = asyncio.create_task(ticker.stop(within_s=60))
    await asyncio.sleep(0)
    assert not stopping.done()
    go_on.set()
    await stopping
    assert done.is_set() and not ticker.running


async def test_a_tick_that_hangs_does_not_hold_up_a_stop(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, cut_off = asyncio.Event(), asyncio.Event()

    async def hangs(*args: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.set()

    monkeypatch.setattr(tick, "tidy", hangs)
    ticker = tick.Ticker(school, every_s=0.01)
    ticker.start()
    await begun.wait()
    await ticker.stop(within_s=0.01)
    await cut_off.wait()
    assert not ticker.running


async def test_the_first_tick_does_not_wait_for_the_second(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    ticked = asyncio.Event()

    async def sees(*args: Any) -> None:
        ticked.set()

    monkeypatch.setattr(tick, "tidy", sees)
    monkeypatch.setattr(tick, "FIRST_AFTER_S", 0.0)
    ticker = tick.Ticker(school, every_s=3600.0)
    ticker.start()
    async with asyncio.timeout(30):
        await ticked.wait()
    await ticker.stop(within_s=60)
