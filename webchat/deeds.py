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
from webchat.limits import Bucket
from webchat.model import Wire
from webchat.people import is_from_our_page
from webchat.refusal import UserMistake
from webchat.view import SHOWN_INLINE

if TYPE_CHECKING:
    from webchat.page import ChatPage

_MAX_BODY = 64_000
_MAX_UPLOAD = 20_000_000
_DEEDS_PER_S = 5.0
_DEEDS_BURST = 30.0
Deed = Callable[[Acts, Wire], Wire]


class Deeds:
    def __init__(self, page: ChatPage) -> None:
        self._page = page
        self._paces: dict[int, Bucket] = {}

    def routes(self) -> list[BaseRoute]:
        prefix = "/chat/{user_id:int}"
        return [
            Route(f"{prefix}/send", self._doing(self.send), methods=["POST"]),
            Route(f"{prefix}/tap", self._doing(self.tap), methods=["POST"]),
            Route(f"{prefix}/contact", self._doing(self.contact), methods=["POST"]),
            Route(f"{prefix}/block", self._doing(self.block), methods=["POST"]),
            Route(f"{prefix}/seen", self._doing(self.seen), methods=["POST"]),
            Route(f"{prefix}/upload", self.upload, methods=["POST"]),
            Route(f"{prefix}/files/{{file_id}}/{{name}}", self.file),
        ]

    def _doing(self, deed: Deed) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            acts = await self._acts(request)
            try:
                return JSONResponse({"ok": True, **deed(acts, await _json(request))})
            except UserMistake as mistake:
                return JSONResponse({"ok": False, "error": str(mistake)}, 409)

        return route

    async def _acts(self, request: Request) -> Acts:
        """The hands of the user of this address; refuses other sites, strangers and a flood."""
        if not is_from_our_page(request):
            raise HTTPException(403)
        user_id = await self._page.user_id_of(request)
        now = self._page.world.monotonic()
        pace = self._paces.setdefault(user_id, Bucket(_DEEDS_PER_S, _DEEDS_BURST, now))
        if pace.wait(now):
            raise HTTPException(429)
        pace.tokens -= 1
        return Acts(self._page.world, self._page.bot, await self._page.acting(request))

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
        if not self._page.is_demonstration:
            raise HTTPException(403)
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
        acts = await self._acts(request)
        if int(request.headers.get("content-length") or _MAX_UPLOAD + 1) > _MAX_UPLOAD:
            raise HTTPException(413)
        async with request.form(max_files=1, max_fields=2) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise HTTPException(422)
            kind = file.content_type or "application/octet-stream"
            try:
                message = acts.send_file(file.filename or "file", kind, await file.read())
            except UserMistake as mistake:
                return JSONResponse({"ok": False, "error": str(mistake)}, 409)
        return JSONResponse({"ok": True, "message_id": message.id})

    async def file(self, request: Request) -> Response:
        """A file of this conversation. Only what a browser shows safely is shown; the rest is saved."""
        user_id = await self._page.user_id_of(request)
        messages = self._page.bot.chat(user_id).messages.values()
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


async def _json(request: Request) -> Wire:
    if int(request.headers.get("content-length") or 0) > _MAX_BODY:
        raise HTTPException(413)
    try:
        body = await request.json()
    except ValueError as error:
        raise HTTPException(400) from error
    if not isinstance(body, dict):
        raise HTTPException(400)
    return body
