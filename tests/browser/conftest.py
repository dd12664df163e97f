"""Fixtures of the browser tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from chromium_browser import launch, leave
from console_office import Office, serving
from databases import Databases, make_school
from playwright.async_api import Browser, async_playwright

from console.app import Desk
from papers import Printer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share one event loop, because they share one browser."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Started once: to start it costs more than most tests do in it."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The browser, with nothing in it: what a test opens there, cookies and store included, is gone when it ends."""
    yield chromium
    await leave(chromium)


@pytest_asyncio.fixture(loop_scope="session")
async def office(sqlite: Databases, browser: Browser) -> AsyncIterator[Office]:
    """The demonstration school's console, fresh for each test."""
    school = make_school(await sqlite.fresh())
    desk = Desk(school, Printer(), lambda code: f"{school.address}/chat?start={code}", school.called)
    async with serving(desk) as url:
        school.address = url
        yield Office(school, url, browser)
        await leave(browser)
    await school.close()
