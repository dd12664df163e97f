"""Rounds that go wrong half-way: what one step could not do neither harms the others nor is forgotten."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from stage import FAST, TOKEN, Stage

from bot.chat import register
from bot.chat.register import register as register_chat
from bot.wire.budget import Budget, Limits
from bot.wire.channel import Channel
from bot.wire.turn import Turn
from care.clock import MovableClock
from care.records import Class, InboxState, Letter, LetterState, Update
from care.sqlite import Adapted
from care.work import UnitOfWork
from webchat.persona import Persona


def letter(stage: Stage, chat: int, words: str, **more: Any) -> Letter:
    """A rendered message that waits."""
    plain = {"kind": "reply", "klass": Class.REPLY, "channel": "web", "chat_id": chat, "method": "sendMessage"}
    now = stage.school.clock.now()
    payload = json.dumps({"chat_id": chat, "text": words})
    return Letter(**{**plain, "payload": payload, "params": {}, "posted_at": now, "due_at": now, **more})


async def post(stage: Stage, *letters: Letter) -> None:
    async with stage.school.work() as uow:
        uow.session.add_all(letters)
        uow.posted = True


def said(stage: Stage, chat: int) -> list[str]:
    return [
        call.params["text"]
        for call in stage.world.calls
        if call.ok and call.method == "sendMessage" and call.params["chat_id"] == chat
    ]


async def test_a_commit_whose_outcome_nobody_knows_leaves_no_letter_behind(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction was committed, and the answer to it was lost: its letters are marked, and nobody sends them."""
    office = await small_stage.star("office")
    take, commit = small_stage.wire.sender.take, Adapted.commit
    taken: list[int] = []

    async def takes(*args: Any) -> Any:
        found = await take(*args)
        taken.extend(one.id for one in found[0])
        return found

    def commits(connection: Adapted) -> None:
        commit(connection)
        if len(taken) == 1:
            taken.append(0)  # once
            raise sqlite3.OperationalError("the answer is lost")

    monkeypatch.setattr(small_stage.wire.sender, "take", takes)
    monkeypatch.setattr(Adapted, "commit", commits)
    await post(small_stage, letter(small_stage, office.user_id, "one"))
    await post(small_stage, letter(small_stage, office.user_id, "two"))
    await office.waits_until(lambda: "two" in said(small_stage, office.user_id), seconds=10)
    assert said(small_stage, office.user_id) == ["one", "two"]


