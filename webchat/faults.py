"""How to make the server misbehave, for tests: the next calls of a method fail in a chosen way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

FaultKind = Literal[
    "bad_gateway",  # 502 with a page of HTML, not acted upon
    "drop_before",  # the connection breaks, nothing was done
    "drop_after",  # the connection breaks, and the call was carried out
    "slow",  # the answer comes after ``seconds``
    "truncated",  # carried out; the JSON of the answer ends half-way
    "too_many",  # 429 with ``retry_after``
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(slots=True)
class Fault:
    """``method`` "*" means any; ``chat_id`` None means any chat; ``times`` is how many more calls it hits."""

    method: str
    kind: FaultKind
    times: int = 1
    chat_id: int | None = None
    seconds: float = 0.0
    retry_after: int = 1

    def hits(self, method: str, chat_id: int | None) -> bool:
        return self.method in ("*", method) and (self.chat_id is None or self.chat_id == chat_id)


@dataclass(slots=True)
class Faults:
    """The faults waiting to happen, oldest first."""

    waiting: list[Fault] = field(default_factory=list)

    def add(
        self,
        method: str,
        kind: FaultKind,
        *,
        times: int = 1,
        chat_id: int | None = None,
        seconds: float = 0.0,
        retry_after: int = 1,
    ) -> Fault:
        if kind not in FAULT_KINDS:
            raise ValueError(f"no such misbehaviour: {kind}")
        fault = Fault(method.lower(), kind, times, chat_id, seconds, retry_after)
        self.waiting.append(fault)
        return fault

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault that hits this call, used up by one; ``method`` in small letters."""
        for fault in self.waiting:
            if fault.hits(method, chat_id):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.waiting.clear()
