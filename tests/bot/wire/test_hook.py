"""The webhook is ours: what somebody changes is set right, and shown until it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from stage import TOKEN, Stage
from structlog.testing import capture_logs

from bot.wire import hook as module
from bot.wire.hook import Hook
from care.channels import Trouble

OURS = "http://127.0.0.1:9/telegram/web"
T = Trouble


@asynccontextmanager
async def watched(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hook]:
    """Our webhook is set, and looked after every moment."""
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    await stage.kill()
    await stage.channel.open()
    hook = Hook(stage.channel, OURS, "secret", stage.wire.leader.leads, stage.wire.troubles)
    await hook.set()
    task = asyncio.create_task(hook.watch())
    yield hook
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def calls(stage: Stage, method: str) -> int:
    return sum(call.method == method for call in stage.world.calls)


async def looks(stage: Stage, number: int = 2) -> None:
    """So many looks from now."""
    wanted = calls(stage, "getWebhookInfo") + number
    async with asyncio.timeout(10):
        while calls(stage, "getWebhookInfo") < wanted:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9/elsewhere", ""])
async def test_a_webhook_that_was_changed_or_removed_is_set_again(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    stage = small_stage
    met: list[Trouble] = []
    async with watched(stage, monkeypatch):
        note = stage.wire.troubles.note
        monkeypatch.setattr(stage.wire.troubles, "note", lambda name, code: (met.append(code), note(name, code)))
        await looks(stage)
        assert calls(stage, "setWebhook") == 1
        with capture_logs() as lines:
            await stage.channel.bot.set_webhook(elsewhere)
            before = calls(stage, "setWebhook")
            await looks(stage, 4)
        assert stage.world.bots[TOKEN].hook.url == OURS
        assert stage.world.bots[TOKEN].hook.secret == "secret"
        assert calls(stage, "setWebhook") == before + 1
        assert met == [T.WEBHOOK_CHANGED] and stage.wire.troubles.of("web") is None
        assert [line["event"] for line in lines] == ["somebody has changed or removed the webhook; it is set again"]
        assert "elsewhere" not in str(lines)


async def test_while_it_is_not_mended_it_is_shown_and_told_once(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = small_stage
    async with watched(stage, monkeypatch):
        stage.world.faults.add("setWebhook", "bad_gateway", times=4)
        stage.world.bots[TOKEN].hook.url = ""
        with capture_logs() as lines:
            await looks(stage, 3)
            assert stage.wire.troubles.of("web") is T.WEBHOOK_CHANGED
            await looks(stage, 5)
        assert stage.wire.troubles.of("web") is None
        assert sum("changed or removed" in line["event"] for line in lines) == 1


async def test_it_tells_of_a_token_and_a_server_and_leaves_another_process_the_lead(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = small_stage
    async with watched(stage, monkeypatch) as hook:
        stage.world.bots[TOKEN].revoked = True
        await looks(stage)
        assert stage.wire.troubles.of("web") is T.TOKEN_REFUSED
        stage.world.bots[TOKEN].revoked = False
        await looks(stage)
        assert stage.wire.troubles.of("web") is None
        stage.world.faults.add("getWebhookInfo", "too_many", retry_after=60)
        await looks(stage)
        assert stage.wire.troubles.of("web") is T.SILENCED
        monkeypatch.setattr(hook, "_leads", lambda: False)
        stage.world.bots[TOKEN].hook.url = ""
        before = calls(stage, "getWebhookInfo")
        await asyncio.sleep(0.2)
        assert calls(stage, "getWebhookInfo") <= before + 1
        assert stage.world.bots[TOKEN].hook.url == ""
