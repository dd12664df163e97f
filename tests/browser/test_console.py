"""The console in a real browser: by keyboard, on a phone, without scripts, for people who need contrast."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from console_office import Office
from playwright.async_api import Page, expect
from sqlalchemy import select

from care.records import Application, Role, State

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/applications",
    "/applications?state=all",
    "/applications/{reviewed}",
    "/applications/{enrolled}",
    "/extended",
    "/students",
    "/classes",
    "/staff",
    "/settings",
    "/settings/afternoon",
    "/calendar",
    "/calendar?month=2027-01",
    "/calendar/2026-12-25",
    "/settings/texts/agreement",
    "/settings/texts/agreement/new",
    "/reports",
    "/outbox",
    "/audit",
    "/sessions",
    "/nothing",
)


async def some(office: Office, state: State) -> list[int]:
    async with office.school.look() as uow:
        query = select(Application.id).where(Application.state == state)
        return list(await uow.session.scalars(query.order_by(Application.state_since, Application.id)))


async def state_of(office: Office, application_id: int) -> State:
    async with office.school.look() as uow:
        return (await uow.session.scalars(select(Application.state).where(Application.id == application_id))).one()


async def addresses(office: Office) -> list[str]:
    ids = {"reviewed": (await some(office, State.REVIEWED))[0], "enrolled": (await some(office, State.ENROLLED))[0]}
    return [office.url + path.format(**ids) for path in PATHS]


async def serious(page: Page) -> list[str]:
    found = await Axe().run(page)
    return [
        f"{page.url} {violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


async def wider_than_the_screen(page: Page) -> bool:
    wide: bool = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return wide


async def test_bulk_approval_by_keyboard_alone(office: Office) -> None:
    first, second, third = (await some(office, State.REVIEWED))[:3]
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/applications")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator("[data-count]")).to_have_text("Chosen: 2")
    await page.keyboard.press("a")
    await expect(page.locator("h1")).to_have_text("Approve: 2 applications")
    await expect(page.locator("main form button").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".note-good")).to_have_text("Done for 2 applications.")
    assert [await state_of(office, n) for n in (first, second, third)] == [
        State.APPROVED,
        State.REVIEWED,
        State.APPROVED,
    ]
    await expect(page.get_by_role("link", name="Back to the list")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/applications?state=mine")
    assert await office.violations(page) == []
    assert office.complaints == []


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_the_bar_by_keyboard(office: Office, language: str) -> None:
    """One row on a desk, the office's pages folded away; on a phone and a tablet all of them behind one button."""
    page = await office.enter(await office.context(1280), language=language)
    bar = page.locator("header.top")
    box = await bar.bounding_box()
    assert box is not None and box["height"] < 60
    office_pages, calendar = page.locator("[data-fold] > summary"), page.locator('[data-fold] a[href="/calendar"]')
    await expect(calendar).to_be_hidden()
    await office_pages.focus()
    await page.keyboard.press("Enter")
    await expect(calendar).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    await expect(calendar).to_be_hidden()
    await expect(office_pages).to_be_focused()
    await page.keyboard.press("Enter")
    for _ in range(6):  # past its last page
        await page.keyboard.press("Tab")
    await expect(calendar).to_be_hidden()
    await office_pages.focus()
    await page.keyboard.press("Enter")
    for _ in range(2):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/calendar")
    await expect(page.locator("[data-fold] > summary.here")).to_be_visible()
    for width in (820, 390):
        await page.set_viewport_size({"width": width, "height": 844})
        await expect(calendar).to_be_hidden()
        await page.locator("[data-menu] > summary").click()
        await expect(page.locator("header nav a")).to_have_count(13)
        assert await page.locator("header nav a:visible").count() == 13
        assert not await wider_than_the_screen(page)
        assert await serious(page) == []
        await page.locator("[data-menu] > summary").click()
    assert office.complaints == []


