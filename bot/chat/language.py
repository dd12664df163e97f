"""/language: the language of this chat."""

from __future__ import annotations

from telegram import Update

from bot.chat.menus import menu_letter
from bot.chat.start import FLOW, ask_who
from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.errors import Conflict
from care.people import set_language
from locales import LANGUAGES, words

NAMES = {"zh_CN": "中文", "en": "English"}


CALLED = {"en": "en", "english": "en", "英文": "en", "英语": "en"} | dict.fromkeys(
    ("zh", "zh_cn", "zh-cn", "cn", "chinese", "中文", "汉语"), "zh_CN"
)
"""What people write after the command."""


async def language_command(update: Update, turn: Turn) -> None:
    """Asks for the language, or takes the one that is named after the command."""
    named = CALLED.get(" ".join(turn.args or []).lower())
    if named is not None:
        await _speak(turn, named)
        return
    row = tuple(Button(NAMES[language], pack("ln", language)) for language in LANGUAGES)
    await turn.say(View("请选择语言 · Please choose a language", (row,)))


async def language_chosen(update: Update, turn: Turn) -> None:
    language = turn.parts[0]
    if language not in LANGUAGES:
        raise Conflict()
    await _speak(turn, language)


async def _speak(turn: Turn, language: str) -> None:
    turn._ = words(language, "chat")
    if turn.person is not None:
        await set_language(turn.uow, turn.person.id, language)
    else:  # a stranger's choice waits in the conversation until it is known who it is
        await turn.open_form(FLOW, "code", {"language": language})
    await turn.show(View(turn._("This chat is now in English.")))
    if turn.person is not None:
        await menu_letter(turn)
    else:
        await ask_who(turn)
