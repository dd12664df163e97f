"""Every address by every duty; what an unsafe request needs; what every answer carries."""

from __future__ import annotations

import pytest
from console_browser import ADDRESS, Browser, SignIn
from console_town import Town

from care.records import Role
from console.assets import Assets
from console.pages import ALL

R = Role
LEADING = {R.HEAD, R.DEPUTY, R.MEMBER, R.OFFICE}
TEACHING = {R.GRADE_LEADER, R.HOMEROOM}
NUMBERS = {R.LOGISTICS, R.FINANCE, R.COMMITTEE, R.SUPERVISOR}
WITH_PUPILS = LEADING | TEACHING
EVERYBODY = WITH_PUPILS | NUMBERS
AT_WORK = WITH_PUPILS | {R.CARE_TEACHER}
ANSWERING = LEADING
SIGNS_IN = EVERYBODY | {R.CARE_TEACHER}
STEERING = {R.HEAD, R.DEPUTY, R.OFFICE}
MANAGING = {R.HEAD, R.OFFICE}

READ: dict[str, set[Role]] = {
    "/": SIGNS_IN,
    "/overview": EVERYBODY,
    "/children/{id:int}": AT_WORK,
    "/day/close": ANSWERING,
    "/day/lead": ANSWERING,
    "/sessions": SIGNS_IN,
    "/applications": WITH_PUPILS,
    "/applications/bulk": WITH_PUPILS,
    "/applications/{id:int}": WITH_PUPILS,
    "/applications/{id:int}.pdf": WITH_PUPILS,
    "/applications/{id:int}/agreement.pdf": WITH_PUPILS,
    "/extended": AT_WORK,
    "/students": WITH_PUPILS,
    "/classes": WITH_PUPILS,
    "/day-sheets": AT_WORK,
    "/paper": AT_WORK,
    "/paper/children/{id:int}": LEADING | {R.GRADE_LEADER},
    "/reports": EVERYBODY,
    "/reports/enrolment.csv": EVERYBODY,
    "/reports/enrolment.xlsx": EVERYBODY,
    "/staff": MANAGING,
    "/settings": STEERING,
    "/settings/afternoon": STEERING,
    "/settings/waves/new": STEERING,
    "/settings/waves/{id:int}/remove": STEERING,
    "/calendar": STEERING,
    "/calendar/{day}": STEERING,
    "/settings/texts/{kind}": STEERING,
    "/settings/texts/{kind}/new": STEERING,
    "/outbox": STEERING,
    "/audit": STEERING,
}
DO: dict[str, set[Role]] = {
    "/alarms/{id:int}/close": AT_WORK,
    "/children/{id:int}/stop-list": STEERING,
    "/stop-list/{id:int}/end": STEERING,
    "/day/close": ANSWERING,
    "/day/lead": ANSWERING,
    "/sessions/{id:int}/end": SIGNS_IN,
    "/applications/{id:int}": WITH_PUPILS,
    "/applications/bulk": WITH_PUPILS,
    "/applications/bulk/confirm": WITH_PUPILS,
    "/applications/{id:int}/waiver": STEERING,
    "/classes/{id:int}/places": STEERING,
    "/classes/{id:int}/slips.pdf": {R.OFFICE, R.HOMEROOM},
    "/day-sheets/{id:int}.pdf": AT_WORK,
    "/day-sheets/waves/{id:int}.pdf": AT_WORK,
    "/paper/{id:int}": AT_WORK,
    "/paper/{id:int}/mark": AT_WORK,
    "/paper/children/{id:int}": LEADING | {R.GRADE_LEADER},
    "/guardians/{id:int}/slip.pdf": {R.OFFICE, R.HOMEROOM},
    "/guardians/{id:int}/unlink": {R.OFFICE, R.HOMEROOM},
    "/staff": MANAGING,
    "/staff/{id:int}/duties": MANAGING,
    "/staff/{id:int}/slip": MANAGING,
    "/staff/{id:int}/sign-in": MANAGING,
    "/duties/{id:int}/end": MANAGING,
    "/settings/terms/{id:int}": STEERING,
    "/settings/terms/{id:int}/extended": STEERING,
    "/settings/waves/{id:int}": STEERING,
    "/settings/waves/new": STEERING,
    "/settings/waves/{id:int}/remove": STEERING,
    "/settings/afternoon": STEERING,
    "/calendar/{day}": STEERING,
    "/calendar/years/{id:int}": STEERING,
    "/settings/texts/{kind}/new": STEERING,
    "/extended/teacher": LEADING,
    "/extended/requests/{id:int}": LEADING | {R.GRADE_LEADER},
    "/extended/terms/{id:int}": STEERING,
    "/outbox/{id:int}/retry": STEERING,
    "/outbox/{id:int}/drop": STEERING,
    "/inbox/{id:int}/retry": STEERING,
    "/inbox/{id:int}/drop": STEERING,
}
PUBLIC = {"/sign-in", "/sign-in/{token}", "/sign/{token}", "/sign-out", "/language", "/healthz", "/readyz", "/metrics"}
NONE_THERE = {"/paper/children/{id:int}", "/applications/bulk"}
"""Nothing has been entered from paper in this town: test_console_paper_correct.py; and nothing chosen in a list:
test_console_bulk.py."""
STREAMS = {"/live"}
"""Which never end by themselves: test_console_board.py."""


