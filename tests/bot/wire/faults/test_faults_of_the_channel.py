"""Telegram lets the whole bot wait or keeps it out: too fast, no token, somebody else at the same bot."""

from __future__ import annotations

import asyncio
import contextlib
import json

import aiohttp
import pytest
from databases import make_school
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

from care.channels import Trouble
from care.clock import MovableClock
from care.records import InboxState


async def test_429_with_a_long_retry_after(small_stage: Stage, watch: Watch, log: list[str]) -> None:
    """People: no answer for as long as Telegram said; then each one, once. Office: a banner says that Telegram lets us
    wait; after ten minutes the letters are shown as late, and monitoring counts them. Ends by itself; not one call is
    made before its time."""
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
        await clerk.hears_of("silenced")
        assert "短时间内消息过多" in await clerk.outbox()
        pass_time(stage, watch, minutes=4)
        await stage.calm()
        pass_time(stage, watch, seconds=6)
        await clerk.hears_of("")
        assert (copies(office), copies(head)) == (1, 1)
        await clerk.has_nothing_to_do()
    sent = [call.at for call in stage.world.calls if call.method == "sendMessage" and call.ok]
    assert min(sent) >= refused_at + 900
    assert [letter.attempts for letter in await letters(stage)] == [1, 1], "waiting as told is no failed try"
    assert sum("nothing is sent" in line for line in log) == 1


async def test_many_calls_refused_at_once_are_one_line_in_the_log(
    small_stage: Stage, watch: Watch, log: list[str]
) -> None:
    stage = small_stage
    await stage.restart()
    people = [await stage.star(key) for key in ("office", "head", "homeroom")]
    stage.world.faults.add("sendMessage", "too_many", times=3, retry_after=20)
    async with stage.school.work() as uow:
        for player in people:
            uow.reply("web", player.user_id, "sendMessage", json.dumps({"chat_id": player.user_id, "text": ANSWER}))
    await until(lambda: refusals(stage, 429) == 3)
    await until_settled(stage)
    assert sum("nothing is sent" in line and "20.0" in line for line in log) == 1
    assert stage.wire.troubles.of("web") is None, "nobody need hear of twenty seconds"
    pass_time(stage, watch, seconds=21)
    await stage.calm()
    assert [copies(player) for player in people] == [1, 1, 1]


@pytest.mark.usefixtures("quick")
async def test_the_token_is_revoked_and_works_again(small_stage: Stage, log: list[str], watch: Watch) -> None:
    """People: no answer until the token works; then each one, once. Office: a banner says that the token is refused
    and who must set a new one, as does the log (and not which it is); after ten minutes letters are shown as late.
    When the old one works again, all ends by itself."""
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
        assert any("nothing is sent" in line and "token is refused" in line for line in log)
        await clerk.hears_of("token_refused")
        assert "设置新令牌" in await clerk.outbox()
        assert await clerk.is_ready(), "a restart would not help"
        assert not_confirmed(stage) == 2, "nothing can be confirmed now: all of it comes again"
        assert await clerk.late() == 1
        stage.world.bots[TOKEN].revoked = False
        await until(lambda: not not_confirmed(stage))
        pass_time(stage, watch, seconds=31)
        await stage.calm()
        assert (copies(office), copies(head)) == (1, 1)
        await clerk.has_nothing_to_do()
        await clerk.hears_of("")


@pytest.mark.usefixtures("quick")
async def test_a_console_in_another_process_says_so_too(stage: Stage) -> None:
    """On the start page and on the outbox, since when; and no more once the bot works."""
    clock = stage.school.clock
    assert isinstance(clock, MovableClock)
    elsewhere = make_school(stage.school.reader.url.render_as_string(hide_password=False), clock)
    try:
        async with console_of(stage, elsewhere) as clerk:
            stage.world.bots[TOKEN].revoked = True
            await asks(await stage.star("office"))  # ends the poll that is under way
            await until(lambda: refusals(stage, 401, "getUpdates") > 0)
            await clerk.hears_of("token_refused")
            sentence = f"自 {clock.local():%H:%M} 起，网页聊天 不接受机器人的令牌。"
            for page in ("/", "/outbox"):
                assert sentence in (await clerk.browser.get(page)).text
            stage.world.bots[TOKEN].revoked = False
            await asks(await stage.star("head"))
            await clerk.hears_of("")
            assert "不接受机器人的令牌" not in (await clerk.browser.get("/")).text
    finally:
        await elsewhere.close()


@pytest.mark.usefixtures("quick")
async def test_telegram_is_out_of_reach(small_stage: Stage) -> None:
    """People: nothing, then each answer once. Office: a banner from the second time on. Ends by itself."""
    stage = small_stage
    head = await stage.star("head")
    async with console_of(stage) as clerk:
        fault = stage.world.faults.add("getUpdates", "bad_gateway", times=10**6)
        await asks(head)  # ends the poll that is under way
        await clerk.hears_of("unreachable")
        assert "无法连接" in await clerk.outbox()
        fault.times = 1
        await stage.calm()
        assert copies(head) == 1
        await clerk.hears_of("")


@pytest.mark.usefixtures("quick")
async def test_another_poller_fetches_updates_of_the_same_bot(small_stage: Stage, log: list[str]) -> None:
    """People: answers may come late (what the other program confirms is lost to us; that is Telegram's way). Office:
    a banner and the log say that another program polls. Ends by itself two minutes after the other one stops."""
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
    async with console_of(stage) as clerk:
        await clerk.hears_of("other_poller")
        assert "另有程序在读取" in await clerk.outbox()
        other.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await other
        await stage.calm()
        assert await clerk.trouble() == "other_poller", "the two may take turns"
        pass_time(stage, minutes=3)
        await asks(head, "/help")
        await clerk.hears_of("")
        await stage.calm()
    assert copies(head) == 1
    assert await states(stage) == [InboxState.DONE] * 2


@pytest.mark.usefixtures("quick")
async def test_somebody_elses_webhook_is_taken_down(
    small_stage: Stage, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People: answers come late. Office: a banner as long as it lasts, and the log says that there was a webhook. Ends
    by itself: a program that polls takes the webhook down, once a minute at most, and what Telegram could not deliver
    there comes to us."""
    stage = small_stage
    met: list[Trouble] = []
    note = stage.wire.troubles.note
    monkeypatch.setattr(stage.wire.troubles, "note", lambda *found: (met.append(found[1]), note(*found)))
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
    assert Trouble.WEBHOOK_CHANGED in met and stage.wire.troubles.of("web") is None
    assert sum(call.method == "deleteWebhook" for call in stage.world.calls) == 1
