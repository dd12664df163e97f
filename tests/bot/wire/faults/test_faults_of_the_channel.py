"""Telegram lets the whole bot wait or keeps it out: too fast, no token, somebody else at the same bot."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest
from fault_scene import (
    ANSWER,
    Watch,
    asks,
    console_of,
    copies,
    letters,
    not_confirmed,
    pass_time,
    refusals,
    states,
    until,
    until_handled,
    until_settled,
)
from stage import TOKEN, Stage

from care.records import InboxState


async def test_429_with_a_long_retry_after(small_stage: Stage, watch: Watch) -> None:
    """People: no answer for as long as Telegram said; then each one, once. Office: after ten minutes the letters are
    shown as late, and monitoring counts them. Ends by itself; not one call is made before its time."""
    stage = small_stage
    await stage.restart()
    office, head = await stage.star("office"), await stage.star("head")
    async with console_of(stage) as clerk:
        stage.world.faults.add("sendMessage", "too_many", retry_after=900)
        await asks(office)
        await until(lambda: refusals(stage, 429) == 1)
        refused_at = stage.school.clock.now().timestamp()
        await asks(head)
        await until_handled(stage, 2)
        await until_settled(stage)
        pass_time(stage, watch, minutes=11)
        assert await clerk.number('afterbell_outbox_waiting{class="reply"}') == 2
        assert await clerk.late() == 2
        pass_time(stage, watch, minutes=4)
        await stage.calm()
        assert (copies(office), copies(head)) == (1, 1)
        await clerk.has_nothing_to_do()
    sent = [call.at for call in stage.world.calls if call.method == "sendMessage" and call.ok]
    assert min(sent) >= refused_at + 900
    assert [letter.attempts for letter in await letters(stage)] == [1, 1], "waiting as told is no failed try"


@pytest.mark.usefixtures("quick")
async def test_the_token_is_revoked_and_works_again(small_stage: Stage, log: list[str], watch: Watch) -> None:
    """People: no answer until the token works; then each one, once. Office: the log says that the token is refused
    (and not which it is); after ten minutes letters are shown as late. A new token is the operator's to set; when the
    old one works again, all ends by itself."""
    stage = small_stage
    await stage.restart()
    office, head = await stage.star("office"), await stage.star("head")

    async def refused_again() -> None:
        """One more try, and what came of it is written down."""
        before = refusals(stage, 401)
        await until(lambda: refusals(stage, 401) > before)
        await until_settled(stage)

    async with console_of(stage) as clerk:
        stage.world.bots[TOKEN].revoked = True
        await asks(office)  # the poll that is under way still brings it
        await until(lambda: refusals(stage, 401) > 0)
        await until_settled(stage)
        await asks(head)
        for _ in range(9):
            pass_time(stage, watch, seconds=31)
            await refused_again()
        pass_time(stage, watch, minutes=10)
        await refused_again()
        (letter,) = await letters(stage)
        assert letter.attempts == 0, "a refused token costs no try"
        assert any("token" in line and "refused" in line for line in log)
        assert not_confirmed(stage) == 2, "nothing can be confirmed now: all of it comes again"
        assert await clerk.late() == 1
        stage.world.bots[TOKEN].revoked = False
        await until(lambda: not not_confirmed(stage))
        pass_time(stage, watch, seconds=31)
        await stage.calm()
        assert (copies(office), copies(head)) == (1, 1)
        await clerk.has_nothing_to_do()


@pytest.mark.usefixtures("quick")
async def test_another_poller_fetches_updates_of_the_same_bot(small_stage: Stage, log: list[str]) -> None:
    """People: answers may come late (what the other program confirms is lost to us; that is Telegram's way). Office:
    the log says that another program polls. Ends by itself when the other one stops."""
    stage = small_stage
    head = await stage.star("head")

    async def rival() -> None:
        async with aiohttp.ClientSession(stage.address) as http:
            while True:
                async with http.get(f"/bot{TOKEN}/getUpdates", params={"timeout": 1}) as answer:
                    await answer.read()
                await asyncio.sleep(0.02)

    other = asyncio.create_task(rival())
    await until(lambda: refusals(stage, 409, "getUpdates") >= 3)
    await asks(head)
    await until(lambda: any("another program" in line for line in log))
    other.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await other
    await stage.calm()
    assert copies(head) == 1
    assert await states(stage) == [InboxState.DONE]


@pytest.mark.usefixtures("quick")
async def test_somebody_elses_webhook_is_taken_down(small_stage: Stage, log: list[str]) -> None:
    """People: answers come late. Office: the log says that there was a webhook. Ends by itself: a program that polls
    takes the webhook down, once a minute at most, and what Telegram could not deliver there comes to us."""
    stage = small_stage
    head = await stage.star("head")
    async with aiohttp.ClientSession(stage.address) as http:
        elsewhere = {"url": "http://127.0.0.1:9/elsewhere"}
        async with http.post(f"/bot{TOKEN}/setWebhook", json=elsewhere) as answer:
            assert answer.status == 200
    await asks(head)
    await head.waits_for(ANSWER)
    await stage.calm()
    assert copies(head) == 1
    assert any("webhook" in line for line in log)
    assert sum(call.method == "deleteWebhook" for call in stage.world.calls) == 1
