"""Day sheets to be printed, and what happened on paper entered later, as the office and the teachers do it."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time, timedelta

import pytest
from console_browser import Browser, SignIn
from console_town import HOSTILE, Town, child, last_event, stop
from pypdf import PdfReader
from sqlalchemy import func, select, update

from care.clock import MovableClock
from care.custody.ledger import Flaw, verify
from care.permissions import SYSTEM
from care.records import (
    Alarm,
    Application,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    Event,
    Person,
    Proof,
    Role,
    StaffRole,
    State,
    Step,
    Student,
)
from care.school import School
from scheduler import afternoon

R = Role
MONDAY = date(2026, 11, 23)
LEADING = {R.HEAD, R.DEPUTY, R.MEMBER, R.OFFICE}
NUMBERS = {R.LOGISTICS, R.FINANCE, R.COMMITTEE, R.SUPERVISOR}


def words(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


@pytest.fixture
async def open_day(school: School, town: Town) -> dict[str, int]:
    """Monday's sessions by class: 1(1), 1(2) and 3(1), with all their children enrolled. It is 18:00."""
    async with school.work(SYSTEM) as uow:
        await child(uow, town, "Ida", "1(1)", State.ENROLLED)
        await uow.session.execute(update(Application).values(state=State.ENROLLED))
        await stop(uow, town, "Ann")
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(MONDAY, time(18, 0), school.zone))
    await afternoon.tick(school)
    async with school.look() as uow:
        query = select(CareSession).order_by(CareSession.id)
        found = {session.school_class_id: session.id for session in await uow.session.scalars(query)}
    return {name: found[number] for name, number in town.classes.items()}


async def child_of(school: School, name: str) -> DayChild:
    async with school.look() as uow:
        return (await uow.session.scalars(select(DayChild).join(Student).where(Student.name == name))).one()


async def chain(school: School, name: str) -> list[CustodyEvent]:
    query = select(CustodyEvent).join(DayChild).join(Student).where(Student.name == name).order_by(CustodyEvent.seq)
    async with school.look() as uow:
        return list(await uow.session.scalars(query))


async def on_duty(school: School, town: Town, session: int) -> None:
    """The care teacher is planned for this session."""
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(
            update(CareSession).where(CareSession.id == session).values(teacher_id=town.staff[R.CARE_TEACHER])
        )


# printing

SEES: dict[Role, set[str]] = {
    **{role: {"1(1)", "1(2)", "3(1)"} for role in LEADING},
    R.GRADE_LEADER: {"1(1)", "1(2)"},
    R.HOMEROOM: {"1(1)"},
    R.CARE_TEACHER: {"1(2)"},
}


@pytest.mark.parametrize("role", sorted(SEES))
async def test_each_prints_what_is_theirs(
    role: Role, sign_in: SignIn, school: School, town: Town, open_day: dict[str, int]
) -> None:
    await on_duty(school, town, open_day["1(2)"])
    browser = await sign_in(role)
    page = (await browser.get("/day-sheets")).text
    for name, session in open_day.items():
        assert (f"/day-sheets/{session}.pdf" in page) == (name in SEES[role])
        answer = await browser.post(f"/day-sheets/{session}.pdf")
        assert answer.status_code == (200 if name in SEES[role] else 404), name
        if name in SEES[role]:
            assert answer.headers["content-type"] == "application/pdf"
            assert f"Class {name}" in words(answer.content)


@pytest.mark.parametrize("role", sorted(NUMBERS))
async def test_who_sees_no_pupils_prints_none(role: Role, sign_in: SignIn, open_day: dict[str, int]) -> None:
    browser = await sign_in(role)
    assert (await browser.get("/day-sheets")).status_code == 403
    assert (await browser.get(f"/paper?session={open_day['1(1)']}")).status_code == 403
    await browser.get("/sessions")
    for path in (f"/day-sheets/{open_day['1(1)']}.pdf", "/day-sheets/waves/1.pdf", f"/paper/{open_day['1(1)']}"):
        assert (await browser.post(path)).status_code == 403


