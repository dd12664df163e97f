"""What a user can do in a messenger: write, tap, share a number or a file, block the bot and come back."""

from __future__ import annotations

import itertools
import secrets
import zlib

from webchat.bot import Bot, Callback, dumps
from webchat.entities import found_in, trimmed
from webchat.model import Chat, Contact, Event, Message, User, rows_of
from webchat.refusal import UserMistake
from webchat.world import World

_MAX_LENGTH = 4096


class Acts:
    """The hands of one user in the conversation with one bot."""

    def __init__(self, world: World, bot: Bot, user: User) -> None:
        self._world = world
        self._bot = bot
        self.user = user

    @property
    def chat(self) -> Chat:
        return self._bot.chat(self.user.id)

    def say(self, text: str) -> Message:
        """Write a message; a long one arrives in pieces, as the apps send it. Returns the last."""
        text, _ = trimmed(text, [])
        if not text:
            raise UserMistake("there is nothing to send")
        pieces = [text[at : at + _MAX_LENGTH] for at in range(0, len(text), _MAX_LENGTH)]
        for piece in pieces:
            message = self._message(text=piece, entities=found_in(piece, []))
        return message

    def tap(self, message_id: int, data: str) -> str:
        """Tap an inline button; the id of the callback query. The data is taken as given: keyboards stay
        tappable after they are gone from the screen."""
        chat = self._open_chat()
        query_id = str(secrets.randbits(62) | 1 << 61)
        callback = Callback(query_id, self.user.id, chat.id, message_id, data, self._world.monotonic())
        self._forget_old_callbacks()
        self._bot.callbacks[query_id] = callback
        body = {
            "id": query_id,
            "from": self.user.wire(),
            "message": self._bot.accessible(chat.id, message_id),
            "chat_instance": str(zlib.crc32(f"{self._bot.id}:{chat.id}".encode()) << 20),
            "data": data,
        }
        self._world.deliver(self._bot, chat, "callback_query", f'"callback_query":{dumps(body)}}}')
        return query_id

    def press(self, text: str) -> Message:
        """Use a button of the reply keyboard: its text is sent, or the user's number when it asks for that."""
        for button in itertools.chain.from_iterable(rows_of(self.chat.keyboard, "keyboard")):
            if button["text"] == text:
                return self.share_own_phone() if button.get("request_contact") else self.say(text)
        raise UserMistake(f"there is no such button: {text}")

    def share_own_phone(self) -> Message:
        if not self.user.phone:
            raise UserMistake("no phone number is known of this user")
        return self.share_contact(self.user.phone, self.user.name, self.user.id)

    def share_contact(self, phone: str, name: str, owner_id: int | None) -> Message:
        """Send a contact; ``owner_id`` is whose number the messenger says it is, if anyone's."""
        return self._message(contact=Contact(phone, name, owner_id))

    def send_file(self, name: str, mime: str, content: bytes, caption: str = "") -> Message:
        """Send a document, or a photo when it is a JPEG or PNG."""
        self._open_chat()
        if mime in ("image/jpeg", "image/png"):
            photo = self._bot.keep_file(name, mime, content, photo=True)
            return self._message(photo=photo, text=caption)
        return self._message(document=self._bot.keep_file(name, mime, content), text=caption)

    def block(self) -> None:
        chat = self.chat
        if not chat.blocked:
            chat.blocked = True
            self._membership("member", "kicked")

    def unblock(self) -> None:
        chat = self.chat
        if chat.blocked:
            chat.blocked = False
            self._membership("kicked", "member")

    def _open_chat(self) -> Chat:
        chat = self.chat
        if self.user.deactivated:
            raise UserMistake("this account is deactivated")
        if chat.blocked:
            raise UserMistake("unblock the bot first")
        chat.started = True
        return chat

    def _message(self, **content: object) -> Message:
        chat = self._open_chat()
        message = Message(chat.next_message_id(), chat.id, self.user.id, self._world.timestamp())
        for name, value in content.items():
            setattr(message, name, value)
        if chat.keyboard and (chat.keyboard.get("one_time_keyboard") or chat.keyboard.get("force_reply")):
            chat.keyboard = None
        body = dumps(self._bot.message_wire(message))
        self._world.deliver(self._bot, chat, "message", f'"message":{body}}}', message)
        return message

    def _membership(self, old: str, new: str) -> None:
        chat = self.chat
        body = {
            "chat": self._bot.chat_wire(chat.id),
            "from": self.user.wire(),
            "date": self._world.timestamp(),
            "old_chat_member": self._member(old),
            "new_chat_member": self._member(new),
        }
        self._world.deliver(self._bot, chat, "my_chat_member", f'"my_chat_member":{dumps(body)}}}')
        self._world.tell(Event(self._bot.id, chat.id, "chat"))

    def _member(self, status: str) -> dict[str, object]:
        member: dict[str, object] = {"user": self._bot.wire(), "status": status}
        if status == "kicked":
            member["until_date"] = 0
        return member

    def _forget_old_callbacks(self) -> None:
        """Keep the list of taps short: those past their lifetime can no longer be answered."""
        callbacks = self._bot.callbacks
        if len(callbacks) > 1000:
            since = self._world.monotonic() - self._world.callback_lifetime
            for query_id in [c.id for c in callbacks.values() if c.at < since or c.answered]:
                del callbacks[query_id]
