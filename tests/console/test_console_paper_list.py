"""The list of classes whose paper is to be entered, and what a line asks of a child that is here already."""

from __future__ import annotations

from datetime import timedelta

from console_browser import SignIn
from sqlalchemy import update
from test_console_paper import child_of, enters, open_day

from care.permissions import SYSTEM
from care.records import DayChild, Role
from care.school import School

__all__ = ["open_day"]


async def test_children_of_extended_care_are_named(sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    office, ann = await sign_in(Role.OFFICE), await child_of(school, "Ann")
    assert "in extended care<" not in (await office.get("/paper")).text
    async with school.work(SYSTEM) as uow:
        moved = update(DayChild).where(DayChild.id == ann.id).values(extended_at=uow.now - timedelta(hours=1))
        await uow.session.execute(moved)
    listed = (await office.get("/paper")).text
    assert "⚠ 4 children" in listed and "1 of them is in extended care" in listed


async def test_who_is_here_is_not_asked_whether_it_came(
    sign_in: SignIn, school: School, open_day: dict[str, int]
) -> None:
    office, session = await sign_in(Role.OFFICE), open_day["1(1)"]
    ann, ben = [(await child_of(school, name)).id for name in ("Ann", "Ben")]
    page = (await office.get(f"/paper?session={session}")).text
    assert (await enters(office, session, page, **{f"came-{ann}": "yes"})).status_code == 303
    page = (await office.get(f"/paper?session={session}")).text
    assert f'name="came-{ann}"' not in page and f'name="by-{ann}"' in page and f'name="came-{ben}"' in page
