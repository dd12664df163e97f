"""The methods of the Bot API that touch conversations: send, edit, delete, answer, files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from webchat import markup as keyboards
from webchat.bot import Bot
from webchat.entities import found_in, parse, trimmed, utf16_length
from webchat.model import Chat, Event, Message, StoredFile, Toast, Wire
from webchat.params import Params
from webchat.refusal import NOT_MODIFIED, OLD_QUERY, bad, forbidden
from webchat.world import World

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_TOAST = 200
MAX_FILE = 50_000_000
DELETABLE_FOR = timedelta(hours=48)

Method = Callable[[World, Bot, Params], object]
SlowMethod = Callable[[World, Bot, Params], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Said:
    """A result that Telegram puts a sentence beside."""

    result: object
    description: str


def chat_to_write(bot: Bot, chat_id: int) -> Chat:
    """The chat a message is for, or the words with which Telegram refuses it."""
    chat = bot.chats.get(chat_id)
    user = bot.users.get(chat_id)
    if chat_id < 0 or user is None:
        if chat is None or not chat.is_group:
            raise bad("chat not found")
        return chat
    if user.deactivated:
        raise forbidden("user is deactivated")
    if chat is None or not chat.started:
        raise forbidden("bot can't initiate conversation with a user")
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    return chat


def send_message(world: World, bot: Bot, params: Params) -> Wire:
    chat = chat_to_write(bot, params.chat_id())
    text, entities = _formatted(params, "text", "entities")
    if not text:
        raise bad("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad("message is too long")
    return _post(world, bot, chat, params, text=text, entities=entities)


def send_document(world: World, bot: Bot, params: Params) -> Wire:
    chat = chat_to_write(bot, params.chat_id())
    file = _file(bot, params, "document")
    text, entities = _caption(params)
    return _post(world, bot, chat, params, text=text, entities=entities, document=file)


def send_photo(world: World, bot: Bot, params: Params) -> Wire:
    chat = chat_to_write(bot, params.chat_id())
    file = _file(bot, params, "photo")
    text, entities = _caption(params)
    return _post(world, bot, chat, params, text=text, entities=entities, photo=file)


def edit_message_text(world: World, bot: Bot, params: Params) -> Wire:
    chat, message = _message_to_edit(bot, params)
    if message.file:
        raise bad("there is no text in the message to edit")
    text, entities = _formatted(params, "text", "entities")
    if not text:
        raise bad("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad("MESSAGE_TOO_LONG")
    return _edit(world, bot, chat, message, text, entities, params)


def edit_message_caption(world: World, bot: Bot, params: Params) -> Wire:
    chat, message = _message_to_edit(bot, params)
    if not message.file:
        raise bad("there is no caption in the message to edit")
    text, entities = _caption(params)
    return _edit(world, bot, chat, message, text, entities, params)


def edit_message_reply_markup(world: World, bot: Bot, params: Params) -> Wire:
    chat, message = _message_to_edit(bot, params)
    return _edit(world, bot, chat, message, message.text, message.entities, params)


def delete_message(world: World, bot: Bot, params: Params) -> bool:
    chat = _known_chat(bot, params.chat_id())
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad("message to delete not found")
    if world.timestamp() - message.date > DELETABLE_FOR.total_seconds():
        raise bad("message can't be deleted for everyone")
    world.erase(bot, chat, message.id)
    return True


def answer_callback_query(world: World, bot: Bot, params: Params) -> bool:
    callback = bot.callbacks.get(params.text("callback_query_id"))
    if callback is None or callback.answered or world.monotonic() - callback.at > world.callback_lifetime:
        raise bad(OLD_QUERY.removeprefix("Bad Request: "))
    text = params.text("text")
    if utf16_length(text) > MAX_TOAST:
        raise bad("MESSAGE_TOO_LONG")
    world.answer(bot, callback, Toast(callback.id, text, params.flag("show_alert"), params.text("url")))
    return True


def send_chat_action(world: World, bot: Bot, params: Params) -> bool:
    chat = chat_to_write(bot, params.chat_id())
    if not params.given("action"):
        raise bad("wrong parameter action in request")
    world.tell(Event(bot.id, chat.id, "typing"))
    return True


def get_file(world: World, bot: Bot, params: Params) -> Wire:
    file = bot.files.get(params.text("file_id"))
    if file is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    return {
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": bot.path_of(file),
    }


def get_chat(world: World, bot: Bot, params: Params) -> Wire:
    chat = _known_chat(bot, params.chat_id())
    return {**bot.chat_wire(chat.id), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}


_GIFTS: Wire = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}


def _known_chat(bot: Bot, chat_id: int) -> Chat:
    chat = bot.chats.get(chat_id)
    if chat is None or (chat_id > 0 and chat_id not in bot.users):
        raise bad("chat not found")
    return chat


def _formatted(params: Params, text_name: str, entities_name: str) -> tuple[str, list[Wire]]:
    """The text as stored, with the entities the bot marked and those Telegram finds."""
    given = params.decoded(entities_name, "can't parse MessageEntity: can't parse entities JSON object")
    text, entities = parse(params.text(text_name), "" if given else params.text("parse_mode"))
    if isinstance(given, list):
        entities = [entity for entity in given if isinstance(entity, dict)]
    text, entities = trimmed(text, entities)
    return text, found_in(text, entities)


def _caption(params: Params) -> tuple[str, list[Wire]]:
    text, entities = _formatted(params, "caption", "caption_entities")
    if utf16_length(text) > MAX_CAPTION:
        raise bad("message caption is too long")
    return text, entities


def _file(bot: Bot, params: Params, field: str) -> StoredFile:
    upload = params.upload(field)
    if upload is not None:
        if not upload.content:
            raise bad("file must be non-empty")
        if len(upload.content) > MAX_FILE:
            raise bad("file is too big")
        return bot.keep_file(upload.name, upload.mime, upload.content, photo=field == "photo")
    if not params.given(field):
        raise bad(f"there is no {field} in the request")
    file = bot.files.get(params.text(field))
    if file is None:
        raise bad("wrong file identifier/HTTP URL specified")
    return file


def _post(
    world: World,
    bot: Bot,
    chat: Chat,
    params: Params,
    *,
    text: str,
    entities: list[Wire],
    document: StoredFile | None = None,
    photo: StoredFile | None = None,
) -> Wire:
    keyboard = keyboards.parse(params.values.get("reply_markup"))
    message = Message(
        chat.next_message_id(), chat.id, bot.id, world.timestamp(), text, entities, document=document, photo=photo
    )
    if keyboard and "inline_keyboard" in keyboard:
        message.markup = keyboard
    elif keyboard:
        gone = "remove_keyboard" in keyboard
        chat.keyboard = None if gone else keyboard
        chat.keyboard_message_id = message.id
        message.reply_keyboard = None if gone else keyboard
    world.save(bot, chat, message)
    world.tell(Event(bot.id, chat.id, "message", message.id))
    return bot.message_wire(message)


def _message_to_edit(bot: Bot, params: Params) -> tuple[Chat, Message]:
    chat = chat_to_write(bot, params.chat_id())
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad("message to edit not found")
    if message.sender_id != bot.id:
        raise bad("message can't be edited")
    return chat, message


def _edit(
    world: World, bot: Bot, chat: Chat, message: Message, text: str, entities: list[Wire], params: Params
) -> Wire:
    """Put the new content in the place of the old; who holds the old message still sees its old keyboard."""
    keyboard = keyboards.parse(params.values.get("reply_markup"))
    if keyboard and "inline_keyboard" not in keyboard:
        raise bad("inline keyboard expected")
    if message.reply_keyboard:
        raise bad("message can't be edited")
    if (text, entities, keyboard) == (message.text, message.entities, message.markup):
        raise bad(NOT_MODIFIED.removeprefix("Bad Request: "))
    edited = replace(message, text=text, entities=entities, markup=keyboard, edit_date=world.timestamp())
    world.save(bot, chat, edited)
    world.tell(Event(bot.id, chat.id, "edit", edited.id))
    return bot.message_wire(edited)
