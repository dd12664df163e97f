"""Working the inbox: in order within a chat, each update once, and what happens when a handler breaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from stage import Stage
from starlette.applications import Starlette
from telegram import Update as TelegramUpdate

from bot.chat import register
from bot.wire.receive import Delivery, webhook
from bot.wire.turn import Turn
from care.records import Event, InboxState, Update
from care.work import UnitOfWork
from webchat.persona import Persona
from webchat.server import serve


def breaks(times: int) -> Callable[..., object]:
    """A handler that raises so many times, and then answers nothing."""
    left = [times]

    async def handler(*_: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise RuntimeError("broken on purpose")

    return handler


async def restart_with(stage: Stage, monkeypatch: pytest.MonkeyPatch, handler: Callable[..., object]) -> None:
    monkeypatch.setitem(register.FOR_ALL, "help", handler)  # type: ignore[arg-type]
    await stage.restart()


async def test_a_handler_that_breaks_once_is_tried_again_and_the_chat_keeps_its_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await stage.star("office")
    await restart_with(stage, monkeypatch, breaks(1))
    await office.send("/help")
    await Persona.send(office, "/language")
    await office.waits_until(lambda: not len(office.bot.updates))
    office.misses("请选择语言")
    await stage.later(seconds=20)
    await office.send("/cancel")
    office.finds("请选择语言")
    states = await stage.ask(select(Update.state).order_by(Update.id))
    assert states == [InboxState.DONE] * 3


async def test_other_chats_do_not_wait_for_a_broken_one(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    office, head = await stage.star("office"), await stage.star("head")
    await restart_with(stage, monkeypatch, breaks(99))
    await office.send("/help")
    await head.send("/language")
    head.reads("请选择语言")


async def test_an_update_that_breaks_the_database_does_not_stop_the_school(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, head = await stage.star("office"), await stage.star("head")

    async def impossible(_: object, turn: Turn) -> None:
        await turn.uow.session.execute(text("SELECT * FROM no_such_table"))

    await restart_with(stage, monkeypatch, impossible)
    await office.send("/help")
    await head.send("/language")
    head.reads("请选择语言")
    for _ in range(3):
        await stage.later(seconds=20)
    assert await stage.ask(select(Update.state).order_by(Update.id)) == [InboxState.DEAD, InboxState.DONE]
    office.finds("抱歉")


async def test_a_refusal_that_cannot_be_said_is_put_aside(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    office, head = await stage.star("office"), await stage.star("head")

    async def speechless(*_: object) -> None:
        raise RuntimeError("no sentence for this")

    await stage.restart()
    silent = dataclasses.replace(stage.wire.worker.voice, refuse=speechless)
    monkeypatch.setattr(stage.wire.worker, "voice", silent)
    await office.send("/withdraw")
    await office.tap(data="wd:999999")
    await head.send("/language")
    head.reads("请选择语言")
    for _ in range(3):
        await stage.later(seconds=20)
    assert InboxState.DEAD in await stage.ask(select(Update.state))


async def test_the_poller_waits_for_a_database_in_trouble(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await stage.star("office")
    troubles = [OperationalError("INSERT", {}, Exception("database is locked"))] * 2
    real = stage.wire.intake.store

    async def locked(uow: UnitOfWork, news: Sequence[Delivery]) -> list[Delivery]:
        if news and troubles:
            raise troubles.pop()
        return await real(uow, news)

    monkeypatch.setattr(stage.wire.intake, "store", locked)
    await office.send("/language")
    office.reads("请选择语言")
    assert office.screen().count("请选择语言") == 1


async def test_updates_that_came_while_the_bot_was_down_are_answered(stage: Stage) -> None:
    office = await stage.star("office")
    await stage.kill()
    await Persona.send(office, "/language")
    await stage.start()
    await stage.calm()
    office.reads("请选择语言")


async def test_a_handled_update_keeps_no_words(stage: Stage) -> None:
    office = await stage.star("office")
    await office.send("very private words")
    (payload,) = await stage.ask(select(Update.payload))
    assert payload == ""


async def test_groups_are_not_answered(stage: Stage) -> None:
    update = {
        "update_id": 1,
        "message": {"message_id": 1, "date": 1, "text": "/help", "chat": {"id": -5, "type": "group", "title": "g"}},
    }
    await stage.wire.intake.take_in("web", [update])
    await stage.calm()
    assert not [call for call in stage.world.calls if call.params.get("chat_id") == -5]


async def test_the_webhook_stores_before_it_answers_and_wants_the_secret(stage: Stage) -> None:
    app = Starlette(routes=[webhook("web", "the secret", stage.wire.intake)])
    office = await stage.star("office")
    update = {
        "update_id": 9,
        "message": {
            "message_id": 1,
            "date": 1,
            "text": "/language",
            "entities": [{"type": "bot_command", "offset": 0, "length": 9}],
            "chat": {"id": office.user_id, "type": "private"},
            "from": {"id": office.user_id, "is_bot": False, "first_name": "x"},
        },
    }
    header = "X-Telegram-Bot-Api-Secret-Token"
    async with serve(app) as address, aiohttp.ClientSession() as http:
        url = f"{address}/telegram/web"
        async with http.post(url, json=update, headers={header: "wrong"}) as answer:
            assert answer.status == 403
        assert await stage.ask(select(Update)) == []
        for body in (b"junk", b"[]", b"{}"):
            async with http.post(url, data=body, headers={header: "the secret"}) as answer:
                assert answer.status == 400
        for _ in range(2):
            async with http.post(url, json=update, headers={header: "the secret"}) as answer:
                assert answer.status == 200
        assert await stage.ask(select(Update.update_id)) == [9]
    await stage.calm()
    assert office.screen().count("请选择语言") == 1


async def test_the_webhook_asks_for_an_update_again_that_cannot_be_stored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.wire.receive.STORE_WITHIN_S", 0.05)
    app = Starlette(routes=[webhook("web", "the secret", stage.wire.intake)])
    await stage.kill()
    header = {"X-Telegram-Bot-Api-Secret-Token": "the secret"}
    async with (
        serve(app) as address,
        aiohttp.ClientSession(headers=header) as http,
        http.post(f"{address}/telegram/web", json={"update_id": 1}) as answer,
    ):
        assert answer.status == 503
    assert await stage.ask(select(Update)) == [] and stage.wire.intake.is_empty


async def test_half_of_a_broken_emoji_stops_nobody(stage: Stage) -> None:
    office = await stage.star("office")
    chat = {"id": office.user_id, "type": "private"}
    sender = {"id": office.user_id, "is_bot": False, "first_name": "\ud83d"}
    message = {"message_id": 1, "date": 1, "text": "\ud83d", "chat": chat, "from": sender}
    await stage.wire.intake.take_in("web", [{"update_id": 1, "message": message}])
    await office.send("/language")
    office.reads("请选择语言")
    assert await stage.ask(select(Update.state)) == [InboxState.DONE] * 2


async def test_ids_that_fit_nowhere_are_no_update(stage: Stage) -> None:
    app = Starlette(routes=[webhook("web", "the secret", stage.wire.intake)])
    header = {"X-Telegram-Bot-Api-Secret-Token": "the secret"}
    async with (
        serve(app) as address,
        aiohttp.ClientSession(headers=header) as http,
        http.post(f"{address}/telegram/web", json={"update_id": 2**70}) as answer,
    ):
        assert answer.status == 400


async def test_a_strange_answer_to_a_poll_is_asked_for_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something between us and the server answers in its place: no update is taken from it, and none is lost."""
    office = await stage.star("office")
    strange: list[object] = ["a page", [{"no": "id"}], [{"update_id": 2**70}], {"update_id": 1}]
    plain = stage.channel.poll

    async def poll(data: dict[str, object], seconds: float) -> object:
        return strange.pop() if strange else await plain(data, seconds)

    monkeypatch.setattr("bot.wire.receive.BACKOFF_S", (0.01,))
    monkeypatch.setattr(stage.channel, "poll", poll)
    await office.send("/language")
    await office.send("/cancel")
    assert strange == [] and office.screen().count("请选择语言") == 1
    assert await stage.ask(select(Update.state)) == [InboxState.DONE] * 2


