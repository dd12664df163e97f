"""The browser's own way back: after a deed it shows a page, never the browser's word that it has none."""

from __future__ import annotations

import pytest
from console_office import Office
from playwright.async_api import Page, expect
from sqlalchemy import delete, select

from care.permissions import SYSTEM
from care.records import Application, DayRules, State

pytestmark = pytest.mark.browser


async def back(page: Page) -> None:
    """Chromium cannot show again what answered a POST."""
    await page.go_back()
    await expect(page.locator("h1")).to_be_visible()


async def test_back_after_saving_a_day_of_the_calendar(office: Office) -> None:
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/calendar/2026-12-25")
    await page.get_by_label("a day without school").check()
    await page.get_by_role("button", name="See what will be said").click()
    await page.get_by_role("button", name="Go on changing").click()
    await expect(page.get_by_label("a day without school")).to_be_checked()
    await page.get_by_role("button", name="See what will be said").click()
    await page.get_by_role("button", name="Save and tell").click()
    await page.wait_for_url("**/calendar?month=2026-12&saved=2026-12-25*")
    await back(page)
    await expect(page).to_have_url(f"{office.url}/calendar/2026-12-25")
    await expect(page.get_by_label("a day without school")).to_be_checked()
    assert await office.violations(page) == []
    assert office.complaints == []


async def test_back_after_adding_a_wave(office: Office) -> None:
    async with office.school.work(SYSTEM) as uow:
        await uow.session.execute(delete(DayRules))  # of the tests' school, whose day opens at midnight
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/settings/waves/new")
    await page.locator('[name="grades"][value="4"]').check()
    for name, value in (("starts_at", "15:00"), ("ends_at", "17:30"), ("gate", "North gate")):
        await page.locator(f'[name="{name}"]').fill(value)
    for name in ("guidance_venue", "course_venue"):
        await page.locator(f'[name="{name}"]').fill("Hall")
    await page.get_by_role("button", name="See what changes").click()
    await page.get_by_role("button", name="Add the wave").click()
    await page.wait_for_url("**/settings?saved=wave-*")
    await back(page)
    await expect(page).to_have_url(f"{office.url}/settings/waves/new")


async def test_back_after_publishing_a_text(office: Office) -> None:
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/settings/texts/safety/new")
    for title in await page.locator('[name^="title_"]').all():
        await title.fill(f"{await title.input_value()} 2")
    await page.get_by_role("button", name="See what changes").click()
    await page.get_by_role("button", name="Publish version").click()
    await page.wait_for_url("**/settings/texts/safety?published=1")
    await back(page)
    await expect(page).to_have_url(f"{office.url}/settings/texts/safety/new")


async def test_back_after_ending_extended_care(office: Office) -> None:
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/settings")
    form = page.locator("#extended form")
    await form.locator('[name="venue"]').select_option("")
    for name in ("until", "places"):
        await form.locator(f'[name="{name}"]').fill("")
    await form.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="End extended care").click()
    await page.wait_for_url("**/settings?saved=extended*")
    await back(page)


async def test_back_after_a_bulk_decision(office: Office) -> None:
    async with office.school.look() as uow:
        query = select(Application.id).where(Application.state == State.REVIEWED)
        first = (await uow.session.scalars(query)).first()
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/applications")
    await page.locator(f'[name="pick"][value^="{first}:"]').check()
    await page.locator('[name="move"][value="approved"]').click()
    await page.locator("main form button").first.click()
    await expect(page.locator(".note-good")).to_have_text("Done for 1 application.")
    await page.get_by_role("link", name="Back to the list").click()
    await page.wait_for_url("**/applications?state=mine")
    await back(page)
    await back(page)


async def test_back_after_a_link_that_is_shown_once(office: Office) -> None:
    """The way back leads to the page before, and shows nobody the link again."""
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/staff")
    await page.locator("summary", has_text="More").first.click()
    await page.get_by_role("button", name="Sign-in link").first.click()
    await expect(page.locator("#main")).to_contain_text("It is shown this once.")
    await page.goto(f"{office.url}/classes")
    await back(page)
    await expect(page).to_have_url(f"{office.url}/staff")
    await expect(page.locator("#main")).not_to_contain_text("It is shown this once.")
