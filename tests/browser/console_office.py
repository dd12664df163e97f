"""The console of the demonstration school behind a real HTTP server, and browsers before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page
from sqlalchemy import select

from care.permissions import SYSTEM
from care.records import Role, StaffRole
from care.school import School
from care.signin import make_link
from console.app import Desk, create_app

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Office:
    """The console at ``url``, with a browser. ``complaints`` gathers what the browser said that it should not."""

    school: School
    url: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    async def context(self, width: int = 1280, language: str = "en-GB", **options: object) -> BrowserContext:
        context = await self.browser.new_context(
            viewport={"width": width, "height": 844},
            locale=language,
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(8000)
        await context.add_init_script(VIOLATIONS)
        return context

    async def page(self, context: BrowserContext) -> Page:
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    async def link(self, role: Role, class_id: int | None = None) -> str:
        async with self.school.work(SYSTEM) as uow:
            query = select(StaffRole.person_id).where(StaffRole.role == role).order_by(StaffRole.id).limit(1)
            if class_id is not None:
                query = query.where(StaffRole.school_class_id == class_id)
            token = await make_link(uow, (await uow.session.scalars(query)).one())
        return f"{self.url}/sign-in/{token}"

    async def enter(self, context: BrowserContext, role: Role = Role.HEAD, language: str = "en") -> Page:
        """A page signed in as whoever holds the duty, in a language."""
        page = await self.page(context)
        await page.goto(await self.link(role))
        await page.locator("main form button").click()
        await page.wait_for_url(f"{self.url}/")
        if await page.locator("html").get_attribute("lang") != language.replace("_", "-"):
            await page.locator(f'header button[value="{language}"]').click()
            await page.wait_for_selector(f'html[lang="{language.replace("_", "-")}"]')
        return page

    async def violations(self, page: Page) -> list[str]:
        found: list[str] = await page.evaluate("window.violations")
        return found


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[str]:
    config = uvicorn.Config(create_app(desk), host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task
