"""The live board in the console, a child's day, alarms, the duty lead and the day's close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import uvicorn
from board_town import Afternoon, actor_of, open_day, raise_alarm, take_over
from console_browser import Browser, SignIn
from console_town import HOSTILE, Town, child, last_event
from sqlalchemy import event, select
from starlette.applications import Starlette

from care.custody.chain import FAMILY, Link, Side, append
from care.permissions import SYSTEM
from care.records import (
    Alarm,
    AlarmAnswer,
    AlarmKind,
    Answer,
    CareDay,
    Holder,
    Letter,
    Person,
    Proof,
    Role,
    State,
    Step,
)
from care.records.day import CONTRADICTED
from care.records.people import SchoolClass
from care.release.undoing import Slip, undo
from care.rollcall import all_others_present, mark
from care.school import School
from care.signin import make_link, revoke
from console.desk import Desk
from console.pages import live
from scheduler import afternoon


@pytest.fixture
async def opened(school: School, town: Town) -> Afternoon:
    return await open_day(school, town)


# what the page shows to whom


async def test_the_board_comes_first_while_a_day_is_open(sign_in: SignIn, opened: Afternoon) -> None:
    page = await (await sign_in(Role.HEAD)).get("/")
    assert "<b>8</b><span>Expected" in page.text
    assert 'id="late-rolls"' in page.text and "No alarm is open." not in page.text
    for name in ("1(1)", "1(2)", "3(1)", "Ida", "Ola"):
        assert name in page.text
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in page.text
    assert HOSTILE not in page.text
    head = await sign_in(Role.HEAD)
    besides = (await head.get("/overview", **{"hx-request": "true"})).text
    assert "<html" not in besides
    assert "3 applications wait for you" in besides
    assert "1 letter needs somebody" in besides
    overview = await head.get("/overview")
    assert "to approve for the school" in overview.text
    assert "letters and messages that need somebody" in overview.text


async def test_each_sees_their_own_classes(sign_in: SignIn, opened: Afternoon) -> None:
    homeroom = await (await sign_in(Role.HOMEROOM)).get("/")
    assert "<b>3</b><span>Expected" in homeroom.text
    assert "Ida" in homeroom.text
    assert "1(2)" not in homeroom.text
    assert "Close the day" not in homeroom.text
    leader = await (await sign_in(Role.GRADE_LEADER)).get("/")
    assert "<b>5</b><span>Expected" in leader.text
    assert "3(1)" not in leader.text
    care = await (await sign_in(Role.CARE_TEACHER)).get("/")
    assert "<b>8</b><span>Expected" in care.text
    assert 'href="/overview"' not in care.text


@pytest.mark.parametrize("role", [Role.FINANCE, Role.COMMITTEE, Role.SUPERVISOR, Role.LOGISTICS])
async def test_who_sees_no_pupil_sees_the_overview(role: Role, sign_in: SignIn, opened: Afternoon) -> None:
    page = await (await sign_in(role)).get("/")
    assert "Children in care" in page.text
    assert 'id="board"' not in page.text
    assert "Ida" not in page.text
    assert page.text.count('href="/overview"') == 0


async def test_a_day_that_is_not_open_says_when_it_will_be(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    page = await head.get("/")
    assert "the live board opens with the day&#39;s lists at 12:00" in page.text
    assert "to approve for the school" in page.text, "the overview stands in for it"
    part = (await head.get("/?opens=1", **{"hx-request": "true"})).text
    assert part.lstrip().startswith('<div id="board"')
    assert "<html" not in part and "Needs somebody" not in part
    await open_day(school, town)
    told = await head.get("/?opens=1", **{"hx-request": "true"})
    assert told.headers["hx-refresh"] == "true"


async def test_htmx_gets_the_board_alone(sign_in: SignIn, opened: Afternoon) -> None:
    head = await sign_in(Role.HEAD)
    part = (await head.get("/", **{"hx-request": "true"})).text
    assert part.lstrip().startswith('<div id="board"')
    assert "<html" not in part
    assert "Change duty lead" not in part


async def test_search_and_filters(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    head = await sign_in(Role.HEAD)
    teacher = await take_over(school, town, opened)
    async with school.work(teacher) as uow:
        await mark(uow, opened.children["Ida"], Step.ABSENT)

    async def rows(query: str) -> set[str]:
        page = (await head.get(f"/?{query}")).text.partition('id="children-rows"')[2]
        return {name for name in ("Ida", "Jon", "Kim", "Max", "Ned", "Ola", "Fay") if f">{name}</a>" in page}

    assert await rows("q=i") == {"Ida", "Kim"}
    assert await rows(f"class={town.classes['3(1)']}") == {"Ned", "Ola", "Fay"}
    assert await rows("wave=2") == {"Ned", "Ola", "Fay"}
    assert await rows("place=missing") == {"Ida"}
    assert await rows("place=unsaid&wave=1") == {"Jon", "Kim", "Max"}
    for nonsense in ("place=nowhere", "class=x", "wave=-1", "page=0", "q=%25"):
        assert (await head.get(f"/?{nonsense}")).status_code == 200
    assert "No child matches" in (await head.get("/?q=nobody")).text


async def test_a_large_school_is_reached_by_one_tap(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(SchoolClass, town.classes["1(1)"])).capacity = 100
        for number in range(70):
            await child(uow, town, f"Child {number}", "1(1)", State.ENROLLED)
    opened = await open_day(school, town)
    head = await sign_in(Role.HEAD)
    first = (await head.get("/")).text
    assert f"The first 60 of {len(opened.children)} children: choose a class or a state, or type a name." in first
    assert first.count("data-open>") == 60
    for name, value in (("class", town.classes["3(1)"]), ("wave", 2), ("place", "missing")):
        assert f'<input type="radio" name="{name}" value="{value}">' in first
    assert f"Page 2 of all {len(opened.children)} children" in (await head.get("/?page=2")).text
    assert "3 children" in (await head.get(f"/?class={town.classes['3(1)']}")).text
    classes = (await head.get("/?venue=Classrooms")).text
    assert '<input type="radio" name="venue" value="Classrooms" checked>' in classes, "several classes are there"
    assert "No child matches" in (await head.get("/?venue=Nowhere")).text
    homeroom = (await (await sign_in(Role.HOMEROOM)).get("/")).text
    assert 'name="class"' not in homeroom and 'name="place"' in homeroom, "one class, nothing to choose"


async def test_the_roll_moves_the_numbers(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    head = await sign_in(Role.HEAD)
    before = (await head.get("/")).text
    assert "Roll late, was due 14:55" in before
    assert "no teacher yet" in before
    teacher = await take_over(school, town, opened)
    async with school.work(teacher) as uow:
        await mark(uow, opened.children["Ida"], Step.ABSENT)
        await all_others_present(uow, opened.sessions["1(1)"])
    page = (await head.get("/")).text
    assert "Roll done 16:40" in page
    assert "Staff member" in page
    assert "Expected but missing" in page
    assert "The guardians were asked at 16:40; no answer yet." in page
    audit = (await head.get("/audit?subject=session&action=roll_done")).text
    assert "Session 1(1)" in audit


# a child's day


async def test_a_childs_day(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    teacher = await take_over(school, town, opened)
    async with school.work(teacher) as uow:
        await mark(uow, opened.children["Ida"], Step.MOVED, remark="Ms Chess")
    path = f"/children/{town.students['Ida']}"
    for role in (Role.HEAD, Role.HOMEROOM, Role.GRADE_LEADER, Role.CARE_TEACHER):
        page = await (await sign_in(role)).get(path)
        assert page.status_code == 200, role
        assert "Ms Chess" in page.text
        assert page.text.count('<code class="hash"') == 2
    homeroom = await sign_in(Role.HOMEROOM)
    assert (await homeroom.get(f"/children/{town.students['Ola']}")).status_code == 404
    assert (await homeroom.get("/children/999999")).status_code == 404
    assert (await (await sign_in(Role.FINANCE)).get(path)).status_code == 403
    other = await homeroom.get(f"{path}?date=2026-11-20")
    assert "was not planned for care" in other.text
    assert (await homeroom.get(f"{path}?date=yesterday")).status_code == 200


async def test_why_a_hand_over_was_taken_back(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    teacher, ida = await take_over(school, town, opened), opened.children["Ida"]
    async with school.work(teacher) as uow:
        await mark(uow, ida, Step.PRESENT)
        await append(uow, ida, Link(Step.RELEASED, Side(Holder.ADULT, None, "Grandma"), Proof.LIST))
    async with school.work(teacher) as uow:
        await undo(uow, ida, slip=Slip.WRONG_ADULT)
    page = (await (await sign_in(Role.HEAD)).get(f"/children/{town.students['Ida']}")).text
    assert "“Wrong adult tapped”" in page


# alarms


async def test_an_alarm_of_the_morning_is_there_before_the_day_opens(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """Yesterday's hand-over is disputed before noon: whoever looks sees it, may close it, and is led to the day."""
    school.clock.jump(school.clock.now().replace(day=24, hour=0))  # type: ignore[attr-defined]
    head, homeroom = await sign_in(Role.HEAD), await sign_in(Role.HOMEROOM)
    disputed = await raise_alarm(school, opened, "Ida")
    left_open = await head.get("/", **{"hx-request": "true"})
    assert left_open.headers["hx-refresh"] == "true", "yesterday's board, left open over night, makes place"
    for address, htmx in (("/", {}), ("/?opens=1", {"hx-request": "true"})):
        page = (await head.get(address, **htmx)).text
        assert "the live board opens with the day&#39;s lists at 12:00" in page
        assert "Hand-over disputed" in page and "Mon 23 Nov" in page
        assert "Close with a reason" in page
    assert "Close with a reason" not in (await homeroom.get("/")).text, "who answers for the day closes it"
    done = await head.post(f"/alarms/{disputed}/close", reason="spoke with the father", **{"from": "board"})
    page = (await head.get(done.headers["location"])).text
    assert "Closed, with your reason." in page
    assert "Hand-over disputed" not in page


