"""The office door, put together: pages, static files and error pages, all hanging on one Desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from console.assets import PREFIX, Assets
from console.desk import Desk
from console.door import Door
from console.pages import ALL
from console.render import Renderer

__all__ = ["Desk", "create_app", "error_pages", "routes"]


def _door(desk: Desk) -> tuple[Door, Assets]:
    assets = Assets()
    return Door(desk, Renderer(desk, assets)), assets


def routes(desk: Desk) -> list[BaseRoute]:
    """The console's routes, to be mounted at the root beside those of the other doors."""
    door, assets = _door(desk)
    static = Route(PREFIX + "/{hash}/{name:path}", assets.serve, name="assets")
    return [static, *(door.route(page) for page in ALL)]


ErrorPages = dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]


def error_pages(desk: Desk) -> ErrorPages:
    """Exception handlers for an application that has these routes: an unknown address gets a page, not a bare line."""
    door, _ = _door(desk)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return await door.http_error(request, error)

    return {HTTPException: http_error}


def create_app(desk: Desk) -> Starlette:
    """The console alone."""
    app = Starlette(routes=routes(desk), exception_handlers=error_pages(desk))
    app.state.desk = desk
    return app
