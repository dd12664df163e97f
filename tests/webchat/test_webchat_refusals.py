"""What Telegram refuses, refused with Telegram's code and words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter
from telegram.request import HTTPXRequest

from webchat.limits import Limiter, Limits
from webchat.persona import Persona
from webchat.server import create_app, serve
from webchat.world import World

OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
async def known(mum: Persona) -> int:
    """Her id, after she has started the bot."""
    await mum.send("/start")
    return mum.user_id


def buttons(*rows: list[str]) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": text, "callback_data": text} for text in row] for row in rows]}


SENDS = [
    ({"text": "x" * 4097}, 400, "Bad Request: message is too long"),
    ({"text": "😀" * 2049}, 400, "Bad Request: message is too long"),
    ({"text": ""}, 400, "Bad Request: message text is empty"),
    ({}, 400, "Bad Request: message text is empty"),
    ({"text": " \n "}, 400, "Bad Request: message text is empty"),
    ({"text": "x", "chat_id": 5}, 400, "Bad Request: chat not found"),
    ({"text": "x", "chat_id": "@nobody"}, 400, "Bad Request: chat not found"),
    ({"text": "x", "chat_id": ""}, 400, "Bad Request: chat_id is empty"),
    ({"text": "x", "reply_markup": "{nonsense"}, 400, "Bad Request: can't parse reply keyboard markup JSON object"),
    ({"text": "x", "reply_markup": "[]"}, 400, "Bad Request: object expected as reply markup"),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "字" * 22}]]}},
        400,
        "Bad Request: BUTTON_DATA_INVALID",
    ),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
        400,
        "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [{"text": "a"}]}},
        400,
        'Bad Request: field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ),
    ({"text": "x", "reply_markup": buttons(*[["a"]] * 101)}, 400, "Bad Request: reply markup is too long"),
    ({"text": "x", "reply_markup": buttons(["a"] * 9)}, 400, "Bad Request: reply markup is too long"),
    ({"text": "x", "parse_mode": "wiki"}, 400, "Bad Request: unsupported parse_mode"),
]
ENTITIES = [
    ("HTML", "<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    ("HTML", "<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("HTML", "好</b>", "Unexpected end tag at byte offset 3"),
    ("HTML", "1 < 2", "Unclosed start tag at byte offset 2"),
    ("HTML", "<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
    ("HTML", "<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("MarkdownV2", "5.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("MarkdownV2", "*x", "Can't find end of Bold entity at byte offset 0"),
    ("MarkdownV2", "好`x", "Can't find end of Code entity at byte offset 3"),
]


@pytest.mark.parametrize(("params", "code", "words"), SENDS)
async def test_a_message_is_refused(call: Any, known: int, params: dict[str, object], code: int, words: str) -> None:
    status, body = await call("sendMessage", **{"chat_id": known, **params})
    assert (status, body["error_code"], body["description"]) == (code, code, words)


@pytest.mark.parametrize(("mode", "text", "words"), ENTITIES)
async def test_malformed_entities_are_refused(call: Any, known: int, mode: str, text: str, words: str) -> None:
    status, body = await call("sendMessage", chat_id=known, text=text, parse_mode=mode)
    assert (status, body["description"]) == (400, f"Bad Request: can't parse entities: {words}")


async def test_well_formed_markdown_is_kept(call: Any, known: int) -> None:
    text = "*粗 _斜_* __线__ ~删~ ||藏|| `码` [链](https://example.org/a\\)b) 5\\.\n>引"
    _, body = await call("sendMessage", chat_id=known, text=text, parse_mode="MarkdownV2")
    assert body["result"]["text"] == "粗 斜 线 删 藏 码 链 5.\n引"
    kinds = [entity["type"] for entity in body["result"]["entities"]]
    assert kinds == ["bold", "italic", "underline", "strikethrough", "spoiler", "code", "text_link", "blockquote"]


async def test_the_longest_message_is_taken(call: Any, known: int) -> None:
    status, _ = await call("sendMessage", chat_id=known, text="字" * 4096, reply_markup=buttons(*[["a"] * 8] * 12))
    assert status == 200


async def test_an_edit_is_refused(call: Any, known: int, mum: Persona) -> None:
    hers = next(iter(mum.chat.messages))
    _, body = await call("sendMessage", chat_id=known, text="a", reply_markup=buttons(["x"]))
    mine = body["result"]["message_id"]
    same = (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as "
        "a current content and reply markup of the message"
    )
    for params, words in (
        ({"message_id": mine, "text": "a", "reply_markup": buttons(["x"])}, same),
        ({"message_id": 999, "text": "b"}, "Bad Request: message to edit not found"),
        ({"message_id": hers, "text": "b"}, "Bad Request: message can't be edited"),
        ({"message_id": mine, "text": ""}, "Bad Request: message text is empty"),
        ({"message_id": mine, "text": "x" * 4097}, "Bad Request: MESSAGE_TOO_LONG"),
        (
            {"message_id": mine, "text": "b", "reply_markup": {"keyboard": [["x"]]}},
            "Bad Request: inline keyboard expected",
        ),
    ):
        status, body = await call("editMessageText", chat_id=known, **params)
        assert (status, body["description"]) == (400, words)
    status, body = await call("editMessageReplyMarkup", chat_id=known, message_id=mine, reply_markup=buttons(["x"]))
    assert (status, body["description"]) == (400, same)
    status, body = await call("editMessageReplyMarkup", chat_id=known, message_id=mine)
    assert status == 200
    assert "reply_markup" not in body["result"]
    status, body = await call("deleteMessage", chat_id=known, message_id=999)
    assert (status, body["description"]) == (400, "Bad Request: message to delete not found")


async def test_a_caption_is_at_most_1024_long(bot: Bot, known: int) -> None:
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_document(known, b"x", caption="字" * 1025)
    with pytest.raises(BadRequest, match="There is no document in the request"):
        await bot.send_document(known, "")


async def test_a_tap_is_answered_once_and_in_time(call: Any, known: int, world: World, mum: Persona) -> None:
    _, body = await call("answerCallbackQuery", callback_query_id="12345")
    assert body == {"ok": False, "error_code": 400, "description": OLD}
    query = await mum.tap(data="x")
    _, body = await call("answerCallbackQuery", callback_query_id=query, text="x" * 201)
    assert body["description"] == "Bad Request: MESSAGE_TOO_LONG"
    assert await call("answerCallbackQuery", callback_query_id=query) == (200, {"ok": True, "result": True})
    _, body = await call("answerCallbackQuery", callback_query_id=query)
    assert body["description"] == OLD
    late = await mum.tap(data="x")
    world.monotonic = lambda now=world.monotonic: now() + 61  # type: ignore[misc]
    _, body = await call("answerCallbackQuery", callback_query_id=late)
    assert body["description"] == OLD


async def test_who_cannot_be_written_to(bot: Bot, world: World, mum: Persona) -> None:
    with pytest.raises(Forbidden, match=r"^Forbidden: bot can't initiate conversation with a user$"):
        await bot.send_message(mum.user_id, "x")
    await mum.send("/start")
    await mum.block()
    with pytest.raises(Forbidden, match=r"^Forbidden: bot was blocked by the user$"):
        await bot.send_message(mum.user_id, "x")
    await mum.unblock()
    mum.deactivate()
    with pytest.raises(Forbidden, match=r"^Forbidden: user is deactivated$"):
        await bot.send_message(mum.user_id, "x")


async def test_a_wrong_token_and_an_unknown_method(call: Any, http: Any, base_url: str) -> None:
    assert await call("sendDreams") == (404, {"ok": False, "error_code": 404, "description": "Not Found"})
    async with http.get("/bot1:wrong/getMe") as answer:
        assert answer.status == 401
        assert await answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    stranger = Bot("1:wrong", base_url=f"{base_url}/bot", request=HTTPXRequest(httpx_kwargs={"trust_env": False}))
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


class Clock:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_chat_takes_a_burst_and_then_one_a_second() -> None:
    clock = Clock()
    limiter = Limiter(Limits(overall_per_s=1000, chat_burst=3), clock)
    assert [limiter.take(1) for _ in range(4)] == [None, None, None, 1]
    assert limiter.take(2) is None
    clock.now += 0.5
    assert limiter.take(1) == 1
    clock.now += 0.5
    assert limiter.take(1) is None
    assert limiter.take(1) == 1


def test_thirty_a_second_in_all() -> None:
    clock = Clock()
    limiter = Limiter(Limits(), clock)
    assert [limiter.take(chat) for chat in range(1, 31)] == [None] * 30
    assert limiter.take(31) == 1
    clock.now += 1
    assert [limiter.take(chat) for chat in range(31, 61)] == [None] * 30
    assert limiter.take(61) == 1


def test_twenty_a_minute_in_a_group() -> None:
    clock = Clock()
    limiter = Limiter(Limits(), clock)
    taken = []
    for _ in range(21):
        clock.now += 0.01
        taken.append(limiter.take(-5))
    assert taken == [None] * 20 + [3]


async def test_too_much_is_answered_429_with_the_time_to_wait(token: str) -> None:
    clock = Clock()
    world = World(limits=Limits(chat_burst=2), monotonic=clock)
    world.add_bot(token)
    mum = Persona(world, token, name="林岚")
    await mum.send("/start")
    async with serve(create_app(world)) as url:
        request = HTTPXRequest(httpx_kwargs={"trust_env": False})
        async with Bot(token, base_url=f"{url}/bot", request=request) as bot:
            message = await bot.send_message(mum.user_id, "1")
            await message.edit_text("2")
            with pytest.raises(RetryAfter) as refusal:
                await bot.send_message(mum.user_id, "3")
            assert refusal.value.retry_after == timedelta(seconds=1)
            await bot.answer_callback_query(await mum.tap(data="x"))
            assert world.calls[-2].outcome == "429 Too Many Requests: retry after 1"
            clock.now += 1
            await bot.send_message(mum.user_id, "3")
