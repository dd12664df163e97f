"""The day sheets' page and the entering of paper, as people see and use them: on a desk, on a phone, by keyboard."""

from __future__ import annotations

import os
import re
from datetime import datetime, time

import pytest
from console_office import Office
from playwright.async_api import Locator, Page, expect
from sqlalchemy import select
from stage import care_runs_in
from test_console import serious, wider_than_the_screen

from care.clock import MovableClock
from care.permissions import SYSTEM
from care.pickup.adults import authorised
from care.records import CareSession, DayChild, PickupPlan, Role, StopListEntry
from scheduler import afternoon

pytestmark = pytest.mark.browser


async def evening(office: Office) -> int:
    """Monday at 18:00, with the day of two classes open; the first child's list has somebody of the stop-list. Returns
    the session of 2(3)."""
    school = office.school
    await care_runs_in(school, "2(3)", "2(5)")
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(school.clock.today(), time(18, 0), school.zone))
    await afternoon.tick(school)
    async with school.work(SYSTEM) as uow:
        session = (await uow.session.scalars(select(CareSession.id).order_by(CareSession.id))).first()
        child = (await uow.session.scalars(select(DayChild).where(DayChild.session_id == session))).first()
        assert session is not None and child is not None
        uow.session.add(StopListEntry(student_id=child.student_id, name="坏叔叔", reason="x", added_at=uow.now))
    return session


async def looked_at(page: Page, name: str) -> None:
    folder = os.environ.get("AFTERBELL_PICTURES")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_the_pages_are_whole(office: Office, language: str, width: int) -> None:
    session = await evening(office)
    page = await office.enter(await office.context(width=width), Role.OFFICE, language)
    for number, path in enumerate(("/day-sheets", "/paper", f"/paper?session={session}")):
        await page.goto(office.url + path)
        await looked_at(page, f"paper-{number}-{language}-{width}")
        assert not await wider_than_the_screen(page), path
        assert await serious(page) == []
        assert await office.violations(page) == []
    assert office.complaints == []


async def test_a_line_is_entered_by_keyboard_and_asks_again(office: Office) -> None:
    session = await evening(office)
    page = await office.enter(await office.context(), Role.OFFICE)
    await page.goto(f"{office.url}/paper?session={session}")
    row = page.locator("form.lines section").first
    await row.locator('select[name^="by-"]').focus()
    await page.keyboard.type("somebody else")
    await row.locator('input[name^="name-"]').fill("坏叔叔")
    await row.locator('input[name^="left-"]').fill("17:12")
    await page.keyboard.press("Enter")
    await expect(row.get_by_role("alert")).to_contain_text("坏叔叔 must NOT collect this child.")
    await expect(row.locator('input[name^="name-"]')).to_have_value("坏叔叔")
    await looked_at(page, "paper-asks")
    await row.locator('input[name^="ok-"]').focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("Entered for 1 child")
    await expect(page.locator("form.lines section").first).to_contain_text("entered later, by")
    await looked_at(page, "paper-entered")


