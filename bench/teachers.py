"""Virtual teachers: each has a list of 45 children on the screen and taps one after the other."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable

from bench import scene
from webchat.acts import Acts
from webchat.bot import Bot
from webchat.model import Event, Message, rows_of
from webchat.world import World

GIVE_UP_S = 20.0


class Teacher:
    """One teacher. A tap is over once it is answered and the list shows the other mark."""

    def __init__(self, world: World, bot: Bot, number: int, over: Callable[[Teacher], None]) -> None:
        self.number = number
        self.over = over
        user = world.add_user(f"人{number}", user_id=scene.teacher_chat(number))
        self.acts = Acts(world, bot, user)
        chat = self.acts.chat
        chat.started = True
        self.list = Message(chat.next_message_id(), chat.id, bot.id, world.timestamp())
        self.list.text = f"Class {number}"
        self.list.markup = {"inline_keyboard": scene.keyboard(number)}
        world.save(bot, chat, self.list)
        self.taps = 0
        self.free = True
        self.due = self.tapped_at = 0.0
        self._present = [False] * scene.CHILDREN
        self._answered = self._edited = False
        self._place = 0

    def tap(self, due: float | None = None) -> None:
        """Taps the next child; ``due`` is when that should have been, if it was to be earlier."""
        self.tapped_at = time.perf_counter()
        self.due = due if due is not None else self.tapped_at
        self.free = self._answered = self._edited = False
        self._place = self.taps % scene.CHILDREN
        self.taps += 1
        self._present[self._place] = not self._present[self._place]
        data = f"bp:{self.number}:{scene.child_id(self.number, self._place)}"
        self.acts.tap(self.list.id, data)

    def notice(self, event: Event) -> None:
        if self.free:
            return
        if event.kind == "toast":
            self._answered = True
        elif event.kind == "edit" and self._is_shown():
            self._edited = True
        if self._answered and self._edited:
            self.free = True
            self.over(self)

    def _is_shown(self) -> bool:
        """Whether the whole list is there, and the tapped child has the mark it should have by now."""
        shown = rows_of(self.acts.chat.messages[self.list.id].markup, "inline_keyboard")
        buttons = list(itertools.chain.from_iterable(shown))
        assert len(buttons) == scene.CHILDREN, "the list lost children"
        return bool(str(buttons[self._place]["text"]).startswith("✓" if self._present[self._place] else "○"))


class Crowd:
    """All teachers of a run. ``done`` holds (moment, seconds since the tap was due) of every tap that is over."""

    def __init__(self, world: World, bot: Bot) -> None:
        self.teachers = [Teacher(world, bot, number, self._over) for number in range(1, scene.TEACHERS + 1)]
        self.done: list[tuple[float, float]] = []
        self.stuck = 0
        self._by_chat = {teacher.acts.user.id: teacher for teacher in self.teachers}
        self._again: set[int] = set()
        self._idle: deque[Teacher] = deque(self.teachers)
        world.watch(self._notice)

    @property
    def in_hand(self) -> int:
        """Taps not yet over."""
        return sum(not teacher.free for teacher in self.teachers)

    @property
    def taps(self) -> int:
        return sum(teacher.taps for teacher in self.teachers)

    def _notice(self, event: Event) -> None:
        teacher = self._by_chat.get(event.chat_id)
        if teacher is not None:
            teacher.notice(event)

    def _over(self, teacher: Teacher) -> None:
        now = time.perf_counter()
        self.done.append((now, now - teacher.due))
        if teacher.number in self._again:
            asyncio.get_running_loop().call_soon(teacher.tap)
        else:
            self._idle.append(teacher)

    def go_on(self, in_flight: int) -> None:
        """So many teachers tap again as soon as their last tap is over; the others stop."""
        self._again = {teacher.number for teacher in self.teachers[:in_flight]}
        for teacher in self.teachers[:in_flight]:
            if teacher.free:
                teacher.tap()
        self._idle = deque(teacher for teacher in self.teachers[in_flight:] if teacher.free)

    async def rest(self, seconds: float = GIVE_UP_S) -> None:
        """Nobody taps again; waits for the taps in hand. What is not over by then counts as stuck."""
        self._again = set()
        until = time.perf_counter() + seconds
        while self.in_hand and time.perf_counter() < until:  # noqa: ASYNC110 - waking at each tap would be measured
            await asyncio.sleep(0.02)
        self.stuck += self.in_hand
        for teacher in self.teachers:
            teacher.free = True
        self._idle = deque(self.teachers)

    async def at_rate(self, per_s: float, seconds: float) -> int:
        """Taps at fixed moments, whether or not the bot keeps up; how many could not be made for want of a teacher."""
        start = time.perf_counter()
        missed = 0
        for n in range(int(per_s * seconds)):
            due = start + n / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if self._idle:
                self._idle.popleft().tap(due)
            else:
                missed += 1
        await asyncio.sleep(max(0.0, start + seconds - time.perf_counter()))
        return missed
