"""The signing link and what is drawn: bound, short-lived, and never more than points."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from custody_town import Town, build, town_clock
from databases import Databases, make_school
from sqlalchemy import func, select

from care.custody.ledger import Verified, verify
from care.errors import CareError
from care.keys import Keys
from care.people import actor_for
from care.records import Adult, CustodyEvent, DayChild, Letter, Person, Signature
from care.release.signing import HEIGHT, WIDTH, as_svg, make_token, read_strokes, read_token, sign
from care.rollcall import all_others_present, sign_in
from care.school import School
from care.tidy import tidy

INK = "[[[10,10],[200,40],[300,200]],[[5,5]]]"


@pytest.fixture
async def played(sqlite: Databases, tmp_path: Path) -> AsyncIterator[tuple[School, Town]]:
    school = make_school(await sqlite.fresh(loaded=False), town_clock())
    town = await build(school)
    teacher = await _actor(school, town, "Homeroom two")
    async with school.work(teacher) as uow:
        await sign_in(uow, town.sessions[0])
        await all_others_present(uow, town.sessions[0])
    yield school, town
    await school.close()


async def _actor(school: School, town: Town, name: str):  # type: ignore[no-untyped-def]
    async with school.look() as uow:
        return await actor_for(uow, await uow.session.get_one(Person, town.people[name]))


async def _token(school: School, town: Town, who: str = "Homeroom two") -> str:
    async with school.look(await _actor(school, town, who)) as uow:
        child = await uow.session.get_one(DayChild, town.children[0])
        return make_token(uow, Adult.GUARDIAN, town.people["Ma One"], {child.id: child.last_seq})


async def _code(school: School, token: str, points: str = INK) -> str:
    try:
        async with school.work() as uow:
            await sign(uow, token, points)
    except CareError as error:
        return error.code
    return ""


async def _signatures(school: School) -> int:
    async with school.look() as uow:
        return await uow.session.scalar(select(func.count(Signature.id))) or 0


async def test_a_signature_is_points_and_nothing_else() -> None:
    drawn = as_svg(read_strokes(INK))
    assert drawn.startswith(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">')
    assert 'd="M10 10 L200 40 L300 200M5 5 L5 5"' in drawn


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ("", "signature_invalid"),
        ("[]", "signature_empty"),
        ("[[]]", "signature_empty"),
        ("[[[1,1],[2,2]]]", "signature_empty"),
        ("[[[300,130]]]", "signature_empty"),
        ("[[[1,1],[60,60]],[[300,130]]]", "signature_empty"),
        ("null", "signature_invalid"),
        ("{}", "signature_invalid"),
        ('"<svg onload=alert(1)>"', "signature_invalid"),
        ('[[["1\\"/><script>",2],[300,200]]]', "signature_invalid"),
        ("[[[1.5,2],[300,200]]]", "signature_invalid"),
        ("[[[true,2],[300,200]]]", "signature_invalid"),
        ("[[[-1,2],[300,200]]]", "signature_invalid"),
        ("[[[1,2],[601,200]]]", "signature_invalid"),
        ("[[[1,2,3],[300,200]]]", "signature_invalid"),
        ("[[[1e999,2],[300,200]]]", "signature_invalid"),
        (json.dumps([[[1, 1], [600, 260]]] * 81), "signature_invalid"),
        (json.dumps([[[1, 1], [600, 260]] * 2001]), "signature_invalid"),
        ("[" * 50_000, "signature_invalid"),
        ("[[[1,1],[600,260]]]" + " " * 60_000, "signature_invalid"),
    ],
)
def test_what_is_no_signature(points: str, code: str) -> None:
    with pytest.raises(CareError) as caught:
        read_strokes(points)
    assert caught.value.code == code


async def test_a_link_is_bound(played: tuple[School, Town]) -> None:
    """Another key, another purpose, a changed letter: none is ours."""
    school, town = played
    token = await _token(school, town)
    body, seal = token.split(".")
    for forged in (
        body,
        f"{body}.",
        f"{seal}.{body}",
        f"{body[:-1]}x.{seal}",
        f"{token}x",
        "",
        "x.y",
        "é.ü",
        f"{body}.{seal}.",
    ):
        assert await _code(school, forged) == "sign_link_unknown", forged
    other, school.keys = school.keys, Keys("another secret for tests, and long enough")
    assert await _code(school, token) == "sign_link_unknown"
    school.keys = other
    async with school.look() as uow:
        wanted = read_token(uow, token)
    assert (wanted.teacher_id, wanted.adult_id) == (town.people["Homeroom two"], town.people["Ma One"])
    assert await _signatures(school) == 0


async def test_a_link_runs_out(played: tuple[School, Town]) -> None:
    school, town = played
    token = await _token(school, town)
    clock = school.clock
    clock.jump(clock.now().replace(minute=clock.now().minute + 5))  # type: ignore[attr-defined]
    assert await _code(school, token) == "sign_link_expired"
    assert await _signatures(school) == 0


async def test_a_link_of_somebody_who_may_not(played: tuple[School, Town]) -> None:
    school, town = played
    for who in ("Homeroom three", "Clerk of numbers", "Ma One"):
        assert await _code(school, await _token(school, town, who)) == "not_found", who
    assert await _signatures(school) == 0


async def test_a_link_works_once(played: tuple[School, Town]) -> None:
    """The second time it gives what the first one gave, and keeps no second drawing."""
    school, town = played
    token = await _token(school, town)
    assert await _code(school, token, "[]") == "signature_empty"
    assert await _code(school, token) == ""
    assert await _code(school, token) == ""
    assert await _signatures(school) == 1
    second = await _token(school, town)
    assert await _code(school, second) == "already_released"
    assert await _signatures(school) == 1


async def test_a_signature_stays_as_long_as_the_custody_record(played: tuple[School, Town]) -> None:
    """The page's token is kept nowhere; the link it led to names a hash of it."""
    school, town = played
    token = await _token(school, town)
    assert await _code(school, token) == ""
    school.clock.jump(school.clock.now().replace(hour=4) + timedelta(days=400))  # type: ignore[attr-defined]
    await tidy(school)
    assert await _signatures(school) == 1
    async with school.look() as uow:
        assert isinstance(await verify(uow), Verified)
        stored = [link.data for link in await uow.session.scalars(select(CustodyEvent))]
        sent = [letter.params for letter in await uow.session.scalars(select(Letter))]
    assert any("signature" in data for data in stored)
    assert token not in str(stored) + str(sent)
