"""How much Telegram lets a bot send: token buckets, on a monotonic clock the caller may supply."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages per second in all, per second and chat after a burst, and per minute in a group. 0 = no limit."""

    overall_per_s: float = 30
    chat_per_s: float = 1
    chat_burst: int = 20
    group_per_min: float = 20

    @classmethod
    def off(cls) -> Limits:
        return cls(0, 0, 0, 0)


class Bucket:
    """Holds up to ``burst`` tokens and refills at ``rate`` a second."""

    __slots__ = ("at", "burst", "rate", "tokens")

    def __init__(self, rate: float, burst: float, at: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.at = at

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one now."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.tokens >= 1 - 1e-9 else (1 - self.tokens) / self.rate


class Limiter:
    """The buckets of one bot."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._overall = (
            Bucket(limits.overall_per_s, limits.overall_per_s, monotonic()) if limits.overall_per_s else None
        )
        self._chats: dict[int, Bucket] = {}

    def take(self, chat_id: int) -> int | None:
        """Take a token for a message to this chat; the whole seconds to wait when there is none."""
        now = self._monotonic()
        buckets = [bucket for bucket in (self._overall, self._of(chat_id, now)) if bucket]
        wait = max((bucket.wait(now) for bucket in buckets), default=0.0)
        if wait > 0:
            return max(1, math.ceil(wait - 1e-6))
        for bucket in buckets:
            bucket.tokens -= 1
        return None

    def _of(self, chat_id: int, now: float) -> Bucket | None:
        bucket = self._chats.get(chat_id)
        if bucket is not None:
            return bucket
        limits = self._limits
        if chat_id < 0 and limits.group_per_min:
            bucket = Bucket(limits.group_per_min / 60, limits.group_per_min, now)
        elif chat_id > 0 and limits.chat_per_s:
            bucket = Bucket(limits.chat_per_s, max(1, limits.chat_burst), now)
        else:
            return None
        self._chats[chat_id] = bucket
        return bucket
