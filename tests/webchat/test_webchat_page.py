"""The chat page over HTTP: who may do what, from where, and what the page is told."""

from __future__ import annotations

import aiohttp
import pytest
from page_server import DAD, MUM, NOBODY, Server, Stream, browser, own_id, read, running, status

from locales import LANGUAGES, words
from webchat.methods import delete_message, edit_message_text, send_document
from webchat.params import Params, Upload
from webchat.server import create_app, serve


async def test_anyone_of_the_demonstration_can_be_played(demonstration: Server) -> None:
    async with running(demonstration) as http:
        people = await read(http, "/chat/people.json")
        assert [(p["id"], p["start_here"], p["unread"]) for p in people] == [(MUM, True, False), (DAD, False, False)]
        assert [p["why"] for p in people] == ["先用她申请。", ""]
        assert people[0]["about"] == "小禾的妈妈"
        english = (await read(http, "/chat/people.json?lang=en"))[0]
        assert (english["why"], english["about"]) == ("Apply as her first.", "mother of 小禾")
        state = await read(http, f"/chat/{MUM}/state.json")
        assert (state["started"], state["payload"], state["messages"]) == (False, "SLIP7", [])
        assert await status(http, "POST", f"/chat/{MUM}/send", json={"text": "/start SLIP7"}) == 200
        assert await status(http, "POST", f"/chat/{MUM}/contact", json={}) == 200
        demonstration.tell(MUM, "您好")
        state = await read(http, f"/chat/{MUM}/state.json")
        assert state["started"]
        assert [(m["mine"], m["text"]) for m in state["messages"]] == [
            (True, "/start SLIP7"),
            (True, ""),
            (False, "您好"),
        ]
        assert state["messages"][1]["contact"] == {"name": "林岚", "phone": "13800000001"}
        assert demonstration.world.users[MUM].language == "zh-hans"
        for path in (f"/chat/{NOBODY}", f"/chat/{NOBODY}/state.json", f"/chat/events?user={NOBODY}"):
            assert await status(http, "GET", path) == 404
        assert await status(http, "POST", f"/chat/{NOBODY}/send", json={"text": "x"}) == 404


async def test_the_page_carries_no_script_and_says_so(demonstration: Server) -> None:
    async with running(demonstration) as http, http.get(f"/chat/{DAD}") as answer:
        html = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "&lt;b&gt;=1+1" in html
    assert "<b>=1+1" not in html
    assert " style=" not in html
    assert " onclick" not in html
    assert html.count("<script") == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Origin": "http://{host}"}, 200),
    ],
)
async def test_only_our_own_page_may_act(demonstration: Server, headers: dict[str, str], expected: int) -> None:
    async with serve(create_app(demonstration.world, demonstration.page)) as url:
        given = {name: value.format(host=url.removeprefix("http://")) for name, value in headers.items()}
        async with aiohttp.ClientSession(url, headers=given) as http:
            for path, body in (
                (f"/chat/{MUM}/send", {"text": "一"}),
                (f"/chat/{MUM}/block", {"blocked": False}),
                (f"/chat/{MUM}/seen", {}),
                ("/chat/clock", {"minutes": 5}),
            ):
                assert await status(http, "POST", path, json=body) == expected
            form = aiohttp.FormData()
            form.add_field("file", b"x", filename="x.bin")
            assert await status(http, "POST", f"/chat/{MUM}/upload", data=form) == expected


async def test_a_button_must_be_on_the_screen_to_be_tapped(demonstration: Server) -> None:
    keyboard = {"inline_keyboard": [[{"text": "确认", "callback_data": "yes"}]]}
    async with running(demonstration) as http:
        await status(http, "POST", f"/chat/{MUM}/send", json={"text": "/start"})
        message = demonstration.tell(MUM, "确认？", reply_markup=keyboard)
        tap = f"/chat/{MUM}/tap"
        assert await status(http, "POST", tap, json={"message_id": message, "data": "yes"}) == 200
        assert await status(http, "POST", tap, json={"message_id": message, "data": "release:9"}) == 409
        assert await status(http, "POST", tap, json={"message_id": message + 1, "data": "yes"}) == 409
        assert await status(http, "POST", tap, json={"message_id": "x", "data": None}) == 409
        assert await status(http, "POST", tap, data=b"not json") == 400
        assert await status(http, "POST", tap, json=[1]) == 400
        assert await status(http, "POST", f"/chat/{MUM}/send", json={"text": " "}) == 409
        assert await status(http, "POST", f"/chat/{MUM}/send", json={"text": "x" * 70_000}) == 413


