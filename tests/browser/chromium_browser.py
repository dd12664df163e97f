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
    """Debian's Chromium, which tests/browser/chromium.sh installs."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("Chromium is not installed: apt install chromium")
    return await playwright.chromium.launch(executable_path=chromium, args=ARGS)


async def leave(browser: Browser) -> None:
    """Closes every page, and forgets every cookie."""
    for context in browser.contexts:
        await context.close()
