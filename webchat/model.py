"""The things a messenger knows: users, chats, messages, files. Plain data, and how each looks on the wire."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Wire = dict[str, object]
"""A JSON object as it goes over the wire."""

FIRST_USER_ID = 1_000_000_001


@dataclass(slots=True)
class User:
    """A person of the messenger. ``phone`` is what the messenger has verified; empty when it has none."""

    id: int
    name: str
    language: str = "zh-hans"
    phone: str = ""
    deactivated: bool = False

    def wire(self) -> Wire:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}


@dataclass(slots=True)
class StoredFile:
    """A file that was sent. ``read`` gives its bytes: from memory, or from the store when there is one."""

    id: str
    name: str
    mime: str
    size: int
    read: Callable[[], bytes]
    width: int = 0
    height: int = 0

    @property
    def content(self) -> bytes:
        return self.read()

    @property
    def unique_id(self) -> str:
        return "u" + self.id[2:]

    def wire(self) -> Wire:
        body: Wire = {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            "file_name": self.name,
            "mime_type": self.mime,
        }
        return body

    def wire_photo(self) -> Wire:
        return {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            "width": self.width,
            "height": self.height,
        }


@dataclass(slots=True)
class Contact:
    """A shared phone number; ``user_id`` is set by the messenger when the number belongs to one of its users."""

    phone: str
    name: str
    user_id: int | None

    def wire(self) -> Wire:
        body: Wire = {"phone_number": self.phone, "first_name": self.name}
        if self.user_id is not None:
            body["user_id"] = self.user_id
        return body


@dataclass(slots=True)
class Message:
    """One bubble. ``text`` is the caption when there is a file. ``markup`` is the inline keyboard under it."""

    id: int
    chat_id: int
    sender_id: int
    date: int
    text: str = ""
    entities: list[Wire] = field(default_factory=list)
    markup: Wire | None = None
    document: StoredFile | None = None
    photo: StoredFile | None = None
    contact: Contact | None = None
    edit_date: int | None = None
    reply_keyboard: Wire | None = None
    """The reply keyboard this message brought; not part of the message on the wire."""

    @property
    def file(self) -> StoredFile | None:
        return self.document or self.photo

    @property
    def caption(self) -> str:
        """The text under a file; empty when there is no file."""
        return self.text if self.file else ""

    def buttons(self) -> list[list[Wire]]:
        """The rows of the inline keyboard."""
        return rows_of(self.markup, "inline_keyboard")


def rows_of(markup: Wire | None, kind: Literal["inline_keyboard", "keyboard"]) -> list[list[Wire]]:
    rows = markup.get(kind) if markup else None
    if not isinstance(rows, list):
        return []
    return rows


@dataclass(slots=True)
class Toast:
    """The answer to a tap: a line that fades, or an alert to dismiss. Both empty when the bot only took note."""

    query_id: str
    text: str
    alert: bool
    url: str = ""


@dataclass(slots=True)
class Chat:
    """One conversation of the bot: with a user (positive id) or in a group (negative id)."""

    id: int
    started: bool = False
    blocked: bool = False
    title: str = ""
    last_message_id: int = 0
    messages: dict[int, Message] = field(default_factory=dict)
    keyboard: Wire | None = None
    """The reply keyboard now shown, or a request to reply."""
    keyboard_message_id: int = 0
    toasts: deque[Toast] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def is_group(self) -> bool:
        return self.id < 0

    def next_message_id(self) -> int:
        self.last_message_id += 1
        return self.last_message_id


@dataclass(slots=True, frozen=True)
class Event:
    """Something changed in a conversation; who watches looks the rest up."""

    bot_id: int
    chat_id: int
    kind: Literal["message", "edit", "delete", "toast", "confirmed", "chat", "typing", "commands", "clock", "closing"]
    message_id: int = 0
    toast: Toast | None = None


@dataclass(slots=True, frozen=True)
class Call:
    """One call of the bot as the server saw it. ``outcome``: ``ok``, ``429 Too Many…``, ``dropped before acting``."""

    method: str
    params: dict[str, object]
    at: float
    outcome: str

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


def photo_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG; (0, 0) when it is neither."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if content[:2] != b"\xff\xd8":
        return 0, 0
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, size = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        at += 2 + size
    return 0, 0
