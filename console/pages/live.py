"""The line to an open board: it says that something has changed, never what; the board then fetches itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from care.permissions import Permission
from care.signin import session_of
from console.door import AWAY, Page, Visit
from console.security import cookie_name

BEAT_S = 15.0
"""How often a silent line gives a sign of life, and how often it is asked whether its session still holds."""
PAUSE_S = 0.25
"""At most four changes a second are told on one line."""
PAUSE_FOR_EACH_S = 0.08
"""With many boards open each is told less often, so that all of them together ask about twelve times a second."""
MOST_OF_A_SESSION = 4
"""A browser keeps six connections to one address in all. A further board asks by itself now and then."""

OPENED = "retry: 2000\n\n"
CHANGED = "event: changed\ndata: 1\n\n"
ENDED = "event: ended\ndata: 1\n\n"
BEAT = ": still here\n\n"


async def open_line(visit: Visit) -> Response:
    """204 tells the browser not to try again: this session has lines enough."""
    lines = visit.desk.lines
    session_id = visit.session_id or 0
    if lines[session_id] >= MOST_OF_A_SESSION or visit.desk.school.changes.closed:
        return Response(status_code=204)
    if visit.request.method != "GET":
        return Response(media_type="text/event-stream")
    headers = {"X-Accel-Buffering": "no"}  # a proxy in between passes on each word at once
    return StreamingResponse(_say(visit, session_id), media_type="text/event-stream", headers=headers)


async def _say(visit: Visit, session_id: int) -> AsyncIterator[str]:
    changes, lines, clock = visit.desk.school.changes, visit.desk.lines, asyncio.get_running_loop().time
    news = asyncio.Event()
    stop = changes.watch(news.set)
    lines[session_id] += 1
    asked_at = clock()
    try:
        yield OPENED
        while not changes.closed:
            heard = await _within(news, BEAT_S)
            if changes.closed:
                break
            if clock() - asked_at >= BEAT_S or not heard:
                asked_at = clock()
                if not await _still_in(visit):
                    yield ENDED
                    return
            news.clear()
            yield CHANGED if heard else BEAT
            if heard:
                await asyncio.sleep(max(PAUSE_S, PAUSE_FOR_EACH_S * lines.total()))
    finally:
        stop()
        lines[session_id] -= 1
        if not lines[session_id]:
            del lines[session_id]


async def _within(news: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await news.wait()
    return False


async def _still_in(visit: Visit) -> bool:
    """Whether the session and the right still hold. While the database is away nobody can say, and nothing is told."""
    token = visit.request.cookies.get(cookie_name(visit.desk.secure), "")
    try:
        async with visit.desk.school.look() as uow:
            found = await session_of(uow, token)
    except AWAY:
        return True
    return found is not None and found[2].may(Permission.SEE_BOARD)


PAGES = [Page("/live", get=open_line, right=Permission.SEE_BOARD)]
