"""One bot: its chats, files, menus, waiting updates, and how its messages look on the wire."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from webchat.limits import Limiter, Limits
from webchat.model import Chat, Contact, Message, StoredFile, User, Wire, photo_size
from webchat.updates import UpdateQueue

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Callback:
    """A tap waiting for its answer. ``at`` is monotonic."""

    id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    at: float
    answered: bool = False


@dataclass(slots=True)
class Hook:
    """Where updates go when the bot does not fetch them."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_date: int = 0


@dataclass(slots=True)
class Profile:
    """What the bot says of itself; keys are (scope, language code)."""

    commands: dict[tuple[str, str], list[Wire]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    menu_buttons: dict[int, Wire] = field(default_factory=dict)

    def commands_for(self, chat_id: int, language: str) -> list[Wire]:
        """The menu a user sees: the narrowest scope first, their language before none."""
        code = language[:2].lower()
        for scope in (f"chat:{chat_id}", "all_private_chats", "default"):
            for language_code in (code, ""):
                if found := self.commands.get((scope, language_code)):
                    return found
        return []


class Bot:
    """State of one bot. ``users`` is shared by all bots of a world."""

    def __init__(
        self,
        token: str,
        *,
        username: str,
        name: str,
        users: dict[int, User],
        limits: Limits,
        monotonic: Callable[[], float],
        first_update_id: int,
        on_confirmed: Callable[[Bot, list[int], set[int]], None],
    ) -> None:
        self.token = token
        self.id = int(token.partition(":")[0])
        self.username = username
        self.name = name
        self.users = users
        self.revoked = False
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.file_paths: dict[str, str] = {}
        self.callbacks: dict[str, Callback] = {}
        self.profile = Profile()
        self.hook = Hook()
        self.limiter = Limiter(limits, monotonic)
        self.updates = UpdateQueue(
            first_update_id,
            lambda gone: on_confirmed(self, [u.place for u in gone], {u.chat_id for u in gone}),
        )
        self._file_numbers = itertools.count(1)

    @property
    def key(self) -> str:
        return str(self.id)

    def wire(self) -> Wire:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def chat(self, chat_id: int) -> Chat:
        """The conversation, opened when there is none yet."""
        chat = self.chats.get(chat_id)
        if chat is None:
            chat = self.chats[chat_id] = Chat(chat_id)
        return chat

    def look(self, chat_id: int) -> Chat:
        """The conversation as it is; an empty one, which is not kept, when there is none yet."""
        return self.chats.get(chat_id) or Chat(chat_id)

    def chat_wire(self, chat_id: int) -> Wire:
        if chat_id < 0:
            return {"id": chat_id, "title": self.chat(chat_id).title, "type": "group"}
        return {"id": chat_id, "first_name": self.users[chat_id].name, "type": "private"}

    def sender_wire(self, user_id: int) -> Wire:
        return self.wire() if user_id == self.id else self.users[user_id].wire()

    def message_wire(self, message: Message) -> Wire:
        body: Wire = {
            "message_id": message.id,
            "from": self.sender_wire(message.sender_id),
            "chat": self.chat_wire(message.chat_id),
            "date": message.date,
        }
        if message.edit_date is not None:
            body["edit_date"] = message.edit_date
        is_caption = _add_file(body, message)
        if message.text:
            body["caption" if is_caption else "text"] = message.text
        if message.entities:
            body["caption_entities" if is_caption else "entities"] = message.entities
        if message.contact:
            body["contact"] = message.contact.wire()
        if message.markup:
            body["reply_markup"] = message.markup
        return body

    def accessible(self, chat_id: int, message_id: int) -> Wire:
        """The message of a tap; what is left of it when it is gone."""
        message = self.chat(chat_id).messages.get(message_id)
        if message is None:
            return {"chat": self.chat_wire(chat_id), "message_id": message_id, "date": 0}
        return self.message_wire(message)

    def keep_file(self, name: str, mime: str, content: bytes, *, photo: bool = False) -> StoredFile:
        number = next(self._file_numbers)
        width, height = photo_size(content) if photo else (0, 0)
        prefix = "Ag" if photo else "BQ"
        file_id = f"{prefix}{number:06d}{secrets.token_hex(8)}"
        file = StoredFile(file_id, name, mime, len(content), lambda: content, width or 1, height or 1)
        self.add_file(file)
        return file

    def add_file(self, file: StoredFile) -> None:
        self.files[file.id] = file
        number = int(file.id[2:8])
        self._file_numbers = itertools.count(max(number + 1, next(self._file_numbers)))
        self.file_paths[self.path_of(file)] = file.id

    def path_of(self, file: StoredFile) -> str:
        folder = "photos" if file.id.startswith("Ag") else "documents"
        ending = file.name.rpartition(".")[2]
        ending = ending if ending.isascii() and ending.isalnum() and "." in file.name else "bin"
        return f"{folder}/file_{int(file.id[2:8])}.{ending}"


def _add_file(body: Wire, message: Message) -> bool:
    if message.document:
        body["document"] = message.document.wire()
    elif message.photo:
        body["photo"] = [message.photo.wire_photo()]
    return message.file is not None


def contact_of(body: object) -> Contact | None:
    if not isinstance(body, dict):
        return None
    return Contact(str(body["phone_number"]), str(body["first_name"]), body.get("user_id"))
