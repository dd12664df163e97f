"""A person for tests, demonstrations and simulations: writes, taps and reads as someone holding a phone does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from webchat.acts import Acts
from webchat.model import Chat, Event, Message, Toast, Wire, rows_of
from webchat.world import World

_SETTLED = 0.05


class Persona:
    """One user and the conversation with one bot.

    ``of`` in ``share_phone`` forges: another persona's contact, or a bare number that is nobody's.
    """

    def __init__(
        self,
        world: World,
        bot_token: str,
        *,
        name: str,
        user_id: int | None = None,
        language: str = "zh-hans",
        phone: str = "",
    ) -> None:
        self.world = world
        self.bot = world.bots[bot_token]
        self.user = world.add_user(name, user_id=user_id, language=language, phone=phone)
        self._acts = Acts(world, self.bot, self.user)
        self._changed = asyncio.Event()
        self.unwatch = world.watch(self._notice)

    def __repr__(self) -> str:
        return f"<Persona {self.user.name} {self.user.id}>"

    @property
    def user_id(self) -> int:
        return self.user.id

    # what they do

    async def send(self, text: str) -> Message:
        """Write this, as typed."""
        return self._acts.say(text)

    async def tap(self, label: str | None = None, *, data: str | None = None, message: Message | None = None) -> str:
        """Tap the newest visible button whose label contains this. With ``message``: a button of that message as it
        was then, however stale. With ``data``: forge the callback. Returns the id of the callback query, or an empty
        string when the button belonged to the reply keyboard."""
        if data is not None:
            target = message or self.last
            return self._acts.tap(target.id if target else 1, data)
        assert label is not None, "say which button to tap"
        found = self._button(label, message)
        if found is None:
            where = f"in that message\n{_draw(message)}" if message else f"on the screen\n{self.screen()}"
            raise AssertionError(f"{self.user.name} finds no button «{label}» {where}")
        holder, button = found
        if holder is None:
            self._acts.press(str(button["text"]))
            return ""
        if "callback_data" not in button:
            raise AssertionError(f"«{button['text']}» is no callback button: {button}")
        return self._acts.tap(holder.id, str(button["callback_data"]))

    async def share_phone(self, *, of: Persona | str | None = None) -> Message:
        if of is None:
            return self._acts.share_own_phone()
        if isinstance(of, Persona):
            return self._acts.share_contact(of.user.phone, of.user.name, of.user.id)
        return self._acts.share_contact(of, self.user.name, None)

    async def send_file(self, name: str, content: bytes, mime: str = "application/octet-stream") -> Message:
        """Send a document; a photo when the type is JPEG or PNG."""
        return self._acts.send_file(name, mime, content)

    async def block(self) -> None:
        self._acts.block()

    async def unblock(self) -> None:
        self._acts.unblock()

    def deactivate(self) -> None:
        """Delete the account: the bot can no longer write to it."""
        self.user.deactivated = True

    # what they see

    @property
    def chat(self) -> Chat:
        return self._acts.chat

    @property
    def messages(self) -> list[Message]:
        """The bot's messages now visible, oldest first, as they read after edits."""
        return [message for message in self.chat.messages.values() if message.sender_id == self.bot.id]

    @property
    def last(self) -> Message | None:
        return next(reversed(self.messages), None)

    @property
    def toasts(self) -> list[str]:
        """The answers to taps that said something, oldest first."""
        return [toast.text for toast in self.chat.toasts if toast.text]

    @property
    def answers(self) -> list[Toast]:
        """Every answer to a tap, silent ones too."""
        return list(self.chat.toasts)

    @property
    def documents(self) -> dict[str, bytes]:
        """The files the bot sent, by name; of two with one name the newer."""
        return {message.document.name: message.document.content for message in self.messages if message.document}

    @property
    def commands(self) -> list[str]:
        """The commands in the menu."""
        menu = self.bot.profile.commands_for(self.user.id, self.user.language)
        return [f"/{command['command']}" for command in menu]

    @property
    def buttons(self) -> list[str]:
        """The labels of every button now visible: inline ones from the oldest message on, then the reply keyboard."""
        inline = [str(button["text"]) for message in self.messages for button in _flat(message.markup)]
        return inline + [str(button["text"]) for button in _flat(self.chat.keyboard)]

    def link(self, label: str) -> str:
        """Where the newest button with this label leads."""
        found = self._button(label, None)
        assert found, f"{self.user.name} finds no button «{label}» on the screen\n{self.screen()}"
        assert "url" in found[1], f"«{label}» is no link: {found[1]}"
        return str(found[1]["url"])

    def sees(self, text: str) -> bool:
        """Is this in a message of the bot now on the screen?"""
        return self._find(text, None) is not None

    def screen(self) -> str:
        """The conversation as text, with its buttons."""
        lines = [_draw(message, mine=message.sender_id == self.user.id) for message in self.chat.messages.values()]
        keyboard = [f"  ⌨ {_row(row)}" for row in rows_of(self.chat.keyboard, "keyboard")]
        toasts = [f"  ☁ {text}" for text in self.toasts[-3:]]
        state = ["  (blocked)"] if self.chat.blocked else []
        return "\n".join([f"── {self.user.name} ──", *lines, *keyboard, *toasts, *state])

    # waiting

    async def waits_for(self, text: str, seconds: float = 10, *, after: Message | None = None) -> Message:
        """The newest message of the bot with this text, as soon as there is one; with ``after`` only a later one."""
        await self._until(lambda: self._find(text, after) is not None, seconds, f"«{text}»")
        found = self._find(text, after)
        assert found
        return found

    async def waits_for_toast(self, text: str, seconds: float = 10) -> str:
        """The answer to a tap that contains this."""
        await self._until(lambda: any(text in toast for toast in self.toasts), seconds, f"toast «{text}»")
        return next(toast for toast in reversed(self.toasts) if text in toast)

    async def waits_until(self, holds: Callable[[], bool], seconds: float = 10, what: str = "") -> None:
        """Until this holds; looked at after each change in the conversation."""
        await self._until(holds, seconds, what or "what was awaited")

    async def quiet(self, seconds: float = 10, *, settled: float = _SETTLED) -> None:
        """Until the bot has taken all her updates and then said nothing new for ``settled`` seconds."""
        await self._until(lambda: not self.bot.updates.awaits(self.user.id), seconds, "the bot to take her updates")
        while True:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), settled)
            except TimeoutError:
                return

    # within

    async def _until(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        async def wait() -> None:
            while True:
                self._changed.clear()
                if holds():
                    return
                await self._changed.wait()

        try:
            await asyncio.wait_for(wait(), seconds)
        except TimeoutError:
            raise AssertionError(f"{self.user.name} waited {seconds} s for {what}\n{self.screen()}") from None

    def _notice(self, event: Event) -> None:
        if event.chat_id == self.user.id and event.bot_id == self.bot.id:
            self._changed.set()

    def _find(self, text: str, after: Message | None) -> Message | None:
        for message in reversed(self.messages):
            if after is not None and message.id <= after.id:
                return None
            if text in message.text:
                return message
        return None

    def _button(self, label: str, message: Message | None) -> tuple[Message | None, Wire] | None:
        """The message that holds the button (None: the reply keyboard) and the button."""
        if message is not None:
            button = _matching(message.markup, label)
            return (message, button) if button else None
        keyboard_at = self.chat.keyboard_message_id if self.chat.keyboard else -1
        for shown in reversed(self.chat.messages.values()):
            if shown.id < keyboard_at:
                break
            if button := _matching(shown.markup, label):
                return shown, button
        if button := _matching(self.chat.keyboard, label):
            return None, button
        for shown in reversed(self.chat.messages.values()):
            if button := _matching(shown.markup, label):
                return shown, button
        return None


def _flat(markup: Wire | None) -> list[Wire]:
    rows = rows_of(markup, "inline_keyboard") or rows_of(markup, "keyboard")
    return list(itertools.chain.from_iterable(rows))


def _matching(markup: Wire | None, label: str) -> Wire | None:
    """The button with this label, else the first whose label contains it."""
    buttons = _flat(markup)
    exact = [button for button in buttons if button["text"] == label]
    return next(iter(exact or [button for button in buttons if label in str(button["text"])]), None)


def _row(row: list[Wire]) -> str:
    return " ".join(f"[{button['text']}]" for button in row)


def _draw(message: Message | None, *, mine: bool = False) -> str:
    if message is None:
        return ""
    parts = [message.text] if message.text else []
    if message.file:
        parts.insert(0, f"📎 {message.file.name}")
    if message.contact:
        parts.insert(0, f"☎ {message.contact.phone}")
    who = ">" if mine else "<"
    body = "\n    ".join("\n".join(parts).splitlines())
    return "\n".join([f"{who} #{message.id} {body}", *(f"    {_row(row)}" for row in message.buttons())])