async def test_the_empty_lines_are_filled_as_the_family_has_named(office: Office) -> None:
    """Only the form is filled, and no line in which something stands already."""
    session = await evening(office)
    async with office.school.work(SYSTEM) as uow:
        query = select(DayChild).where(DayChild.session_id == session).order_by(DayChild.number)
        first, second, third, *_ = await uow.session.scalars(query)
        names: dict[int, str] = {}
        for child in (second, third):
            one, other, *_ = await authorised(uow, child.student_id, child.date)
            named = {"adult": other.adult, "adult_id": other.id, "name": other.name}
            said = {"said_by": one.id, "said_at": uow.now}
            names[child.id] = other.name
            uow.session.add(PickupPlan(date=child.date, student_id=child.student_id, **named, **said))
    page = await office.enter(await office.context(), Role.OFFICE)
    await page.goto(f"{office.url}/paper?session={session}")

    def line(child: DayChild, name: str) -> Locator:
        return page.locator(f"#child-{child.id} [name^='{name}-']")

    await line(third, "came").select_option("no")
    await page.locator("[data-fill-at]").fill("17:14")
    await page.get_by_role("button", name="Fill the empty lines").click()
    await expect(page.locator("[data-filled]")).to_contain_text("not entered yet. Look through them with the paper: 1")
    await expect(line(second, "by").locator("option:checked")).to_contain_text(names[second.id])
    await expect(line(second, "left")).to_have_value("17:14")
    for child in (first, third):
        await expect(line(child, "by")).to_have_value("")
        await expect(line(child, "left")).to_have_value("")
    assert await serious(page) == []
    assert not await wider_than_the_screen(page)
    await page.get_by_role("button", name="Enter from paper").click()
    await expect(page.get_by_role("status").first).to_contain_text("Entered for")
    await expect(page.locator(f"#child-{second.id}")).to_contain_text("entered later, by")
    assert await office.violations(page) == []
    assert office.complaints == []


async def test_a_sheet_opens_as_pdf(office: Office) -> None:
    await evening(office)
    page = await office.enter(await office.context(), Role.OFFICE)
    await page.goto(f"{office.url}/day-sheets")
    async with page.expect_response(re.compile(r"\.pdf$")) as answered:
        await page.get_by_role("button", name="2 classes in one PDF").click()
    answer = await answered.value
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_hand_over_is_put_on_paper(office: Office, width: int) -> None:
    """It says what will happen before it does; the board shows it, and the same place takes it back."""
    session = await evening(office)
    page = await office.enter(await office.context(width=width), Role.OFFICE)
    await page.goto(f"{office.url}/paper")
    mark = page.locator(f'form[action="/paper/{session}/mark"]')
    await page.locator("details", has=mark).locator("summary").click()
    await looked_at(page, f"paper-asked-{width}")
    assert not await wider_than_the_screen(page) and await serious(page) == []
    await mark.get_by_role("button", name="Yes, on paper").click()
    await expect(page.get_by_text(re.compile("✎ On paper since 18:00, by "))).to_be_visible()
    await looked_at(page, f"paper-marked-{width}")
    assert not await wider_than_the_screen(page) and await serious(page) == []
    await page.goto(office.url)
    await expect(
        page.get_by_text(re.compile("✎ On paper since 18:00, by .*: [0-9]+ children to be entered"))
    ).to_be_visible()
    await looked_at(page, f"paper-board-{width}")
    assert not await wider_than_the_screen(page) and await serious(page) == []
    await page.goto(f"{office.url}/paper?session={session}")
    await page.get_by_role("button", name="The chat works again").click()
    await expect(page).to_have_url(f"{office.url}/paper")
    await expect(page.get_by_text("✎ On paper since")).to_have_count(0)
    assert office.complaints == []


async def test_a_wrong_line_is_corrected(office: Office) -> None:
    """On a phone, from the line to the page that takes it back, and back to the line."""
    session = await evening(office)
    page = await office.enter(await office.context(width=390), Role.OFFICE)
    await page.goto(f"{office.url}/paper?session={session}")
    row = page.locator("form.lines section").nth(1)
    await row.locator('select[name^="by-"]').select_option(index=1)
    await row.locator('input[name^="left-"]').fill("17:12")
    await page.get_by_role("button", name="Enter from paper").click()
    await expect(page.get_by_role("status").first).to_contain_text("Entered for 1 child")
    await page.get_by_role("link", name="Correct").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Correct what was entered")
    await looked_at(page, "paper-correct")
    assert not await wider_than_the_screen(page)
    assert await serious(page) == [] and await office.violations(page) == []
    await page.get_by_label("Why it was wrong").fill("wrong row")
    await page.get_by_role("button", name="Take back and correct").click()
    await expect(page.get_by_role("status").first).to_contain_text("Corrected.")
    await expect(page.locator("form.lines section").nth(1)).to_contain_text("Hand-over taken back")
    assert office.complaints == []
