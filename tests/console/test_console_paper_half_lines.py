"""Half a line of the paper stays filled on the page, with a sentence of what is missing."""

from __future__ import annotations

from console_browser import SignIn
from test_console_paper import chain, child_of, enters, guardian_of, open_day

from care.records import Role
from care.school import School

__all__ = ["open_day"]


async def test_what_was_typed_stays_beside_what_is_missing(
    sign_in: SignIn, school: School, open_day: dict[str, int]
) -> None:
    office, session = await sign_in(Role.OFFICE), open_day["1(1)"]
    page = (await office.get(f"/paper?session={session}")).text
    ann, ben, cai, ida = [(await child_of(school, name)).id for name in ("Ann", "Ben", "Cai", "Ida")]
    lines = {
        f"by-{ann}": await guardian_of(school, "Ann"),
        f"left-{ann}": "17:12",
        f"left-{ben}": "17:13",
        f"note-{cai}": "has gone with the choir",
        f"at-{ida}": "15:05",
    }
    answer = await enters(office, session, page, **lines)
    assert answer.status_code == 422 and len(await chain(school, "Ann")) == 1
    for sentence in ("Who collected the child?", "A note alone cannot be entered", "Did the child come?"):
        assert sentence in answer.text
    for typed in ("17:12", "17:13", "has gone with the choir", "15:05"):
        assert f'value="{typed}"' in answer.text
    both = {f"by-{ann}": lines[f"by-{ann}"], f"name-{ann}": "Somebody", f"left-{ann}": "17:12"}
    assert "not both" in (await enters(office, session, page, **both)).text
