"""What a person does on the chat page: each route acts as one user, checks that it may, and answers JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from webchat.acts import Acts
from webchat.intake import Paces, address_of, json_of, limited
from webchat.model import Wire
from webchat.people import is_from_our_page
from webchat.refusal import UserMistake
from webchat.view import SHOWN_INLINE

if TYPE_CHECKING:
    from webchat.page import ChatPage

_MAX_UPLOAD = 2_000_000
_OF_ONE_USER = (5.0, 30.0)
_OF_ONE_ADDRESS = (20.0, 120.0)  # a school and all its parents can be behind one address
_NEWCOMERS_OF_ONE_ADDRESS = (60 / 3600, 60.0)
Deed = Callable[[Acts, Wire], Wire]


class Deeds:
    def __init__(self, page: ChatPage) -> None:
        self._page = page
        self._users = Paces(*_OF_ONE_USER)
        self._addresses = Paces(*_OF_ONE_ADDRESS)
        self._newcomers = Paces(*_NEWCOMERS_OF_ONE_ADDRESS)

    def routes(self) -> list[BaseRoute]:
        prefix = "/chat/{user_id:int}"
        found: list[BaseRoute] = [
            Route(f"{prefix}/send", self._doing(self.send, opens=True), methods=["POST"]),
            Route(f"{prefix}/tap", self._doing(self.tap), methods=["POST"]),
            Route(f"{prefix}/block", self._doing(self.block), methods=["POST"]),
            Route(f"{prefix}/seen", self._doing(self.seen), methods=["POST"]),
            Route(f"{prefix}/files/{{file_id}}/{{name}}", self.file),
        ]
        if self._page.is_demonstration:
            found += [
                Route(f"{prefix}/contact", self._doing(self.contact), methods=["POST"]),
                Route(f"{prefix}/upload", self.upload, methods=["POST"]),
            ]
        return found

    def _doing(self, deed: Deed, *, opens: bool = False) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            try:
                user_id = await self._checked(request)
                body = await json_of(request)
                acts = await self._acts(request, user_id, opens=opens)
                return JSONResponse({"ok": True, **deed(acts, body)})
            except UserMistake as mistake:
                return JSONResponse({"ok": False, "error": str(mistake)}, 409)

        return route

    async def _checked(self, request: Request) -> int:
        """The user who is to act; refuses other sites, a flood and strangers."""
        if not is_from_our_page(request):
            raise HTTPException(403)
        now = self._page.world.monotonic()
        if not self._addresses.take(address_of(request), now):
            raise HTTPException(429)
        user_id = await self._page.user_id_of(request)
        if not self._users.take(user_id, now):
            raise HTTPException(429)
        return user_id

    async def _acts(self, request: Request, user_id: int, *, opens: bool = False) -> Acts:
        """The hands of this user. Only a deed that ``opens`` a conversation makes a newcomer known."""
        world = self._page.world
        if user_id not in world.users:
            if not opens:
                raise UserMistake("nothing has been said yet")
            is_invented = self._page.is_demonstration
            if not is_invented and not self._newcomers.take(address_of(request), world.monotonic()):
                raise HTTPException(429)
        return Acts(world, self._page.bot, await self._page.acting(request))

    def send(self, acts: Acts, body: Wire) -> Wire:
        return {"message_id": acts.say(str(body.get("text", ""))).id}

    def tap(self, acts: Acts, body: Wire) -> Wire:
        """Only a button that is on the screen."""
        message_id, data = body.get("message_id"), body.get("data")
        message = acts.chat.messages.get(message_id) if isinstance(message_id, int) else None
        buttons = [button for row in message.buttons() for button in row] if message else []
        if not any(button.get("callback_data") == data for button in buttons) or not message:
            raise UserMistake("this button is gone")
        return {"query_id": acts.tap(message.id, str(data))}

    def contact(self, acts: Acts, body: Wire) -> Wire:
        """A browser cannot prove a number, so only invented people can share theirs."""
        return {"message_id": acts.share_own_phone().id}

    def block(self, acts: Acts, body: Wire) -> Wire:
        if body.get("blocked"):
            acts.block()
        else:
            acts.unblock()
        return {"blocked": acts.chat.blocked}

    def seen(self, acts: Acts, body: Wire) -> Wire:
        self._page.saw(acts.user.id)
        return {}

    async def upload(self, request: Request) -> Response:
        """In the demonstration only: the bot has no use for files, and strangers would fill the disk with them."""
        user_id = await self._checked(request)
        async with limited(request, _MAX_UPLOAD).form(max_files=1, max_fields=2) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise HTTPException(422)
            kind = file.content_type or "application/octet-stream"
            try:
                acts = await self._acts(request, user_id)
                message = acts.send_file(file.filename or "file", kind, await file.read())
            except UserMistake as mistake:
                return JSONResponse({"ok": False, "error": str(mistake)}, 409)
        return JSONResponse({"ok": True, "message_id": message.id})

    async def file(self, request: Request) -> Response:
        """A file of this conversation. Only what a browser shows safely is shown; the rest is saved."""
        user_id = await self._page.user_id_of(request)
        messages = self._page.bot.look(user_id).messages.values()
        file = next((m.file for m in messages if m.file and m.file.id == request.path_params["file_id"]), None)
        if file is None:
            raise HTTPException(404)
        shown = file.mime in SHOWN_INLINE
        headers = {
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=utf-8''{quote(file.name)}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=3600",
        }
        kind = file.mime if shown else "application/octet-stream"
        return Response(file.content, media_type=kind, headers=headers)
