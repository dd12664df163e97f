"""What the chat page is told about a conversation, as JSON."""

from __future__ import annotations

from urllib.parse import quote

from webchat.bot import Bot
from webchat.model import Chat, Event, Message, Wire
from webchat.world import World

_SHOWN = 300
SHOWN_INLINE = ("application/pdf", "image/png", "image/jpeg", "image/webp", "image/gif")


def message_view(bot: Bot, message: Message) -> Wire:
    body: Wire = {
        "id": message.id,
        "mine": message.sender_id != bot.id,
        "date": message.date,
        "edited": message.edit_date is not None,
        "text": message.text,
        "entities": message.entities,
        "buttons": [[_button(button) for button in row] for row in message.buttons()],
    }
    if file := message.file:
        body["file"] = {
            "name": file.name,
            "size": file.size,
            "is_photo": message.photo is not None,
            "width": file.width,
            "height": file.height,
            "opens": file.mime in SHOWN_INLINE,
            "url": f"/chat/{message.chat_id}/files/{file.id}/{quote(file.name, safe='')}",
        }
    if message.contact:
        body["contact"] = {"name": message.contact.name, "phone": message.contact.phone}
    return body


def _button(button: Wire) -> Wire:
    copy_text = button.get("copy_text")
    return {
        "text": button["text"],
        "data": button.get("callback_data"),
        "url": button.get("url"),
        "copy": copy_text.get("text") if isinstance(copy_text, dict) else None,
    }


def state(bot: Bot, chat: Chat, language: str) -> Wire:
    """Everything the page shows of one conversation; of a long one only its end."""
    code = language[:2].lower()
    messages = list(chat.messages.values())[-_SHOWN:]
    return {
        "started": chat.started,
        "blocked": chat.blocked,
        "messages": [message_view(bot, message) for message in messages],
        "keyboard": chat.keyboard,
        "commands": bot.profile.commands_for(chat.id, language),
        "description": bot.profile.descriptions.get(code) or bot.profile.descriptions.get("", ""),
        "bot": bot.profile.names.get(code) or bot.profile.names.get("") or bot.name,
        "awaiting": bot.updates.awaits(chat.id),
    }


def event_view(world: World, bot: Bot, event: Event, language: str) -> Wire:
    """One change. The content is the present one, so that an event told twice does no harm."""
    chat = bot.look(event.chat_id)
    body: Wire = {"kind": event.kind}
    if event.kind in ("message", "edit"):
        message = chat.messages.get(event.message_id)
        if message is None:
            return {"kind": "delete", "message_id": event.message_id}
        body |= {"message": message_view(bot, message), "keyboard": chat.keyboard, "started": chat.started}
    elif event.kind == "delete":
        body["message_id"] = event.message_id
    elif event.kind == "toast" and event.toast:
        toast = event.toast
        body |= {"query_id": toast.query_id, "text": toast.text, "alert": toast.alert, "url": toast.url}
    elif event.kind == "chat":
        body |= {"blocked": chat.blocked, "started": chat.started}
    elif event.kind == "commands":
        body["commands"] = bot.profile.commands_for(chat.id, language)
    return body
