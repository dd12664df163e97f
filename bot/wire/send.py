"""Send: letters go out class by class and in order within a chat, under the channel's budget.

A letter is marked "sending" and committed before the call, so that after a kill it is known which fates are unknown.
What became of it is written down by the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.wire import letters, plain
from bot.wire.budget import Budget, Limits
from bot.wire.channel import Channel, Document
from bot.wire.fate import Fate, Judge, cannot_be_edited
from bot.wire.lead import LEASE_S, elapsed
from bot.wire.letters import Outgoing
from bot.wire.trouble import Troubles
from bot.wire.view import document_payload, edit_payload, message_payload
from bot.wire.voice import Voice
from care.channels import Trouble
from care.linking import set_reach
from care.records.delivery import Class, Letter, LetterState
from care.school import School
from care.work import UnitOfWork

UNDER_WAY = 60
"""Calls at a time."""
LOOKS = 5
"""How often a round looks on for letters past those whose chats must wait."""
LOOK_EVERY_S = 1.0
SETTLE_WITHIN_S = 0.01
"""Fates may wait so long for a round that comes anyway."""
LONG_SILENCE_S = 10.0
"""Worth a line in the log."""

Act = Callable[[UnitOfWork, Letter], Awaitable[None]]

log = structlog.get_logger()


class Sender:
    """Takes letters for sending, sends them, and writes down their fates."""

    def __init__(
        self,
        school: School,
        channels: Mapping[str, Channel],
        voice: Voice,
        wake: Callable[[float], None],
        troubles: Troubles,
        limits: Limits | None = None,
    ) -> None:
        self.school = school
        self.channels = channels
        self.voice = voice
        self.troubles = troubles
        self.judge = Judge(voice.again)
        self.budgets = {name: Budget(limits or Limits()) for name in channels}
        self._wake = wake
        self._under_way: dict[int, Outgoing] = {}
        self._fates: list[Fate] = []
        self._settling: set[int] = set()
        """Letters whose fates are written down in the present transaction, and not yet for sure."""

    @property
    def is_idle(self) -> bool:
        """Nothing is under way, and every fate is written down."""
        return not self._under_way

    @property
    def _not_settled(self) -> int:
        """Letters under way without those whose fates this transaction writes down: these leave their places with it,
        and nothing else tells that there is room."""
        return len(self._under_way.keys() - self._settling)

    # what goes out next

    async def take(self, uow: UnitOfWork, in_doubt: set[int]) -> tuple[list[Outgoing], float]:
        """Marks the letters that may go now as being sent, but none to chats ``in_doubt``. Returns them, and seconds
        until others may go."""
        await uow.write()  # what this round says goes out with it
        taken: list[Outgoing] = []
        skip = in_doubt | {letter.chat_id for letter in self._under_way.values() if self._holds_up(letter)}
        wait = LOOK_EVERY_S
        for look in range(LOOKS):
            looks_on = False
            for last, channels in self._scopes().items():
                spare = sum(self.budgets[name].spare(last) for name in channels)
                most = min(spare, UNDER_WAY - self._not_settled - len(taken))
                if most < 1:
                    continue
                rows = await self._ready(uow, channels, last, most, skip if look else None)
                may_go, seconds = self._choose(await self._that_hold(uow, rows), skip)
                await self._mark(uow, may_go)
                taken += may_go
                wait = min(wait, seconds)
                looks_on |= len(rows) == most or any(row.replaced for row in rows)
            if not looks_on:
                break
        wait = min([wait, *(self.budgets[name].until(Class.BROADCAST) or wait for name in self._speaking())])
        return taken, 0.0 if uow.letters else wait

    def _choose(self, found: list[Outgoing], skip: set[int]) -> tuple[list[Outgoing], float]:
        """Those that chat and budget let go now, one a chat beside answers to taps; and seconds until another may."""
        may_go: list[Outgoing] = []
        wait = LOOK_EVERY_S
        for letter in found:
            if letter.klass is not Class.ANSWER:
                if letter.chat_id in skip:
                    continue
                skip.add(letter.chat_id)
            seconds = self.budgets[letter.channel].wait(letter.chat_id, letter.klass)
            if seconds > 0:
                wait = min(wait, seconds)
            else:
                may_go.append(letter)
        return may_go, wait

    def _holds_up(self, letter: Outgoing) -> bool:
        """Whether later letters of its chat wait for it. Of an answer to a tap nobody sees the order."""
        return letter.klass is not Class.ANSWER and letter.id not in self._settling

    def _speaking(self) -> tuple[str, ...]:
        channels = self.channels.items()
        return tuple(name for name, channel in channels if channel.is_open and not self.budgets[name].is_silent)

    def _scopes(self) -> dict[Class, tuple[str, ...]]:
        """How far down the classes each channel's budget reaches now: channels by the last class that may go."""
        found: dict[Class, tuple[str, ...]] = {}
        for name in self._speaking():
            last = next(klass for klass in reversed(Class) if self.budgets[name].spare(klass) >= 1)
            found[last] = (*found.get(last, ()), name)
        return found

    async def _ready(
        self, uow: UnitOfWork, speaking: tuple[str, ...], last: Class, most: int, skip: set[int] | None
    ) -> Sequence[Any]:
        query = letters.ready(tuple(self.channels), speaking, skipping=skip is not None)
        wanted: dict[str, Any] = {"now": uow.now, "last": int(last), "most": most}
        if skip is not None:
            wanted["skip"] = list(skip)
        return await query.rows(uow.connection, wanted)

    async def _that_hold(self, uow: UnitOfWork, rows: Sequence[Any]) -> list[Outgoing]:
        """Those whose time is not over, that no later edit replaces, and whose receiver has a chat; the others are
        settled here."""
        over = {row.id for row in rows if row.valid_until is not None and row.valid_until < uow.now}
        replaced = {row.id for row in rows if row.replaced} - over
        for settled, statement in ((over, letters.LAPSE), (replaced, letters.SUPERSEDE)):
            if settled:
                await uow.connection.execute(statement, {"letters": list(settled)})
        hold = [row for row in rows if row.id not in over | replaced]
        for row in hold:
            if row.nobody:
                await self._apart(uow, row.id, self._reaches_nobody)
        return [letters.outgoing(row) for row in hold if not row.nobody]

    async def _reaches_nobody(self, uow: UnitOfWork, letter: Letter) -> None:
        letter.state, letter.error = LetterState.FAILED, "nobody to reach: no chat is known"
        await self.voice.unreachable(uow, letter)

    async def _apart(self, uow: UnitOfWork, letter_id: int, act: Act) -> None:
        """Does something about a letter in a part of its own: one that breaks must not keep all others."""
        try:
            async with uow.part() as part:
                letter = await part.session.get(Letter, letter_id, with_for_update=True)
                if letter is not None:
                    await act(part, letter)
                    await part.write()
        except Exception as error:
            log.error("a letter cannot be settled", letter=letter_id, error=type(error).__name__, exc_info=error)
            await uow.connection.execute(letters.GIVE_UP, {"letter": letter_id, "why": type(error).__name__})

    async def _mark(self, uow: UnitOfWork, taken: list[Outgoing]) -> None:
        if taken:
            await letters.MARK.run(uow.connection, [letters.mark(letter) for letter in taken])

    def start(self, taken: list[Outgoing], calls: asyncio.TaskGroup, since: float) -> None:
        """Sends letters whose marks are committed. ``since``: when this process led for sure."""
        for letter in taken:
            self._under_way[letter.id] = letter
            calls.create_task(self._deliver(letter, since))

    async def _deliver(self, letter: Outgoing, since: float) -> None:
        fate = Fate(letter, LetterState.SENT)
        try:
            if elapsed() > since + LEASE_S and not self.school.is_sqlite:
                self.judge.forgone(fate)  # this process stood still: another may have judged the letter by now
            else:
                self.school.reached("calling")
                result = await self._call(letter)
                self.school.reached("called")
                self.troubles.works(letter.channel, Trouble.TOKEN_REFUSED)
                if result is None:
                    fate.state = LetterState.LAPSED
                elif isinstance(result, dict):
                    fate.message_id = result.get("message_id")
        except TelegramError as error:
            self._silence(letter.channel, self.judge.failed(fate, error), error)
        except Exception as error:
            log.error("a letter failed", letter=letter.id, kind=letter.kind, error=type(error).__name__, exc_info=error)
            fate.error = type(error).__name__
            self.judge.retry(fate, certain=True)
        self._fates.append(fate)
        self._wake(SETTLE_WITHIN_S)

    def _silence(self, channel: str, seconds: float, error: TelegramError) -> None:
        """Nothing goes out for so long. The calls that are under way are refused as well: only the first is told."""
        budget, refused = self.budgets[channel], isinstance(error, InvalidToken)
        if seconds > LONG_SILENCE_S >= budget.silent_for:
            words = "the bot's token is refused" if refused else "too many messages, says the server"
            log.warning(f"nothing is sent: {words}", channel=channel, for_s=seconds)
        budget.silence(seconds)
        if refused:
            self.troubles.note(channel, Trouble.TOKEN_REFUSED)
        else:
            self.troubles.note(channel, Trouble.SILENCED, seconds)

    async def _call(self, letter: Outgoing) -> Any:
        bot = self.channels[letter.channel]
        if letter.method is not None and letter.payload is not None:
            return await bot.call(letter.method, letter.payload)
        view = await self.voice.render(letter)
        if view is None:
            return None
        if view.document:
            payload = plain.write(document_payload(letter.chat_id, view))
            return await bot.call("sendDocument", payload, Document(view.document_name, view.document))
        if view.in_place_of is not None and view.in_place_of[:2] == (letter.channel, letter.chat_id):
            edit = edit_payload(letter.chat_id, view.in_place_of[2], view)
            try:
                return await bot.call("editMessageText", plain.write(edit))
            except BadRequest as error:
                if not cannot_be_edited(error):
                    raise
        if view.in_place_only:
            return None
        return await bot.call("sendMessage", plain.write(message_payload(letter.chat_id, view)))

    # what became of letters

    def fates(self) -> list[Fate]:
        """What has become known and is not written down; it stays here until ``settled``."""
        return list(self._fates)

    async def settle(self, uow: UnitOfWork, fates: list[Fate]) -> None:
        """Writes fates down. A letter that another process has judged meanwhile is left as it is."""
        self._settling = {fate.letter.id for fate in fates}
        sent = [
            {"letter": fate.letter.id, "tries": fate.letter.attempts, "message": fate.message_id, "now": uow.now}
            for fate in fates
            if fate.state is LetterState.SENT
        ]
        if sent:
            await letters.SENT.run(uow.connection, sent)
        for fate in fates:
            if fate.state is not LetterState.SENT:
                await self._apart(uow, fate.letter.id, partial(self._settle_trouble, fate))

    def begin(self) -> None:
        """A transaction begins: what an earlier one that failed has written down does not count."""
        self._settling = set()

    def settled(self, fates: list[Fate]) -> None:
        for fate in fates:
            self._fates.remove(fate)
            self._under_way.pop(fate.letter.id, None)

    async def _settle_trouble(self, fate: Fate, uow: UnitOfWork, letter: Letter) -> None:
        if letter.state is not LetterState.SENDING or letter.attempts != fate.letter.attempts:
            return
        letter.state, letter.error = fate.state, fate.error
        if not fate.counts:
            letter.attempts -= 1
        if fate.state is LetterState.WAITING and fate.retry_in_s is not None:
            letter.due_at = max(letter.due_at, uow.now + timedelta(seconds=fate.retry_in_s))
        if letter.state is LetterState.LAPSED:
            letter.payload = None
        if fate.reach is not None:
            await set_reach(uow, fate.letter.channel, fate.letter.chat_id, fate.reach)
            if letter.person_id is not None:
                letter.state = LetterState.WAITING  # another chat of the person, or nobody: the next look tells

    async def in_doubt(self, uow: UnitOfWork) -> set[int]:
        """Chats to which another process was sending, and may still be: what follows there waits for its fate."""
        query = select(Letter.chat_id).where(
            Letter.state == LetterState.SENDING,
            Letter.sent_at.is_(None),
            Letter.klass != Class.ANSWER,
            Letter.id.not_in(list(self._under_way)),
        )
        return {chat for chat in await uow.session.scalars(query) if chat is not None}

    async def judge_unknown(self, uow: UnitOfWork) -> None:
        """Letters that were being sent when a process ended: nobody knows their fate, their kind says what follows."""
        sending = (Letter.state == LetterState.SENDING, Letter.sent_at.is_(None))
        query = select(Letter).where(*sending, Letter.id.not_in(list(self._under_way)))
        for letter in await uow.session.scalars(query.with_for_update(skip_locked=True)):
            letter.state = self.judge.unknown(letter.method, letter.kind)
            letter.error = "fate unknown: the process ended while it was sent"
        await uow.session.flush()
