"""Who must not collect a child: named on the board and on the child's page, added and taken off by the office."""

from __future__ import annotations

import pytest
from board_town import Afternoon, take_over
from console_browser import SignIn
from console_town import Town, last_event, stop
from sqlalchemy import select, update

from care.permissions import SYSTEM
from care.records import Guardianship, Role, StopListEntry
from care.school import School

LINE = "⊘ Must not collect: Bad Uncle"


async def barred(school: School, town: Town, name: str = "Ida") -> None:
    async with school.work(SYSTEM) as uow:
        await stop(uow, town, name)


@pytest.mark.parametrize("role", [Role.HEAD, Role.OFFICE, Role.GRADE_LEADER, Role.HOMEROOM])
async def test_the_board_and_the_page_say_who_must_not_collect(
    role: Role, sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    await barred(school, town)
    browser = await sign_in(role)
    for board in ((await browser.get("/")).text, (await browser.get("/", **{"hx-request": "true"})).text):
        assert board.count(LINE) == 1, "in Ida's line, and in no other"
    page = (await browser.get(f"/children/{town.students['Ida']}")).text
    assert 'id="barred-title"' in page and "<strong>Bad Uncle</strong>" in page
    other = (await browser.get(f"/children/{town.students['Jon']}")).text
    assert "Bad Uncle" not in other and "barred-title" not in other


async def test_a_restricted_guardian_is_named_with_the_relation(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    async with school.work(SYSTEM) as uow:
        tie = town.guardianships["Ida"]
        await uow.session.execute(update(Guardianship).where(Guardianship.id == tie).values(restricted=True))
    browser = await sign_in(Role.HEAD)
    await browser.post("/language", language="zh_CN", back="/")
    assert (await browser.get("/")).text.count("⊘ 禁止接送：Parent of Ida") == 1
    page = (await browser.get(f"/children/{town.students['Ida']}")).text
    assert "<strong>Parent of Ida</strong> <span>妈妈</span>" in page and "禁止接送" in page


async def test_a_care_teacher_reads_it_of_the_children_of_their_duty(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """As on the day sheet: the duty reaches every class of the board, the names only those whose session it is."""
    for name in ("Ida", "Ola"):
        await barred(school, town, name)
    care = await sign_in(Role.CARE_TEACHER)
    assert "Bad Uncle" not in (await care.get("/")).text
    assert "Bad Uncle" not in (await care.get(f"/children/{town.students['Ida']}")).text
    await take_over(school, town, opened, "1(1)", Role.CARE_TEACHER)
    assert (await care.get("/")).text.count(LINE) == 1
    assert "Bad Uncle" in (await care.get(f"/children/{town.students['Ida']}")).text
    assert "Bad Uncle" not in (await care.get(f"/children/{town.students['Ola']}")).text


async def test_adding_and_taking_off(sign_in: SignIn, school: School, town: Town, opened: Afternoon) -> None:
    office, ida = await sign_in(Role.OFFICE), f"/children/{town.students['Ida']}"
    assert f'href="{ida}#stop-list"' in (await office.get("/students?q=Ida")).text
    assert "Nobody is on it." in (await office.get(ida)).text
    done = await office.post(f"{ida}/stop-list", name=" Bad  Uncle ", phone="139 0000 0001", reason="court order 7/26")
    assert done.headers["location"] == f"{ida}?done=stop_added#stop-list"
    page = (await office.get(done.headers["location"])).text
    assert "Done: Added to the stop-list." in page
    assert "<strong>Bad Uncle</strong> 13900000001" in page and "court order 7/26" in page and "Staff office" in page
    event = await last_event(school)
    assert (event.action, event.remark, event.data["name"]) == ("stop_added", "court order 7/26", "Bad Uncle")
    (entry,) = await entries_of(school)
    assert (entry.added_by, entry.student_id) == (town.staff[Role.OFFICE], town.students["Ida"])
    assert LINE in (await office.get("/")).text
    none = await office.post(f"/stop-list/{entry.id}/end", reason=" ")
    assert (
        none.status_code == 422
        and "Please give the reason in a few words" in none.text
        and "<details open>" in none.text
    )
    ended = await office.post(f"/stop-list/{entry.id}/end", reason="the order was lifted")
    assert ended.headers["location"] == f"{ida}?done=stop_ended#stop-list"
    page = (await office.get(ended.headers["location"])).text
    assert "Done: Taken off the stop-list." in page and "Bad Uncle" not in page
    event = await last_event(school)
    assert (event.action, event.remark) == ("stop_ended", "the order was lifted")
    assert LINE not in (await office.get("/")).text
    again = await office.post(f"/stop-list/{entry.id}/end", reason="twice")
    assert again.status_code == 409 and "settled in the meantime" in again.text
    audit = (await office.get("/audit")).text
    assert "Taken off the stop-list" in audit and "the order was lifted" in audit


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": " ", "reason": "x"}, "Please give a name of at most 40 characters."),
        ({"name": "Uncle <b>", "phone": "12", "reason": "x"}, "Please give a phone number with 7 to 15 digits"),
        ({"name": "Uncle <b>", "phone": "", "reason": " "}, "Please give the reason in a few words"),
        ({"name": "Uncle <b>", "reason": "so " * 99}, "please keep it within 200 characters"),
        ({"name": "bad uncle", "reason": "again"}, "Bad Uncle is on the child&#39;s stop-list already."),
    ],
)
async def test_what_cannot_be_added_is_said_and_kept(
    typed: dict[str, str], says: str, sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    await barred(school, town)
    head = await sign_in(Role.HEAD)
    answer = await head.post(f"/children/{town.students['Ida']}/stop-list", **typed)
    assert answer.status_code in (409, 422) and says in answer.text
    assert f'value="{typed["reason"]}"' in answer.text
    assert f'value="{typed["name"].replace("<b>", "&lt;b&gt;")}"' in answer.text
    assert len(await entries_of(school)) == 1


async def test_a_guardian_on_the_list_is_restricted_until_taken_off(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    """As with the workbook of the roster: told nothing, deciding nothing."""
    head, ida = await sign_in(Role.DEPUTY), f"/children/{town.students['Ida']}"
    await head.post(f"{ida}/stop-list", name="parent of ida", phone="", reason="court order")
    assert "guardian: told nothing, decides nothing" in (await head.get(ida)).text
    assert await is_restricted(school, town, "Ida")
    (entry,) = await entries_of(school)
    await head.post(f"/stop-list/{entry.id}/end", reason="lifted")
    assert not await is_restricted(school, town, "Ida")
    assert (await last_event(school)).action == "guardian_freed"
    await head.post(f"{ida}/stop-list", name="Parent of Ida", phone="13900009999", reason="a namesake")
    assert not await is_restricted(school, town, "Ida")


async def test_nobody_keeps_the_list_of_their_own_child(
    sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    await barred(school, town)
    async with school.work(SYSTEM) as uow:
        tie = await uow.session.get_one(Guardianship, town.guardianships["Ida"])
        tie.person_id = town.staff[Role.OFFICE]
    office, ida = await sign_in(Role.OFFICE), f"/children/{town.students['Ida']}"
    page = (await office.get(ida)).text
    assert "let a colleague keep its stop-list" in page and "Add somebody" not in page and "/end" not in page
    refused = await office.post(f"{ida}/stop-list", name="The Other", reason="mine")
    assert refused.status_code == 403 and "let a colleague keep its stop-list" in refused.text
    (entry,) = await entries_of(school)
    assert (await office.post(f"/stop-list/{entry.id}/end", reason="mine")).status_code == 403
    assert len(await entries_of(school)) == 1


@pytest.mark.parametrize("role", [Role.MEMBER, Role.GRADE_LEADER, Role.HOMEROOM])
async def test_who_sees_the_list_and_does_not_keep_it(
    role: Role, sign_in: SignIn, school: School, town: Town, opened: Afternoon
) -> None:
    await barred(school, town)
    browser = await sign_in(role)
    page = (await browser.get(f"/children/{town.students['Ida']}")).text
    assert "Bad Uncle" in page and "stop-title" not in page and "court order" not in page
    assert "#stop-list" not in (await browser.get("/students")).text


async def entries_of(school: School) -> list[StopListEntry]:
    async with school.look() as uow:
        return list(await uow.session.scalars(select(StopListEntry).where(StopListEntry.ended_at.is_(None))))


async def is_restricted(school: School, town: Town, name: str) -> bool:
    async with school.look() as uow:
        return (await uow.session.get_one(Guardianship, town.guardianships[name])).restricted
