"""A line of the paper with only a part of what is needed: it is asked back at that line, never dropped."""

from __future__ import annotations

from datetime import time

import pytest
from afternoon_school import at, opened
from paper_steps import chain, collected, enters, page, refused

from care.paper.enter import Collector, Entry
from care.records import Step
from care.school import School

PART: dict[str, tuple[Entry, str]] = {
    "a time of collecting": (Entry(0, 0, left_at=time(17, 15)), "paper_collector_needed"),
    "came, and a time of collecting": (Entry(0, 0, came=True, left_at=time(17, 15)), "paper_collector_needed"),
    "a note": (Entry(0, 0, note="妈妈来电"), "paper_note_alone"),
    "a time of coming": (Entry(0, 0, came_at=time(15)), "paper_came_needed"),
    "stayed away, but was collected": (Entry(0, 0, came=False, left_at=time(17)), "paper_contradicts"),
    "stayed away, but came at": (Entry(0, 0, came=False, came_at=time(15), note="x"), "paper_contradicts"),
    "a collector without a time": (Entry(0, 0, collector=Collector(name="x")), "paper_time_needed"),
}


@pytest.mark.parametrize("what", PART)
async def test_a_part_of_a_line_is_asked_back(school: School, what: str) -> None:
    part, code = PART[what]
    async with opened(school, "2(3)"):
        await at(school, 18, 0)
        _, (first, second, *_rest) = await page(school)
        line = Entry(**{**part.__dict__, "day_child_id": second.id, "seq": second.seq})
        assert await refused(school, collected(first), line) == [code]
        assert len(await chain(school, first.id)) == 1


async def test_a_note_is_kept_wherever_it_stands(school: School) -> None:
    """With "came" it belongs to the coming; of who is known to be away there is nothing to note."""
    async with opened(school, "2(3)"):
        await at(school, 18, 0)
        _, (first, second, *_rest) = await page(school)
        note = "带了药"
        away = Entry(second.id, second.seq, came=False, note="生病")
        await enters(school, Entry(first.id, first.seq, came=True, note=note), away)
        assert [(one.step, one.remark) for one in (await chain(school, first.id))[1:]] == [(Step.PRESENT, note)]
        _, (first, second, *_rest) = await page(school)
        assert await refused(school, Entry(first.id, first.seq, came=True, note=note)) == ["paper_note_alone"]
        again = Entry(second.id, second.seq, came=False, note="还是生病")
        assert await refused(school, again) == ["paper_known_away"]
