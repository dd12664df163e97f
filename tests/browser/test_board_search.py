"""Looking for a child on the board: the cursor is in the field, the hits are in sight, Enter opens the only one."""

from __future__ import annotations

import re

import pytest
from board_afternoon import children_in, open_afternoon
from console_office import Office
from playwright.async_api import expect

from care.permissions import SYSTEM
from care.records import Student

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1280])
async def test_find_a_child(office: Office, width: int) -> None:
    await open_afternoon(office.school, ("1(1)", "1(2)", "2(3)", "3(5)", "2(5)"))
    child = (await children_in(office.school, "2(3)"))[1]
    async with office.school.look(SYSTEM) as uow:
        name = (await uow.session.get_one(Student, child.student_id)).name
    page = await office.enter(await office.context(width))
    await page.locator('a[href="#search"]').click()
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.type(name)
    await expect(page.locator("#children-rows tbody tr")).to_have_count(1)
    await expect(page.locator("#search")).to_be_in_viewport()
    await expect(page.locator("#children-rows [data-open]")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/children/{child.student_id}$"))
    assert office.complaints == []


async def test_the_way_back_from_a_child_keeps_what_the_list_was_narrowed_to(office: Office) -> None:
    """A class is chosen, a child is opened, and the browser goes back: the list, its address and the chip are as they
    were, also once the board has fetched itself anew. So they are the next time."""
    await open_afternoon(office.school, ("2(3)", "3(5)", "2(5)"))
    many = len(await children_in(office.school, "2(3)"))
    page = await office.enter(await office.context())
    count = page.locator("#children-count")
    await page.locator(".chips-class .chip", has_text="2(3)").click()
    await expect(count).to_have_text(f"{many} children")
    for _time in range(2):
        await expect(page).to_have_url(re.compile(r"[?&]class=\d+"))
        await page.locator("#children-rows [data-open]").first.click()
        await expect(page).to_have_url(re.compile(r"/children/\d+$"))
        await page.go_back()
        await expect(page.get_by_role("radio", name="2(3)")).to_be_checked()
        await expect(count).to_have_text(f"{many} children")
        await page.evaluate("htmx.trigger('#board', 'refresh')")
        await expect(page.locator("#live")).to_have_class(re.compile("live-on"))
        await expect(count).to_have_text(f"{many} children")
    assert office.complaints == []
