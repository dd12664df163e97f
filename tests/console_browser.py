"""A person's browser, and how the tests get one that is signed in."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import httpx
from starlette.applications import Starlette

from care.records import Role

ADDRESS = "http://school.test"
IN_PLACE = re.compile(
    r"/calendar/2|/settings/waves/new|/settings/texts/|/applications/bulk/confirm|/staff/\d+/(slip|sign-in)"
    # whoever has signed gives the phone back: from there no link leads on
    r"|/sign/"
)
"""Forms whose answer htmx puts in their place: tests/browser/test_going_back.py."""


class Browser:
    """A person's browser: keeps cookies, sends the form's token, says where a form came from."""

    def __init__(self, app: Starlette, language: str = "en") -> None:
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=ADDRESS, headers={"accept-language": language}
        )
        self.csrf = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        response = await self.client.get(path, headers=headers)
        found = re.search(r'name="csrf" value="(\w+)"', response.text)
        self.csrf = found[1] if found else self.csrf
        return response

    async def post(self, path: str, /, **fields: str | list[str]) -> httpx.Response:
        if not self.csrf:
            await self.get("/sessions")
        data = {"csrf": self.csrf, **{name.rstrip("_"): value for name, value in fields.items()}}
        response = await self.client.post(path, data=data, headers={"origin": ADDRESS})
        shown = response.status_code == 200 and response.headers["content-type"].startswith("text/html")
        assert not shown or IN_PLACE.match(path), "the browser's way back could not show this again"
        return response

    async def post_and_follow(self, path: str, /, **fields: str | list[str]) -> httpx.Response:
        """As a browser does after a deed: on to the page that it is sent to."""
        response = await self.post(path, **fields)
        return await self.get(response.headers["location"]) if response.status_code == 303 else response


SignIn = Callable[[Role], Awaitable[Browser]]