async def test_closing_an_alarm_from_the_board(sign_in: SignIn, school: School, opened: Afternoon) -> None:
    alarm = await raise_alarm(school, opened, "Ida")
    head = await sign_in(Role.HEAD)
    assert "Hand-over disputed" in (await head.get("/")).text
    empty = await head.post(f"/alarms/{alarm}/close", reason="  ", **{"from": "board"})
    assert empty.status_code == 422
    assert "Please give a reason." in empty.text
    long = "so " * 100
    kept = await head.post(f"/alarms/{alarm}/close", reason=long)
    assert kept.status_code == 422
    assert f'value="{long}"' in kept.text, "what was typed is kept"
    done = await head.post(f"/alarms/{alarm}/close", reason="<b>spoke</b>", **{"from": "board"})
    assert done.headers["location"] == "/?done=alarm_closed"
    assert "Closed, with your reason." in (await head.get("/?done=alarm_closed")).text
    assert (await last_event(school)).action == "alarm_closed"
    again = await head.post(f"/alarms/{alarm}/close", reason="twice", **{"from": "board"})
    assert again.status_code == 409
    assert "closed in the meantime" in again.text
    assert "&lt;b&gt;spoke&lt;/b&gt;" in again.text, "the reason it was closed with"


async def test_guardians_who_contradict_each_other(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """Both answers, with the names, and that they cannot both be true."""
    alarm_id = await raise_alarm(school, opened, "Ida", AlarmKind.MISSING)
    async with school.work() as uow:
        alarm = await uow.session.get_one(Alarm, alarm_id)
        people = list(await uow.session.scalars(select(Person).order_by(Person.id).limit(2)))
        for person, answer in zip(people, (Answer.NOT_HERE, Answer.WITH_ME), strict=True):
            uow.session.add(AlarmAnswer(alarm_id=alarm_id, person_id=person.id, answer=answer, at=uow.now))
        alarm.answer = CONTRADICTED
        names = [person.name for person in people]
    head = await sign_in(Role.HEAD)
    for path in ("/", f"/children/{town.students['Ida']}"):
        page = (await head.get(path)).text
        assert "The guardians contradict each other" in page
        assert f"{names[0]}: “the child is not with me”" in page and f"{names[1]}: “the child is with me”" in page
        assert "no answer yet" not in page


async def test_closing_an_alarm_from_the_childs_page(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    alarm = await raise_alarm(school, opened, "Ida", AlarmKind.DISPUTED)
    homeroom = await sign_in(Role.HOMEROOM)
    seen = await homeroom.get(f"/children/{town.students['Ida']}")
    assert "Hand-over disputed" in seen.text
    assert "Close with a reason" not in seen.text, "who answers for the day closes it"
    assert (await homeroom.post(f"/alarms/{alarm}/close", reason="mine")).status_code == 403
    leader = await sign_in(Role.GRADE_LEADER)
    assert "Close with a reason" in (await leader.get(f"/children/{town.students['Ida']}")).text
    done = await leader.post(f"/alarms/{alarm}/close", reason="grandmother came", **{"from": "child"})
    assert done.headers["location"] == f"/children/{town.students['Ida']}?date=2026-11-23&done=alarm_closed"
    page = await leader.get(done.headers["location"])
    assert "grandmother came" in page.text


async def test_alarms_beyond_ones_reach_do_not_exist(sign_in: SignIn, school: School, opened: Afternoon) -> None:
    alarm = await raise_alarm(school, opened, "Ola")
    homeroom = await sign_in(Role.HOMEROOM)
    assert "Ola" not in (await homeroom.get("/")).text
    assert (await homeroom.post(f"/alarms/{alarm}/close", reason="mine?")).status_code == 404
    async with school.look() as uow:
        assert (await uow.session.get_one(Alarm, alarm)).closed_at is None


async def test_who_was_refused_is_for_who_answers_for_the_day(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """A homeroom teacher at a tablet that others can see reads neither the name nor that there was anything."""
    alarm = await raise_alarm(school, opened, "Ida", AlarmKind.REFUSED)
    async with school.work(SYSTEM) as uow:
        (await uow.session.get_one(Alarm, alarm)).remark = "Uncle Stopped"
    head, homeroom = await sign_in(Role.HEAD), await sign_in(Role.HOMEROOM)
    ida = f"/children/{town.students['Ida']}"
    for page in ("/", ida):
        assert "Asked for the child: Uncle Stopped" in (await head.get(page)).text
        assert "alarm-refused" in (await head.get(page)).text
    for page in ("/", "/?q=Ida", ida):
        seen = (await homeroom.get(page)).text
        assert "Ida" in seen
        assert "Uncle Stopped" not in seen and "⊘" not in seen and "alarm-refused" not in seen
    assert (await homeroom.post(f"/alarms/{alarm}/close", reason="x")).status_code == 404
    assert (await head.post(f"/alarms/{alarm}/close", reason="the police were told")).status_code == 303
    assert "the police were told" in (await head.get(ida)).text
    assert "the police were told" not in (await homeroom.get(ida)).text


# the duty lead and the day's close


async def test_the_duty_lead_is_changed(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    head = await sign_in(Role.HEAD)
    assert "Duty lead: Staff deputy" in (await head.get("/")).text
    assert "Staff member" in (await head.get("/day/lead")).text
    for unable in ("Staff finance", "Staff grade_leader", "Staff homeroom"):
        assert unable not in (await head.get("/day/lead")).text
    answer = await head.post("/day/lead", person=str(town.staff[Role.MEMBER]))
    assert answer.headers["location"] == "/?done=duty_lead_set"
    assert "Staff member answers for today now." in (await head.get("/?done=duty_lead_set")).text
    async with school.look() as uow:
        told = (await uow.session.scalars(select(Letter.person_id).where(Letter.kind == "duty_lead"))).all()
    assert told == [town.staff[Role.DEPUTY], town.staff[Role.MEMBER]]
    assert (await head.post("/day/lead", person=str(town.staff[Role.FINANCE]))).status_code == 422
    assert (await head.post("/day/lead", person="")).status_code == 422
    assert (await (await sign_in(Role.HOMEROOM)).post("/day/lead", person="1")).status_code == 403


async def test_the_day_closes_when_everybody_is_accounted_for(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    head = await sign_in(Role.HEAD)
    alarm = await raise_alarm(school, opened, "Ida")
    page = await head.get("/day/close")
    assert "8 children not accounted for" in page.text
    assert "1 open alarm" in page.text
    assert "Close and seal the day" not in page.text
    leader = await sign_in(Role.GRADE_LEADER)
    assert (await leader.post("/day/close", date="2026-11-23")).status_code == 403, "answers for a grade, not the day"
    assert "/day/close" not in (await leader.get("/")).text
    refused = await head.post("/day/close", date="2026-11-23")
    assert refused.status_code == 409
    assert "8 children are not accounted for" in refused.text
    async with school.work(await actor_of(school, town, Role.OFFICE)) as uow:
        for planned in opened.children.values():
            await append(uow, planned, Link(Step.LEAVE, FAMILY))
    assert "1 open alarm" in (await head.get("/day/close")).text
    await head.post(f"/alarms/{alarm}/close", reason="settled", **{"from": "board"})
    assert "Close and seal the day" in (await head.get("/day/close")).text
    fresh = await head.post("/day/close", date="2026-11-23")
    assert (fresh.status_code, "can still be undone" in fresh.text) == (409, True)
    school.clock.jump(school.clock.now() + timedelta(minutes=3))  # type: ignore[attr-defined]
    done = await head.post("/day/close", date="2026-11-23")
    assert done.headers["location"] == "/day/close?date=2026-11-23&done=1"
    sealed = await head.get(done.headers["location"])
    assert "Staff head closed and sealed this day at 16:43." in sealed.text
    async with school.look() as uow:
        root = (await uow.session.scalars(select(CareDay.root))).one()
    assert root is not None
    assert root in sealed.text
    assert (await head.post("/day/close", date="2026-11-23")).status_code == 409
    assert "Closed and sealed at 16:43" in (await head.get("/")).text
    audit = (await head.get("/audit?subject=day")).text
    assert "Care day closed and sealed" in audit
    assert "Mon 23 Nov" in audit
    assert (await head.post("/day/close", date="2026-11-20")).status_code == 404
    assert (await head.post("/day/close", date="whenever")).status_code == 404
    assert "No care day was opened on this date." in (await head.get("/day/close?date=2026-11-20")).text


async def test_a_day_left_open_is_pointed_at_the_next_day(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    school.clock.jump(school.clock.now().replace(day=24))  # type: ignore[attr-defined]
    head = await sign_in(Role.HEAD)
    await afternoon.tick(school)
    page = await head.get("/")
    assert "Mon 23 Nov has not been closed yet." in page.text
    assert "Mon 23 Nov" in (await head.get("/day/close")).text, "the oldest day first"


# the line


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    server.should_exit = True
    await task


async def cookies(school: School, town: Town, app: Starlette, role: Role = Role.HEAD) -> httpx.Cookies:
    async with school.work() as uow:
        token = await make_link(uow, town.staff[role])
    browser = Browser(app)
    await browser.client.post(f"/sign-in/{token}", headers={"origin": "http://school.test"})
    found = {cookie.name: cookie.value or "" for cookie in browser.client.cookies.jar}
    await browser.client.aclose()
    return httpx.Cookies(found)


class Line:
    """What one open board hears."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def hears(self, seconds: float = 1.0) -> str:
        """The next event's name; "" when the line ends."""
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if line.startswith("event: "):
                    return line.removeprefix("event: ")
                if line.startswith("retry"):
                    return "opened"
        return ""


@asynccontextmanager
async def open_board(
    school: School, town: Town, app: Starlette
) -> AsyncIterator[tuple[Line, httpx.Response, uvicorn.Server]]:
    """The line of the head's open board."""
    jar = await cookies(school, town, app)
    async with (
        served(app) as (url, server),
        httpx.AsyncClient(base_url=url, cookies=jar) as client,
        client.stream("GET", "/live") as response,
    ):
        line = Line(response)
        assert await line.hears() == "opened"
        yield line, response, server


async def test_an_open_board_hears_of_a_roll_mark_at_once(
    school: School, town: Town, app: Starlette, opened: Afternoon
) -> None:
    teacher = await take_over(school, town, opened)
    async with open_board(school, town, app) as (line, response, _):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        async with school.work(teacher) as uow:
            await mark(uow, opened.children["Ida"], Step.PRESENT)
        assert await line.hears(0.3) == "changed"
        for name in ("Jon", "Kim"):  # two close together are told as one, a moment later
            async with school.work(teacher) as uow:
                await mark(uow, opened.children[name], Step.PRESENT)
        assert await line.hears() == "changed"
        with pytest.raises(TimeoutError):
            await line.hears(0.6)


async def test_a_line_ends_with_its_session(
    school: School, town: Town, app: Starlette, opened: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    async with open_board(school, town, app) as (line, _, _):
        async with school.work(await actor_of(school, town, Role.HEAD)) as uow:
            await revoke(uow, 1)
        assert await line.hears() == "ended"
        assert await line.hears() == ""


async def test_a_session_has_some_lines_and_gives_them_back(
    school: School, town: Town, app: Starlette, desk: Desk, opened: Afternoon
) -> None:
    jar = await cookies(school, town, app)
    async with served(app) as (url, _), httpx.AsyncClient(base_url=url, cookies=jar) as client:
        lines = [client.stream("GET", "/live") for _ in range(live.MOST_OF_A_SESSION)]
        heard = [Line(await one.__aenter__()) for one in lines]
        assert [await line.hears() for line in heard] == ["opened"] * live.MOST_OF_A_SESSION
        async with client.stream("GET", "/live") as refused:
            assert refused.status_code == 204
        assert (await client.head("/live")).status_code in (200, 204)
        for one in lines:
            await one.__aexit__(None, None, None)
        async with asyncio.timeout(5):
            while desk.lines.total():
                await asyncio.sleep(0.02)
        async with client.stream("GET", "/live") as again:
            assert again.status_code == 200


async def test_open_lines_hold_up_no_shutdown(school: School, town: Town, app: Starlette, opened: Afternoon) -> None:
    async with open_board(school, town, app) as (line, _, server):
        school.changes.close()
        server.should_exit = True
        assert await line.hears() == ""


async def test_who_sees_no_board_has_no_line(sign_in: SignIn, stranger: Browser, opened: Afternoon) -> None:
    for role in (Role.FINANCE, Role.COMMITTEE, Role.SUPERVISOR, Role.LOGISTICS):
        assert (await (await sign_in(role)).get("/live")).status_code == 403
    assert (await stranger.get("/live")).headers["location"] == "/sign-in"


# what it costs


async def test_statements_do_not_grow_with_the_day(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    head = await sign_in(Role.HEAD)
    seen: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    async def cost(head: Browser) -> dict[str, int]:
        found = {}
        for path in ("/", "/?q=a", f"/children/{town.students['Ida']}", "/day/close"):
            seen.clear()
            assert (await head.get(path)).status_code == 200
            found[path] = len(seen)
        return found

    event.listen(school.reader.sync_engine, "before_cursor_execute", count)
    before = await cost(head)
    await raise_alarm(school, opened, "Jon")
    one_alarm = await cost(head)
    async with school.work(SYSTEM) as uow:
        for number in range(60):
            await child(uow, town, f"Child {number}", ("1(1)", "1(2)", "3(1)")[number % 3], State.ENROLLED)
    school.clock.jump(school.clock.now().replace(day=24))  # type: ignore[attr-defined]
    await afternoon.tick(school)
    assert max(before.values()) < 25
    after = await cost(await sign_in(Role.HEAD))
    assert all(after[path] <= one_alarm[path] + 1 for path in after), (one_alarm, after)
