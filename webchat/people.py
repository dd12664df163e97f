"""Who may sit at the chat page, and what the product must supply for the demonstration."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from webchat.model import FIRST_USER_ID, Wire

Group = Literal["families", "teachers", "school"]
COOKIE = "webchat"
_COOKIE_AGE = 400 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Somebody:
    """An invented person of the demonstration. ``start_payload`` is the code on the slip they hold, if any;
    ``start_here`` puts them at the top of the list; ``why`` says there, by language, what there is to try. ``about``
    says by language who they are."""

    user_id: int
    name: str
    about: Mapping[str, str] = field(default_factory=dict)
    group: Group = "families"
    phone: str = ""
    language: str = "zh-hans"
    start_payload: str | None = None
    start_here: bool = False
    why: Mapping[str, str] = field(default_factory=dict)


People = Callable[[], Awaitable[list[Somebody]]]
MenuOf = Callable[[int], Awaitable[list[Wire]]]
"""The commands of a user's menu; none where the bot has set none."""


class ClockPanel(Protocol):
    """The movable clock of the demonstration."""

    def now(self) -> datetime: ...

    async def jump(self, to: datetime) -> None:
        """Move ahead to this instant. Raises ValueError for a moment already past."""

    async def next_school_day(self) -> datetime:
        """The next school day, at the hour worth seeing."""


class Visitors:
    """Real families at the page: each browser is one user, known by a signed cookie."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="webchat-visitor")

    def of(self, request: Request) -> int | None:
        """The user this browser is; None when its cookie is missing or not ours."""
        try:
            user_id = self._signer.loads(request.cookies.get(COOKIE, ""))
        except BadSignature:
            return None
        return user_id if isinstance(user_id, int) else None

    def invent(self) -> int:
        """An id for a new browser: not to be guessed, and within what JavaScript counts exactly."""
        return FIRST_USER_ID + secrets.randbelow(1 << 48)

    def remember(self, response: Response, request: Request, user_id: int) -> None:
        response.set_cookie(
            COOKIE,
            str(self._signer.dumps(user_id)),
            max_age=_COOKIE_AGE,
            path="/chat",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )


def is_from_our_page(request: Request) -> bool:
    """Did our own page make this request? Browsers say so, and other sites cannot forge it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
