"""What needs somebody, what was done, and what machines ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from console_browser import ADDRESS, Browser, SignIn
from console_town import Town, last_event
from markupsafe import escape
from sqlalchemy import select

from care.channels import Trouble, note_trouble
from care.permissions import SYSTEM
from care.records import Class, InboxState, Letter, LetterState, Person, Role, Update
from care.records.delivery import TOO_LATE
from care.school import School
from care.work import UnitOfWork
from console.app import Desk, create_app
from console.words import TROUBLES
from locales import words


def between(page: str, *marks: str) -> str:
    """What stands after the first mark and before the second, and within that again."""
    while marks:
        page = page.split(marks[0], 1)[1].split(marks[1], 1)[0]
        marks = marks[2:]
    return page


async def test_a_letter_is_sent_again_or_dropped_once(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    page = await office.get("/outbox")
    assert "Staff head" in page.text
    assert "bot was blocked by the user" in page.text
    assert (await office.post(f"/outbox/{town.letter}/retry")).status_code == 303
    async with school.look() as uow:
        letter = await uow.session.get_one(Letter, town.letter)
    assert (letter.state, letter.attempts) == (LetterState.WAITING, 0)
    assert (await office.post(f"/outbox/{town.letter}/drop")).status_code == 303
    assert (await office.post(f"/outbox/{town.letter}/drop")).status_code == 409
    assert (await last_event(school)).action == "letter_dropped"


async def test_a_dead_message_is_tried_again_or_dropped(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        for number in (1, 2):
            uow.session.add(
                Update(
                    channel="web",
                    update_id=number,
                    chat_id=1000,
                    payload="{}",
                    received_at=uow.now,
                    state=InboxState.DEAD,
                    error="Traceback\nKeyError: 'x'",
                )
            )
    office = await sign_in(Role.OFFICE)
    page = await office.get("/outbox")
    assert "Parent of Ann" in page.text
    assert "KeyError" in page.text
    assert (await office.post("/inbox/1/retry")).status_code == 303
    assert (await office.post("/inbox/1/retry")).status_code == 409
    assert (await office.post("/inbox/2/drop")).status_code == 303
    async with school.look() as uow:
        states = list(await uow.session.scalars(select(Update.state).order_by(Update.id)))
    assert states == [InboxState.WAITING, InboxState.DONE]


async def test_missed_reminders_are_shown_for_a_week(sign_in: SignIn, school: School, town: Town) -> None:
    """Those that nobody needed any more are none; neither are those of other kinds."""
    office = await sign_in(Role.OFFICE)
    assert "Missed reminders" not in (await office.get("/outbox")).text
    today = school.clock.today()
    async with school.work(SYSTEM) as uow:
        (person,) = await uow.session.scalars(select(Person.id).where(Person.name == "Parent of Ann"))
        for days in (0, 1, 6, 8):
            day = today - timedelta(days=days)
            uow.post_new("dismissal", person, Class.REMINDER, f"dismissal:{day}:1:{person}", children=",1,")
        uow.post_new("review_waits", person, Class.REMINDER, "review_waits:x")
        await uow.write()
        for letter in await uow.session.scalars(select(Letter).where(Letter.unique_key.is_not(None))):
            letter.state = LetterState.LAPSED
            letter.error = "" if str(today - timedelta(days=1)) in str(letter.unique_key) else TOO_LATE
    page = await office.get("/outbox")
    assert 'Missed reminders <span class="quiet-text">2</span>' in page.text
    assert "Reminder: a child to be collected" in page.text


@pytest.mark.parametrize("code", Trouble)
async def test_what_holds_up_a_whole_channel_is_told_to_who_sees_the_outbox(
    sign_in: SignIn, school: School, town: Town, code: Trouble
) -> None:
    await note_trouble(school, "telegram", code)
    title, remedy = TROUBLES[code]
    said = escape(words("en", "console")(title, channel="Telegram", since=f"{school.clock.local():%H:%M}"))
    office, teacher = await sign_in(Role.OFFICE), await sign_in(Role.HOMEROOM)
    for path in ("/", "/outbox"):
        page = await office.get(path)
        assert page.text.count(str(said)) == 1 and page.text.count(str(escape(remedy))) == 1
        assert page.text.index("<h1>") < page.text.index(str(said)) < page.text.index("<h2")
    assert str(said) not in (await teacher.get("/")).text
    await office.post("/language", language="zh_CN", back="/")
    chinese = words("zh_CN", "console")
    for path in ("/", "/outbox"):
        assert chinese(remedy) in (await office.get(path)).text
    await note_trouble(school, "telegram", None)
    assert chinese(remedy) not in (await office.get("/")).text


async def test_what_began_on_another_day_is_told_with_its_date(sign_in: SignIn, school: School, town: Town) -> None:
    await note_trouble(school, "telegram", Trouble.UNREACHABLE, school.clock.now() - timedelta(days=3))
    office = await sign_in(Role.OFFICE)
    assert "out of reach since Fri 20 Nov 16:40" in (await office.get("/outbox")).text


async def test_audit_is_filtered(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.post(f"/applications/{town.applications['Ben']}", move="returned", version="1", remark="why=<i>")
    page = await head.get("/audit?who=staff&action=returned&subject=application&since=2026-11-23&until=2026-11-23")
    assert "why=&lt;i&gt;" in page.text
    assert "Ben" in page.text
    assert "Nothing matches" in (await head.get("/audit?until=2026-11-22&action=returned")).text
    assert (await head.get("/audit?since=x&page=0&action=nope&subject=nope")).status_code == 200


async def test_the_audit_names_no_last_page_that_nobody_counted(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        for number in range(250):
            uow.record("looked_at", "student", number)
    head = await sign_in(Role.HEAD)
    found = []
    for number in (1, 2, 3):
        page = (await head.get(f"/audit?subject=student&page={number}")).text
        found.append((between(page, 'class="pager"', "</nav>", "<span>", "</span>"), 'rel="next"' in page))
    assert found == [("Page 1", True), ("Page 2", True), ("Page 3 of 3", False)]


async def test_machines_ask(stranger: Browser, sign_in: SignIn, school: School) -> None:
    assert (await stranger.get("/healthz")).text == "ok\n"
    assert (await stranger.get("/readyz")).status_code == 200
    here = await stranger.get("/metrics")
    assert 'afterbell_outbox_waiting{class="alarm"} 0' in here.text
    assert "afterbell_outbox_failed 1" in here.text
    assert "# TYPE afterbell_channel_trouble gauge" in here.text and "afterbell_channel_trouble{" not in here.text
    await note_trouble(school, "telegram", Trouble.TOKEN_REFUSED)
    here = await stranger.get("/metrics")
    assert 'afterbell_channel_trouble{channel="telegram",trouble="token_refused"} 1\n' in here.text
    assert (await stranger.get("/readyz")).status_code == 200, "a restart would not help"
    assert (await stranger.get("/metrics", **{"x-forwarded-for": "1.2.3.4"})).status_code == 404
    office = await sign_in(Role.OFFICE)
    assert (await office.get("/metrics", **{"x-forwarded-for": "1.2.3.4"})).status_code == 200


async def test_a_database_that_is_behind_is_not_ready(stranger: Browser, desk: Desk) -> None:
    async def behind(uow: UnitOfWork) -> bool:
        return False

    app = create_app(replace(desk, schema_current=behind))
    assert (await Browser(app).get(f"{ADDRESS}/readyz")).status_code == 503
