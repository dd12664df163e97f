"""What Telegram brings is odd: doubled, out of order, too late, or it changes nothing."""

from __future__ import annotations

import time
from datetime import timedelta

from fault_scene import (
    ANSWER,
    a_moment_later,
    asks,
    console_of,
    copies,
    refusals,
    states,
    until_handled,
    update_from,
    webhook_of,
)
from sqlalchemy import select
from stage import TOKEN, Stage

from care.records import InboxState, Letter, LetterState, Person, Update
from care.tidy import tidy
from webchat.persona import Persona


async def test_the_same_update_twice(stage: Stage) -> None:
    """People: one answer, also when it comes again after a restart. Office: nothing to do."""
    head = await stage.star("head")
    stage.world.bots[TOKEN].updates.duplicate_next = 1
    await head.send("/language")
    assert copies(head) == 1
    await stage.restart()
    await head.send("/cancel")
    assert copies(head) == 1
    assert await states(stage) == [InboxState.DONE] * 2


async def test_the_same_update_twice_through_the_webhook(stage: Stage) -> None:
    """People: one answer. Office: nothing to do. Telegram hears 200 both times, or it would bring it for ever."""
    head = await stage.star("head")
    async with webhook_of(stage) as bring:
        assert await bring(update_from(head, 7)) == 200
        assert await bring(update_from(head, 7)) == 200
        await until_handled(stage, 1)
        assert await bring(update_from(head, 7)) == 200
    await stage.calm()
    assert copies(head) == 1


async def test_ids_that_jump_ahead(stage: Stage) -> None:
    """People: every answer, once. Office: nothing to do."""
    head = await stage.star("head")
    await head.send("/language")
    stage.world.bots[TOKEN].updates.jump(2_000_000_000)
    await head.send("/language")
    await head.send("/language")
    assert copies(head) == 3
    assert await states(stage) == [InboxState.DONE] * 3


async def test_ids_that_fall(stage: Stage) -> None:
    """People: every answer, once, in the order in which they asked, also those that came while the bot was down.
    Office: nothing to do. (After a week without updates Telegram chooses the next id anew.)"""
    head = await stage.star("head")
    await head.send("/language")
    await stage.kill()
    await asks(head)
    stage.world.bots[TOKEN].updates.jump(5)
    await asks(head, "/cancel")
    await stage.start()
    await stage.calm()
    assert copies(head) == 2
    head.reads("没有可取消")
    stage.world.bots[TOKEN].updates.jump(3)
    await head.send("/language")
    assert copies(head) == 3
    assert await states(stage) == [InboxState.DONE] * 4


async def test_an_id_that_was_used_before_the_ids_fell(stage: Stage) -> None:
    """People: the answer. Office: nothing to do. Telegram may choose an old id a week after the last update; by then
    the night's tidying has forgotten it."""
    head = await stage.star("head")
    await head.send("/language")
    (used,) = await stage.ask(select(Update.update_id))
    for lapse in (timedelta(days=6, hours=13), timedelta(hours=11)):  # the night before, and the week is over
        await stage.at(stage.school.clock.now() + lapse)
        await tidy(stage.school)
    stage.world.bots[TOKEN].updates.jump(used)
    await head.send("/language")
    assert copies(head) == 2


async def test_a_query_that_is_too_old(stage: Stage) -> None:
    """People: what they tapped happens, late; only the line over the chat is missing. Office: nothing to do."""
    head = await stage.star("head")
    await head.send("/language")
    await stage.kill()
    await Persona.tap(head, "English")
    stage.world.monotonic = lambda: time.monotonic() + 3600
    await stage.start()
    await stage.calm()
    assert refusals(stage, 400, "answerCallbackQuery") == 1
    assert head.sees("This chat is now in English") and not head.sees(ANSWER)
    (language,) = await stage.ask(select(Person.language).where(Person.name == head.user.name))
    assert language == "en"
    (toast,) = await stage.ask(select(Letter).where(Letter.method == "answerCallbackQuery"))
    assert toast.state is LetterState.LAPSED
    async with console_of(stage) as clerk:
        assert await clerk.number("afterbell_outbox_failed") == 0


async def test_a_message_that_is_not_modified(stage: Stage) -> None:
    """People: the message as it is, and the button stops turning. Office: nothing to do."""
    head = await stage.star("head")
    await head.send("/language")
    menu = head.last
    before = len(head.answers)
    for _ in range(2):
        await head.tap("中文", message=menu)
    assert refusals(stage, 400, "editMessageText") == 1
    assert len(head.answers) - before == 2
    edits = await stage.ask(select(Letter).where(Letter.method == "editMessageText"))
    assert [(edit.state, edit.error) for edit in edits] == [(LetterState.SENT, "")] * 2
    async with console_of(stage) as clerk:
        await clerk.has_nothing_to_do()
        await a_moment_later(stage)
