"""Words typed where nothing is asked: that nobody reads them is said plainly, and what to press instead."""

from __future__ import annotations

import pytest
from stage import Stage

UNREAD = "这里输入的文字没有人看，不会转给老师或学校。"


@pytest.mark.parametrize(
    ("who", "ways", "not_theirs"),
    [
        ("care_mother", ("/pickup", "/leave", "/children", "/extended", "班主任"), ("/checkin", "/console")),
        ("homeroom", ("/checkin", "/handover"), ("/pickup", "班主任")),
    ],
)
async def test_who_is_known(small_stage: Stage, who: str, ways: tuple[str, ...], not_theirs: tuple[str, ...]) -> None:
    player = await small_stage.star(who)
    await player.send("/start")
    await player.send("奶奶今天来接")
    player.reads(UNREAD)
    said = player.last
    assert said is not None and said.text is not None
    assert [way for way in ways if way not in said.text] == []
    assert [way for way in not_theirs if way in said.text] == []


async def test_who_is_not_known_yet(small_stage: Stage) -> None:
    stranger = await small_stage.star("mother")
    await stranger.send("奶奶今天来接")
    stranger.reads(UNREAD)
    stranger.reads("邀请单上的邀请码")
