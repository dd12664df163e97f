"""What the chat can show at once."""

from __future__ import annotations

import pytest

from bot.wire.view import BUTTONS_LIMIT, Button, View, message_payload


def test_a_message_that_the_server_would_refuse_is_not_made() -> None:
    row = (Button("3(6)", "hs:1"),) * 4
    most = View("which?", (row,) * (BUTTONS_LIMIT // 4))
    assert len(message_payload(1, most)["reply_markup"]["inline_keyboard"]) == BUTTONS_LIMIT // 4
    with pytest.raises(ValueError, match="too many buttons: 104"):
        message_payload(1, View("which?", (*most.rows, row)))
