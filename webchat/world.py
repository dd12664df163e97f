"""Telegram's side of the wire, in memory: users, bots, conversations and what changed in them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from webchat import records
from webchat.bot import Bot, Callback
from webchat.faults import Faults
from webchat.limits import Limits
from webchat.model import FIRST_USER_ID, Call, Chat, Event, Message, Toast, User
from webchat.store import Store
from webchat.updates import Update
from webchat.webhook import WebhookSender


def _utc_now() -> datetime:
    return datetime.now(UTC)


class World:
    """Everything one local Bot API server knows.

    ``now`` dates messages (aware); ``monotonic`` drives limits and the lifetime of taps, in seconds;
    ``webhook_wait`` is the first wait before a failed delivery is tried again, in seconds, doubled up to
    ``webhook_wait_most``.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = _utc_now,
        limits: Limits | None = None,
        store: Store | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        webhook_wait: float = 1.0,
        webhook_wait_most: float = 60.0,
        callback_lifetime: float = 60.0,
        log_size: int = 10_000,
    ) -> None:
        self.now = now
        self.limits = limits or Limits()
        self.monotonic = monotonic
        self.callback_lifetime = callback_lifetime
        self.users: dict[int, User] = {}
        self.bots: dict[str, Bot] = {}
        self.faults = Faults()
        self.calls: deque[Call] = deque(maxlen=log_size)
        self.closed = False
        self._store = store
        self._listeners: set[Callable[[Event], None]] = set()
        self._webhooks: dict[int, WebhookSender] = {}
        self._webhook_waits = (webhook_wait, webhook_wait_most)
        if store:
            self.users.update((user.id, user) for user in records.load_users(store))

    # people and bots

    def add_bot(self, token: str, *, username: str = "afterbell_bot", name: str = "AfterBell") -> Bot:
        """The bot of this token; found again, with its conversations, when the world has a store."""
        bot = Bot(
            token,
            username=username,
            name=name,
            users=self.users,
            limits=self.limits,
            monotonic=self.monotonic,
            first_update_id=100_000_001,
            on_confirmed=self._confirmed,
        )
        self.bots[token] = bot
        sender = self._webhooks[bot.id] = WebhookSender(bot, self.now, *self._webhook_waits)
        bot.updates.on_added = sender.add
        if self._store:
            records.load_bot(self._store, bot)
            sender.restart()
        return bot

    def add_user(self, name: str, *, user_id: int | None = None, language: str = "zh-hans", phone: str = "") -> User:
        """A new user, or the known one of this id with these particulars."""
        if user_id is None:
            user_id = max(max(self.users, default=0) + 1, FIRST_USER_ID)
        known = self.users.get(user_id)
        new = User(user_id, name, language, phone or (known.phone if known else ""))
        if known and (known.name, known.language, known.phone) == (new.name, new.language, new.phone):
            return known
        user = self.users.setdefault(user_id, new)
        user.name, user.language, user.phone = new.name, new.language, new.phone
        if self._store:
            records.put_user(self._store, user)
            self._store.commit()
        return user

    def add_group(self, bot: Bot, chat_id: int, title: str) -> Chat:
        """A group the bot is a member of; its id is negative."""
        chat = bot.chat(chat_id)
        chat.started, chat.title = True, title
        self.save(bot, chat)
        return chat

    def webhook_of(self, bot: Bot) -> WebhookSender:
        return self._webhooks[bot.id]

    # watching

    def watch(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``listener`` at each change; returns what ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    def _confirmed(self, bot: Bot, places: list[int], chats: set[int]) -> None:
        if self._store:
            for place in places:
                self._store.drop("update", f"{bot.key}:{place}")
            self._store.commit()
        for chat_id in chats:
            self.tell(Event(bot.id, chat_id, "confirmed"))

    # changing: each of these is stored before it returns

    def timestamp(self) -> int:
        return int(self.now().timestamp())

    def deliver(self, bot: Bot, chat: Chat, kind: str, head: str, message: Message | None = None) -> None:
        """Something a user did: into the conversation and into the bot's updates, in one piece."""
        update = bot.updates.next_update(chat.id, kind, head)
        self.save(bot, chat, message, update)
        if update:
            bot.updates.add(update)
        if message:
            self.tell(Event(bot.id, chat.id, "message", message.id))

    def save(self, bot: Bot, chat: Chat, message: Message | None = None, update: Update | None = None) -> None:
        if message:
            chat.messages[message.id] = message
        if not self._store:
            return
        if message:
            records.put_message(self._store, bot, message)
        if update:
            records.put_update(self._store, bot, update)
        records.put_chat(self._store, bot, chat)
        self._store.commit()

    def save_bot(self, bot: Bot) -> None:
        if self._store:
            records.put_bot(self._store, bot)
            self._store.commit()

    def erase(self, bot: Bot, chat: Chat, message_id: int) -> None:
        chat.messages.pop(message_id, None)
        if self._store:
            self._store.drop("message", f"{bot.key}:{chat.id}:{message_id}")
            self._store.commit()
        self.tell(Event(bot.id, chat.id, "delete", message_id))

    def answer(self, bot: Bot, callback: Callback, toast: Toast) -> None:
        callback.answered = True
        chat = bot.chat(callback.chat_id)
        chat.toasts.append(toast)
        self.tell(Event(bot.id, chat.id, "toast", callback.message_id, toast))

    def hang_up(self) -> None:
        """End what waits on the server that is going away: long polls and page streams."""
        self.tell(Event(0, 0, "closing"))
        for bot in self.bots.values():
            bot.updates.close()

    async def aclose(self) -> None:
        """End everything that waits, deliveries to webhooks too, and close the store."""
        self.closed = True
        self.hang_up()
        for sender in self._webhooks.values():
            await sender.aclose()
        if self._store:
            self._store.close()
            self._store = None
