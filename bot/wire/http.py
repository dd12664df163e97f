"""The HTTP client under python-telegram-bot: aiohttp, which stays cheap with hundreds of calls in flight."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

import aiohttp
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.wire import plain


class NotSent(NetworkError):
    """The call certainly never reached the other side, so it may be tried again without a doubt."""


class Unavailable(NetworkError):
    """The server is there, and out of order."""


class SlowDown(TelegramError):
    """Too many calls: nothing may be sent for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many requests: wait {seconds:g} s")
        self.seconds = seconds


class ReadyJson:
    """A body that is already JSON text, sent as it is; stands where the library expects its ``RequestData``."""

    contains_files = False

    def __init__(self, ready: str) -> None:
        self.json_payload = ready.encode()


def ready_json(ready: str) -> RequestData:
    return cast(RequestData, ReadyJson(ready))


class AiohttpRequest(BaseRequest):
    """Speaks to one Bot API server over kept-alive connections. Time-outs are in seconds."""

    __slots__ = ("_connections", "_read_timeout", "_session")

    def __init__(self, connections: int = 64, read_timeout: float = 20.0) -> None:
        self._connections = connections
        self._read_timeout = read_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._read_timeout

    async def initialize(self) -> None:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as JSON. Unlike the library's own, it does not write an unreadable answer into the log."""
        try:
            parsed = plain.read(payload)
        except ValueError as error:
            raise NetworkError("the answer is not JSON") from error
        if not isinstance(parsed, dict):
            raise NetworkError("the answer is not an object")
        return parsed

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("the request object is not initialised")
        seconds = read_timeout if isinstance(read_timeout, int | float) else self._read_timeout
        timeout = aiohttp.ClientTimeout(total=seconds + 5, sock_connect=5, sock_read=seconds)
        try:
            async with self._session.request(method, url, timeout=timeout, **_body(request_data)) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"cannot connect: {type(error).__name__}") from error
        except TimeoutError as error:
            raise TimedOut("no answer in time") from error
        except aiohttp.ClientError as error:
            raise NetworkError(f"connection broke: {type(error).__name__}") from error
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise SlowDown(_seconds(body))
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"the server answers {response.status}")
        return response.status, body


def _seconds(body: bytes) -> float:
    try:
        return float(plain.read(body)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return 1.0


def _body(request_data: RequestData | None) -> dict[str, Any]:
    if request_data is None:
        return {}
    if not request_data.contains_files:
        return {"data": request_data.json_payload, "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData(quote_fields=False)  # a Chinese file name travels as it is, not percent-quoted
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return {"data": form}
