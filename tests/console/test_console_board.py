"""The live board in the console, a child's day, alarms, the duty lead and the day's close."""

from __future__ import annotations

from datetime import timedelta

import pytest
from board_town import Afternoon, actor_of, open_day, raise_alarm, take_over
from console_browser import SignIn
from console_town import HOSTILE, Town, child
from sqlalchemy import select

from care.custody.chain import FAMILY, Link, Side, append
from care.extended.roll import me, take_in
from care.extended.session import session_on
from care.permissions import SYSTEM
from care.records import CareDay, DayChild, Holder, Letter, Proof, Role, State, Step
from care.records.people import SchoolClass
from care.release.undoing import Slip, undo
from care.rollcall import all_others_present, mark
from care.school import School
from scheduler import afternoon


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


async def test_a_child_in_extended_care_reads_so(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """On the board, on the child's page and where the day cannot close."""
    teacher = await take_over(school, town, opened)
    async with school.work(teacher) as uow:
        for name in ("Ida", "Jon"):
            await mark(uow, opened.children[name], Step.PRESENT)
        there = await session_on(uow, uow.day)
        assert there is not None
        for name, data in (("Ida", {"extended": there.id}), ("Jon", {})):
            await append(uow, opened.children[name], Link(Step.HANDED_OVER, me(uow), data=data))
        await take_in(uow, [opened.children["Ida"]])
        student = (await uow.session.get_one(DayChild, opened.children["Ida"])).student_id
    head = await sign_in(Role.HEAD)
    for page in ((await head.get("/?place=here")).text, (await head.get("/day/close")).text):
        assert [page.count(words) for words in (" In extended care<", " With a teacher<")] == [1, 1]
    assert (await head.get(f"/children/{student}")).text.count(" In extended care<") == 2, "now, and in the chain"


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