def address(path: str, number: int = 1) -> str:
    path = path.replace("{id:int}", str(number)).replace("{token}", "x").replace("{kind}", "agreement")
    return path.replace("{day}", "2026-12-25")


def test_no_address_is_forgotten() -> None:
    assert {page.path for page in ALL if page.get and not page.public} == set(READ) | STREAMS
    assert {page.path for page in ALL if page.post and not page.public} == set(DO)
    assert {page.path for page in ALL if page.public} == PUBLIC


@pytest.mark.parametrize("role", sorted(SIGNS_IN))
async def test_who_may_read_what(role: Role, sign_in: SignIn, town: Town) -> None:
    browser = await sign_in(role)
    for path, allowed in READ.items():
        answer = await browser.get(address(path))
        found = 404 if path in NONE_THERE else 200
        assert answer.status_code == (found if role in allowed else 403), path
        if role in NUMBERS:
            for name in ("Ann", "Ben", "Parent of"):
                assert name not in answer.text, path


@pytest.mark.parametrize("role", sorted(SIGNS_IN))
async def test_who_may_do_what(role: Role, sign_in: SignIn, town: Town) -> None:
    """Ids that do not exist: who may gets past the door, and is told that there is nothing, or what is missing."""
    browser = await sign_in(role)
    await browser.get("/sessions")
    for path, allowed in DO.items():
        answer = await browser.post(address(path, 999_999))
        if role in allowed:
            assert answer.status_code in (200, 404, 409, 422), path
        else:
            assert answer.status_code == 403, path


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_unsafe_requests_need_the_pages_own_word(method: str, sign_in: SignIn, stranger: Browser) -> None:
    head = await sign_in(Role.HEAD)
    other = await sign_in(Role.DEPUTY)
    await other.get("/sessions")
    for page in ALL:
        path = address(page.path)
        for browser in (head, stranger):
            answer = await browser.client.request(method, path)
            assert answer.status_code == 403, path
            answer = await browser.client.request(method, path, headers={"origin": "http://evil.test"})
            assert answer.status_code == 403, path
        for word in ("", "wrong", other.csrf):
            answer = await head.client.request(method, path, data={"csrf": word}, headers={"origin": ADDRESS})
            assert answer.status_code == 403, path


async def test_a_good_word_from_another_site_is_refused(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.get("/sessions")
    path = f"/applications/{town.applications['Ben']}"
    data = {"csrf": head.csrf, "move": "approved", "version": "1"}
    for headers in ({"origin": "http://evil.test"}, {"sec-fetch-site": "same-site"}, {"origin": "null"}):
        answer = await head.client.post(path, data=data, headers=headers)
        assert answer.status_code == 403
    headers = {"X-CSRF-Token": head.csrf, "sec-fetch-site": "same-origin"}
    assert (await head.client.post(path, data={"move": "approved", "version": "1"}, headers=headers)).status_code == 303


async def test_strangers_are_sent_to_the_door(stranger: Browser) -> None:
    for path in READ:
        answer = await stranger.get(address(path))
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), path


async def test_the_wrong_method_is_named(sign_in: SignIn) -> None:
    head = await sign_in(Role.HEAD)
    answer = await head.get("/applications/bulk/confirm")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await head.post("/audit")).status_code == 405


async def test_headers_of_every_answer(sign_in: SignIn, stranger: Browser) -> None:
    head = await sign_in(Role.HEAD)
    for browser, path in ((head, "/applications"), (head, "/nothing"), (stranger, "/sign-in"), (stranger, "/healthz")):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
    page = await head.get("/applications")
    assert "style=" not in page.text
    assert "<style" not in page.text
    assert "onclick" not in page.text
    assert "<script>" not in page.text


async def test_static_files_are_kept_for_ever_under_their_content(stranger: Browser) -> None:
    url = Assets().url("console.css")
    answer = await stranger.get(url)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert (await stranger.get(url.replace("console.css", "theme.js"))).status_code == 404
    assert (await stranger.get("/assets/x/../../../pyproject.toml")).status_code == 404


async def test_an_unknown_address_gets_a_page(sign_in: SignIn) -> None:
    head = await sign_in(Role.HEAD)
    answer = await head.get("/no/such/page")
    assert answer.status_code == 404
    assert "There is nothing here for you" in answer.text


async def test_a_refusal_to_htmx_goes_where_notices_stand(sign_in: SignIn) -> None:
    homeroom = await sign_in(Role.HOMEROOM)
    answer = await homeroom.get("/staff", **{"hx-request": "true"})
    assert answer.status_code == 403
    assert (answer.headers["hx-retarget"], answer.headers["hx-reselect"]) == ("#notices", "#error")
    assert 'id="error"' in answer.text
    assert "Your duty does not include this." in answer.text


async def test_a_flood_is_not_read(stranger: Browser) -> None:
    answer = await stranger.client.post("/sign-in/x", content=b"a=" + b"x" * 700_000, headers={"origin": ADDRESS})
    assert answer.status_code == 413
