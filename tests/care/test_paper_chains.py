"""Whatever is entered from paper, the chains of custody hold."""

from __future__ import annotations

import asyncio
from datetime import time

from afternoon_school import actor, at, opened
from databases import Databases, make_school
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from paper_steps import CLASS, alarms, chain, enters, page, stop, verified

from care import missing
from care.errors import Conflict
from care.paper.correct import Right, correct
from care.paper.enter import Collector, Entry, PaperRefused
from care.paper.sheet import PaperChild
from care.records import Proof, Role, Step
from care.release.alarms import ON_PAPER
from care.school import School

LINES = st.lists(
    st.tuples(
        st.integers(0, 3),  # which child
        st.sampled_from([None, True, False]),
        st.sampled_from([None, time(14, 45), time(15, 30), time(19, 0)]),
        st.sampled_from(["", "first", "stopped", "stranger", "alone", "?"]),
        st.sampled_from([None, time(14, 41), time(17, 5), time(17, 59), time(23, 0)]),
        st.sampled_from(["", "备注"]),
        st.booleans(),
        st.integers(0, 1),  # how old the screen is
        st.sampled_from(["", "", "看错一行"]),  # why what was entered before is wrong
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
@example(
    lines=[
        (0, None, None, "first", time(17, 5), "", False, 0, ""),
        (0, None, None, "stranger", time(17, 5), "", True, 0, "看错一行"),
        (0, False, None, "", None, "备注", False, 0, "又看错"),
        (0, None, None, "alone", time(17, 5), "", True, 0, ""),
        (0, None, None, "", None, "", False, 0, "还在学校"),
    ]
)
def test_whatever_is_entered_the_chains_hold(sqlite: Databases, lines: list[tuple[object, ...]]) -> None:
    asyncio.run(_play(sqlite, lines))


async def _play(sqlite: Databases, lines: list[tuple[object, ...]]) -> None:
    school = make_school(await sqlite.fresh())
    try:
        async with opened(school, CLASS):
            await at(school, 18, 0)
            _, children = await page(school)
            for child in children[:4]:
                await stop(school, child.student_id, child.adults.authorised[-1].name)
            for line in lines:
                await _one_line(school, *line)  # type: ignore[arg-type]
            await verified(school)
            await _what_must_hold(school)
    finally:
        await school.close()


async def _one_line(
    school: School,
    number: int,
    came: bool | None,
    came_at: time | None,
    by: str,
    left_at: time | None,
    note: str,
    confirmed: bool,
    age: int,
    wrong: str,
) -> None:
    _, children = await page(school)
    child = children[number]
    adults = child.adults.authorised
    first, last = (Collector(one.adult, one.id) for one in (adults[0], adults[-1]))
    collectors = {"first": first, "stopped": last, "stranger": Collector(name="路人"), "alone": Collector()}
    collector = collectors.get(by, Collector(name="?") if by else None)
    try:
        if wrong:
            await _corrects(school, child, age, wrong, Right(came is False, collector, left_at, note, confirmed))
            return
        await enters(school, Entry(child.id, child.seq - age, came, came_at, collector, left_at, note, confirmed))
    except PaperRefused:
        return


async def _corrects(school: School, child: PaperChild, age: int, wrong: str, right: Right) -> None:
    async with school.look() as uow:
        office = (await missing.holders(uow, Role.OFFICE))[0]
    before = await chain(school, child.id)
    try:
        async with school.work(await actor(school, office)) as uow:
            await correct(uow, child.id, child.seq - age, wrong, right)
    except Conflict:
        assert before[-1].step is not Step.RELEASED or age, "what was entered can be corrected"
    else:
        after = await chain(school, child.id)
        assert after[: len(before)] and after[len(before)].step is Step.UNDONE
        assert [one.sha256 for one in after[: len(before)]] == [one.sha256 for one in before], "nothing is erased"


async def _what_must_hold(school: School) -> None:
    """In order of time, never released twice, an alarm for each that should not have been, and nothing unmarked."""
    _, children = await page(school)
    disputed = {alarm.day_child_id for alarm in await alarms(school) if alarm.kind in ON_PAPER and not alarm.closed_at}
    for child in children:
        links = await chain(school, child.id)
        entered = [link for link in links if link.proof is Proof.PAPER]
        assert entered == links[1:] and all(link.data["entered_later"] for link in entered)
        holds = [link for link, after in zip(links, [*links[1:], None], strict=True)
                 if link.step is not Step.UNDONE and (after is None or after.step is not Step.UNDONE)]  # fmt: skip
        assert [link.at for link in holds] == sorted(link.at for link in holds)
        released = [link for link in holds if link.step is Step.RELEASED]
        assert len(released) <= 1
        irregular = any("irregular" in link.data for link in released)
        assert irregular == (child.id in disputed)
        for link in released:
            listed = {one.name for one in child.adults.authorised if not one.stopped}
            assert link.holder_name in listed or irregular
