"""The way in: a link from the chat that works once, and sessions that can be ended."""

from __future__ import annotations

from datetime import timedelta

from console_browser import ADDRESS, Browser, SignIn
from console_town import Town
from starlette.applications import Starlette

from care.clock import MovableClock
from care.records import Role
from care.school import School
from care.signin import make_link


async def link(school: School, person_id: int) -> str:
    async with school.work() as uow:
        return await make_link(uow, person_id)


async def press(browser: Browser, token: str, origin: str = ADDRESS) -> tuple[int, str]:
    answer = await browser.client.post(f"/sign-in/{token}", headers={"origin": origin})
    return answer.status_code, answer.text


async def test_a_preview_does_not_use_the_link_up(stranger: Browser, school: School, town: Town) -> None:
    token = await link(school, town.staff[Role.HEAD])
    for _ in range(3):
        preview = await stranger.get(f"/sign-in/{token}")
        assert preview.status_code == 200
        assert "Sign in here" in preview.text
        assert "Staff head" not in preview.text
    await stranger.client.head(f"/sign-in/{token}")
    status, _ = await press(stranger, token)
    assert status == 303
    assert (await stranger.get("/")).status_code == 200


async def test_a_link_works_once(stranger: Browser, app: Starlette, school: School, town: Town) -> None:
    token = await link(school, town.staff[Role.HEAD])
    assert (await press(stranger, token))[0] == 303
    status, text = await press(Browser(app), token)
    assert status == 422
    assert "has been used" in text
    assert "/console" in text


async def test_a_link_runs_out(stranger: Browser, school: School, town: Town) -> None:
    token = await link(school, town.staff[Role.HEAD])
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(school.clock.now() + timedelta(minutes=16))
    status, text = await press(stranger, token)
    assert status == 422
    assert "has run out" in text


async def test_an_unknown_link(stranger: Browser) -> None:
    status, text = await press(stranger, "nonsense")
    assert status == 422
    assert "not valid" in text


async def test_another_site_cannot_press_the_button(stranger: Browser, school: School, town: Town) -> None:
    token = await link(school, town.staff[Role.HEAD])
    assert (await press(stranger, token, "http://evil.test"))[0] == 403
    answer = await stranger.client.post(f"/sign-in/{token}", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    answer = await stranger.client.post(f"/sign-in/{token}")
    assert answer.status_code == 403, "a browser always says where a form came from"
    assert (await press(stranger, token))[0] == 303


async def test_the_cookie(stranger: Browser, school: School, town: Town) -> None:
    token = await link(school, town.staff[Role.HEAD])
    answer = await stranger.client.post(f"/sign-in/{token}", headers={"origin": ADDRESS})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    school.address = "https://school.test"
    token = await link(school, town.staff[Role.HEAD])
    answer = await stranger.client.post(f"/sign-in/{token}", headers={"origin": "https://school.test"})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-afterbell=")
    assert "secure" in cookie


async def test_signing_out_ends_the_session(sign_in: SignIn) -> None:
    head = await sign_in(Role.HEAD)
    kept = dict(head.client.cookies)
    await head.get("/sessions")
    assert (await head.post("/sign-out")).headers["location"] == "/sign-in"
    head.client.cookies.update(kept)
    assert (await head.get("/")).headers["location"] == "/sign-in", "the old cookie is worth nothing"


async def test_a_manager_ends_anybodys_session_others_only_their_own(sign_in: SignIn, school: School) -> None:
    homeroom, office = await sign_in(Role.HOMEROOM), await sign_in(Role.OFFICE)
    page = await office.get("/sessions")
    assert "Staff homeroom" in page.text
    page = await homeroom.get("/sessions")
    assert "Staff office" not in page.text
    assert (await homeroom.post("/sessions/2/end")).status_code == 404
    assert (await office.get("/sessions")).status_code == 200
    assert (await office.post("/sessions/1/end")).status_code == 303
    assert (await homeroom.get("/")).headers["location"] == "/sign-in"


async def test_a_session_ends_by_itself_and_with_the_last_duty(sign_in: SignIn, school: School, town: Town) -> None:
    finance, office = await sign_in(Role.FINANCE), await sign_in(Role.OFFICE)
    duty = list(Role).index(Role.FINANCE) + 1
    await office.get("/staff")
    assert (await office.post(f"/duties/{duty}/end")).status_code == 303
    assert (await finance.get("/")).headers["location"] == "/sign-in"
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(school.clock.now() + timedelta(hours=13))
    assert (await office.get("/")).headers["location"] == "/sign-in"


async def test_language_is_switched_and_kept(stranger: Browser, sign_in: SignIn, school: School) -> None:
    assert 'lang="en"' in (await stranger.get("/sign-in")).text
    answer = await stranger.client.post(
        "/language", data={"language": "zh_CN", "back": "//evil.test"}, headers={"origin": ADDRESS}
    )
    assert answer.headers["location"] == "/"
    assert 'lang="zh-CN"' in (await stranger.get("/sign-in")).text
    head = await sign_in(Role.HEAD)
    await head.get("/sessions")
    answer = await head.post("/language", language="zh_CN", back="/classes?x=1")
    assert answer.headers["location"] == "/classes?x=1"
    assert "登录情况" in (await head.get("/sessions")).text


async def test_htmx_is_sent_to_the_door_as_a_whole_page(stranger: Browser) -> None:
    answer = await stranger.get("/applications", **{"hx-request": "true"})
    assert answer.headers["hx-redirect"] == "/sign-in"
