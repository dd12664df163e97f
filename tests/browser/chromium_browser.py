"""How the tests start their browser. It asks nobody for anything but us."""

from __future__ import annotations

import shutil

from playwright.async_api import Browser, Playwright

ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


async def launch(playwright: Playwright) -> Browser:
    return await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)


async def leave(browser: Browser) -> None:
    """Closes every page, and forgets every cookie."""
    for context in browser.contexts:
        await context.close()
