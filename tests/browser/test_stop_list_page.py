"""A child's stop-list on the child's page, on a phone and on a desk, by the keyboard alone."""

from __future__ import annotations

import pytest
from board_afternoon import children_in, open_afternoon
from chat_school import no_sideways_scrolling
from console_office import Office
from playwright.async_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1280])
async def test_adding_and_taking_off(office: Office, width: int) -> None:
    await open_afternoon(office.school, ("2(3)",))
    child = (await children_in(office.school, "2(3)"))[0]
    page = await office.enter(await office.context(width))
    await page.goto(f"{office.url}/children/{child.student_id}")
    listed = page.locator("#stop-list")
    await listed.get_by_text("Add somebody").focus()
    await page.keyboard.press("Enter")
    await listed.get_by_label("Name", exact=True).fill("Uncle Far Away")
    await listed.get_by_label("Phone").fill("12")
    await listed.get_by_label("Reason").fill("court order")
    await page.keyboard.press("Enter")
    await expect(listed.get_by_role("alert")).to_contain_text("7 to 15 digits")
    await expect(listed.get_by_label("Reason")).to_have_value("court order")
    await listed.get_by_label("Phone").fill("")
    await page.keyboard.press("Enter")
    await expect(page.locator(".barred")).to_contain_text("Uncle Far Away")
    await expect(listed.get_by_role("status")).to_be_in_viewport()
    await no_sideways_scrolling(page)
    await listed.get_by_text("Take off the list").click()
    await listed.get_by_label("Why Uncle Far Away may collect the child again").fill("lifted")
    await no_sideways_scrolling(page)
    await page.keyboard.press("Enter")
    await expect(listed).to_contain_text("Nobody is on it.")
    await expect(page.locator(".barred")).to_have_count(0)
    assert office.complaints == []
