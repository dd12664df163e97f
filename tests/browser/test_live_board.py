"""The live board in a real browser: it moves when a teacher marks a child, and leaves alone what somebody is typing."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from board_afternoon import children_in, homeroom, open_afternoon, session_of
from console_office import Office
from playwright.async_api import Page, expect

from care.custody.chain import FAMILY, Link, append
from care.permissions import SYSTEM
from care.records import Role, Step, Student
from care.rollcall import all_others_present, mark, sign_in

pytestmark = pytest.mark.browser

PROMISED_MS = 1000


@pytest_asyncio.fixture(loop_scope="session")
async def opened(office: Office) -> Office:
    await open_afternoon(office.school, ("2(3)", "3(5)", "2(5)"))
    return office


async def missing_child(office: Office) -> int:
    """The first of 2(3) is absent; returns its student id."""
    teacher, session = await homeroom(office.school, "2(3)"), await session_of(office.school, "2(3)")
    first = (await children_in(office.school, "2(3)"))[0]
    async with office.school.work(teacher) as uow:
        await sign_in(uow, session)
        await mark(uow, first.id, Step.ABSENT)
    return first.student_id


async def live(page: Page) -> None:
    await expect(page.locator("#live")).to_have_class(re.compile("live-on"))


async def test_the_open_board_moves_when_a_teacher_taps(opened: Office) -> None:
    office = opened
    await missing_child(office)
    page = await office.enter(await office.context())
    await live(page)
    teacher = await homeroom(office.school, "2(3)")
    _, second, third, *_ = await children_in(office.school, "2(3)")
    for many, child in ((1, second), (2, third)):
        async with office.school.work(teacher) as uow:
            await mark(uow, child.id, Step.PRESENT)
        await expect(page.locator("#tile-here b")).to_have_text(str(many), timeout=PROMISED_MS)
    async with office.school.work(teacher) as uow:
        await all_others_present(uow, await session_of(office.school, "2(3)"))
    await expect(page.get_by_text("Roll done 16:40")).to_be_visible(timeout=PROMISED_MS)
    assert await office.violations(page) == []
    assert office.complaints == []


async def test_what_somebody_is_typing_stays(opened: Office) -> None:
    office = opened
    await missing_child(office)
    page = await office.enter(await office.context())
    await live(page)
    teacher = await homeroom(office.school, "2(3)")
    _, second, third, fourth, *_ = await children_in(office.school, "2(3)")
    async with office.school.look(SYSTEM) as uow:
        name = (await uow.session.get_one(Student, second.student_id)).name
    await page.keyboard.press("/")
    await page.keyboard.type(name)
    await expect(page.locator("#children-rows tbody tr")).to_have_count(1)
    async with office.school.work(teacher) as uow:
        await mark(uow, second.id, Step.LATE)
    await expect(page.locator("#children-rows")).to_contain_text("Here, came late", timeout=PROMISED_MS)
    await expect(page.locator("[data-search]")).to_have_value(name)
    await expect(page.locator("[data-search]")).to_be_focused()
    await expect(page.locator("#children-rows tbody tr")).to_have_count(1)
    # a reason half written, while another child comes
    await page.locator(".close summary").click()
    reason = page.locator(".close-form input[name=reason]")
    await reason.fill("her grandmother")
    await reason.evaluate("input => input.setSelectionRange(3, 3)")
    for child in (third, fourth):
        async with office.school.work(teacher) as uow:
            await mark(uow, child.id, Step.PRESENT)
        await asyncio.sleep(0.1)
    await expect(page.locator("#tile-here b")).to_have_text("3", timeout=PROMISED_MS)
    await expect(reason).to_have_value("her grandmother")
    await expect(reason).to_be_focused()
    assert await reason.evaluate("input => input.selectionStart") == 3
    assert office.complaints == []


@pytest.mark.parametrize("width", [1280, 820, 390])
async def test_a_class_and_a_state_are_one_tap_away(opened: Office, width: int) -> None:
    office = opened
    await missing_child(office)
    page = await office.enter(await office.context(width))
    rows, count = page.locator("#children-rows tbody tr"), page.locator("#children-count")
    everybody = len(await children_in(office.school, "2(3)"))
    await page.locator(".chip", has_text="2(3)").click()
    await expect(count).to_have_text(f"{everybody} children")
    await page.locator(".chips-place .chip", has_text="Missing").click()
    await expect(rows).to_have_count(1)
    teacher = await homeroom(office.school, "2(3)")
    async with office.school.work(teacher) as uow:
        await mark(uow, (await children_in(office.school, "2(3)"))[1].id, Step.ABSENT)
    await expect(rows).to_have_count(2, timeout=PROMISED_MS)
    await expect(page.get_by_role("radio", name="2(3)")).to_be_checked()
    assert not await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert office.complaints == []


async def test_an_alarm_is_closed_by_keyboard_alone(opened: Office) -> None:
    office = opened
    child = await missing_child(office)
    async with office.school.look(SYSTEM) as uow:
        name = (await uow.session.get_one(Student, child)).name
    page = await office.enter(await office.context())
    await page.locator(".alarm-name a").focus()
    for _number in range(await page.locator(".alarm-phone a").count() + 1):  # whom to ring up comes first
        await page.keyboard.press("Tab")
    await expect(page.locator(".close summary")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("She is with the nurse.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".note-good")).to_have_text("Closed, with your reason.")
    await expect(page.locator(".alarm-missing")).to_have_count(0)
    await page.keyboard.press("/")
    await page.keyboard.type(name)
    await expect(page.locator("#children-rows tbody tr").first).to_contain_text(name)
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/children/*")
    await expect(page.locator(".chain li")).to_have_count(3)
    await expect(page.locator("main")).to_contain_text("She is with the nurse.")


async def test_a_board_whose_session_has_ended_leaves(opened: Office) -> None:
    office = opened
    page = await office.enter(await office.context())
    await live(page)
    other = await page.context.new_page()
    await other.goto(f"{office.url}/sessions")
    await other.get_by_role("banner").get_by_role("button", name="Sign out").click()
    await other.wait_for_url("**/sign-in")
    await missing_child(office)
    await page.bring_to_front()
    await page.wait_for_url("**/sign-in")


async def test_it_opens_by_itself_when_the_day_opens(office: Office) -> None:
    page = await office.enter(await office.context())
    await expect(page.locator("main")).to_contain_text("Care runs today")
    await open_afternoon(office.school, ("2(3)",))
    await expect(page.locator("#strip")).to_be_visible()
    await live(page)
    assert office.complaints == []


async def test_without_scripts(opened: Office) -> None:
    office = opened
    await missing_child(office)
    page = await office.enter(await office.context(java_script_enabled=False))
    await expect(page.locator(".board-facts")).to_contain_text("Reload the page to see what is new.")
    await page.get_by_role("radio", name="Missing").check()
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("#children-rows tbody tr")).to_have_count(1)
    await page.locator(".close summary").click()
    await page.locator(".close-form input[name=reason]").fill("ill")
    await page.locator(".close-form button").click()
    await expect(page.locator(".alarm-missing")).to_have_count(0)


PLACES = ("/", "/?q=x", "/children/{child}", "/day/close", "/overview")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_a_phone_at_the_gate(opened: Office, language: str) -> None:
    office = opened
    child = await missing_child(office)
    page = await office.enter(await office.context(390), language=language)
    for place in PLACES:
        await page.goto(office.url + place.format(child=child))
        for summary in await page.locator("main summary:visible").all():
            await summary.click()
        wide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, place
        assert await office.violations(page) == [], place
    assert office.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (1280, "dark")])
async def test_no_serious_barrier(opened: Office, width: int, scheme: str) -> None:
    office = opened
    child = await missing_child(office)
    teacher = await homeroom(office.school, "2(3)")
    async with office.school.work(teacher) as uow:
        _, second, third, fourth, *_ = await children_in(office.school, "2(3)")
        for one in (second, third):
            await mark(uow, one.id, Step.PRESENT)
        await append(uow, second.id, Link(Step.RELEASED, FAMILY))
        await append(uow, fourth.id, Link(Step.LEAVE, FAMILY))
    page = await office.enter(await office.context(width, color_scheme=scheme), Role.OFFICE)
    problems = []
    for place in PLACES:
        await page.goto(office.url + place.format(child=child))
        for summary in await page.locator("main summary:visible").all():
            await summary.click()
        found = await Axe().run(page)
        problems += [
            f"{place} {violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in found.response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    assert problems == []
