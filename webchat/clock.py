"""The clock panel of the demonstration: show the school's time and move it ahead."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from locales import words
from webchat.intake import json_of
from webchat.people import ClockPanel, is_from_our_page

if TYPE_CHECKING:
    from webchat.page import ChatPage

_MORNING = time(8, 0)


def _refused(sentence: str) -> Response:
    return JSONResponse({"ok": False, "error": sentence}, 409)


class ClockRoutes:
    def __init__(self, page: ChatPage) -> None:
        self._page = page

    def routes(self) -> list[BaseRoute]:
        if self._page.clock is None:
            return []
        return [
            Route("/chat/clock.json", self.show),
            Route("/chat/clock", self.move, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return JSONResponse(await self._view(self._clock()), headers={"Cache-Control": "no-store"})

    async def move(self, request: Request) -> Response:
        """``{"minutes": 30}``, ``{"to": "tomorrow" | "school day" | "2026-11-24T16:40"}`` (school time)."""
        if not is_from_our_page(request):
            raise HTTPException(403)
        clock = self._clock()
        wish = await json_of(request)
        _ = words(self._page.language(request), "webchat")
        try:
            to = await self._target(clock, wish)
        except (ValueError, OverflowError):
            return _refused(_("Type a date and a time."))
        try:
            await clock.jump(to)
        except ValueError:
            return _refused(_("The clock only moves ahead. Choose a later time."))
        self._page.stream.announce()
        return JSONResponse({"ok": True, **await self._view(clock)})

    def _clock(self) -> ClockPanel:
        clock = self._page.clock
        if clock is None:
            raise HTTPException(404)
        return clock

    async def _target(self, clock: ClockPanel, wish: dict[str, object]) -> datetime:
        """Where the clock is to go. Raises ValueError or OverflowError for what is no time."""
        zone = self._page.zone
        now = clock.now().astimezone(zone)
        minutes = wish.get("minutes")
        if isinstance(minutes, int):
            return clock.now() + timedelta(minutes=minutes)  # an hour is an hour, also where clocks change
        to = wish.get("to")
        if to == "tomorrow":
            return datetime.combine(now.date() + timedelta(days=1), _MORNING, zone)
        if to == "school day":
            return await clock.next_school_day()
        typed = datetime.fromisoformat(str(to))
        return typed.replace(tzinfo=zone) if typed.tzinfo is None else typed

    async def _view(self, clock: ClockPanel) -> dict[str, object]:
        zone = self._page.zone
        school_day = await clock.next_school_day()
        return {
            "now": int(clock.now().timestamp()),
            "typed": clock.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
            "school_day": int(school_day.timestamp()),
        }