async def test_a_blocked_bot_hears_nothing_until_unblocked(demonstration: Server) -> None:
    async with running(demonstration) as http:
        await status(http, "POST", f"/chat/{MUM}/send", json={"text": "/start"})
        await status(http, "POST", f"/chat/{MUM}/block", json={"blocked": True})
        assert (await read(http, f"/chat/{MUM}/state.json"))["blocked"]
        assert await status(http, "POST", f"/chat/{MUM}/send", json={"text": "一"}) == 409
        await status(http, "POST", f"/chat/{MUM}/block", json={"blocked": False})
        assert await status(http, "POST", f"/chat/{MUM}/send", json={"text": "一"}) == 200


async def test_files_belong_to_their_conversation(demonstration: Server) -> None:
    async with running(demonstration) as http:
        for user_id in (MUM, DAD):
            await status(http, "POST", f"/chat/{user_id}/send", json={"text": "/start"})
        for upload in (Upload("协议书.pdf", "application/pdf", b"%PDF"), Upload("x.html", "text/html", b"<script>")):
            send_document(demonstration.world, demonstration.bot, Params({"chat_id": MUM}, {"document": upload}))
        paper, page = (m["file"] for m in (await read(http, f"/chat/{MUM}/state.json"))["messages"][1:])
        async with http.get(paper["url"]) as answer:
            assert await answer.read() == b"%PDF"
            assert answer.content_type == "application/pdf"
            assert answer.headers["Content-Disposition"].startswith("inline")
        async with http.get(page["url"]) as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment")
        assert await status(http, "GET", paper["url"].replace(str(MUM), str(DAD))) == 404
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", b"%PDF mine", filename="请假条.pdf", content_type="application/pdf")
        assert await status(http, "POST", f"/chat/{MUM}/upload", data=form) == 200
        assert (await read(http, f"/chat/{MUM}/state.json"))["messages"][-1]["file"]["name"] == "请假条.pdf"
        assert (
            await status(
                http,
                "POST",
                f"/chat/{MUM}/upload",
                data=aiohttp.FormData({"file": "no file"}, default_to_multipart=True),
            )
            == 422
        )


async def test_who_got_a_message_has_a_dot_until_it_is_seen(demonstration: Server) -> None:
    async def dots() -> list[bool]:
        return [person["unread"] for person in await read(http, "/chat/people.json")]

    async with running(demonstration) as http:
        await status(http, "POST", f"/chat/{DAD}/send", json={"text": "/start"})
        assert await dots() == [False, False]
        demonstration.tell(DAD, "放学了")
        assert await dots() == [False, True]
        await read(http, f"/chat/{DAD}/state.json")
        assert await dots() == [False, False]
        demonstration.tell(DAD, "快到了")
        await status(http, "POST", f"/chat/{DAD}/seen", json={})
        assert await dots() == [False, False]


async def test_what_happens_is_told_at_once_and_after_a_lost_connection(demonstration: Server) -> None:
    server = demonstration
    async with running(server) as http:
        for user_id in (MUM, DAD):
            await status(http, "POST", f"/chat/{user_id}/send", json={"text": "/start"})
        mark = (await read(http, f"/chat/{MUM}/state.json"))["mark"]
        async with http.get(f"/chat/events?user={MUM}&since={mark}") as answer:
            stream = Stream(answer)
            message = server.tell(MUM, "申请？")
            told = await stream.next()
            assert (told["kind"], told["message"]["text"]) == ("message", "申请？")
            server.tell(DAD, "给爸爸")
            assert await stream.next() == {"kind": "unread", "user_id": DAD}
            await status(http, "POST", "/chat/clock", json={"minutes": 5})
            assert await stream.next() == {"kind": "clock"}
        edit = Params({"chat_id": MUM, "message_id": message, "text": "已提交"})
        edit_message_text(server.world, server.bot, edit)
        gone = server.tell(MUM, "删掉")
        delete_message(server.world, server.bot, Params({"chat_id": MUM, "message_id": gone}))
        async with http.get(f"/chat/events?user={MUM}", headers={"Last-Event-ID": stream.last_id}) as answer:
            stream = Stream(answer)
            told = await stream.next()
            assert (told["kind"], told["message"]["text"], told["message"]["edited"]) == ("edit", "已提交", True)
            assert await stream.next() == {"kind": "delete", "message_id": gone}
        async with http.get(f"/chat/events?user={MUM}", headers={"Last-Event-ID": "old-7"}) as answer:
            assert await Stream(answer).next() == {"kind": "reload"}


