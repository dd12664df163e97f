"""A call to Telegram goes wrong: while updates are fetched, and while an answer is sent."""

from __future__ import annotations

from dataclasses import replace
from functools import partialmethod
from typing import Any

import pytest
from fault_scene import ANSWER, a_moment_later, asks, console_of, copies, letters, states, until, until_settled
from journey import person_id
from stage import Player, Stage

from bot.chat.letters import KINDS
from bot.wire.channel import Channel
from bot.wire.http import AiohttpRequest
from care.records import InboxState, LetterState
from webchat.faults import FaultKind
from webchat.persona import Persona


async def both_ways(stage: Stage, fault: FaultKind) -> Player:
    """Somebody asks; the fault hits the call that fetches this, and then the call that sends the answer."""
    head = await stage.star("head")
    await stage.kill()
    await asks(head)
    stage.world.faults.add("getUpdates", fault)
    stage.world.faults.add("sendMessage", fault)
    await stage.start()
    await until(lambda: not stage.world.faults.waiting)
    await stage.calm()
    (letter,) = await letters(stage)
    assert letter.state is LetterState.WAITING and letter.attempts == 1
    async with console_of(stage) as clerk:
        await clerk.has_nothing_to_do()
        await a_moment_later(stage)
        assert await states(stage) == [InboxState.DONE], "handled once"
        assert [letter.state for letter in await letters(stage)] == [LetterState.SENT]
        await clerk.has_nothing_to_do()
    return head


@pytest.mark.usefixtures("quick")
async def test_502_with_a_page_of_html(small_stage: Stage, log: list[str]) -> None:
    """People: the answer comes a second later, once. Office: nothing to do; a line in the log. Ends by itself."""
    head = await both_ways(small_stage, "bad_gateway")
    assert copies(head) == 1
    assert any("no updates" in line for line in log)
    assert not any("<html>" in line for line in log), "the page of a stranger is not logged"


@pytest.mark.usefixtures("quick")
async def test_a_connection_dropped_before_telegram_acted(small_stage: Stage) -> None:
    """People: the answer comes a second later, once. Office: nothing to do. Ends by itself."""
    assert copies(await both_ways(small_stage, "drop_before")) == 1


@pytest.mark.usefixtures("quick")
async def test_a_connection_dropped_after_telegram_acted(small_stage: Stage) -> None:
    """People: the answer may stand there twice, for nobody can know that the first arrived; what they asked for is
    done once. Office: nothing to do. Ends by itself."""
    assert copies(await both_ways(small_stage, "drop_after")) == 2


@pytest.mark.usefixtures("quick")
async def test_truncated_json(small_stage: Stage, log: list[str]) -> None:
    """People: as when the connection drops after acting. Office: nothing to do; the log names the fault, and none of
    the words that were in the answer. Ends by itself."""
    assert copies(await both_ways(small_stage, "truncated")) == 2
    assert not any(ANSWER in line for line in log)


async def test_a_tap_whose_answers_are_cut_off_has_one_effect(small_stage: Stage) -> None:
    """People: one line over the chat, one change of the message. Office: nothing to do. Ends by itself."""
    stage = small_stage
    head = await stage.star("head")
    await head.send("/language")
    stage.world.faults.add("answerCallbackQuery", "drop_after")
    stage.world.faults.add("editMessageText", "drop_after")
    before = len(head.answers)
    await Persona.tap(head, "English")
    await until(lambda: not stage.world.faults.waiting)
    await until_settled(stage)
    await a_moment_later(stage)
    assert len(head.answers) - before == 1
    assert copies(head, "This chat is now in English") == 1 and not head.sees(ANSWER)
    async with console_of(stage) as clerk:
        await clerk.has_nothing_to_do()


async def test_a_letter_that_must_not_go_out_twice_is_left_to_the_office(
    small_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People: the letter once. Office: "perhaps sent", with the buttons to send it again or drop it. Ends by that."""
    stage = small_stage
    monkeypatch.setitem(KINDS, "approval_waits", replace(KINDS["approval_waits"], again=False))
    head = await stage.star("head")
    stage.world.faults.add("sendMessage", "drop_after")
    async with console_of(stage) as clerk:
        async with stage.school.work() as uow:
            await uow.post("approval_waits", person_id(head))
        await stage.calm()
        await a_moment_later(stage, hours=1)
        letter = next(letter for letter in await letters(stage) if letter.state is LetterState.REVIEW)
        assert "? 可能已送达" in await clerk.outbox()
        await clerk.decides(f"/outbox/{letter.id}/drop")
        await clerk.has_nothing_to_do()
    assert copies(head, "审批") == 1


async def test_a_hang_while_an_answer_is_sent(small_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """People: the answer comes late, and twice when the call that hung is carried out after all; others do not wait.
    Office: nothing to do. Ends by itself."""
    stage = small_stage
    monkeypatch.setattr(AiohttpRequest, "__init__", partialmethod(AiohttpRequest.__init__, read_timeout=0.3))
    await stage.restart()
    office, head = await stage.star("office"), await stage.star("head")
    hang = stage.world.faults.add("sendMessage", "slow", seconds=2.5, chat_id=office.user_id)
    await asks(office)
    await until(lambda: hang not in stage.world.faults.waiting)
    await asks(head)
    await head.waits_for(ANSWER)
    assert copies(office) == 0, "answered while the other's call still hung"
    await stage.calm()
    async with console_of(stage) as clerk:
        await clerk.has_nothing_to_do()
    await a_moment_later(stage)
    assert copies(office) >= 1
    await office.waits_until(lambda: copies(office) == 2)
    assert await states(stage) == [InboxState.DONE] * 2


@pytest.mark.usefixtures("quick")
async def test_a_hang_while_updates_are_fetched(
    small_stage: Stage, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People: the answer comes late, once. Office: a line in the log. Ends by itself."""
    stage = small_stage
    patience = [0.3]
    poll = Channel.poll

    async def impatient(channel: Channel, data: dict[str, Any], seconds: float) -> Any:
        return await poll(channel, data, patience.pop() if patience else seconds)

    head = await stage.star("head")
    await stage.kill()
    monkeypatch.setattr(Channel, "poll", impatient)
    await asks(head)
    stage.world.faults.add("getUpdates", "slow", seconds=1)
    await stage.start()
    await stage.calm()
    assert copies(head) == 1
    assert any("TimedOut" in line for line in log)


async def test_an_outage_of_an_hour(small_stage: Stage) -> None:
    """People: nothing for an hour, then every answer. Office: the letters are late, but nothing is given up; an
    outage may not leave hundreds of letters to be sent again by hand. Ends by itself."""
    stage = small_stage
    office, head = await stage.star("office"), await stage.star("head")
    async with console_of(stage) as clerk:
        outage = stage.world.faults.add("sendMessage", "bad_gateway", times=1000)
        await office.send("/language")
        await head.send("/language")
        for _ in range(12):
            await a_moment_later(stage, minutes=5)
        assert await clerk.late() == 2
        assert await clerk.number("afterbell_outbox_failed") == 0
        stage.world.faults.waiting.remove(outage)
        await a_moment_later(stage, minutes=16)
        assert (copies(office), copies(head)) == (1, 1)
        await clerk.has_nothing_to_do()