async def test_order_is_kept_while_fates_cannot_be_written_down(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await small_stage.star("office")
    real = small_stage.wire.sender.settle
    troubles = [1, 1, 1]

    async def broken(uow: Any, fates: Any) -> None:
        await real(uow, fates)
        if fates and troubles:
            troubles.pop()
            raise OperationalError("UPDATE", {}, Exception("no room"))

    monkeypatch.setattr(small_stage.wire.sender, "settle", broken)
    small_stage.world.faults.add("sendMessage", "bad_gateway")
    await post(small_stage, letter(small_stage, office.user_id, "one"))
    await post(small_stage, letter(small_stage, office.user_id, "two"))
    while troubles:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    assert said(small_stage, office.user_id) == []
    clock = small_stage.school.clock
    assert isinstance(clock, MovableClock)
    clock.jump(clock.now() + timedelta(seconds=5))
    small_stage.school.wake()
    await small_stage.calm()
    assert said(small_stage, office.user_id) == ["one", "two"]


async def test_slow_handlers_share_the_time_of_a_round(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight people's handlers take most of the time that one may have: the ninth does not wait for all of them."""
    handled: list[int] = []

    async def slow(_: object, turn: Turn) -> None:
        await asyncio.sleep(0.6)
        handled.append(turn.chat)

    head = await stage.star("head")
    teachers = [await stage.homeroom_of(f"1({n})") for n in range(1, 9)]
    monkeypatch.setitem(register.FOR_ALL, "help", slow)
    await stage.restart()
    for person in teachers:
        await Persona.send(person, "/help")
    await Persona.send(head, "/language")
    await head.waits_until(lambda: head.sees("请选择语言"), seconds=20)
    await stage.calm(30)
    assert len(handled) == len(teachers)
    assert await stage.ask(select(Update.id).where(Update.attempts > 0)) == []


async def test_a_statement_that_is_cut_off_keeps_no_lock(small_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite: the slow handler is in the middle of its statements when its time is over."""
    office, head = await small_stage.star("office"), await small_stage.star("head")

    async def endless(_: object, turn: Turn) -> None:
        while True:
            await turn.uow.session.execute(text("SELECT count(*) FROM student"))

    monkeypatch.setattr("bot.wire.work.HANDLE_WITHIN_S", 0.3)
    monkeypatch.setitem(register.FOR_ALL, "help", endless)
    await small_stage.restart()
    await Persona.send(office, "/help")
    await Persona.send(head, "/language")
    await head.waits_until(lambda: head.sees("请选择语言"), seconds=10)
    for _ in range(4):
        await asyncio.sleep(0.6)
        await small_stage.later(seconds=20)
    (update,) = await small_stage.ask(select(Update).where(Update.state == InboxState.DEAD))
    assert update.attempts == 3
    office.finds("抱歉")


async def test_an_answer_to_a_tap_waits_for_no_other_answer(small_stage: Stage) -> None:
    office = await small_stage.star("office")
    now = small_stage.school.clock.now()
    tried = {"klass": Class.ANSWER, "attempts": 3, "due_at": now + timedelta(minutes=1)}
    await post(small_stage, letter(small_stage, office.user_id, "tried in vain", **tried))
    await post(small_stage, letter(small_stage, office.user_id, "an answer", klass=Class.ANSWER))
    await small_stage.calm()
    assert said(small_stage, office.user_id) == ["an answer"]


async def test_a_channel_without_a_budget_holds_up_no_other(small_stage: Stage) -> None:
    """Four hundred letters wait for one channel, and one, posted last, for the other."""
    office = await small_stage.star("office")
    await small_stage.kill()
    other = Channel("telegram", TOKEN, small_stage.address, register_chat)
    await small_stage.start()
    await other.open()
    small_stage.wire.sender.channels = {"web": small_stage.channel, "telegram": other}
    small_stage.wire.sender.budgets = {"web": Budget(FAST), "telegram": Budget(Limits(0.001, 0.001, 1))}
    many = [letter(small_stage, 5_000_000 + n, "later", channel="telegram", klass=Class.REMINDER) for n in range(400)]
    await post(small_stage, *many, letter(small_stage, office.user_id, "now", klass=Class.REMINDER))
    await office.waits_until(lambda: office.sees("now"), seconds=5)
    waiting = await small_stage.ask(select(Letter.id).where(Letter.state == LetterState.WAITING))
    assert len(waiting) >= 399
    await other.close()


async def breaks(*_: Any) -> None:
    raise RuntimeError("no such guardian")


async def says_what_cannot_be_written(uow: UnitOfWork, _: Letter) -> None:
    uow.record("noted", "person", 1, what=object())


@pytest.mark.parametrize(
    ("broken", "error"), [(breaks, "RuntimeError"), (says_what_cannot_be_written, "TypeError")], ids=["itself", "words"]
)
async def test_a_letter_that_cannot_be_settled_stops_no_other(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch, broken: Callable[..., Awaitable[None]], error: str
) -> None:
    """What follows from it breaks: it is given up, the office sees it, and all others go out."""
    office = await small_stage.star("office")

    voice = dataclasses.replace(small_stage.wire.sender.voice, unreachable=broken)
    monkeypatch.setattr(small_stage.wire.sender, "voice", voice)
    async with small_stage.school.work() as uow:
        await uow.post("agreement_waits", 99, application_id=1)  # somebody without a chat
    await post(small_stage, letter(small_stage, office.user_id, "hello"))
    await small_stage.calm()
    assert said(small_stage, office.user_id) == ["hello"]
    (failed,) = await small_stage.ask(select(Letter).where(Letter.state == LetterState.FAILED))
    assert failed.kind == "agreement_waits" and failed.error == error
