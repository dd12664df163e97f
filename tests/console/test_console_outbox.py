"""What needs somebody, what was done, and what machines ask."""

from __future__ import annotations

from dataclasses import replace

from console_browser import ADDRESS, Browser, SignIn
from console_town import Town, last_event
from sqlalchemy import select

from care.permissions import SYSTEM
from care.records import InboxState, Letter, LetterState, Role, Update
from care.school import School
from care.work import UnitOfWork
from console.app import Desk, create_app


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


async def test_audit_is_filtered(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    await head.post(f"/applications/{town.applications['Ben']}", move="returned", version="1", remark="why=<i>")
    page = await head.get("/audit?who=staff&action=returned&subject=application&since=2026-11-23&until=2026-11-23")
    assert "why=&lt;i&gt;" in page.text
    assert "Ben" in page.text
    assert "Nothing matches" in (await head.get("/audit?until=2026-11-22&action=returned")).text
    assert (await head.get("/audit?since=x&page=0&action=nope&subject=nope")).status_code == 200


async def test_machines_ask(stranger: Browser, sign_in: SignIn) -> None:
    assert (await stranger.get("/healthz")).text == "ok\n"
    assert (await stranger.get("/readyz")).status_code == 200
    here = await stranger.get("/metrics")
    assert 'afterbell_outbox_waiting{class="alarm"} 0' in here.text
    assert "afterbell_outbox_failed 1" in here.text
    assert (await stranger.get("/metrics", **{"x-forwarded-for": "1.2.3.4"})).status_code == 404
    office = await sign_in(Role.OFFICE)
    assert (await office.get("/metrics", **{"x-forwarded-for": "1.2.3.4"})).status_code == 200


async def test_a_database_that_is_behind_is_not_ready(stranger: Browser, desk: Desk) -> None:
    async def behind(uow: UnitOfWork) -> bool:
        return False

    app = create_app(replace(desk, schema_current=behind))
    assert (await Browser(app).get(f"{ADDRESS}/readyz")).status_code == 503
