"""The leader dies, or stands still: another one takes over, and nothing is lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest
import structlog
from databases import Databases
from family import Family
from processes import ASKED, PERSON_FROM, replicas
from program import until
from sqlalchemy import select

from care.records import Update
from webchat.persona import Persona

STANDS_STILL_S = 30

log = structlog.get_logger()


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_a_killed_leader_is_replaced_within_five_seconds(
    postgres: Databases, tmp_path: Path, webhook: bool
) -> None:
    """Killed with letters in its hands, half of which have not been answered by the Bot API."""
    async with replicas(await postgres.fresh(), tmp_path, webhook) as school:
        leader, other = await school.bots()
        *people, late = await school.people(13)
        school.world.faults.add("sendMessage", "slow", times=6, seconds=1.2)
        for asked in ("/help", "/cancel"):
            for person in people:
                await person.send(asked)
        await until(lambda: school.exchange.said_by(leader) >= 8)
        await leader.kill()
        killed = time.monotonic()
        in_hand = await school.sending()
        await late.send("/language")
        await school.answered(late, 1)
        replaced = time.monotonic() - killed
        await school.calm()
        done = time.monotonic() - killed
        log.info("leader killed", replaced_after_s=round(replaced, 1), all_in_hand_sent_after_s=round(done, 1))
        assert replaced < 5
        written = {person.user_id: ["/help", "/cancel"] for person in people} | {late.user_id: ["/language"]}
        again = await school.as_written(written)
        assert again and again <= in_hand
        assert school.exchange.said_by(other)


async def test_a_leader_that_stands_still_for_half_a_minute_does_no_harm(postgres: Databases, tmp_path: Path) -> None:
    """Paused with a call under way and a chat's rows locked; woken when another one has long done its work."""
    async with replicas(await postgres.fresh(), tmp_path, webhook=True) as school:
        leader, other = await school.bots()
        await school.everybody()
        family = await Family.of(school)
        called, cut, *people = await school.people(12)
        written: dict[int, list[str]] = {person.user_id: [] for person in (called, cut, *people)}

        async def writes(person: Persona, asked: str) -> None:
            written[person.user_id].append(asked)
            await person.send(asked)

        school.pin(called, leader)
        school.pin(cut, leader)
        school.world.faults.add("sendMessage", "slow", chat_id=called.user_id, seconds=1.5)
        await writes(cut, "/language")
        await school.answered(cut, 1)
        await writes(called, "/help")
        await until(lambda: school.exchange.said_by(leader) == 2)
        async with school.held("SELECT 1 FROM person WHERE id = :id FOR UPDATE", id=cut.user_id - PERSON_FROM):
            await cut.tap("中文")
            await school.waiting_for_a_lock()
            leader.pause()
            paused = time.monotonic()
        in_hand = await school.sending()
        said = school.exchange.said_by(leader)
        school.balancer.pins.clear()
        await writes(people[0], "/language")
        log.info("answered by another after", s=round(await school.answered(people[0], 1), 2))
        await writes(cut, "/help")
        log.info("the chat it had locked after", s=round(await school.answered(cut, 2), 2))
        applying = asyncio.create_task(family.applies())
        draw = random.Random(7)
        while time.monotonic() < paused + STANDS_STILL_S:
            asked = draw.choice(list(ASKED))
            await asyncio.gather(*(writes(person, asked) for person in (called, cut, *people)))
            await asyncio.sleep(3)
        await applying
        assert family.persona.sees("已提交")
        leader.wake()
        await school.calm()
        assert await school.as_written(written) <= in_hand
        assert school.exchange.said_by(leader) == said, "it has said nothing since it was paused"
        assert "已切换为中文" in cut.screen()
        stored = await school.ask(select(Update.update_id))
        assert len(stored) == len(school.balancer.written)
        school.pin(called, leader)
        await writes(called, "/cancel")
        await school.calm()
        assert school.exchange.said_by(leader) == said, "it stores and handles, and the other one sends"
        await other.kill()
        await writes(called, "/help")
        log.info("led again after", s=round(await until(lambda: school.exchange.said_by(leader) > said), 2))
        await school.calm()
        assert await school.as_written(written) <= in_hand
