"""The office works through applications: what it sees, what it decides, what the family is told."""

from __future__ import annotations

import asyncio

from console_browser import SignIn
from console_town import HOSTILE, Town, state_of, stop
from sqlalchemy import select, update

from care.records import Application, Event, Letter, Role, SchoolClass, State
from care.school import School


async def test_list_opens_on_what_waits_for_me(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    page = await head.get("/applications")
    assert page.status_code == 200
    assert "Ben" in page.text
    assert "Eve" in page.text
    assert "Parent of Ann" not in page.text, "waits for the class, not for the school"
    homeroom = await sign_in(Role.HOMEROOM)
    page = await homeroom.get("/applications?state=all")
    assert "Ann" in page.text and "Eve" not in page.text, "another class is out of reach"


async def test_search_and_filters(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    page = await head.get("/applications?state=all&q=parent of be")
    assert "Ben" in page.text
    assert "Cai" not in page.text
    page = await head.get(f"/applications?state=all&class={town.classes['3(1)']}")
    assert "Eve" in page.text
    assert "Ann" not in page.text
    assert "1/3" in page.text
    page = await head.get("/applications?state=all&days=5")
    assert "Nothing here" in page.text
    page = await head.get("/applications?state=nonsense&grade=x&class=-1&days=9&page=99999999999999999999")
    assert page.status_code == 200


async def test_names_show_literally(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    for path in ("/applications?state=all", f"/applications/{town.applications[HOSTILE]}"):
        page = await head.get(path)
        assert "&lt;b&gt;=1+1&lt;/b&gt;" in page.text
        assert HOSTILE not in page.text


async def test_approve_tells_the_family_and_leaves_a_trace(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    ben = town.applications["Ben"]
    await head.get(f"/applications/{ben}?state=reviewed")
    answer = await head.post(f"/applications/{ben}?state=reviewed", move="approved", version="1", next="7")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/applications/{ben}?state=reviewed")
    page = await head.get(answer.headers["location"])
    assert "Done: Approved by the school" in page.text
    assert await state_of(school, ben) is State.APPROVED
    async with school.look() as uow:
        event = (await uow.session.scalars(select(Event).order_by(Event.id.desc()))).first()
        letters = list(await uow.session.scalars(select(Letter).where(Letter.kind == "application_step")))
    assert event is not None
    assert (event.action, event.actor_name) == ("approved", "Staff head")
    assert any(letter.params.get("action") == "approved" for letter in letters)


async def test_return_and_refuse_need_a_remark(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    ben, cai = town.applications["Ben"], town.applications["Cai"]
    answer = await head.post(f"/applications/{ben}", move="returned", version="1", remark=" ")
    assert answer.status_code == 422
    assert "Please say why" in answer.text
    assert await state_of(school, ben) is State.REVIEWED
    answer = await head.post(f"/applications/{ben}", move="returned", version="1", remark="Which days?")
    assert answer.status_code == 303
    assert await state_of(school, ben) is State.RETURNED
    answer = await head.post(f"/applications/{cai}", move="refused", version="1", remark="x" * 501)
    assert answer.status_code == 422
    assert "x" * 501 in answer.text, "what was written is not lost"
    await head.post(f"/applications/{cai}", move="refused", version="1", remark="no need")
    assert await state_of(school, cai) is State.REFUSED


async def test_waiting_list_shows_the_position(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    eve = town.applications["Eve"]
    await head.post(f"/applications/{eve}", move="wait_listed", version="1")
    page = await head.get(f"/applications/{eve}")
    assert "place 2 on the waiting list" in page.text


async def test_an_old_screen_is_told_the_present_state(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    ben = town.applications["Ben"]
    await head.post(f"/applications/{ben}", move="approved", version="1")
    answer = await head.post(f"/applications/{ben}", move="refused", version="1", remark="changed my mind")
    assert answer.status_code == 409
    assert "Now it reads: Approved, to be signed" in answer.text
    assert await state_of(school, ben) is State.APPROVED


async def test_full_class_cannot_be_approved(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work() as uow:
        await uow.session.execute(update(SchoolClass).where(SchoolClass.id == town.classes["1(1)"]).values(capacity=0))
    head = await sign_in(Role.HEAD)
    answer = await head.post(f"/applications/{town.applications['Ben']}", move="approved", version="1")
    assert answer.status_code == 409
    assert "Class 1(1) is full (0 places)" in answer.text


async def test_what_is_not_mine_is_not_there(sign_in: SignIn, town: Town) -> None:
    homeroom = await sign_in(Role.HOMEROOM)
    eve = town.applications["Eve"]
    assert (await homeroom.get(f"/applications/{eve}")).status_code == 404
    assert (await homeroom.post(f"/applications/{eve}", move="passed", version="1")).status_code == 404
    assert (await homeroom.get("/applications/999999")).status_code == 404
    assert (await homeroom.get("/applications/99999999999999999999999")).status_code == 404
    answer = await homeroom.post(f"/applications/{town.applications['Ben']}", move="approved", version="1")
    assert answer.status_code == 403
    assert (
        await homeroom.post(f"/applications/{town.applications['Ben']}", move="fly", version="1")
    ).status_code == 404


async def test_stop_list_namesake_and_health_note(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work() as uow:
        await stop(uow, town, "Ben")
        await uow.session.execute(update(Application).values(version=1))
    head = await sign_in(Role.HEAD)
    page = await head.get(f"/applications/{town.applications['Ben']}")
    assert "Bad Uncle must not collect this child. court order" in page.text
    assert "on the stop-list" in page.text
    assert "peanut allergy" in page.text
    assert "One rule in en" in page.text, "the criteria stand beside the application"


async def test_two_administrators_take_the_last_place(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work() as uow:
        await uow.session.execute(update(SchoolClass).where(SchoolClass.id == town.classes["1(1)"]).values(capacity=1))
    head, deputy = await sign_in(Role.HEAD), await sign_in(Role.DEPUTY)
    await head.get("/sessions")
    await deputy.get("/sessions")
    answers = await asyncio.gather(
        head.post(f"/applications/{town.applications['Ben']}", move="approved", version="1"),
        deputy.post(f"/applications/{town.applications['Cai']}", move="approved", version="1"),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]


async def test_waiver_is_recorded_once(sign_in: SignIn, school: School, town: Town) -> None:
    office = await sign_in(Role.OFFICE)
    path = f"/applications/{town.applications['Fay']}/waiver"
    assert (await office.post(path, reason="")).status_code == 422
    assert (await office.post(path, reason="hardship")).status_code == 303
    again = await office.post(path, reason="hardship")
    assert again.status_code == 409
    assert "already recorded" in again.text
    leader = await sign_in(Role.MEMBER)
    assert (await leader.post(path, reason="x")).status_code == 403
