"""What a process knows of its channels, and when it writes that down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from databases import Databases, make_school
from structlog.testing import capture_logs

from bot.wire import trouble
from bot.wire.trouble import Troubles
from care.channels import Trouble, channel_troubles, note_trouble
from care.clock import MovableClock
from care.school import School

T = Trouble


class Process:
    """One process that polls and sends for ``school``, or would if it led."""

    def __init__(self, school: School) -> None:
        self.leading = True
        self.troubles = Troubles(school, ["telegram"], lambda: self.leading)

    def note(self, code: Trouble, lasts_s: float = 0.0) -> None:
        self.troubles.note("telegram", code, lasts_s)

    def works(self, *codes: Trouble) -> None:
        self.troubles.works("telegram", *(codes or tuple(T)))

    @property
    def code(self) -> Trouble | None:
        return self.troubles.of("telegram")


@pytest.fixture
async def small_school(sqlite: Databases) -> AsyncIterator[School]:
    school = make_school(await sqlite.fresh(loaded=False))
    yield school
    await school.close()


@pytest.fixture
def process(small_school: School) -> Process:
    return Process(small_school)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Trouble | None]]:
    """Every time that something is written down."""
    found: list[tuple[str, Trouble | None]] = []

    async def note(school: School, channel: str, code: Trouble | None, since: Any = None) -> None:
        found.append((channel, code))
        await note_trouble(school, channel, code, since)

    monkeypatch.setattr(trouble, "note_trouble", note)
    return found


def later(school: School, **lapse: float) -> None:
    clock = school.clock
    assert isinstance(clock, MovableClock)
    clock.jump(clock.now() + timedelta(**lapse))


async def shown(school: School) -> list[tuple[str, Trouble]]:
    async with school.look() as uow:
        return [(one.channel, one.code) for one in await channel_troubles(uow)]


def test_one_call_that_breaks_is_no_news(process: Process) -> None:
    process.note(T.UNREACHABLE)
    assert process.code is None
    process.works()
    process.note(T.UNREACHABLE)
    assert process.code is None
    process.note(T.UNREACHABLE)
    assert process.code is T.UNREACHABLE
    process.works()
    assert process.code is None


def test_another_program_is_met_twice_and_stays_for_a_while(process: Process, small_school: School) -> None:
    process.note(T.OTHER_POLLER)
    assert process.code is None, "it may be our own poll of before a restart"
    later(small_school, minutes=3)
    process.note(T.OTHER_POLLER)
    assert process.code is None
    process.works()
    process.note(T.OTHER_POLLER)
    assert process.code is T.OTHER_POLLER
    later(small_school, seconds=119)
    process.works()
    assert process.code is T.OTHER_POLLER, "the two take turns"
    later(small_school, seconds=1)
    assert process.code is None


def test_a_silence_is_shown_when_it_is_long_and_ends_by_itself(process: Process, small_school: School) -> None:
    process.note(T.SILENCED, 30)
    assert process.code is None
    process.note(T.SILENCED, 60)
    process.works(T.TOKEN_REFUSED)
    later(small_school, seconds=61)
    process.note(T.SILENCED, 60)
    later(small_school, seconds=64)
    assert process.code is T.SILENCED
    later(small_school, seconds=1)
    assert process.code is None


def test_the_gravest_is_shown_and_a_letter_that_arrives_speaks_only_for_the_token(process: Process) -> None:
    process.note(T.SILENCED, 600)
    process.note(T.WEBHOOK_CHANGED)
    process.note(T.TOKEN_REFUSED)
    assert process.code is T.TOKEN_REFUSED
    process.works(T.TOKEN_REFUSED)
    assert process.code is T.WEBHOOK_CHANGED


async def test_it_is_written_down_when_it_changes_only(school: School, written: list[Any]) -> None:
    process = Process(school)
    for _ in range(3):
        process.works()
        assert await process.troubles.keep()
    assert written == []
    for _ in range(3):
        process.note(T.TOKEN_REFUSED)
        assert await process.troubles.keep()
    assert await shown(school) == [("telegram", T.TOKEN_REFUSED)]
    process.works()
    await process.troubles.keep()
    assert written == [("telegram", T.TOKEN_REFUSED), ("telegram", None)]
    assert await shown(school) == []


async def test_the_first_success_of_the_next_process_ends_what_the_last_one_left(school: School) -> None:
    began = school.clock.now()
    await note_trouble(school, "telegram", T.TOKEN_REFUSED)
    await note_trouble(school, "given_up", T.UNREACHABLE)
    later(school, minutes=30)
    process = Process(school)
    process.note(T.UNREACHABLE)
    assert await process.troubles.keep()
    assert await shown(school) == [("telegram", T.TOKEN_REFUSED)], "of a channel nobody runs, nothing is left"
    process.note(T.TOKEN_REFUSED)
    await process.troubles.keep()
    async with school.look() as uow:
        assert (await channel_troubles(uow))[0].since == began, "it goes on"
    process.works()
    await process.troubles.keep()
    assert await shown(school) == []


async def test_only_who_leads_writes_and_who_no_longer_does_forgets(school: School) -> None:
    old, new = Process(school), Process(school)
    new.leading = False
    new.works()
    old.note(T.TOKEN_REFUSED)
    assert await old.troubles.keep()
    assert not await new.troubles.keep()
    old.leading, new.leading = False, True
    assert not await old.troubles.keep()
    await new.troubles.keep()
    assert await shown(school) == [("telegram", T.TOKEN_REFUSED)], "what worked before it led tells nothing"
    new.works()
    await new.troubles.keep()
    assert await shown(school) == []
    old.leading, new.leading = True, False
    await old.troubles.keep()
    assert await shown(school) == []


async def test_another_one_s_word_is_set_right(process: Process, small_school: School) -> None:
    """A process that has just lost the lead may have written last."""
    process.works()
    await note_trouble(small_school, "telegram", T.TOKEN_REFUSED)
    await process.troubles.keep()
    assert await shown(small_school) == []


async def test_what_cannot_be_written_is_written_later(
    process: Process, small_school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And holds up nothing."""
    tried: list[object] = []

    async def away(*found: object) -> None:
        tried.append(found)
        raise OSError("the disk is full")

    monkeypatch.setattr(trouble, "LOOK_EVERY_S", 0.01)
    began = small_school.clock.now()
    process.note(T.TOKEN_REFUSED)
    with monkeypatch.context() as broken, capture_logs() as lines:
        broken.setattr(trouble, "note_trouble", away)
        assert not await process.troubles.keep(), "and raises nothing: who asks may have a better error to tell"
        running = asyncio.create_task(process.troubles.run())
        async with asyncio.timeout(10):
            while len(tried) < 4:
                await asyncio.sleep(0.01)
    assert len(lines) == 1
    later(small_school, minutes=1)
    async with asyncio.timeout(10):
        while not await shown(small_school):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with small_school.look() as uow:
        (one,) = await channel_troubles(uow)
    assert (one.code, one.since) == (T.TOKEN_REFUSED, began)
