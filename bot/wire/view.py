"""What the chat shows: text and buttons, turned into plain JSON once. Text is always plain: no markup to break."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

TEXT_LIMIT = 4096
DATA_LIMIT = 64
BUTTONS_LIMIT = 100
TOAST_LIMIT = 200


class Button(NamedTuple):
    """An inline button: its label, and either the data a tap brings back or the address it opens. A tuple: a list
    of children has dozens, and a frozen dataclass takes four times as long to make."""

    label: str
    data: str = ""
    url: str = ""

    def as_json(self) -> dict[str, str]:
        if self.url:
            return {"text": self.label, "url": self.url}
        return {"text": self.label, "callback_data": self.data}


@dataclass(frozen=True)
class View:
    """One screen: words, rows of buttons, and (once, at the start) a button that shares the phone number."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    share_phone: str = ""
    drop_keyboard: bool = False
    in_place_of: tuple[str, int, int] | None = None
    """Of a letter: channel, chat and message it is shown in, where it goes to that chat and the message is left."""
    in_place_only: bool = False
    """It lapses where it cannot be shown in that place: no new message says it."""
    document_name: str = ""
    document: bytes = field(default=b"", repr=False)

    @property
    def asks_by_keyboard(self) -> bool:
        return bool(self.share_phone) or self.drop_keyboard


def pack(verb: str, *parts: int | str) -> str:
    """The data of a button: a verb and its arguments. Raises ValueError over Telegram's 64 bytes."""
    data = ":".join((verb, *map(str, parts)))
    if len(data.encode()) > DATA_LIMIT:
        raise ValueError(f"button data too long: {data}")
    return data


def _markup(view: View) -> dict[str, Any] | None:
    """Raises ValueError over Telegram's hundred buttons: a message that is refused says nothing to anybody."""
    if sum(map(len, view.rows)) > BUTTONS_LIMIT:
        raise ValueError(f"too many buttons: {sum(map(len, view.rows))}")
    if view.share_phone:
        return {
            "keyboard": [[{"text": view.share_phone, "request_contact": True}]],
            "resize_keyboard": True,
            "one_time_keyboard": True,
        }
    if view.drop_keyboard:
        return {"remove_keyboard": True}
    if view.rows:
        return {"inline_keyboard": [[button.as_json() for button in row] for row in view.rows]}
    return None


def message_payload(chat_id: int, view: View) -> dict[str, Any]:
    payload: dict[str, Any] = {"chat_id": chat_id, "text": view.text[:TEXT_LIMIT]}
    markup = _markup(view)
    if markup:
        payload["reply_markup"] = markup
    return payload


def edit_payload(chat_id: int, message_id: int, view: View) -> dict[str, Any]:
    payload = message_payload(chat_id, view)
    payload["message_id"] = message_id
    return payload


def document_payload(chat_id: int, view: View) -> dict[str, Any]:
    payload: dict[str, Any] = {"chat_id": chat_id, "caption": view.text[:1024]}
    markup = _markup(view)
    if markup:
        payload["reply_markup"] = markup
    return payload
