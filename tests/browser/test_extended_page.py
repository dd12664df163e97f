"""The page of extended care in a real browser: on a phone, by keyboard, without a barrier."""

from __future__ import annotations

import os
from datetime import date, datetime, time

import pytest
from axe_playwright_python.async_playwright import Axe
from console_office import Office
from sqlalchemy import select
from stage import care_runs_in

from care.clock import MovableClock
from care.extended.asking import ask, withdraw
from care.people import actor_for
from care.records import Application, DayRules, ExtendedRequest, Guardianship, Person, Role, State, Student, Term, Wish
from care.school import School
from scheduler import afternoon

pytestmark = pytest.mark.browser


async def two_ask(school: School) -> None:
    """Tuesday, 12:30: the day is open in two classes, two families have asked."""
    await care_runs_in(school, "2(3)", "3(5)")
    async with school.work() as uow:
        term_id = await uow.session.scalar(select(Term.id))
        row = await uow.session.get(DayRules, term_id) or DayRules(term_id=term_id)
        row.opens_at, row.extended_automatic = time(12, 0), False
        uow.session.add(row)
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(date(2026, 11, 24), time(12, 30), school.zone))
    await afternoon.tick(school)
    async with school.look() as uow:
        query = select(Application).join(Student).where(Application.state == State.ENROLLED).order_by(Application.id)
        families = [one for one in await uow.session.scalars(query) if 2 in one.weekdays][:2]
        people = [
            await actor_for(uow, await uow.session.get_one(Person, tie.person_id))
            for one in families
            if (tie := await uow.session.get_one(Guardianship, one.guardianship_id))
        ]
    for who, application in zip(people, families, strict=True):
        for work in (withdraw, ask):
            async with school.work(who) as uow:
                await work(uow, application.student_id)


@pytest.mark.parametrize(("width", "language"), [(390, "zh_CN"), (1280, "en")])
async def test_on_a_phone_and_at_a_desk(office: Office, width: int, language: str) -> None:
    await two_ask(office.school)
    page = await office.enter(await office.context(width), Role.OFFICE, language)
    await page.goto(f"{office.url}/extended")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    found = (await Axe().run(page)).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert await office.violations(page) == [] and office.complaints == []
    if folder := os.environ.get("AFTERBELL_PICTURES"):
        await page.screenshot(path=f"{folder}/extended-{width}.png", full_page=True)


async def test_granted_by_keyboard(office: Office) -> None:
    await two_ask(office.school)
    page = await office.enter(await office.context(390), Role.OFFICE)
    await page.goto(f"{office.url}/extended")
    await page.locator("#waiting button").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{office.url}/extended?done=granted")
    await page.locator("#teacher select").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{office.url}/extended?done=teacher")
    assert await page.get_by_text("planned, not signed in yet").count() == 1
    async with office.school.look() as uow:
        states = sorted(state.value for state in await uow.session.scalars(select(ExtendedRequest.state)))
    assert states == [Wish.APPROVED, Wish.ASKED]
