"""A small school on a database of its own, the console before it, and browsers of each duty."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from board_town import Afternoon, open_day
from console_browser import ADDRESS, Browser, SignIn
from console_town import Town, build
from databases import Databases, make_school
from starlette.applications import Starlette

from care.records import Role
from care.school import School
from care.signin import make_link
from console.app import Desk, create_app
from papers.printer import Printer


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Databases:
    """SQLite, or what AFTERBELL_CONSOLE_TESTS_ON names (``postgres``). Without this fixture every test runs on both."""
    found: Databases = request.getfixturevalue(os.environ.get("AFTERBELL_CONSOLE_TESTS_ON", "sqlite"))
    return found


@pytest.fixture
async def school(databases: Databases) -> AsyncIterator[School]:
    """An empty school; ``town`` fills it."""
    made = make_school(await databases.fresh(loaded=False))
    made.language = "en"
    yield made
    await made.close()


@pytest.fixture
async def town(school: School) -> Town:
    return await build(school)


@pytest.fixture(scope="session")
def printer() -> Printer:
    return Printer()


@pytest.fixture
def desk(school: School, printer: Printer) -> Desk:
    return Desk(school, printer, lambda code: f"{ADDRESS}/chat?start={code}")


@pytest.fixture
def app(desk: Desk) -> Starlette:
    return create_app(desk)


@pytest.fixture
async def sign_in(app: Starlette, school: School, town: Town) -> AsyncIterator[SignIn]:
    """Opens a browser signed in as whoever holds a duty."""
    browsers: list[Browser] = []

    async def enter(role: Role) -> Browser:
        async with school.work() as uow:
            token = await make_link(uow, town.staff[role])
        browser = Browser(app)
        browsers.append(browser)
        answer = await browser.client.post(f"/sign-in/{token}", headers={"origin": ADDRESS})
        assert answer.status_code == 303, answer.text
        return browser

    yield enter
    for browser in browsers:
        await browser.client.aclose()


@pytest.fixture
async def stranger(app: Starlette, town: Town) -> AsyncIterator[Browser]:
    """A browser that is not signed in."""
    browser = Browser(app)
    yield browser
    await browser.client.aclose()


@pytest.fixture
async def opened(school: School, town: Town) -> Afternoon:
    return await open_day(school, town)
