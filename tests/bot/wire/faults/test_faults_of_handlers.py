"""Our own program is at fault with one message: it breaks, or it takes too long. Nobody else is to notice."""

from __future__ import annotations

import asyncio

import pytest
from databases import Databases
from fault_scene import ANSWER, asks, console_of, copies, states, until
from sqlalchemy import select, text
from stage import Stage, open_stage
from telegram import Update as TelegramUpdate

from bot.chat import register
from bot.wire.turn import Turn
from bot.wire.view import View
from care.records import Event, InboxState, Update

HEARD = "听到了"


class Handler:
    """Stands for ``/help``: leaves a trace, is in trouble so many times, and then answers."""

    def __init__(self, times: int) -> None:
        self.troubles = times
        self.calls = 0

    async def __call__(self, update: TelegramUpdate, turn: Turn) -> None:
        self.calls += 1
        turn.uow.record("trace", "update", self.calls)
        await turn.uow.session.flush()
        if self.troubles > 0:
            self.troubles -= 1
            await self.trouble(turn)
        await turn.say(View(HEARD))

    async def trouble(self, turn: Turn) -> None:
        raise RuntimeError("broken on purpose")


class Slow(Handler):
    """Waits for something that never comes."""

    async def trouble(self, turn: Turn) -> None:
        await asyncio.Event().wait()


class SlowQuery(Handler):
    """Waits in the database."""

    async def trouble(self, turn: Turn) -> None:
        await turn.uow.session.execute(text("SELECT pg_sleep(60)"))


async def put_in(stage: Stage, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(register.FOR_ALL, "help", handler)
    await stage.restart()


async def traces(stage: Stage) -> list[int]:
    return await stage.ask(select(Event.subject_id).where(Event.action == "trace"))


async def test_a_handler_that_raises_every_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """People: an apology after the third try, and nothing half done; others do not wait. Office: the message among
    those that could not be handled, with sender and kind of error, and a dead one in the monitoring. Ends by a
    decision: once the cause is mended it is tried again from there, and answered."""
    head, office = await stage.star("head"), await stage.star("office")
    broken = Handler(times=3)
    await put_in(stage, broken, monkeypatch)
    async with console_of(stage) as clerk:
        await head.send("/help please")
        await office.send("/language")
        assert copies(office) == 1, "others do not wait"
        for _ in range(2):
            assert copies(head, "抱歉") == 0
            await stage.later(seconds=20)
        assert broken.calls == 3
        assert copies(head, "抱歉") == 1
        assert await traces(stage) == [], "what the handler did is undone"
        page = await clerk.outbox()
        assert head.user.name in page and "RuntimeError" in page
        assert await clerk.number("afterbell_inbox_dead") == 1
        assert "update_put_aside" in await stage.ask(select(Event.action).where(Event.subject == "update"))
        (dead,) = await stage.ask(select(Update.id).where(Update.state == InboxState.DEAD))
        await clerk.decides(f"/inbox/{dead}/retry")
        await until(lambda: copies(head, HEARD) == 1)
        await stage.calm()
        await clerk.has_nothing_to_do()
    assert await traces(stage) == [4]
    assert await states(stage) == [InboxState.DONE] * 2


async def slow_once(stage: Stage, slow: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    head, office = await stage.star("head"), await stage.star("office")
    await put_in(stage, slow, monkeypatch)
    await asks(head, "/help please")
    await until(lambda: slow.calls == 1)
    await asks(office)
    await office.waits_for(ANSWER)
    assert copies(head, HEARD) == 0 or isinstance(slow, SlowQuery), "the other was answered first"
    assert await traces(stage) in ([], [2]), "the first try is undone"
    await stage.later(seconds=20)
    assert copies(head, HEARD) == 1
    assert await traces(stage) == [2], "the second counts"
    assert await states(stage) == [InboxState.DONE] * 2


async def test_a_handler_that_is_slow_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """People: the one waits a moment longer; others are answered meanwhile, after two seconds at most. Office: nothing
    to do. Ends by itself: the slow try is undone and made again."""
    await slow_once(stage, Slow(times=1), monkeypatch)


async def test_a_handler_that_is_slow_in_the_database(postgres: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same while it waits for an answer of PostgreSQL, which must be called off there, too."""
    async with open_stage(await postgres.fresh()) as stage:
        await slow_once(stage, SlowQuery(times=1), monkeypatch)


async def test_a_handler_that_is_always_slow(small_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """People: an apology after the third try; others are answered between the tries. Office: as with one that raises.
    Ends by a decision."""
    stage = small_stage
    head, office = await stage.star("head"), await stage.star("office")
    slow = Slow(times=3)
    await put_in(stage, slow, monkeypatch)
    async with console_of(stage) as clerk:
        await asks(head, "/help please")
        for number in range(3):
            await until(lambda tries=number + 1: slow.calls == tries)
            await office.send("/language")
            assert copies(office) == number + 1
            await stage.later(seconds=20)
        assert copies(head, "抱歉") == 1
        assert await clerk.number("afterbell_inbox_dead") == 1
        assert head.user.name in await clerk.outbox()
    assert await traces(stage) == []


async def test_a_handler_that_is_always_slow_in_the_database(
    postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where the handler waits in PostgreSQL every time."""
    for name, value in (("HANDLE_WITHIN_S", 0.4), ("ALONE_WITHIN_S", 0.4), ("PATIENCE", 1)):
        monkeypatch.setattr(f"bot.wire.work.{name}", value)
    async with open_stage(await postgres.fresh()) as stage:
        head, office = await stage.star("head"), await stage.star("office")
        slow = SlowQuery(times=99)
        await put_in(stage, slow, monkeypatch)
        await asks(head, "/help please")
        await until(lambda: slow.calls > 0)
        await asks(office)
        await office.waits_for(ANSWER)
        for _ in range(3):
            await stage.later(seconds=20)
        assert copies(head, "抱歉") == 1
        assert await traces(stage) == []
