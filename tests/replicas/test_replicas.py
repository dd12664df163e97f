"""Two bots of one school side by side: nothing twice or lost, each chat in its order, no chat waits for another."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from databases import Databases
from processes import ASKED, PERSON_FROM, replicas
from sqlalchemy import select

from care.records import Update

CHATS, MESSAGES = 30, 4


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_a_busy_hour(postgres: Databases, tmp_path: Path, webhook: bool) -> None:
    """Thirty people write four things each, all at once. By webhook the updates of one chat come to both bots side by
    side; their order is the one in which they were stored."""
    draw = random.Random(7)
    async with replicas(await postgres.fresh(), tmp_path, webhook) as school:
        school.balancer.at_once = True
        leader, other = await school.bots()
        people = await school.people(CHATS)
        written = {person.user_id: draw.choices(list(ASKED), k=MESSAGES) for person in people}
        for turn in range(MESSAGES):
            for person in people:
                await person.send(written[person.user_id][turn])
            await asyncio.sleep(0)
        await school.calm(30)
        if webhook:
            for chat in written:
                stored = await school.ask(select(Update.update_id).where(Update.chat_id == chat).order_by(Update.id))
                written[chat] = [school.balancer.written[number] for number in stored]
        assert {person.user_id: school.answers(person) for person in people} == written
        assert school.exchange.said_by(leader) == CHATS * MESSAGES and school.exchange.said_by(other) == 0
        await school.each_once()


async def test_a_slow_handler_holds_up_its_own_chat_only(postgres: Databases, tmp_path: Path) -> None:
    """While one bot is at a chat, the chat's next update comes to the other one: that waits, and nothing else does."""
    async with replicas(await postgres.fresh(), tmp_path, webhook=True) as school:
        leader, other = await school.bots()
        slow, quick = await school.people(2)
        school.pin(slow, other)
        school.pin(quick, leader)
        await slow.send("/language")
        await school.answered(slow, 1)
        async with school.held("SELECT 1 FROM person WHERE id = :id FOR UPDATE", id=slow.user_id - PERSON_FROM):
            await slow.tap("English")
            await school.waiting_for_a_lock()
            school.pin(slow, leader)
            await slow.send("/help")
            await asyncio.sleep(0.2)
            await quick.send("/language")
            await school.answered(quick, 1, 1.2)
            assert school.answers(slow) == ["/language"], "the tap is not done yet, and what came after it waits"
        await school.calm()
        _, answer = slow.messages
        assert "Here is what you can do" in answer.text, "in the language chosen before"
        await school.each_once()
