"""The open board: it hears of a change at once, its lines end with their session, and it costs few statements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from board_town import Afternoon, actor_of, raise_alarm, take_over
from console_browser import Browser, SignIn
from console_town import Town, child
from sqlalchemy import event
from starlette.applications import Starlette

from care.permissions import SYSTEM
from care.records import Role, State, Step
from care.rollcall import mark
from care.school import School
from care.signin import make_link, revoke
from console.desk import Desk
from console.pages import live
from scheduler import afternoon


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    server.should_exit = True
    await task


async def cookies(school: School, town: Town, app: Starlette, role: Role = Role.HEAD) -> httpx.Cookies:
    async with school.work() as uow:
        token = await make_link(uow, town.staff[role])
    browser = Browser(app)
    await browser.client.post(f"/sign-in/{token}", headers={"origin": "http://school.test"})
    found = {cookie.name: cookie.value or "" for cookie in browser.client.cookies.jar}
    await browser.client.aclose()
    return httpx.Cookies(found)


class Line:
    """What one open board hears."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def hears(self, seconds: float = 1.0) -> str:
        """The next event's name; "" when the line ends."""
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if line.startswith("event: "):
                    return line.removeprefix("event: ")
                if line.startswith("retry"):
                    return "opened"
        return ""


@asynccontextmanager
async def open_board(
    school: School, town: Town, app: Starlette
) -> AsyncIterator[tuple[Line, httpx.Response, uvicorn.Server]]:
    """The line of the head's open board."""
    jar = await cookies(school, town, app)
    async with (
        served(app) as (url, server),
        httpx.AsyncClient(base_url=url, cookies=jar) as client,
        client.stream("GET", "/live") as response,
    ):
        line = Line(response)
        assert await line.hears() == "opened"
        yield line, response, server


async def test_an_open_board_hears_of_a_roll_mark_at_once(
    school: School, town: Town, app: Starlette, opened: Afternoon
) -> None:
    teacher = await take_over(school, town, opened)
    async with open_board(school, town, app) as (line, response, _):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        async with school.work(teacher) as uow:
            await mark(uow, opened.children["Ida"], Step.PRESENT)
        assert await line.hears(0.3) == "changed"
        for name in ("Jon", "Kim"):  # two close together are told as one, a moment later
            async with school.work(teacher) as uow:
                await mark(uow, opened.children[name], Step.PRESENT)
        assert await line.hears() == "changed"
        with pytest.raises(TimeoutError):
            await line.hears(0.6)


async def test_a_line_ends_with_its_session(
    school: School, town: Town, app: Starlette, opened: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    async with open_board(school, town, app) as (line, _, _):
        async with school.work(await actor_of(school, town, Role.HEAD)) as uow:
            await revoke(uow, 1)
        assert await line.hears() == "ended"
        assert await line.hears() == ""


async def test_a_session_has_some_lines_and_gives_them_back(
    school: School, town: Town, app: Starlette, desk: Desk, opened: Afternoon
) -> None:
    jar = await cookies(school, town, app)
    async with served(app) as (url, _), httpx.AsyncClient(base_url=url, cookies=jar) as client:
        lines = [client.stream("GET", "/live") for _ in range(live.MOST_OF_A_SESSION)]
        heard = [Line(await one.__aenter__()) for one in lines]
        assert [await line.hears() for line in heard] == ["opened"] * live.MOST_OF_A_SESSION
        async with client.stream("GET", "/live") as refused:
            assert refused.status_code == 204
        assert (await client.head("/live")).status_code in (200, 204)
        for one in lines:
            await one.__aexit__(None, None, None)
        async with asyncio.timeout(5):
            while desk.lines.total():
                await asyncio.sleep(0.02)
        async with client.stream("GET", "/live") as again:
            assert again.status_code == 200


async def test_open_lines_hold_up_no_shutdown(school: School, town: Town, app: Starlette, opened: Afternoon) -> None:
    async with open_board(school, town, app) as (line, _, server):
        school.changes.close()
        server.should_exit = True
        assert await line.hears() == ""


async def test_who_sees_no_board_has_no_line(sign_in: SignIn, stranger: Browser, opened: Afternoon) -> None:
    for role in (Role.FINANCE, Role.COMMITTEE, Role.SUPERVISOR, Role.LOGISTICS):
        assert (await (await sign_in(role)).get("/live")).status_code == 403
    assert (await stranger.get("/live")).headers["location"] == "/sign-in"


async def test_statements_do_not_grow_with_the_day(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    head = await sign_in(Role.HEAD)
    seen: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    async def cost(head: Browser) -> dict[str, int]:
        found = {}
        for path in ("/", "/?q=a", f"/children/{town.students['Ida']}", "/day/close"):
            seen.clear()
            assert (await head.get(path)).status_code == 200
            found[path] = len(seen)
        return found

    event.listen(school.reader.sync_engine, "before_cursor_execute", count)
    before = await cost(head)
    await raise_alarm(school, opened, "Jon")
    one_alarm = await cost(head)
    async with school.work(SYSTEM) as uow:
        for number in range(60):
            await child(uow, town, f"Child {number}", ("1(1)", "1(2)", "3(1)")[number % 3], State.ENROLLED)
    school.clock.jump(school.clock.now().replace(day=24))  # type: ignore[attr-defined]
    await afternoon.tick(school)
    assert max(before.values()) < 25
    after = await cost(await sign_in(Role.HEAD))
    assert all(after[path] <= one_alarm[path] + 1 for path in after), (one_alarm, after)