async def test_other_keys_of_the_list(office: Office) -> None:
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/applications")
    rows = await page.locator("[data-row]").count()
    await page.keyboard.press("*")
    await expect(page.locator("[data-count]")).to_have_text(f"Chosen: {rows}")
    await page.keyboard.press("*")
    await expect(page.locator("[data-count]")).to_have_text("None chosen")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/applications/*")
    await page.keyboard.press("n")
    await expect(page.locator(".neighbours span")).to_have_text(f"2/{rows}")
    await page.keyboard.press("p")
    await expect(page.locator(".neighbours span")).to_have_text(f"1/{rows}")
    await page.go_back()
    await page.goto(f"{office.url}/applications")
    await page.keyboard.press("?")
    await expect(page.locator("dialog#keys")).to_be_visible()
    await page.keyboard.press("x")
    await page.locator("[data-keys-off]").check()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.closest('[data-row]') === null"), "switched off"


async def test_a_remark_is_asked_for_where_the_family_needs_one(office: Office) -> None:
    (first, *_) = await some(office, State.REVIEWED)
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/applications")
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await expect(page.locator("textarea")).to_be_focused()
    await page.keyboard.type("Please name who collects.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".note-good")).to_be_visible()
    assert await state_of(office, first) is State.RETURNED


async def test_search_is_live_and_keeps_the_focus(office: Office) -> None:
    page = await office.enter(await office.context())
    await page.goto(f"{office.url}/applications?state=all")
    name = (await page.locator("[data-open]").nth(3).inner_text()).strip()
    await page.keyboard.press("/")
    await page.keyboard.type(name, delay=20)
    await expect(page.locator("[data-open]").first).to_have_text(name)
    await expect(page.locator("[data-search]")).to_be_focused()
    await page.wait_for_url("**q=*")
    await page.locator("select[name=grade]").select_option("4")
    await page.wait_for_url("**grade=4*")
    await page.reload()
    await expect(page.locator("[data-search]")).to_have_value(name)
    await expect(page.locator("select[name=grade]")).to_have_value("4")
    assert await office.violations(page) == []
    assert office.complaints == []


async def test_everything_works_without_scripts(office: Office) -> None:
    (first, *_) = await some(office, State.REVIEWED)
    page = await office.enter(await office.context(java_script_enabled=False))
    await page.goto(f"{office.url}/applications")
    await page.locator("select[name=state]").select_option("reviewed")
    await page.get_by_role("button", name="Show").click()
    await page.locator("[name=pick]").first.check()
    await page.get_by_role("button", name="Approve").click()
    await page.locator("main form button").first.click()
    assert await state_of(office, first) is State.APPROVED


@pytest.mark.parametrize("language", ["zh_CN", "en"])
async def test_no_page_scrolls_sideways_on_a_phone(office: Office, language: str) -> None:
    page = await office.enter(await office.context(390), language=language)
    for address in await addresses(office):
        await page.goto(address)
        assert not await wider_than_the_screen(page), address
        for summary in await page.locator("summary:visible").all():
            await summary.click()
            break
        assert not await wider_than_the_screen(page), address
        assert await office.violations(page) == [], address
    assert office.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (1280, "dark")])
async def test_no_serious_barrier_on_any_page(office: Office, width: int, scheme: str) -> None:
    context = await office.context(width, color_scheme=scheme)
    page = await office.page(context)
    await page.goto(f"{office.url}/sign-in")
    problems = await serious(page)
    await page.goto(await office.link(Role.HEAD))
    problems += await serious(page)
    page = await office.enter(context, Role.OFFICE)
    for address in await addresses(office):
        await page.goto(address)
        problems += await serious(page)
    await page.goto(f"{office.url}/applications?state=reviewed")
    await page.locator("[name=pick]").first.check()
    await page.locator("button[value=approved]").click()
    await expect(page.locator("main form button").first).to_be_focused()
    problems += await serious(page)
    await page.locator("main form button").first.click()
    await expect(page.locator(".note-good")).to_have_text("Done for 1 application.")
    problems += await serious(page)
    assert problems == []


async def test_a_phone_decides_one_and_goes_on(office: Office) -> None:
    first, second, *_ = await some(office, State.REVIEWED)
    page = await office.enter(await office.context(390))
    await page.locator(".call").first.click()
    await page.locator("[data-open]").first.click()
    await page.locator("button[value=approved]").click()
    await expect(page.locator(".note-good")).to_contain_text("Done: Approved by the school.")
    await page.locator(".note-good a").click()
    await page.wait_for_url(f"**/applications/{second}*")
    assert await state_of(office, first) is State.APPROVED
