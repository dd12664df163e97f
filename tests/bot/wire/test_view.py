"""What the chat can show at once."""

from __future__ import annotations

import json

import pytest

from bot.wire import plain
from bot.wire.view import BUTTONS_LIMIT, Button, View, message_payload


def test_a_message_that_the_server_would_refuse_is_not_made() -> None:
    row = (Button("3(6)", "hs:1"),) * 4
    most = View("which?", (row,) * (BUTTONS_LIMIT // 4))
    assert len(message_payload(1, most)["reply_markup"]["inline_keyboard"]) == BUTTONS_LIMIT // 4
    with pytest.raises(ValueError, match="too many buttons: 104"):
        message_payload(1, View("which?", (*most.rows, row)))


@pytest.mark.parametrize("words", ["[" * 20000 + "]" * 20000, "{", b"\xff", "", '{"a": 1}x'])
def test_what_is_no_json_is_said_to_be_none(words: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whose words differ
        plain.read(words)


@pytest.mark.parametrize("said", ["a\0b", "\0\0", "\\\0\\u0000", "\ud83dx\0", "王\u2028 <b>=1+1"])
def test_what_is_written_can_be_stored_and_read_again(said: str) -> None:
    written = plain.write({"text": said})
    assert "\0" not in written
    kept = said.replace("\0", "").replace("\ud83d", "?")
    assert plain.read(written) == json.loads(written) == {"text": kept}
