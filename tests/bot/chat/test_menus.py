"""The menu of the chat: each line fits a phone."""

from __future__ import annotations

from unicodedata import east_asian_width

import pytest

from bot.chat.menus import COMMANDS, MORE, as_commands
from locales import LANGUAGES, words

WIDTH = 40
"""Half-widths that Telegram shows of a command and what it does, on a phone of 390 px."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off(language: str) -> None:
    for one in as_commands(words(language, "chat"), list(COMMANDS)):
        line = f"/{one['command']} {one['description']}"
        assert sum(2 if east_asian_width(sign) in "WF" else 1 for sign in line) <= WIDTH, line


def test_only_commands_have_more_to_them() -> None:
    assert MORE.keys() <= COMMANDS.keys()
