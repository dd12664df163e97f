"""The Bot API over HTTP: one ASGI endpoint for ``/bot{token}/{method}`` and one for its files."""

from __future__ import annotations

import asyncio
import inspect
from urllib.parse import quote

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from webchat import body, manners, methods
from webchat.bot import Bot, dumps
from webchat.faults import Fault
from webchat.methods import Method, Said, SlowMethod
from webchat.model import Call
from webchat.params import Params
from webchat.refusal import Refusal, too_many
from webchat.updates import Update
from webchat.world import World

METHODS: dict[str, Method | SlowMethod] = {
    function.__name__.replace("_", ""): function
    for function in (
        manners.get_me,
        manners.get_updates,
        manners.set_webhook,
        manners.delete_webhook,
        manners.get_webhook_info,
        manners.set_my_commands,
        manners.get_my_commands,
        manners.delete_my_commands,
        manners.set_chat_menu_button,
        manners.get_chat_menu_button,
        manners.set_my_description,
        manners.get_my_description,
        manners.set_my_short_description,
        manners.get_my_short_description,
        manners.set_my_name,
        manners.get_my_name,
        manners.log_out,
        manners.close,
        methods.send_message,
        methods.send_document,
        methods.send_photo,
        methods.edit_message_text,
        methods.edit_message_caption,
        methods.edit_message_reply_markup,
        methods.delete_message,
        methods.answer_callback_query,
        methods.send_chat_action,
        methods.get_file,
        methods.get_chat,
    )
}
LIMITED = frozenset(
    {
        "sendmessage",
        "senddocument",
        "sendphoto",
        "editmessagetext",
        "editmessagecaption",
        "editmessagereplymarkup",
    }
)
_BAD_GATEWAY = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"


class BotApi:
    """ASGI endpoint; the route gives ``token`` and ``method``."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token, name = scope["path_params"]["token"], scope["path_params"]["method"]
        try:
            if token not in self._world.bots:  # a stranger's body is not even read
                raise Refusal(401, "Unauthorized")
            params = await body.read(scope, receive)
        except Refusal as refusal:
            await _send(send, refusal.code, dumps(refusal.wire()).encode())
            return
        method = name.lower()
        fault = self._world.faults.take(method, params.chat_id_or_none()) if self._world.faults.waiting else None
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind in ("bad_gateway", "drop_before"):
            await self._fail(fault, name, params, receive, send)
            return
        status, answer, outcome = await self._act(token, method, params, fault)
        if fault and fault.kind == "drop_after":
            outcome = "dropped after acting"
        self._log(name, params, outcome)
        if fault and fault.kind == "drop_after":
            await drop(receive)
        elif fault and fault.kind == "truncated":
            await _send(send, status, answer[: max(1, len(answer) // 2)])
        else:
            await _send(send, status, answer)

    async def _act(self, token: str, method: str, params: Params, fault: Fault | None) -> tuple[int, bytes, str]:
        """Carry the call out: status, JSON, and a word for the log."""
        try:
            bot = self._bot(token)
            if fault and fault.kind == "too_many":
                raise too_many(fault.retry_after)
            result = await self._result(bot, method, params)
        except Refusal as refusal:
            return refusal.code, dumps(refusal.wire()).encode(), f"{refusal.code} {refusal.description}"
        return 200, result.encode(), "ok"

    async def _result(self, bot: Bot, method: str, params: Params) -> str:
        function = METHODS.get(method)
        if function is None:
            raise Refusal(404, "Not Found")
        if method in LIMITED:
            wait = bot.limiter.take(params.chat_id_or_none() or 0)
            if wait is not None:
                raise too_many(wait)
        result = function(self._world, bot, params)
        if inspect.isawaitable(result):
            updates: list[Update] = await result
            return f'{{"ok":true,"result":[{",".join(update.body for update in updates)}]}}'
        if isinstance(result, Said):
            return dumps({"ok": True, "result": result.result, "description": result.description})
        return f'{{"ok":true,"result":{dumps(result)}}}'

    def _bot(self, token: str) -> Bot:
        bot = self._world.bots.get(token)
        if bot is None or bot.revoked:
            raise Refusal(401, "Unauthorized")
        return bot

    async def _fail(self, fault: Fault, name: str, params: Params, receive: Receive, send: Send) -> None:
        """Do nothing, and answer as a broken server does."""
        if fault.kind == "bad_gateway":
            self._log(name, params, "502 Bad Gateway")
            await _send(send, 502, _BAD_GATEWAY, b"text/html")
        else:
            self._log(name, params, "dropped before acting")
            await drop(receive)

    def _log(self, name: str, params: Params, outcome: str) -> None:
        given = params.values
        if params.uploads:
            given = given | {field: upload.name for field, upload in params.uploads.items()}
        self._world.calls.append(Call(name, given, self._world.now().timestamp(), outcome))


class Files:
    """ASGI endpoint for ``/file/bot{token}/{path}``."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bot = self._world.bots.get(scope["path_params"]["token"])
        response: Response
        if bot is None or bot.revoked:
            response = JSONResponse(Refusal(401, "Unauthorized").wire(), 401)
        elif file := bot.files.get(bot.file_paths.get(scope["path_params"]["path"], "")):
            headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(file.name)}"}
            response = Response(file.content, media_type="application/octet-stream", headers=headers)
        else:
            response = JSONResponse(Refusal(404, "Not Found").wire(), 404)
        await response(scope, receive, send)


async def _send(send: Send, status: int, content: bytes, kind: bytes = b"application/json") -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def drop(receive: Receive) -> None:
    """Break the connection without an answer. uvicorn hands its own method to a route as ``receive``; the
    connection is reached through it, and under middleware that wraps it, through what it wraps."""
    transport = getattr(getattr(_innermost(receive), "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise RuntimeError("dropping a connection needs uvicorn right below this route")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _innermost(receive: object) -> object:
    """Follow closures of wrapping middleware to the server's bound method."""
    while not hasattr(receive, "__self__"):
        inner = [
            cell.cell_contents
            for cell in getattr(receive, "__closure__", None) or ()
            if getattr(cell.cell_contents, "__name__", "") in ("receive", "wrapped_receive", "receive_wrapper")
        ]
        if not inner:
            break
        receive = inner[0]
    return receive
