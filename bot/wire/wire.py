"""The wire: everything that comes in, is worked and goes out, round by round. One round is one transaction.

    settle    what became of the letters that were sent
    store     what came in
    handle    the oldest update of each chat, up to sixteen chats
    take      the letters that may go now, marked as being sent
    ─ commit ─
    confirm   what is stored: the webhook is answered, the poll's offset moves
    start     the calls for the letters taken

Nothing is told to the outside before the commit, and nothing after it is needed to know what was done: a kill at any
moment loses nothing. What may have gone out twice is known by its mark.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from bot.wire.budget import Limits
from bot.wire.channel import Channel
from bot.wire.lead import Leader, elapsed
from bot.wire.letters import Outgoing
from bot.wire.receive import Intake
from bot.wire.send import Sender
from bot.wire.trouble import Troubles
from bot.wire.voice import Voice
from bot.wire.work import Broken, Worker
from care.school import School
from care.work import UnitOfWork

LOOK_EVERY_S = 1.0
PAUSE_S = 0.2
"""Between rounds while something fails."""
HELD_BACK_S = 0.02
"""Until it is looked again whether another process has done with a chat."""

Follow = Callable[[], None]
Step = Callable[[UnitOfWork], Awaitable[Follow]]

log = structlog.get_logger()


class Wire:
    """One school's delivery in this process. Any number of processes may share a PostgreSQL."""

    def __init__(
        self, school: School, channels: Mapping[str, Channel], voice: Voice, limits: Limits | None = None
    ) -> None:
        self.school = school
        self.intake = Intake(self.wake, school.reached)
        self.worker = Worker(school, channels, voice)
        self.leader = Leader(school, self.wake)
        self.troubles = Troubles(school, channels, self.leader.leads)
        self.sender = Sender(school, channels, voice, self._wake_within, self.troubles, limits)
        self._awake = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._wait = LOOK_EVERY_S
        self._more = False
        self._judge_at = 0.0
        """When to look again for letters whose fate nobody will tell."""
        self._stopping = False
        self._finished = asyncio.Event()
        self._finished.set()  # nothing is in hand until it runs

    async def run(self) -> None:
        """Rounds, until cancelled. After a round that failed each step goes by itself, so that one that cannot be done
        keeps nothing else waiting."""
        self._finished.clear()
        async with asyncio.TaskGroup() as self._calls:
            self._calls.create_task(self.leader.run())
            self._calls.create_task(self.troubles.run())
            self._calls.create_task(self.worker.run_again())
            whole = (self._settle, self._store, self._handle, self._send)
            singly = (self._settle, self._store, self._handle_each, self._send)
            together = True
            while True:
                self._awake.clear()
                if together:
                    together = await self._try(whole)
                else:
                    done = [await self._try((step,)) for step in singly]
                    together = all(done)
                await self._rest(self._wait if together else PAUSE_S)

    async def _try(self, steps: Sequence[Step]) -> bool:
        try:
            await self.round(steps)
        except Broken as broken:  # what came in is lost with it: stored by itself it keeps the id by which it is known
            log.warning("an update waits for the database", what=str(broken))
            return False
        except Exception as error:  # noqa: BLE001 - the loop must live; what was not committed comes again
            log.error("a round failed", error=type(error).__name__, text=str(error)[:200])
            self._judge_at = 0.0  # it may have been committed all the same, with letters marked that nobody sends
            return False
        return True

    async def round(self, steps: Sequence[Step]) -> None:
        """One transaction of all the steps, and then what follows from each."""
        self._wait = LOOK_EVERY_S
        async with self.school.work() as uow:
            self._more = False
            self.sender.begin()
            follows = [await step(uow) for step in steps]
            if self.leader.leads():
                uow.posted = False  # the letters are in hand here
            uow.posted |= self._more  # wakes this process, and those that may help
            self.school.reached("taken")
        self.school.reached("committed")
        for follow in follows:
            follow()
        if self._stopping and self.sender.is_idle and self.intake.is_empty:
            self._finished.set()

    # the steps: each does its part of the transaction, and returns what follows once it is committed

    async def _settle(self, uow: UnitOfWork) -> Follow:
        fates = self.sender.fates()
        await self.sender.settle(uow, fates)
        if fates:
            self.school.reached("settled")
        return lambda: self.sender.settled(fates)

    async def _store(self, uow: UnitOfWork) -> Follow:
        news = await self.intake.store(uow, self.intake.news())
        if news:
            self.school.reached("stored")

        def follow() -> None:
            self.intake.confirm(news)
            if not self.intake.is_empty:
                self._wake_within(HELD_BACK_S)

        return follow

    async def _handle(self, uow: UnitOfWork) -> Follow:
        self._more = not self._stopping and await self.worker.handle_fresh(uow)
        return lambda: None

    async def _handle_each(self, uow: UnitOfWork) -> Follow:
        self._more = not self._stopping and await self.worker.handle_fresh(uow, by_itself=True)
        return lambda: None

    async def _send(self, uow: UnitOfWork) -> Follow:
        since = elapsed()
        if not self.leader.leads():
            return lambda: None
        in_doubt: set[int] = set()
        if not self.leader.may_judge():
            in_doubt = await self.sender.in_doubt(uow)
        elif since >= self._judge_at:
            await self.sender.judge_unknown(uow)
            self._judge_at = since + LOOK_EVERY_S
        taken: list[Outgoing] = []
        if not self._stopping:
            taken, self._wait = await self.sender.take(uow, in_doubt)
            if in_doubt:
                self._wait = min(self._wait, PAUSE_S)

        return lambda: self.sender.start(taken, self._calls, since)

    # rest

    def wake(self) -> None:
        """Something has come in, was posted, or may go: the next round begins at once."""
        self._awake.set()

    def _wake_within(self, seconds: float) -> None:
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(seconds, self.wake)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def finish(self, seconds: float) -> None:
        """Takes no more updates and letters, and waits until what is in hand is done, ``seconds`` at most."""
        self._stopping = True
        self.wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._finished.wait()
