"""What the chat page takes in from strangers: how often, from where, and how much at once."""

from __future__ import annotations

import json
from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from webchat.limits import Bucket
from webchat.model import Wire

_MAX_JSON = 64_000


class Paces:
    """A bucket for each key. One that is full again is forgotten, so only those of late are in memory."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[Hashable, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, now: float) -> bool:
        """Take a token of this key; False when there is none. ``now`` is monotonic, in seconds."""
        self._forget_the_full(now)
        bucket = self._buckets.pop(key, None) or Bucket(self._rate, self._burst, now)
        self._buckets[key] = bucket  # at the end: the dict stays in the order of last use
        if bucket.wait(now):
            return False
        bucket.tokens -= 1
        return True

    def _forget_the_full(self, now: float) -> None:
        since = now - self._burst / self._rate
        while self._buckets:
            oldest = next(iter(self._buckets))
            if self._buckets[oldest].at > since:
                return
            del self._buckets[oldest]


def address_of(request: Request) -> str:
    """Where the browser is, as far as it can be told apart: of IPv6 the network, which one home has to itself."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return address.packed[:8].hex()
    return host


def limited(request: Request, most: int) -> Request:
    """The same request, refused with 413 as soon as more than ``most`` bytes came, whatever its headers say."""
    came = 0

    async def receive() -> Message:
        nonlocal came
        message = await request.receive()
        came += len(message.get("body", b""))
        if came > most:
            raise HTTPException(413)
        return message

    return Request(request.scope, receive)


async def json_of(request: Request) -> Wire:
    """The JSON object of a deed; 400 when it is none, 413 when it is too long."""
    content = await limited(request, _MAX_JSON).body()
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error
    if not isinstance(body, dict):
        raise HTTPException(400)
    return body
