"""The chat page."""

from __future__ import annotations

from starlette.routing import BaseRoute


class ChatPage:
    def routes(self) -> list[BaseRoute]:
        return []
