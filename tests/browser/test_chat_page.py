"""The chat page in a real browser, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from chat_school import DAD, DESK, MUM, PHONE, School, complaints, inline, no_sideways_scrolling, opened, tab
from chromium_browser import leave
from playwright.async_api import Browser, Page, expect

from webchat.methods import (
    delete_message,
    send_chat_action,
    send_document,
)
from webchat.params import Params, Upload
from webchat.server import create_app, serve

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def school(browser: Browser) -> AsyncIterator[School]:
    async with opened(School()) as school:
        yield school
        await leave(browser)


@pytest.fixture(autouse=True)
def _without_complaints() -> Iterator[None]:
    complaints.clear()
    yield
    assert complaints == []


async def test_on_a_phone_from_the_list_to_the_first_answer(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat", PHONE)
    await expect(page.locator("#people h2").first).to_contain_text("从这里开始")
    await no_sideways_scrolling(page)
    await page.get_by_role("searchbox").fill("值班")
    await expect(page.locator("#people a")).to_have_count(1)
    await page.get_by_role("searchbox").fill("")
    await page.get_by_role("link", name="林岚").first.click()
    await expect(page.locator(".people")).to_be_hidden()
    await page.get_by_role("button", name="打开书包里的邀请单").click()
    await expect(page.locator(".mine")).to_contain_text("/start SLIP7")
    school.tell(
        MUM,
        "请分享手机号",
        {"keyboard": [[{"text": "分享手机号", "request_contact": True}], ["以后再说", "帮助"]]},
    )
    await page.get_by_role("button", name="分享手机号").click()
    await page.get_by_role("button", name="分享", exact=True).click()
    await expect(page.locator(".mine").last).to_contain_text("13800000001")
    await no_sideways_scrolling(page)
    school.tell(MUM, "好", {"remove_keyboard": True})
    await expect(page.locator("#keyboard")).to_be_hidden()
    await page.locator(".back").click()
    await expect(page.locator("#people")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_it_can_be_used_by_all(school: School, browser: Browser, scheme: str, size: dict[str, int]) -> None:
    async def audit() -> None:
        found = (await Axe().run(page)).response["violations"]
        assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == []

    school.bot.profile.commands[("default", "")] = [{"command": "apply", "description": "申请"}]
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="zh-CN",
        bypass_csp=True,  # for the auditor's own script
    )
    page = await context.new_page()
    await page.goto(f"{school.url}/chat")
    await expect(page.locator("#people a")).not_to_have_count(0)
    await audit()
    await page.goto(f"{school.url}/chat/{MUM}")
    await page.locator("#start").click()
    await expect(page.locator(".mine")).to_have_count(1)
    school.tell(MUM, "<b>粗</b> <code>x</code> /help", inline(["确认", "返回"]), parse_mode="HTML")
    school.tell(MUM, "好", {"keyboard": [["以后再说", "帮助"]]})
    upload = Upload("协议书.pdf", "application/pdf", b"%PDF-1.4")
    send_document(school.world, school.bot, Params({"chat_id": MUM, "caption": "请签字"}, {"document": upload}))
    await expect(page.locator(".theirs")).to_have_count(3)
    await audit()
    await page.locator("#open-commands").click()
    await audit()
    await page.keyboard.press("Escape")
    await page.locator("#more").click()
    await audit()
    await page.keyboard.press("Escape")
    await page.locator(".clock:visible").click()
    await expect(page.locator("#clock")).to_be_visible()
    await audit()


async def test_two_tabs_side_by_side_are_live(school: School, browser: Browser) -> None:
    mum = await tab(browser, f"{school.url}/chat/{MUM}", DESK)
    dad = await tab(browser, f"{school.url}/chat/{DAD}", DESK)
    for page in (mum, dad):
        await page.locator("#start").click()
        await expect(page.locator(".mine")).to_have_count(1)
    message = school.tell(MUM, "在去校门的路上")
    await expect(mum.get_by_text("在去校门的路上")).to_be_visible()
    await expect(dad.locator(f'[data-person="{MUM}"] .dot')).to_be_visible()
    school.edit(MUM, message, "已放行")
    await expect(mum.get_by_text("已放行")).to_be_visible()
    await expect(mum.locator(".theirs .meta")).to_contain_text("已编辑")
    delete_message(school.world, school.bot, Params({"chat_id": MUM, "message_id": message}))
    await expect(mum.locator(".theirs")).to_have_count(0)


async def look(page: Page, at_it: bool) -> None:
    """A browser without a screen shows all of its tabs at once: this one is told that it is looked at, or is not."""
    hidden = "at => Object.defineProperty(document, 'hidden', { value: !at, configurable: true })"
    await page.evaluate(hidden, at_it)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def test_more_tabs_than_a_browser_has_connections(school: School, browser: Browser) -> None:
    """Six to one address is all it has. A tab nobody looks at holds none, and catches up when it is looked at again."""
    context = await browser.new_context(viewport=DESK, locale="zh-CN")  # type: ignore[arg-type]
    tabs: list[Page] = []
    for n in range(7):
        page = await context.new_page()
        await page.goto(f"{school.url}/chat/{MUM if n == 0 else 1_000_001_000 + n}")
        await page.locator("#start").click(timeout=5_000)
        await expect(page.locator(".mine")).to_have_count(1)
        await look(page, False)
        tabs.append(page)
    first = tabs[0]
    await first.evaluate("window.stays = true")
    school.tell(MUM, "在去校门的路上")
    message = school.tell(MUM, "还没到")
    school.edit(MUM, message, "已放行")
    await look(first, True)
    await expect(first.get_by_text("在去校门的路上")).to_be_visible()
    await expect(first.get_by_text("已放行")).to_be_visible()
    assert await first.evaluate("window.stays"), "and does not begin anew"
    school.tell(MUM, "再见")
    await expect(first.get_by_text("再见")).to_be_visible()


async def test_a_tap_spins_until_it_is_answered(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat/{MUM}", DESK)
    await page.locator("#start").click()
    await expect(page.locator(".mine")).to_have_count(1)
    school.tell(MUM, "为小禾申请？", inline(["确认提交"], ["返回"]))
    button = page.get_by_role("button", name="确认提交")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "")
    school.answer(await school.tapped(), "已记录")
    await expect(page.locator("#notice")).to_have_text("已记录")
    await expect(button).not_to_have_attribute("aria-busy", "")
    await page.get_by_role("button", name="返回").click()
    school.answer(await school.tapped(), "名额已满", alert=True)
    await expect(page.locator("#alert")).to_contain_text("名额已满")
    await page.keyboard.press("Escape")
    await expect(page.locator("#alert")).to_be_hidden()


async def test_the_keyboard_writes_sends_and_closes(school: School, browser: Browser) -> None:
    school.bot.profile.commands[("default", "")] = [
        {"command": "apply", "description": "申请"},
        {"command": "help", "description": "帮助"},
    ]
    page = await tab(browser, f"{school.url}/chat/{MUM}", DESK)
    await page.locator("#start").click()
    await page.locator("#text").focus()
    await page.keyboard.type("第一行")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("第二行")
    await page.keyboard.press("Enter")
    await expect(page.locator(".mine").last).to_contain_text("第二行")
    assert school.said(MUM)[-1] == "第一行\n第二行"
    await page.keyboard.type("/a")
    await expect(page.get_by_role("menuitem")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.locator("#commands")).to_be_hidden()
    await page.locator("#text").fill("")
    await page.get_by_role("button", name="菜单").click()
    await page.get_by_role("menuitem", name="帮助").click()
    await expect(page.locator(".mine").last).to_contain_text("/help")
    assert school.said(MUM)[-1] == "/help"


async def test_text_is_shown_as_it_is(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat/{DAD}", PHONE)
    await page.locator("#start").click()
    await expect(page.locator(".mine")).to_have_count(1)
    school.tell(DAD, "家长 <b>=1+1 <img src=x onerror=alert(1)>")
    await expect(page.locator(".theirs .text")).to_have_text("家长 <b>=1+1 <img src=x onerror=alert(1)>")
    assert await page.locator(".theirs img").count() == 0
    html = '😀 <b>粗 <i>斜</i></b> <a href="https://example.org/">链</a> <code>a&lt;b</code>'
    school.tell(DAD, html, parse_mode="HTML")
    last = page.locator(".theirs .text").last
    await expect(last.locator("strong")).to_have_text("粗 斜")
    await expect(last.locator("strong em")).to_have_text("斜")
    await expect(last.locator("a")).to_have_attribute("href", "https://example.org/")
    await expect(last.locator("code")).to_have_text("a<b")
    school.tell(DAD, "x" * 900 + "字" * 900, inline(["长" * 21], [f"{n}年级" for n in range(8)]))
    await expect(page.locator(".theirs")).to_have_count(3)
    await no_sideways_scrolling(page)


async def test_the_view_stays_where_it_is_unless_at_the_bottom(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat/{MUM}", PHONE)
    await page.locator("#start").click()
    await expect(page.locator(".mine")).to_have_count(1)
    for n in range(40):
        school.tell(MUM, f"消息 {n}")
    await expect(page.get_by_text("消息 39")).to_be_in_viewport()
    await page.locator("#scroller").evaluate("e => e.scrollTop = 200")
    await page.wait_for_function("document.querySelector('#scroller').scrollTop === 200")
    school.tell(MUM, "新的")
    await expect(page.locator("#newer")).to_be_visible()
    assert await page.locator("#scroller").evaluate("e => e.scrollTop") == 200
    await page.locator("#newer").click()
    await expect(page.get_by_text("新的", exact=True)).to_be_in_viewport()
    await page.reload()
    await expect(page.get_by_text("新的", exact=True)).to_be_in_viewport()


async def test_a_long_message_is_read_from_its_beginning(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat/{MUM}", PHONE)
    await page.locator("#start").click()
    await expect(page.locator(".mine")).to_have_count(1)
    school.tell(MUM, "\n".join(f"第 {n} 条" for n in range(60)), inline(["继续"]))
    await expect(page.locator(".theirs")).to_have_count(1)
    await page.wait_for_timeout(100)
    top = "(document.querySelector('.theirs').getBoundingClientRect().top)"
    bar = "(document.querySelector('.talk .bar').getBoundingClientRect().bottom)"
    assert 0 <= await page.evaluate(f"{top} - {bar}") < 80
    await page.locator("#text").fill("好")
    await page.keyboard.press("Enter")
    await expect(page.locator(".mine").last).to_be_in_viewport()


async def test_documents_typing_and_blocking(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat/{MUM}", DESK)
    await page.locator("#start").click()
    await expect(page.locator(".mine")).to_have_count(1)
    send_chat_action(school.world, school.bot, Params({"chat_id": MUM, "action": "typing"}))
    await expect(page.locator("#status")).to_have_text("正在输入…")
    upload = Upload("协议书.pdf", "application/pdf", b"%PDF-1.4")
    send_document(school.world, school.bot, Params({"chat_id": MUM, "caption": "请签字"}, {"document": upload}))
    link = page.get_by_role("link", name="协议书.pdf")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(page.locator("#status")).to_contain_text("林岚")
    await page.locator("#upload").set_input_files([{"name": "假条.txt", "mimeType": "text/plain", "buffer": b"x"}])
    await expect(page.locator(".mine").last).to_contain_text("假条.txt")
    await page.get_by_role("button", name="更多").click()
    await page.get_by_role("menuitem", name="屏蔽机器人").click()
    await expect(page.locator("#unblock")).to_be_visible()
    await expect(page.locator("#composer")).to_be_hidden()
    assert school.bot.chat(MUM).blocked
    await page.locator("#unblock").click()
    await expect(page.locator("#composer")).to_be_visible()


async def test_the_clock_is_moved_from_the_page(school: School, browser: Browser) -> None:
    page = await tab(browser, f"{school.url}/chat/{MUM}", PHONE)
    clock = page.locator(".talk .clock")
    await expect(clock).to_contain_text("16:40")
    await clock.click()
    await page.get_by_role("button", name="快进 30 分钟").click()
    await expect(clock).to_contain_text("17:10")
    await clock.click()
    await page.locator("#clock-to").fill("2026-11-01T08:00")
    await page.get_by_role("button", name="跳转").click()
    await expect(page.locator("#clock-complaint")).to_have_text("时间只能往后调，请选择更晚的时间。")
    await page.keyboard.press("Escape")
    await expect(page.locator("#clock")).to_be_hidden()


async def test_it_finds_its_way_back_after_the_server_was_gone(browser: Browser) -> None:
    school = School()
    async with serve(create_app(school.world, school.page), close_world=False) as url:
        page = await tab(browser, f"{url}/chat/{MUM}", DESK)
        await page.locator("#start").click()
        await expect(page.locator(".mine")).to_have_count(1)
    school.tell(MUM, "在您离线时")
    async with serve(create_app(school.world, school.page), int(url.rpartition(":")[2])):
        await expect(page.get_by_text("在您离线时")).to_be_visible(timeout=15_000)


async def test_while_the_server_is_away_nothing_typed_is_lost_and_it_is_said(browser: Browser) -> None:
    school = School()
    async with serve(create_app(school.world, school.page), close_world=False) as url:
        page = await tab(browser, f"{url}/chat/{MUM}", DESK)
        await page.locator("#start").click()
        await expect(page.locator(".mine")).to_have_count(1)
        school.tell(MUM, "为小禾申请？", inline(["确认提交"]))
        button = page.get_by_role("button", name="确认提交")
        await button.click()
        await expect(button).to_have_attribute("aria-busy", "")
    await expect(button).not_to_have_attribute("aria-busy", "")
    await page.locator("#text").fill("小禾过敏")
    await page.keyboard.press("Enter")
    await expect(page.locator("#notice")).to_have_text("连接中断，刚才的内容没有发出。请稍后重试。")
    await expect(page.locator("#text")).to_have_value("小禾过敏")
    await button.click()
    await expect(button).not_to_have_attribute("aria-busy", "")
    await expect(page.locator("#notice")).to_have_text("连接中断，正在重试…", timeout=10_000)
    await expect(page.locator("#notice")).to_be_visible()
    async with serve(create_app(school.world, school.page), int(url.rpartition(":")[2])):
        await expect(page.locator("#notice")).to_be_hidden(timeout=15_000)
        await page.locator("#text").press("Enter")
        await expect(page.locator(".mine").last).to_contain_text("小禾过敏")


async def test_a_family_without_telegram_uses_its_own_conversation(browser: Browser) -> None:
    async with opened(School(real=True)) as school:
        page = await tab(browser, f"{school.url}/chat?start=SLIP7", PHONE, language="en-GB")
        await page.get_by_role("button", name="Open the slip from the school bag").click()
        await expect(page.locator(".mine")).to_contain_text("/start SLIP7")
        (user_id,) = school.world.users
        school.tell(user_id, "Your number, please", {"keyboard": [[{"text": "Share", "request_contact": True}]]})
        await page.get_by_role("button", name="Share").click()
        await expect(page.locator("#alert")).to_contain_text("A browser cannot prove a phone number")
        assert school.said(user_id) == ["/start SLIP7"]
        await no_sideways_scrolling(page)
