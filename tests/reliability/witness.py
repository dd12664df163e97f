"""The witness: Telegram's side of the wire, which outlives every kill, and what it saw of updates and messages."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from webchat.limits import Limits
from webchat.model import Event, Message
from webchat.updates import Update
from webchat.world import World

TOKEN = "1:token-of-the-kill-tests"
FOR_EVER_S = 1e9


@dataclass(frozen=True)
class Told:
    """An update that the server has for the bot: what somebody wrote (``text``) or tapped (``data``)."""

    update_id: int
    chat: int
    text: str = ""
    data: str = ""


@dataclass(frozen=True)
class Shown:
    """A message of the bot as it first appeared in a chat: its words, or the name of its file."""

    chat: int
    message_id: int
    text: str


@dataclass
class Witness:
    """A world with one bot, and a record of all that passed. ``told`` is in the order in which it was given."""

    world: World
    told: list[Told] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    questions: dict[str, frozenset[str]] = field(default_factory=dict)
    """For each question of an application, named ``student:version``: the tokens of its buttons, as first shown."""

    @property
    def unconfirmed(self) -> set[int]:
        """Ids of the updates that the bot has not confirmed: it will be given them again."""
        return {update.id for update in self.world.bots[TOKEN].updates.pending}

    def refused(self) -> Counter[str]:
        """Calls that the server answered with an error, by method and answer."""
        return Counter(f"{call.method}: {call.outcome}" for call in self.world.calls if not call.ok)

    def calls(self) -> int:
        """Calls that say something to somebody."""
        return sum(call.method.lower() not in ("getme", "getupdates", "deletewebhook") for call in self.world.calls)

    def _note_update(self, update: Update) -> None:
        body: dict[str, Any] = json.loads(update.body)
        self.told.append(
            Told(
                update.id,
                update.chat_id,
                body.get("message", {}).get("text", ""),
                body.get("callback_query", {}).get("data", ""),
            )
        )

    def _note_event(self, event: Event) -> None:
        if event.kind not in ("message", "edit"):
            return
        bot = self.world.bots[TOKEN]
        message = bot.chat(event.chat_id).messages.get(event.message_id)
        if message is None or message.sender_id != bot.id:
            return
        self._note_question(message)
        if event.kind == "message":
            file = message.file.name if message.file else ""
            self.shown.append(Shown(event.chat_id, event.message_id, file + message.text))

    def _note_question(self, message: Message) -> None:
        for question, tokens in questions_of(message).items():
            self.questions.setdefault(question, frozenset(tokens))


def data_of(message: Message) -> list[str]:
    """What the buttons of a message bring back."""
    return [str(button["callback_data"]) for row in message.buttons() for button in row if "callback_data" in button]


def questions_of(message: Message) -> dict[str, list[str]]:
    """The tokens of a message's buttons by the question, ``student:version``, that they answer."""
    found: dict[str, list[str]] = {}
    for data in data_of(message):
        verb, *parts = data.split(":")
        if verb == "f" and len(parts) == 3:
            found.setdefault(f"{parts[0]}:{parts[1]}", []).append(parts[2])
    return found


def open_witness() -> Witness:
    """A world without limits in which no tap grows too old to be answered, however long the bot is dead."""
    world = World(limits=Limits.off(), callback_lifetime=FOR_EVER_S, log_size=10_000_000)
    witness = Witness(world)
    updates = world.add_bot(TOKEN).updates
    deliver = updates.on_added

    def added(update: Update) -> None:
        witness._note_update(update)
        deliver(update)

    updates.on_added = added
    world.watch(witness._note_event)
    return witness
