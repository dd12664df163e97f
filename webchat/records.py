"""How the world is written into its store, and read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webchat.bot import Bot, Hook, contact_of
from webchat.model import Chat, Message, StoredFile, User, Wire
from webchat.store import Store
from webchat.updates import Update


def put_user(store: Store, user: User) -> None:
    body: Wire = {
        "name": user.name,
        "language": user.language,
        "phone": user.phone,
        "deactivated": user.deactivated,
    }
    store.put("user", str(user.id), body)


def load_users(store: Store) -> Iterator[User]:
    for key, body in store.load("user"):
        yield User(
            int(key), str(body["name"]), str(body["language"]), str(body["phone"]), bool(body.get("deactivated"))
        )


def put_message(store: Store, bot: Bot, message: Message) -> None:
    body: Wire = {
        "sender": message.sender_id,
        "date": message.date,
        "text": message.text,
        "entities": message.entities,
        "markup": message.markup,
        "edit_date": message.edit_date,
        "reply_keyboard": message.reply_keyboard,
        "document": message.document and message.document.id,
        "photo": message.photo and message.photo.id,
        "contact": message.contact and message.contact.wire(),
    }
    if message.file and message.edit_date is None:
        put_file(store, bot, message.file)
    store.put("message", f"{bot.key}:{message.chat_id}:{message.id}", body)


def put_file(store: Store, bot: Bot, file: StoredFile) -> None:
    """Write the bytes once; from then on they are read from the store and not kept in memory."""
    key = f"{bot.key}:{file.id}"
    if isinstance(file.read, _Kept):
        return
    body: Wire = {
        "name": file.name,
        "mime": file.mime,
        "size": file.size,
        "width": file.width,
        "height": file.height,
    }
    store.put("file", key, body, file.content)
    file.read = _Kept(store, key)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Reads a file's bytes from the store."""

    store: Store
    key: str

    def __call__(self) -> bytes:
        return self.store.content("file", self.key)


def put_chat(store: Store, bot: Bot, chat: Chat) -> None:
    body: Wire = {
        "started": chat.started,
        "blocked": chat.blocked,
        "title": chat.title,
        "last_message_id": chat.last_message_id,
        "keyboard": chat.keyboard,
        "keyboard_message_id": chat.keyboard_message_id,
    }
    store.put("chat", f"{bot.key}:{chat.id}", body)


def put_update(store: Store, bot: Bot, update: Update) -> None:
    body: Wire = {
        "id": update.id,
        "epoch": update.epoch,
        "chat": update.chat_id,
        "kind": update.kind,
        "body": update.body,
    }
    store.put("update", f"{bot.key}:{update.place}", body)
    store.put("next", bot.key, {"id": bot.updates.next_id, "epoch": bot.updates.epoch, "place": update.place})


def put_bot(store: Store, bot: Bot) -> None:
    profile, hook = bot.profile, bot.hook
    body: Wire = {
        "commands": [[*key, commands] for key, commands in profile.commands.items()],
        "descriptions": profile.descriptions,
        "short_descriptions": profile.short_descriptions,
        "names": profile.names,
        "menu_buttons": [[chat_id, button] for chat_id, button in profile.menu_buttons.items()],
        "hook": [hook.url, hook.secret, hook.max_connections],
        "allowed": sorted(bot.updates.allowed) if bot.updates.allowed is not None else None,
    }
    store.put("bot", bot.key, body)


def load_bot(store: Store, bot: Bot) -> None:
    """Everything the store has of this bot, into it."""
    for key, body in _of(store, "file", bot):
        kept = _Kept(store, f"{bot.key}:{key}")
        size, width, height = _int(body["size"]), _int(body["width"]), _int(body["height"])
        bot.add_file(StoredFile(key, str(body["name"]), str(body["mime"]), size, kept, width, height))
    for key, body in _of(store, "chat", bot):
        bot.chats[int(key)] = _chat(int(key), body)
    messages = [_message(bot, key, body) for key, body in _of(store, "message", bot)]
    for message in sorted(messages, key=lambda m: (m.chat_id, m.id)):
        bot.chat(message.chat_id).messages[message.id] = message
    _load_updates(store, bot)
    for key, body in store.load("bot"):
        if key == bot.key:
            _load_profile(bot, body)


def _of(store: Store, kind: str, bot: Bot) -> Iterator[tuple[str, Wire]]:
    prefix = bot.key + ":"
    for key, body in store.load(kind):
        if key.startswith(prefix):
            yield key.removeprefix(prefix), body


def _load_updates(store: Store, bot: Bot) -> None:
    last_place = 0
    for key, body in store.load("next"):
        if key == bot.key:
            bot.updates.next_id, bot.updates.epoch = _int(body["id"]), _int(body["epoch"])
            last_place = _int(body["place"])
    bot.updates.restore(
        [
            Update(
                int(key),
                _int(body["id"]),
                _int(body["epoch"]),
                _int(body["chat"]),
                str(body["kind"]),
                str(body["body"]),
            )
            for key, body in _of(store, "update", bot)
        ],
        last_place,
    )


def _chat(chat_id: int, body: Wire) -> Chat:
    return Chat(
        chat_id,
        bool(body["started"]),
        bool(body["blocked"]),
        str(body["title"]),
        _int(body["last_message_id"]),
        keyboard=_object(body["keyboard"]),
        keyboard_message_id=_int(body["keyboard_message_id"]),
    )


def _message(bot: Bot, key: str, body: Wire) -> Message:
    chat_id, _, message_id = key.partition(":")
    entities = body["entities"]
    return Message(
        int(message_id),
        int(chat_id),
        _int(body["sender"]),
        _int(body["date"]),
        str(body["text"]),
        entities if isinstance(entities, list) else [],
        _object(body["markup"]),
        bot.files.get(str(body["document"])),
        bot.files.get(str(body["photo"])),
        contact_of(body["contact"]),
        _int(body["edit_date"]) if body["edit_date"] is not None else None,
        _object(body["reply_keyboard"]),
    )


def _load_profile(bot: Bot, body: Wire) -> None:
    profile = bot.profile
    for scope, language, commands in _list(body["commands"]):
        profile.commands[(scope, language)] = commands
    for names, field in (
        (profile.descriptions, "descriptions"),
        (profile.short_descriptions, "short_descriptions"),
        (profile.names, "names"),
    ):
        names.update({str(k): str(v) for k, v in (_object(body[field]) or {}).items()})
    for chat_id, button in _list(body["menu_buttons"]):
        profile.menu_buttons[chat_id] = button
    url, secret, connections = _list(body["hook"])
    bot.hook = Hook(url, secret, connections)
    allowed = body["allowed"]
    bot.updates.allowed = frozenset(allowed) if isinstance(allowed, list) else None


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _object(value: object) -> Wire | None:
    return value if isinstance(value, dict) else None


def _list(value: object) -> list:  # type: ignore[type-arg]
    return value if isinstance(value, list) else []