async def test_a_sheet_says_who_may_and_who_must_not(sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    head = await sign_in(R.HEAD)
    printed = words((await head.post(f"/day-sheets/{open_day['1(1)']}.pdf")).content)
    for word in ("Ann", "Ben", "Cai", "Ida", "mother Parent of Ann 138", "MUST NOT COLLECT: uncle Bad Uncle", "Staff"):
        assert word in printed
    assert "Printed 2026-11-23 18:00 by Staff head" in printed
    event = await last_event(school)
    assert (event.action, event.subject_id) == ("day_sheet_printed", open_day["1(1)"])
    audit = (await head.get("/audit")).text
    assert "Day sheet printed" in audit


async def test_a_wave_in_one_paper(sign_in: SignIn, town: Town, open_day: dict[str, int]) -> None:
    leader = await sign_in(R.GRADE_LEADER)
    page = (await leader.get("/day-sheets")).text
    assert "2 classes in one PDF" in page and "/day-sheets/waves/2.pdf" not in page
    printed = words((await leader.post("/day-sheets/waves/1.pdf")).content)
    assert "Class 1(1)" in printed and "Class 1(2)" in printed and HOSTILE in printed
    assert (await leader.post("/day-sheets/waves/2.pdf")).status_code == 404


async def test_without_a_plan_there_is_nothing(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(R.HEAD)
    assert "There is no day sheet for you today" in (await head.get("/day-sheets")).text
    assert (await head.post("/day-sheets/1.pdf")).status_code == 404
    assert "No day is open" in (await head.get("/paper")).text
    assert (await head.get("/paper?session=1")).status_code == 404


# entering


def form_of(page: str) -> dict[str, str]:
    """The hidden and preset fields of the page."""
    found = dict(re.findall(r'<input type="hidden" name="(seq-\d+)" value="(\d+)">', page))
    return {**found, "roll_at": re.findall(r'name="roll_at" value="([\d:]+)"', page)[0]}


async def enters(browser: Browser, session: int, page: str, **fields: str):  # type: ignore[no-untyped-def]
    children = re.findall(r'name="child" value="(\d+)"', page)
    return await browser.post(f"/paper/{session}", child=children, **{**form_of(page), **fields})


async def guardian_of(school: School, name: str) -> str:
    async with school.look() as uow:
        return f"guardian:{await uow.session.scalar(select(Person.id).where(Person.name == f'Parent of {name}'))}"


async def test_an_afternoon_is_entered(sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    listed = (await office.get("/paper")).text
    assert "⚠ 4 children" in listed and f"/paper?session={session}" in listed
    page = (await office.get(f"/paper?session={session}")).text
    assert 'name="roll_at" value="14:35"' in page and "⊘ MUST NOT COLLECT: Bad Uncle" in page
    ann, ben, cai = [(await child_of(school, name)).id for name in ("Ann", "Ben", "Cai")]
    answer = await enters(
        office,
        session,
        page,
        rest="yes",
        **{
            f"by-{ann}": await guardian_of(school, "Ann"),
            f"left-{ann}": "17:12",
            f"came-{ben}": "no",
            f"note-{ben}": "mother called",
            f"name-{cai}": "Parent of Cai",
            f"left-{cai}": "17:15",
            f"at-{cai}": "15:05",
        },
    )
    assert answer.status_code == 303, answer.text
    page = (await office.get(answer.headers["location"])).text
    assert "Entered for 4 children, under your name." in page
    assert page.count("✎ entered later, by Staff office") == 4
    assert [link.step for link in await chain(school, "Ann")] == [Step.EXPECTED, Step.PRESENT, Step.RELEASED]
    assert [link.step for link in await chain(school, "Ben")] == [Step.EXPECTED, Step.ABSENT, Step.EXPLAINED]
    assert [link.step for link in await chain(school, "Ida")] == [Step.EXPECTED, Step.PRESENT]
    _, came, left = await chain(school, "Cai")
    assert f"{came.at.astimezone(school.zone):%H:%M}" == "15:05" and left.holder_name == "Parent of Cai"
    assert {link.proof for link in (came, left)} == {Proof.PAPER}
    listed = (await office.get("/paper")).text
    assert "⚠ 1 child<" in listed
    async with school.look(SYSTEM) as uow:
        assert not isinstance(await verify(uow), Flaw)
    assert "Entered later, from paper" in (await office.get("/audit")).text
    ida = (await child_of(school, "Ida")).id
    assert ">did not come<" not in page.partition(f'name="came-{ida}"')[2].partition("</select>")[0], "Ida is here"
    forged = await enters(office, session, page, **{f"came-{ida}": "no"})
    assert "it cannot have stayed away" in forged.text and len(await chain(school, "Ida")) == 2


async def test_bad_lines_keep_all_that_was_typed(sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    page = (await office.get(f"/paper?session={session}")).text
    ann, ben, cai = [(await child_of(school, name)).id for name in ("Ann", "Ben", "Cai")]
    answer = await enters(
        office,
        session,
        page,
        roll_at="14:50",
        **{
            f"came-{ann}": "yes",
            f"by-{ben}": "other",
            f"left-{ben}": "17:12",
            f"note-{ben}": '"><script>',
            f"by-{cai}": await guardian_of(school, "Cai"),
            f"left-{cai}": "5 past 5",
        },
    )
    assert answer.status_code == 422
    assert (
        "Nothing has been entered yet" in answer.text and "Please give every time as hours and minutes" in answer.text
    )
    assert (
        'value="14:50"' in answer.text and 'value="17:12"' in answer.text and "&#34;&gt;&lt;script&gt;" in answer.text
    )
    assert '<option value="yes" selected>' in answer.text
    assert len(await chain(school, "Ann")) == 1
    answer = await enters(office, session, page, **{f"by-{ben}": "other", f"left-{ben}": "17:12"})
    assert "Please give the name of who collected the child" in answer.text
    answer = await enters(office, session, page, roll_at="")
    assert answer.status_code == 422


async def test_what_should_not_have_been_is_confirmed_first(
    sign_in: SignIn, school: School, open_day: dict[str, int]
) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    page = (await office.get(f"/paper?session={session}")).text
    ann = (await child_of(school, "Ann")).id
    uncle = re.findall(r'<option value="(listed:\d+)">⊘ MUST NOT COLLECT: Bad Uncle', page)[0]
    lines = {f"by-{ann}": uncle, f"left-{ann}": "17:12"}
    assert f'name="ok-{ann}"' not in page
    answer = await enters(office, session, page, **lines)
    assert answer.status_code == 422 and "Bad Uncle must NOT collect this child." in answer.text
    assert f'name="ok-{ann}"' in answer.text and "The duty lead is told." in answer.text
    answer = await enters(office, session, answer.text, **lines, **{f"ok-{ann}": "yes"})
    assert answer.status_code == 303
    async with school.look() as uow:
        assert await uow.session.scalar(select(func.count()).select_from(Alarm)) == 1
    assert (await chain(school, "Ann"))[-1].data["irregular"] == "stop_listed"


async def test_the_same_page_sent_twice_and_an_old_page(
    sign_in: SignIn, school: School, open_day: dict[str, int]
) -> None:
    office, teacher, session = await sign_in(R.OFFICE), await sign_in(R.HOMEROOM), open_day["1(1)"]
    page = (await office.get(f"/paper?session={session}")).text
    old = (await teacher.get(f"/paper?session={session}")).text
    ann = (await child_of(school, "Ann")).id
    lines = {f"by-{ann}": await guardian_of(school, "Ann"), f"left-{ann}": "17:12"}
    assert (await enters(office, session, page, **lines)).status_code == 303
    for browser in (office, teacher):
        answer = await enters(browser, session, old, **lines)
        assert answer.status_code == 422 and "This has changed in the meantime" in answer.text
    assert len(await chain(school, "Ann")) == 3


@pytest.mark.parametrize("by", ["guardian:999999", "guardian:x", "nobody:1", "delegate:1", "listed:1:2"])
async def test_forged_adults(by: str, sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    page = (await office.get(f"/paper?session={session}")).text
    ann = (await child_of(school, "Ann")).id
    answer = await enters(office, session, page, **{f"by-{ann}": by, f"left-{ann}": "17:12", f"ok-{ann}": "yes"})
    assert answer.status_code == 422 and len(await chain(school, "Ann")) == 1


@pytest.mark.parametrize("role", [*sorted(LEADING), R.GRADE_LEADER, R.HOMEROOM, R.CARE_TEACHER])
async def test_who_enters_for_which_class(role: Role, sign_in: SignIn, open_day: dict[str, int]) -> None:
    browser = await sign_in(role)
    reach = {R.GRADE_LEADER: {"1(1)", "1(2)"}, R.HOMEROOM: {"1(1)"}}.get(role, set(open_day))
    listed = (await browser.get("/paper")).text
    for name, session in open_day.items():
        assert (f"/paper?session={session}" in listed) == (name in reach)
        page = await browser.get(f"/paper?session={session}")
        assert page.status_code == (200 if name in reach else 404)
        answer = await browser.post(f"/paper/{session}", roll_at="14:40")
        assert answer.status_code == (303 if name in reach else 404)
        assert not re.search(r"(?<![0-9a-f])1\d{10}(?![0-9a-f])", page.text), "no phone numbers on this page"


async def test_a_sealed_day_shows_and_takes_nothing(
    sign_in: SignIn, school: School, town: Town, open_day: dict[str, int]
) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    page = (await office.get(f"/paper?session={session}")).text
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(CareDay).values(closed_at=uow.now, root="0" * 64))
    answer = await enters(office, session, page, rest="yes")
    assert answer.status_code == 409 and "closed and sealed" in answer.text
    page = (await office.get(f"/paper?session={session}")).text
    assert "nothing can be entered any more" in page and "Enter from paper" not in page
    assert "No day is open" in (await office.get("/paper")).text


async def test_yesterdays_paper(sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(school.clock.now() + timedelta(hours=15))
    homeroom, session = await sign_in(R.HOMEROOM), open_day["1(1)"]
    assert "Nov" in (await homeroom.get("/paper")).text
    page = (await homeroom.get(f"/paper?session={session}")).text
    ann = (await child_of(school, "Ann")).id
    answer = await enters(homeroom, session, page, **{f"came-{ann}": "no"})
    assert "Please note why the child did not come" in answer.text
    answer = await enters(homeroom, session, page, **{f"came-{ann}": "no", f"note-{ann}": "ill"})
    assert answer.status_code == 303
    async with school.look() as uow:
        events = select(Event).where(Event.action == "paper_entered")
        (event,) = await uow.session.scalars(events)
        roles = select(StaffRole.person_id).where(StaffRole.role == R.HOMEROOM)
        assert event.actor_id == await uow.session.scalar(roles) and event.remark == "ill"


async def test_in_chinese(sign_in: SignIn, open_day: dict[str, int]) -> None:
    office = await sign_in(R.OFFICE)
    await office.get("/paper")
    await office.post("/language", language="zh_CN", back="/paper")
    assert "补录纸上记录" in (await office.get(f"/paper?session={open_day['1(1)']}")).text
    assert "日签到表" in (await office.get("/day-sheets")).text
    printed = words((await office.post(f"/day-sheets/{open_day['1(1)']}.pdf")).content)
    assert "禁止接走：叔叔" in printed or "禁止接走" in printed


# a hand-over on paper


async def test_a_hand_over_goes_on_paper(sign_in: SignIn, school: School, town: Town, open_day: dict[str, int]) -> None:
    """Said by the grade leader, shown on the board, taken back by the office; a class beyond reach is not there."""
    leader, head, mine = await sign_in(R.GRADE_LEADER), await sign_in(R.HEAD), open_day["1(1)"]
    page = (await leader.get("/paper")).text
    assert "From now on nobody is reminded of children who have not been collected" in page
    assert f"/paper/{open_day['3(1)']}/mark" not in page
    assert (await leader.post(f"/paper/{open_day['3(1)']}/mark", on="yes")).status_code == 404
    for _twice in range(2):
        assert (await leader.post(f"/paper/{mine}/mark", on="yes")).headers["location"] == "/paper"
    said = "✎ On paper since 18:00, by Staff grade_leader"
    assert said in (await leader.get("/paper")).text
    assert said in (await leader.get(f"/paper?session={mine}")).text
    board = (await head.get("/")).text
    assert f"{said}: 4 children to be entered" in board
    assert "Hand-over goes on paper" in (await head.get("/audit")).text
    assert (await head.post(f"/paper/{mine}/mark", on="no")).headers["location"] == "/paper"
    assert "On paper since" not in (await head.get("/")).text
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(CareDay).values(closed_at=uow.now))
    refused = await head.post(f"/paper/{mine}/mark", on="yes")
    assert refused.status_code == 409 and "This day is closed and sealed" in refused.text


async def test_a_hand_over_of_yesterday_goes_on_no_paper(
    sign_in: SignIn, school: School, open_day: dict[str, int]
) -> None:
    assert isinstance(school.clock, MovableClock)
    school.clock.jump(datetime.combine(MONDAY + timedelta(days=1), time(9), school.zone))
    head = await sign_in(R.HEAD)
    assert "/mark" not in (await head.get("/paper")).text
    refused = await head.post(f"/paper/{open_day['1(1)']}/mark", on="yes")
    assert refused.status_code == 409 and "That is of another day" in refused.text