async def test_a_sign_that_postgresql_cannot_store_stops_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zero character is left out."""
    office = await stage.star("office")

    async def notes(update: TelegramUpdate, turn: Turn) -> None:
        turn.uow.record("noted", "person", 1, remark=update.effective_message.text)

    await restart_with(stage, monkeypatch, notes)
    chat = {"id": office.user_id, "type": "private"}
    sender = {"id": office.user_id, "is_bot": False, "first_name": "x"}
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]
    message = {"message_id": 1, "date": 1, "text": "/help a\0b", "chat": chat, "from": sender, "entities": entities}
    await stage.wire.intake.take_in("web", [{"update_id": 1, "message": message}])
    await office.send("/language")
    office.reads("请选择语言")
    assert await stage.ask(select(Update.state)) == [InboxState.DONE] * 2
    assert await stage.ask(select(Event.remark).where(Event.action == "noted")) == ["/help ab"]


@pytest.mark.parametrize("said", [{"what": object()}, {"remark": "a\0b"}], ids=["no JSON", "zero character"])
async def test_an_audit_event_that_cannot_be_written_stops_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    """What a handler records is written at the end of the round, with everybody else's: once that failed, each by
    itself, and who is at fault is put aside. A zero character is refused by PostgreSQL only."""
    office, head = await stage.star("office"), await stage.star("head")

    async def notes(_: object, turn: Turn) -> None:
        turn.uow.record("noted", "person", 1, **said)

    await restart_with(stage, monkeypatch, notes)
    await Persona.send(office, "/help")
    await head.send("/language")
    head.reads("请选择语言")
    for _ in range(3):
        await stage.later(seconds=20)
    refused = "what" in said or not stage.school.is_sqlite
    states = [InboxState.DEAD if refused else InboxState.DONE, InboxState.DONE]
    assert await stage.ask(select(Update.state).order_by(Update.id)) == states
    assert office.sees("抱歉") is refused