async def test_the_clock_goes_ahead_only(demonstration: Server) -> None:
    async with running(demonstration) as http:
        start = demonstration.clock.time
        shown = await read(http, "/chat/clock.json")
        assert (shown["now"], shown["typed"]) == (int(start.timestamp()), "2026-11-23T16:40")
        for wish, expected in (
            ({"minutes": 30}, "2026-11-23T17:10"),
            ({"to": "tomorrow"}, "2026-11-24T08:00"),
            ({"to": "school day"}, "2026-11-25T08:00"),
            ({"to": "2026-12-01T09:15"}, "2026-12-01T09:15"),
        ):
            async with http.post("/chat/clock", json=wish) as answer:
                assert (await answer.json())["typed"] == expected
        for language, wish, complaint in (
            ("zh-CN", {"to": "2026-11-01T09:15"}, "时间只能往后调，请选择更晚的时间。"),
            ("en", {"to": "2026-11-01T09:15"}, "The clock only moves ahead. Choose a later time."),
            ("zh-CN", {"minutes": -5}, "时间只能往后调，请选择更晚的时间。"),
            ("zh-CN", {"minutes": 10**18}, "请输入日期和时间。"),
            ("zh-CN", {"to": "soon"}, "请输入日期和时间。"),
            ("en", {}, "Type a date and a time."),
        ):
            async with http.post("/chat/clock", json=wish, headers={"accept-language": language}) as answer:
                assert (answer.status, (await answer.json())["error"]) == (409, complaint)


async def test_a_browser_is_one_user_and_cannot_be_another(real: Server) -> None:
    async with running(real) as http, browser(http._base_url) as other:
        mine, theirs = await own_id(http), await own_id(other)
        assert mine != theirs
        assert await own_id(http, "/chat?start=CODE7") == mine
        assert await status(http, "POST", f"/chat/{mine}/send", json={"text": "/start CODE7"}) == 200
        assert real.world.users[mine].name == "网页访客"
        for path in (f"/chat/{mine}/state.json", f"/chat/events?user={mine}", f"/chat/{mine}/files/x/y"):
            assert await status(other, "GET", path) == 404
        for deed in ("send", "tap", "contact", "block", "seen", "upload"):
            assert await status(other, "POST", f"/chat/{mine}/{deed}", json={"text": "x"}) == 404
        assert [m["text"] for m in (await read(http, f"/chat/{mine}/state.json"))["messages"]] == ["/start CODE7"]
        assert await status(http, "GET", "/chat/events") == 404
        assert await status(http, "GET", "/chat/people.json") == 404
        assert await status(http, "GET", "/chat/clock.json") == 404
        other.cookie_jar.update_cookies({"webchat": str(mine)})
        assert await status(other, "GET", f"/chat/{mine}/state.json") == 404


async def test_a_browser_cannot_prove_a_phone_number(real: Server) -> None:
    async with running(real) as http:
        mine = await own_id(http)
        assert await status(http, "POST", f"/chat/{mine}/send", json={"text": "/start"}) == 200
        assert await status(http, "POST", f"/chat/{mine}/contact", json={}) == 404


async def test_the_cookie_is_kept_from_scripts_and_other_sites(real: Server) -> None:
    async with running(real) as http:
        async with http.get("/chat?start=CODE7") as answer:
            cookie = answer.headers["Set-Cookie"]
            assert 'data-payload="CODE7"' in await answer.text()
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        async with http.get('/chat?start="><script>') as answer:
            assert 'data-payload=""' in await answer.text()


async def test_a_flood_is_slowed(real: Server) -> None:
    async with running(real) as http:
        mine = await own_id(http)
        answers = [await status(http, "POST", f"/chat/{mine}/send", json={"text": "x"}) for _ in range(60)]
    assert 429 in answers
    assert answers[:30] == [200] * 30


async def test_the_language_is_asked_for_remembered_or_the_browsers(demonstration: Server) -> None:
    async def language(path: str = "/chat", accept: str = "") -> str:
        async with http.get(path, headers={"Accept-Language": accept} if accept else {}) as answer:
            return (await answer.text()).partition('html lang="')[2].partition('"')[0]

    async with running(demonstration) as http:
        assert await language() == "zh-Hans"
        assert await language(accept="en-GB,en;q=0.9") == "en"
        assert await language(accept="fr, zh-TW") == "zh-Hans"
        assert await language("/chat?lang=en") == "en"
        assert await language() == "en"
        assert (await read(http, "/chat/words.json?lang=zh_CN"))["start"] == "开始"
        assert (await read(http, "/chat/words.json"))["show_all"] == "Show all {n}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_page_is_in_every_language(language: str) -> None:
    from webchat.wording import page_words

    for sentence in page_words(words("en", "webchat")).values():
        translated = words(language, "webchat")._catalogue.gettext(sentence)
        assert (translated != sentence) == (language == "zh_CN"), sentence
