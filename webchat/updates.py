"""Updates waiting for the bot, with Telegram's rules of confirming: what is not confirmed comes again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from webchat.refusal import BY_SET_WEBHOOK, OTHER_GET_UPDATES, Refusal


@dataclass(frozen=True, slots=True)
class Update:
    """``body`` is the JSON as it is delivered. ``place`` orders updates even when their ids fall."""

    place: int
    id: int
    epoch: int
    chat_id: int
    kind: str
    body: str


class UpdateQueue:
    """The updates of one bot, oldest first."""

    def __init__(self, first_id: int, on_confirmed: Callable[[list[Update]], None]) -> None:
        self.next_id = first_id
        self.epoch = 0
        self.allowed: frozenset[str] | None = None
        self.duplicate_next = 0
        self._on_confirmed = on_confirmed
        self._pending: dict[int, Update] = {}
        self._places = itertools.count(1)
        self._poll: asyncio.Future[bool] | None = None
        self.on_added: Callable[[Update], None] = lambda _: None

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def pending(self) -> list[Update]:
        return list(self._pending.values())

    def awaits(self, chat_id: int) -> bool:
        """Is an update of this chat still unconfirmed?"""
        return any(update.chat_id == chat_id for update in self._pending.values())

    def next_update(self, chat_id: int, kind: str, head: str) -> Update | None:
        """Number an update without queueing it; None when the bot does not want this kind.
        ``head`` is its JSON after ``{"update_id":…,``."""
        if self.allowed is not None and kind not in self.allowed:
            return None
        update_id = self.next_id
        self.next_id += 1
        return Update(next(self._places), update_id, self.epoch, chat_id, kind, f'{{"update_id":{update_id},{head}')

    def add(self, update: Update) -> None:
        copies = [update]
        if self.duplicate_next > 0:
            self.duplicate_next -= 1
            copies.append(Update(next(self._places), update.id, update.epoch, update.chat_id, update.kind, update.body))
        for copy in copies:
            self._pending[copy.place] = copy
            self.on_added(copy)
        self._wake(True)

    def jump(self, to: int) -> None:
        """Let update ids go on from here; a fall is what Telegram does after a week without updates."""
        if to < self.next_id:
            self.epoch += 1
        self.next_id = to

    def restore(self, updates: list[Update], last_place: int) -> None:
        """What was waiting when the server last stopped, and the place of the last one ever queued."""
        for update in sorted(updates, key=lambda u: u.place):
            self._pending[update.place] = update
            last_place = max(last_place, update.place)
        self._places = itertools.count(last_place + 1)

    def forget(self, update: Update) -> None:
        """A webhook took it."""
        if self._pending.pop(update.place, None):
            self._on_confirmed([update])

    def clear(self) -> None:
        gone = self.pending
        self._pending.clear()
        self._on_confirmed(gone)

    async def get(self, offset: int, limit: int, timeout: float) -> list[Update]:
        """getUpdates: confirm what is below ``offset``, then the oldest ones left; waits for the first if there is
        none. A later call ends this one with 409."""
        self._end_poll(OTHER_GET_UPDATES)
        if offset < 0:
            self._confirm(self._before_last(-offset))
        elif offset > 0:
            self._confirm(self._below(offset))
        if not self._pending and timeout > 0:
            await self._first(timeout)
        return list(itertools.islice(self._pending.values(), limit))

    def _before_last(self, n: int) -> Callable[[Update], bool]:
        kept = set(list(self._pending)[-n:])
        return lambda update: update.place not in kept

    def _below(self, offset: int) -> Callable[[Update], bool]:
        if offset > self.next_id:  # an offset from before the ids fell: says nothing about the new ones
            return lambda update: update.epoch < self.epoch and update.id < offset
        return lambda update: update.epoch < self.epoch or update.id < offset

    def _confirm(self, is_confirmed: Callable[[Update], bool]) -> None:
        gone = [update for update in self._pending.values() if is_confirmed(update)]
        for update in gone:
            del self._pending[update.place]
        if gone:
            self._on_confirmed(gone)

    async def _first(self, timeout: float) -> None:
        poll: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._poll = poll
        handle = asyncio.get_running_loop().call_later(timeout, _settle, poll, False)
        try:
            await poll
        finally:
            handle.cancel()
            if self._poll is poll:
                self._poll = None

    def _wake(self, result: bool) -> None:
        if self._poll:
            _settle(self._poll, result)

    def _end_poll(self, words: str) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_exception(Refusal(409, words))
        self._poll = None

    def end_by_webhook(self) -> None:
        self._end_poll(BY_SET_WEBHOOK)

    def close(self) -> None:
        """Answer the waiting poll with nothing."""
        self._wake(False)


def _settle(poll: asyncio.Future[bool], result: bool) -> None:
    if not poll.done():
        poll.set_result(result)
