"""Fixtures of the browser tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chromium_browser import launch
from console_office import Office, serving
from databases import Databases, make_school
from playwright.async_api import async_playwright

from console.app import Desk
from papers import Printer


@pytest.fixture
async def office(sqlite: Databases) -> AsyncIterator[Office]:
    """The demonstration school's console, fresh for each test."""
    school = make_school(await sqlite.fresh())
    desk = Desk(school, Printer(), lambda code: f"{school.address}/chat?start={code}", school.called)
    async with serving(desk) as url, async_playwright() as playwright:
        school.address = url
        browser = await launch(playwright)
        yield Office(school, url, browser)
        await browser.close()
    await school.close()
