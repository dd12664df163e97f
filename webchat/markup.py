"""Keyboards: read what the bot sends, refuse what Telegram refuses, keep what Telegram keeps."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from webchat.model import Wire
from webchat.refusal import bad

MAX_BUTTONS = 100
MAX_ROW = 8
MAX_DATA = 64
_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_REPLY_FLAGS = ("is_persistent", "resize_keyboard", "one_time_keyboard", "selective")


def parse(raw: object) -> Wire | None:
    """The keyboard in its stored form: one of ``inline_keyboard``, ``keyboard``, ``remove_keyboard``,
    ``force_reply``; None when there is none."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError as error:
            raise bad("can't parse reply keyboard markup JSON object") from error
    if not isinstance(raw, dict):
        raise bad("object expected as reply markup")
    if raw.get("keyboard"):
        return _reply_keyboard(raw)
    if "inline_keyboard" in raw and not isinstance(raw["inline_keyboard"], list):
        raise bad('field "inline_keyboard" must be of type Array')
    if raw.get("inline_keyboard"):
        return _inline_keyboard(raw["inline_keyboard"])
    if raw.get("remove_keyboard"):
        return {"remove_keyboard": True}
    if raw.get("force_reply"):
        return {"force_reply": True, **_placeholder(raw)}
    return None


def _placeholder(raw: Wire) -> Wire:
    words = raw.get("input_field_placeholder")
    if words is None or words == "":
        return {}
    if not isinstance(words, str) or len(words) > 64:
        raise bad("REPLY_MARKUP_INVALID")
    return {"input_field_placeholder": words}


def _reply_keyboard(raw: Wire) -> Wire:
    rows = raw["keyboard"]
    if not isinstance(rows, list):
        raise bad('field "keyboard" must be of type Array')
    kept: list[list[Wire]] = []
    for row in rows:
        if not isinstance(row, list):
            raise bad('field "keyboard" must be an Array of Arrays')
        kept.append([_keyboard_button(button) for button in row])
    markup: Wire = {"keyboard": [row for row in kept if row], **_placeholder(raw)}
    for flag in _REPLY_FLAGS:
        if raw.get(flag):
            markup[flag] = True
    return markup


def _keyboard_button(button: object) -> Wire:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    if not isinstance(button.get("text"), str):
        raise bad("can't parse keyboard button: Can't find field \"text\"")
    return {name: value for name, value in button.items() if value not in (None, False)}


def _inline_keyboard(rows: list[object]) -> Wire | None:
    kept: list[list[Wire]] = []
    for row in rows:
        if not isinstance(row, list):
            raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
        if len(row) > MAX_ROW:
            raise bad("reply markup is too long")
        if row:
            kept.append([_inline_button(button) for button in row])
    if sum(map(len, kept)) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _inline_button(button: object) -> Wire:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad("can't parse inline keyboard button: Can't find field \"text\"")
    if not text.strip():
        raise bad("BUTTON_TEXT_INVALID")
    data = button.get("callback_data")
    if data:
        if not isinstance(data, str):
            raise bad('can\'t parse inline keyboard button: Field "callback_data" must be of type String')
        if len(data) > MAX_DATA or (not data.isascii() and len(data.encode()) > MAX_DATA):
            raise bad("BUTTON_DATA_INVALID")
    elif not any(button.get(action) not in (None, "") for action in _ACTIONS):
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if button.get("url"):
        _check_url(button["url"])
    if None in button.values():
        return {name: value for name, value in button.items() if value is not None}
    return button


def _check_url(url: object) -> None:
    """Telegram wants a host with a dot; addresses of this machine are let through, since the server is local too."""
    parts = urlsplit(str(url))
    host = parts.hostname or ""
    known = parts.scheme in ("http", "https") and ("." in host or host == "localhost")
    if not known and parts.scheme != "tg":
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
