"""Deciding on many at once: one confirmation, then who got it, who did not, and why."""

from __future__ import annotations

import asyncio

from console_browser import SignIn
from console_town import Town, state_of
from sqlalchemy import update

from care.records import Application, Role, SchoolClass, State
from care.school import School


async def test_bulk_approve_gives_the_last_place_to_who_came_first(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work() as uow:
        await uow.session.execute(update(SchoolClass).where(SchoolClass.id == town.classes["1(1)"]).values(capacity=1))
    head = await sign_in(Role.HEAD)
    ben, cai, eve = (town.applications[name] for name in ("Ben", "Cai", "Eve"))
    picks = [f"{number}:1" for number in (cai, ben, eve)]
    page = await head.post_and_follow("/applications/bulk", move="approved", pick=picks)
    assert page.status_code == 200
    assert "Approve: 3 applications" in page.text
    assert "2 chosen, 1 free" in page.text
    assert await state_of(school, ben) is State.REVIEWED, "nothing happens before the confirmation"
    page = await head.post("/applications/bulk/confirm", move="approved", pick=picks)
    assert "Done for 2 applications" in page.text
    assert "Class 1(1) is full" in page.text or "is full" in page.text
    assert await state_of(school, ben) is State.APPROVED
    assert await state_of(school, cai) is State.REVIEWED
    assert await state_of(school, eve) is State.APPROVED


async def test_bulk_return_refuse_and_waiting_list(sign_in: SignIn, school: School, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    for name, move, state in (
        ("Ben", "returned", State.RETURNED),
        ("Cai", "refused", State.REFUSED),
        ("Eve", "wait_listed", State.WAITING),
    ):
        pick = f"{town.applications[name]}:1"
        if move != "wait_listed":
            for says_nothing in ("", "ok"):
                page = await head.post("/applications/bulk/confirm", move=move, pick=pick, remark=says_nothing)
                assert page.status_code == 422
                assert "Please say why" in page.text and f"{says_nothing}</textarea>" in page.text
        page = await head.post("/applications/bulk/confirm", move=move, pick=pick, remark="because")
        assert page.status_code == 200
        assert await state_of(school, town.applications[name]) is state


async def test_bulk_leaves_changed_and_foreign_ones_alone(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work() as uow:
        await uow.session.execute(
            update(Application).where(Application.id == town.applications["Ben"]).values(version=2)
        )
    homeroom, head = await sign_in(Role.HOMEROOM), await sign_in(Role.HEAD)
    page = await head.post_and_follow("/applications/bulk", move="approved", pick=f"{town.applications['Ben']}:1")
    assert "they have changed since the list was shown" in page.text
    page = await head.post("/applications/bulk/confirm", move="approved", pick=f"{town.applications['Ben']}:1")
    assert "This has changed in the meantime" in page.text
    page = await homeroom.post_and_follow("/applications/bulk", move="passed", pick=[f"{town.applications['Eve']}:1"])
    assert "Eve" not in page.text
    page = await homeroom.post("/applications/bulk/confirm", move="passed", pick=[f"{town.applications['Eve']}:1"])
    assert "Eve" not in page.text
    assert await state_of(school, town.applications["Eve"]) is State.REVIEWED


async def test_bulk_without_a_choice(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    page = await head.post("/applications/bulk", move="approved")
    assert page.status_code == 422
    assert "Choose at least one application" in page.text
    assert (await head.post("/applications/bulk", move="nonsense", pick="1:1")).status_code == 404


async def test_two_administrators_decide_on_the_same_ones_at_once(sign_in: SignIn, school: School, town: Town) -> None:
    head, deputy = await sign_in(Role.HEAD), await sign_in(Role.DEPUTY)
    await head.get("/sessions")
    await deputy.get("/sessions")
    picks = [f"{town.applications[name]}:1" for name in ("Ben", "Cai", "Eve")]
    pages = await asyncio.gather(
        head.post("/applications/bulk/confirm", move="approved", pick=picks),
        deputy.post("/applications/bulk/confirm", move="approved", pick=picks[::-1]),
    )
    done = ["Done for 3 applications" in page.text for page in pages]
    left = ["3 applications stay as they were" in page.text for page in pages]
    assert sorted(done) == sorted(left) == [False, True], "one did it all, the other is told"
