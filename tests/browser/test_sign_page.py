"""The signing page in a real browser, on a phone: drawn with a finger, cleared, drawn again, done."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from chromium_browser import leave
from console_office import Office, serving
from custody_town import Town, build, town_clock
from databases import Databases, make_school
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from care.people import actor_for
from care.records import Adult, CustodyEvent, DayChild, Person, Proof, Signature, Step
from care.release.signing import make_token
from care.rollcall import all_others_present, sign_in
from console.app import Desk
from papers import Printer

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def gate(sqlite: Databases, browser: Browser) -> AsyncIterator[tuple[Office, Town]]:
    """A small school whose children are all here, its console, and a browser."""
    school = make_school(await sqlite.fresh(loaded=False), town_clock())
    town = await build(school)
    desk = Desk(school, Printer(), lambda code: code, school.called)
    async with school.look() as uow:
        teacher = await actor_for(uow, await uow.session.get_one(Person, town.people["Homeroom two"]))
    async with school.work(teacher) as uow:
        await sign_in(uow, town.sessions[0])
        await all_others_present(uow, town.sessions[0])
    async with serving(desk) as url:
        school.address = url
        yield Office(school, url, browser), town
        await leave(browser)
    await school.close()


async def link(office: Office, town: Town, *children: int) -> str:
    """The page for Ma Cai, who comes for one of the two Cais; or for whichever children."""
    async with office.school.look() as uow:
        teacher = await actor_for(uow, await uow.session.get_one(Person, town.people["Homeroom two"]))
        uow.actor = teacher
        rows = [await uow.session.get_one(DayChild, town.children[number]) for number in children]
        seen = {row.id: row.last_seq for row in rows}
        return f"{office.url}/sign/{make_token(uow, Adult.GUARDIAN, town.people['Ma Cai'], seen)}"


async def draw(page: Page, *points: tuple[float, float]) -> None:
    """One stroke over the field; points as parts of its width and height."""
    await page.locator("canvas").scroll_into_view_if_needed()
    box = await page.locator("canvas").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    await page.mouse.move(*places[0])
    await page.mouse.down()
    for place in places[1:]:
        await page.mouse.move(*place, steps=6)
    await page.mouse.up()


@pytest.mark.parametrize(
    ("language", "thanks"), [("en-GB", "Thank you. The hand-over is recorded."), ("zh-CN", "谢谢，交接已记录。")]
)
async def test_signed_on_a_phone(gate: tuple[Office, Town], language: str, thanks: str) -> None:
    office, town = gate
    context = await office.context(390, language, has_touch=True, is_mobile=True, device_scale_factor=3)
    page = await office.page(context)
    await page.goto(await link(office, town, 2))
    await expect(page.locator(".sign-children strong")).to_have_text("Cai")
    box = await page.locator("header.top").bounding_box()
    assert box is not None and box["height"] < 60, "the school and the other language in one row"
    await expect(page.locator(".sign-children span")).to_contain_text("Ma Cai")
    done = page.locator("[data-done]")
    await expect(done).to_be_disabled()
    await draw(page, (0.1, 0.5), (0.4, 0.2), (0.5, 0.8))
    await expect(done).to_be_enabled()
    await page.locator("[data-clear]").click()
    await expect(done).to_be_disabled()
    await page.set_viewport_size({"width": 700, "height": 390})  # the phone is turned
    await draw(page, (0.1, 0.5), (0.4, 0.2), (0.5, 0.8), (0.9, 0.3))
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(done).to_be_enabled()
    assert not await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    box = await done.bounding_box()
    assert box is not None and box["y"] + box["height"] < 844, "nobody has to scroll to the end of it"
    found = await Axe().run(page)
    assert [v["id"] for v in found.response["violations"] if v["impact"] in ("serious", "critical")] == []
    assert await office.violations(page) == []
    await done.click()
    await expect(page.locator(".note-good")).to_contain_text(thanks)
    assert await office.violations(page) == []
    assert office.complaints == []
    async with office.school.look() as uow:
        signature = (await uow.session.scalars(select(Signature))).one()
        query = select(CustodyEvent).where(CustodyEvent.day_child_id == town.children[2])
        last = (await uow.session.scalars(query.order_by(CustodyEvent.seq.desc()).limit(1))).one()
    assert (last.step, last.proof, last.data["signature"]) == (Step.RELEASED, Proof.SIGNATURE, signature.id)
    assert signature.drawn.count(" L") >= 3


async def test_a_dot_is_no_signature(gate: tuple[Office, Town]) -> None:
    office, town = gate
    page = await office.page(await office.context(390))
    await page.goto(await link(office, town, 2))
    done, hint = page.locator("[data-done]"), page.locator("[data-hint]")
    await expect(hint).to_have_text("Write your name in the field.")
    for dash in (((0.5, 0.5), (0.505, 0.5)), ((0.5, 0.6), (0.6, 0.6))):
        await draw(page, *dash)
        await expect(hint).to_have_text("There is too little to see. Please write your name in the field.")
        await expect(done).to_be_disabled()
    await draw(page, (0.1, 0.5), (0.6, 0.2), (0.9, 0.8))
    await expect(hint).to_have_text("Write your name in the field.")
    await done.click()
    await expect(page.locator(".note-good")).to_be_visible()
