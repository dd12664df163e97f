"""Two consoles and two schedulers on one database: a decision is made once, a reminder goes out once."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

import aiohttp
from databases import Databases, make_school
from processes import PERSON_FROM, Replicas, replicas
from program import Process
from sqlalchemy import select

from afterbell import demo
from care.enrolment import Move
from care.permissions import SYSTEM
from care.records import Application, Event, Guardianship, Letter, LetterState, SchoolClass, State, Student
from care.records.delivery import Class
from care.signin import make_link
from scheduler import due

OVER = "情况已有变化"
FULL = "班已满"


async def sign_in_twice(school: Replicas, person_id: int, one: Process, other: Process) -> aiohttp.ClientSession:
    """A browser whose one-time link is opened on both consoles at once; the session that one gave serves at both."""
    async with school.school.work(SYSTEM) as uow:
        token = await make_link(uow, person_id)
    browser = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    statuses = await asyncio.gather(*(_opens(browser, console, token) for console in (one, other)))
    assert sorted(statuses) == [303, 422]
    for console in (one, other):
        async with browser.get(f"{console.address}/applications") as page:
            assert page.status == 200 and page.url.path == "/applications"
    return browser


async def _opens(browser: aiohttp.ClientSession, console: Process, token: str) -> int:
    headers = {"Origin": console.address}
    url = f"{console.address}/sign-in/{token}"
    async with browser.post(url, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def approves(browser: aiohttp.ClientSession, console: Process, application: Application) -> tuple[int, str]:
    address = f"{console.address}/applications/{application.id}"
    async with browser.get(f"{console.address}/sessions") as page:
        found = re.search(r'name="csrf" value="(\w+)"', await page.text())
    assert found is not None
    fields = {"csrf": found[1], "move": Move.APPROVE.value, "version": str(application.version)}
    async with browser.post(address, data=fields, headers={"Origin": console.address}, allow_redirects=False) as answer:
        return answer.status, await answer.text()


async def in_review(school: Replicas, grade: int, *numbers: int) -> list[Application]:
    """Applications of some classes on which the school decides."""
    query = select(Application).join(Student).join(SchoolClass).where(Application.state == State.REVIEWED)
    return await school.ask(query.where(SchoolClass.grade == grade, SchoolClass.number.in_(numbers)))


async def test_two_of_each_started_at_once_on_a_new_database(postgres: Databases, tmp_path: Path) -> None:
    """As after a power cut. Then two consoles decide at the same moment, and the families hear of it by the bot."""
    async with replicas(await postgres.fresh(), tmp_path, webhook=True) as school:
        *_, one, other = await school.start("bot", "bot", "scheduler", "scheduler", "console", "console")
        office = await school.star("office")
        await school.everybody()
        async with await sign_in_twice(school, office.user_id - PERSON_FROM, one, other) as browser:
            one_place = await in_review(school, 1, 7)
            easy = (await in_review(school, 2, *range(1, 9)))[0]
            for wanted, said in ((one_place[:2], FULL), ((easy, easy), OVER)):
                pairs = zip((one, other), wanted, strict=True)
                answers = await asyncio.gather(*(approves(browser, console, a) for console, a in pairs))
                (won, _), (lost, page) = sorted(answers)
                assert (won, lost) == (303, 409) and said in page
        numbers = [application.id for application in (*one_place, easy)]
        by_hand = select(Event.subject_id).where(Event.action == Move.APPROVE.value, Event.at >= demo.START)
        approved = select(Application).where(Application.id.in_(numbers), Application.state == State.APPROVED)
        found = await school.ask(approved)
        assert len(found) == 2 and sorted(a.id for a in found) == sorted(await school.ask(by_hand))
        await school.calm()
        for application in found:
            (guardian,) = await school.ask(
                select(Guardianship.person_id).where(Guardianship.id == application.guardianship_id)
            )
            assert school.persona(guardian).screen().count("已批准") == 1
        await school.each_once()
        took = [await process.stop() for process in school.processes]
        assert max(took) < 5, took


async def test_two_schedulers_remind_once(postgres: Databases, tmp_path: Path) -> None:
    """They tick at the same moment; what they post is what one tick posts, and each letter goes out once."""
    alone = make_school(await postgres.fresh())
    await due.tick(alone)
    async with alone.look() as uow:
        keys = set(await uow.session.scalars(select(Letter.unique_key).where(Letter.klass == Class.REMINDER)))
    await alone.close()
    async with replicas(await postgres.fresh(), tmp_path, webhook=False) as school:
        await school.everybody()
        async with school.held("LOCK TABLE outbox IN SHARE MODE"):  # so that both have seen that nothing is posted
            await school.start("scheduler", "scheduler", ready=False)
            await school.waiting_for_a_lock(2)
        await school.start("bot")
        await school.calm()
        letters = await school.ask(select(Letter))
        assert {letter.unique_key for letter in letters} == keys and len(letters) == len(keys) > 10
        said = Counter(call.params["chat_id"] for call in school.world.calls if call.method == "sendMessage")
        assert said == Counter(letter.chat_id for letter in letters if letter.state is LetterState.SENT)
        await school.each_once()
