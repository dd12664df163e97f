"""The pictures in the README, taken from the running demonstration: ``make screenshots``."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import tempfile
from pathlib import Path

from chromium_browser import launch
from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "docs" / "images"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def tap(page: Page, words: str) -> None:
    """The newest button of the conversation that begins with these words (a box or sign before them aside)."""
    button = page.get_by_role("log").get_by_role("button", name=re.compile(rf"(^|\s){re.escape(words)}"))
    await button.last.click()
    await page.wait_for_timeout(700)


async def chat(browser: Browser, address: str) -> None:
    """A mother half-way through her application."""
    page = await browser.new_page(viewport={"width": 1100, "height": 760}, locale="zh-CN")
    await page.goto(f"{address}/chat")
    await page.get_by_text("苏婉晴").first.click()
    await page.get_by_role("button", name=re.compile("邀请单")).click()
    await page.wait_for_timeout(700)
    for words in ("申请课后服务", "继续阅读", "继续阅读", "我已阅读", "同意", "周一", "周三", "下一步"):
        await tap(page, words)
    for words in ("家长下班较晚", "下一步", "周三"):
        await tap(page, words)
    await page.screenshot(path=IMAGES / "chat.png")


async def console(browser: Browser, address: str, link: str) -> None:
    """The list of applications at a desk and on a phone."""
    context = await browser.new_context(viewport={"width": 1280, "height": 760}, locale="zh-CN")
    page = await context.new_page()
    await page.goto(link)
    await page.locator("form button").last.click()
    await page.goto(f"{address}/applications")
    await page.wait_for_timeout(500)
    await page.screenshot(path=IMAGES / "console.png")
    await page.set_viewport_size({"width": 390, "height": 760})
    await page.screenshot(path=IMAGES / "console-phone.png")


async def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    port = str(free_port())
    with tempfile.TemporaryDirectory() as folder:
        house = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "afterbell",
            "demo",
            cwd=ROOT,
            env={**os.environ, "AFTERBELL_DATA_DIR": folder, "AFTERBELL_PORT": port},
            stdout=asyncio.subprocess.PIPE,
        )
        assert house.stdout is not None
        printed = ""
        while "Sign in" not in printed:
            printed += (await house.stdout.readline()).decode()
        found = re.search(r"http\S+/sign-in/\S+", printed)
        assert found is not None
        try:
            async with async_playwright() as playwright:
                browser = await launch(playwright)
                await chat(browser, f"http://127.0.0.1:{port}")
                await console(browser, f"http://127.0.0.1:{port}", found.group())
                await browser.close()
        finally:
            house.terminate()
            await house.wait()


asyncio.run(main())
