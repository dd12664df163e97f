"""Who must not collect a child: on the board and on the child's page, for whose duty needs it."""

from __future__ import annotations

import pytest
from board_town import Afternoon, take_over
from console_browser import SignIn
from console_town import Town, stop
from sqlalchemy import update

from care.permissions import SYSTEM
from care.records import Guardianship, Role
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
