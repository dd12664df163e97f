"""How fast may be sent: what Telegram allows in all and per chat, with the last third kept from broadcasts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from care.records.delivery import Class

UNCOUNTED = 1000
"""Stands for as many answers to taps as there are."""


@dataclass(frozen=True)
class Limits:
    """Messages per second in all; per chat with a small burst."""

    overall_per_s: float = 30.0
    chat_per_s: float = 1.0
    chat_burst: float = 5.0


class Bucket:
    """A token bucket. ``rate`` per second, never more than ``size``."""

    def __init__(self, rate: float, size: float, now: float) -> None:
        self.rate, self.size = rate, size
        self._level, self._at = size, now

    def level(self, now: float) -> float:
        self._level = min(self.size, self._level + (now - self._at) * self.rate)
        self._at = now
        return self._level

    def take(self) -> None:
        self._level -= 1

    def seconds_until(self, wanted: float, now: float) -> float:
        return max(0.0, (wanted - self.level(now)) / self.rate)


class Budget:
    """One channel's budget. Answers to taps are free, as Telegram counts only messages."""

    def __init__(self, limits: Limits, ticker: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._ticker = ticker
        self._all = Bucket(limits.overall_per_s, limits.overall_per_s, ticker())
        self._chats: dict[int, Bucket] = {}
        self._silent_until = 0.0

    def wait(self, chat_id: int, klass: Class) -> float:
        """Seconds until a message of this class may go to this chat; 0 takes it from the budget now."""
        now = self._ticker()
        if now < self._silent_until:
            return self._silent_until - now
        if klass is Class.ANSWER:
            return 0.0
        chat = self._chats.get(chat_id)
        if chat is None:
            self._forget(now)
            chat = self._chats[chat_id] = Bucket(self.limits.chat_per_s, self.limits.chat_burst, now)
        seconds = max(self._all.seconds_until(1 + self._reserve(klass), now), chat.seconds_until(1, now))
        if seconds <= 0:
            self._all.take()
            chat.take()
        return seconds

    def _reserve(self, klass: Class) -> float:
        return self.limits.overall_per_s / 3 if klass >= Class.REMINDER else 0.0

    @property
    def is_silent(self) -> bool:
        return self.silent_for > 0

    @property
    def silent_for(self) -> float:
        """Seconds until anything may go out."""
        return max(0.0, self._silent_until - self._ticker())

    def spare(self, klass: Class) -> int:
        """How many messages of this class may go now, chats aside."""
        if klass is Class.ANSWER:
            return UNCOUNTED
        return max(0, int(self._all.level(self._ticker()) - self._reserve(klass)))

    def until(self, klass: Class) -> float:
        """Seconds until one of this class may go, chats aside."""
        return self._all.seconds_until(1 + self._reserve(klass), self._ticker())

    def silence(self, seconds: float) -> None:
        """Telegram said to retry later: nothing goes out until then."""
        self._silent_until = max(self._silent_until, self._ticker() + seconds)

    def _forget(self, now: float) -> None:
        if len(self._chats) > 5000:
            full = [chat for chat, bucket in self._chats.items() if bucket.level(now) >= bucket.size]
            for chat in full:
                del self._chats[chat]
