"""A hand-over that was entered from paper wrongly is corrected on a page of its own, by who answers for the day."""

from __future__ import annotations

import pytest
from console_browser import Browser, SignIn
from test_console_paper import chain, child_of, enters, guardian_of, open_day

from care.custody.ledger import Flaw, verify
from care.permissions import SYSTEM
from care.records import Role, Step
from care.school import School

__all__ = ["open_day"]
R = Role


async def entered_wrongly(office: Browser, school: School, session: int) -> int:
    page = (await office.get(f"/paper?session={session}")).text
    ann = (await child_of(school, "Ann")).id
    line = {f"by-{ann}": await guardian_of(school, "Ann"), f"left-{ann}": "17:12"}
    assert (await enters(office, session, page, **line)).status_code == 303
    return ann


async def test_a_wrong_line_is_taken_back(sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    ann = await entered_wrongly(office, school, session)
    assert f'href="/paper/children/{ann}"' in (await office.get(f"/paper?session={session}")).text
    page = (await office.get(f"/paper/children/{ann}")).text
    assert "17:12" in page and "still at school" in page and "1 guardian has been told" in page
    address, seq = f"/paper/children/{ann}", {f"seq-{ann}": "3"}
    answer = await office.post(address, reason="", **seq)
    assert answer.status_code == 422 and len(await chain(school, "Ann")) == 3
    answer = await office.post(address, reason='<b>"row</b>', **seq, **{f"left-{ann}": "17:01"})
    assert answer.status_code == 422 and "Who collected the child?" in answer.text
    assert 'value="17:01"' in answer.text and "&lt;b&gt;&#34;row&lt;/b&gt;" in answer.text
    answer = await office.post(address, reason="wrong row", **seq)
    assert answer.status_code == 303 and answer.headers["location"].endswith(f"&corrected=yes#child-{ann}")
    page = (await office.get(f"/paper?session={session}&corrected=yes")).text
    assert "Corrected. Whoever had been told" in page and f'name="by-{ann}"' in page and f'name="came-{ann}"' in page
    assert [one.step for one in await chain(school, "Ann")][-2:] == [Step.RELEASED, Step.UNDONE]
    assert (await office.post(address, reason="wrong row", **seq)).status_code == 409
    async with school.look(SYSTEM) as uow:
        assert not isinstance(await verify(uow), Flaw)
    assert "Entered from paper, corrected" in (await office.get("/audit")).text
    record = await office.get(f"/children/{(await child_of(school, 'Ann')).student_id}")
    assert "wrong row" in record.text and "Hand-over taken back" in record.text


async def test_one_step_puts_the_right_adult_and_asks_before_a_stranger(
    sign_in: SignIn, school: School, open_day: dict[str, int]
) -> None:
    office, session = await sign_in(R.OFFICE), open_day["1(1)"]
    ann = await entered_wrongly(office, school, session)
    right = {"reason": "a neighbour came", f"seq-{ann}": "3", f"name-{ann}": "Neighbour", f"left-{ann}": "17:01"}
    answer = await office.post(f"/paper/children/{ann}", **right)
    assert answer.status_code == 422 and f'name="ok-{ann}"' in answer.text and 'value="Neighbour"' in answer.text
    assert (await office.post(f"/paper/children/{ann}", **right, **{f"ok-{ann}": "yes"})).status_code == 303
    assert (await chain(school, "Ann"))[-1].holder_name == "Neighbour"
    board = (await office.get("/")).text
    assert "On paper: given to somebody on no list" in board and "Hand-over disputed" not in board
    card = board.partition("given to somebody on no list")[2].partition("</li>")[0]
    assert "Neighbour" in card


@pytest.mark.parametrize("role", [R.HEAD, R.GRADE_LEADER, R.HOMEROOM, R.CARE_TEACHER])
async def test_who_may(role: Role, sign_in: SignIn, school: School, open_day: dict[str, int]) -> None:
    """The duty lead is one of those who answer for the day; a teacher who entered it asks one of them."""
    ann = await entered_wrongly(await sign_in(R.OFFICE), school, open_day["1(1)"])
    browser, may = await sign_in(role), role in (R.HEAD, R.GRADE_LEADER)
    page = (await browser.get(f"/paper?session={open_day['1(1)']}")).text
    assert (f"/paper/children/{ann}" in page) == may
    assert (await browser.get(f"/paper/children/{ann}")).status_code == (200 if may else 403)
    answer = await browser.post(f"/paper/children/{ann}", reason="wrong adult", **{f"seq-{ann}": "3"})
    assert answer.status_code == (303 if may else 403)
