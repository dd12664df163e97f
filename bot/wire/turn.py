"""One turn of a conversation: what a handler gets, and the only way in which it answers.

A turn hangs on the unit of work of its update: facts, conversation state, replies and "done" commit together.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sqlalchemy import select
from telegram import Update
from telegram.ext import CallbackContext, ExtBot

from bot.wire import plain
from bot.wire.view import TOAST_LIMIT, View, edit_payload, message_payload
from care.errors import Conflict
from care.people import Known
from care.permissions import NOBODY, Actor
from care.records.delivery import Class, Form
from care.work import UnitOfWork
from locales import Words


class Opening:
    """What the worker knows when it hands an update to the handlers."""

    def __init__(
        self,
        uow: UnitOfWork,
        channel: str,
        chat_id: int,
        tapped: int | None,
        _: Words,
        person: Known | None,
        actor: Actor,
    ) -> None:
        self.uow = uow
        self.channel = channel
        self.chat_id = chat_id
        self.tapped = tapped
        self.words = _
        self.person = person
        self.actor = actor
        self.error: Exception | None = None


_opening: ContextVar[Opening] = ContextVar("opening")


class Turn(CallbackContext[ExtBot[None], Any, Any, Any]):
    """The context of every handler. Handlers parse, call one command of ``care/``, and answer with views."""

    uow: UnitOfWork
    channel: str
    chat: int
    _: Words
    person: Known | None
    actor: Actor = NOBODY

    @classmethod
    def from_update(cls, update: object, application: Any) -> Turn:
        turn = super().from_update(update, application)
        opening = _opening.get()
        turn.opening = opening
        turn.uow, turn.channel, turn.chat = opening.uow, opening.channel, opening.chat_id
        turn._, turn.person, turn.actor = opening.words, opening.person, opening.actor
        query = update.callback_query if isinstance(update, Update) else None
        turn.query_id = query.id if query else None
        turn.tapped = opening.tapped
        message = update.message if isinstance(update, Update) else None
        turn.typed = message.message_id if message else None
        turn.data = (query.data if query else None) or ""
        turn.answered = False
        return turn

    opening: Opening
    query_id: str | None
    data: str
    tapped: int | None
    typed: int | None
    answered: bool

    @property
    def parts(self) -> list[str]:
        """The arguments of the tapped button, after its verb."""
        return self.data.split(":")[1:]

    @property
    def numbers(self) -> list[int]:
        """The arguments as ids. Raises Conflict for a button that was not ours."""
        if not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in self.parts):
            raise Conflict()
        return [int(part) for part in self.parts]

    @property
    def screen(self) -> tuple[str, int, int] | None:
        """Channel, chat and message that was tapped, and in which ``show`` puts its view."""
        return None if self.tapped is None else (self.channel, self.chat, self.tapped)

    async def say(self, view: View, key: str | None = None, **about: Any) -> None:
        """Sends a new message. ``key``, which no other has, and what it is ``about`` find it again on the screen."""
        payload = plain.write(message_payload(self.chat, view))
        self.uow.reply(self.channel, self.chat, "sendMessage", payload, key=key, **about)

    async def show(self, view: View) -> None:
        """Puts the view in place of the message that was tapped; a new message when nothing was tapped."""
        if self.tapped is None or view.asks_by_keyboard:
            await self.say(view)
            return
        payload = plain.write(edit_payload(self.chat, self.tapped, view))
        slot = f"{self.channel}:{self.chat}:{self.tapped}"
        self.uow.reply(self.channel, self.chat, "editMessageText", payload, slot=slot)

    async def toast(self, words: str = "", alert: bool = False) -> None:
        """Answers the tap: a short line over the chat, or (``alert``) a box to be closed. 200 characters at most."""
        if self.query_id is None or self.answered:
            return
        self.answered = True
        answer: dict[str, Any] = {"callback_query_id": self.query_id}
        if words:
            answer |= {"text": words[:TOAST_LIMIT], "show_alert": alert}
        payload = plain.write(answer)
        self.uow.reply(self.channel, self.chat, "answerCallbackQuery", payload, Class.ANSWER)

    async def erase(self) -> None:
        """Takes the message just typed out of the chat: what it said is kept elsewhere, encrypted."""
        if self.typed is not None:
            payload = plain.write({"chat_id": self.chat, "message_id": self.typed})
            self.uow.reply(self.channel, self.chat, "deleteMessage", payload)

    async def forms(self) -> list[Form]:
        """All conversations of this chat, the last opened first."""
        query = select(Form).where(Form.channel == self.channel, Form.chat_id == self.chat)
        return list(await self.uow.session.scalars(query.order_by(Form.opened.desc())))

    async def form(self, flow: str | None = None) -> Form | None:
        """The conversation of a flow, open or over; without a flow, the open one that hears what is typed."""
        for form in await self.forms():
            if form.flow == flow or (flow is None and form.step):
                return form
        return None

    async def open_form(self, flow: str, step: str, answers: dict[str, Any]) -> Form:
        """Begins a conversation, or takes up its flow anew; it hears what is typed from now on."""
        forms = await self.forms()
        form = next((form for form in forms if form.flow == flow), None)
        if form is None:
            form = Form(channel=self.channel, chat_id=self.chat, flow=flow, version=0)
            self.uow.session.add(form)
        form.opened = 1 + max((other.opened for other in forms), default=0)
        self.put(form, step, answers)
        return form

    def put(self, form: Form, step: str, answers: dict[str, Any]) -> None:
        """Saves where a conversation stands; a new step makes the buttons of the old one old."""
        if step != form.step:
            form.version += 1
        form.step, form.answers = step, answers
        form.updated_at = self.uow.now

    def close(self, form: Form, keep: bool = False) -> None:
        """Ends a conversation; ``keep`` leaves the answers for another time."""
        answers = {**form.answers, "step": form.step} if keep else {}
        self.put(form, "", answers)
