"""SIGTERM with work in hand: done within five seconds, exit code 0, nothing lost and nothing doubled."""

from __future__ import annotations

import asyncio
from pathlib import Path

from databases import Databases
from processes import ASKED, Replicas, replicas
from program import Process, until

PROMISED_S = 5.0
QUESTIONS = list(ASKED)[:3]


async def ask_all(school: Replicas, many: int) -> dict[int, list[str]]:
    """So many people write three things each, at once."""
    people = await school.people(many)
    for asked in QUESTIONS:
        for person in people:
            await person.send(asked)
    return {person.user_id: list(QUESTIONS) for person in people}


async def stops(process: Process) -> None:
    took = await process.stop()
    assert took < PROMISED_S, took


async def test_a_bot_that_is_stopped_leaves_the_rest_to_the_other(postgres: Databases, tmp_path: Path) -> None:
    """First the leader, then the other one, as an upgrade does it; the Bot API takes its time over some calls."""
    async with replicas(await postgres.fresh(), tmp_path, webhook=False) as school:
        leader, other = await school.bots()
        for chat in await school.people(4):
            school.world.faults.add("sendMessage", "slow", chat_id=chat.user_id, seconds=2)
        written = await ask_all(school, 20)
        await until(lambda: school.exchange.said_by(leader) >= 8)
        await stops(leader)
        await until(lambda: school.exchange.said_by(other) >= 8)
        (third,) = await school.start("bot", ready=False)
        await stops(other)
        await third.is_ready()
        await school.calm()
        assert await school.as_written(written) == set()
        await school.each_once()


async def test_a_call_that_is_never_answered_holds_up_no_stop(postgres: Databases, tmp_path: Path) -> None:
    """What became of its letter nobody knows: it goes out again with the next start."""
    async with replicas(await postgres.fresh(), tmp_path, webhook=True) as school:
        leader, other = await school.bots()
        await other.stop()
        school.balancer.ports.remove(other.port)
        (first, *_) = await school.people(1)
        school.world.faults.add("sendMessage", "slow", chat_id=first.user_id, seconds=6)
        written = await ask_all(school, 5)
        await until(lambda: school.exchange.said_by(leader) >= 5)
        in_hand = await school.sending()
        await stops(leader)
        await school.start("bot")
        await school.calm()
        assert await school.as_written(written) <= in_hand


async def test_the_whole_in_one_process(postgres: Databases, tmp_path: Path) -> None:
    """SQLite: stopped with updates and letters in hand, and started again."""
    async with replicas(await postgres.fresh(), tmp_path, webhook=False) as school:
        (house,) = await school.start("run", DATABASE_URL="")
        school.world.faults.add("sendMessage", "slow", times=3, seconds=1)
        people = await school.people(10)
        for asked in ("/language", "/start"):
            for person in people:
                await person.send(asked)
        await until(lambda: school.exchange.said_by(house) >= 2)
        await stops(house)
        answered = sum(len(person.messages) for person in people)
        assert answered < 20, "there was work left"
        await school.start("run", DATABASE_URL="")
        await until(lambda: all(len(person.messages) >= 2 for person in people))
        await asyncio.sleep(0.5)
        for person in people:
            first, second = person.messages
            assert "请选择语言" in first.text
            assert "请选择语言" not in second.text
