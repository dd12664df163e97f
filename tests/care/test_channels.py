"""What is wrong with a channel as a whole: noted once, changed, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from care.channels import PREFIX, ChannelTrouble, Trouble, channel_troubles, note_trouble
from care.clock import MovableClock
from care.outbox import backlog, retry_update
from care.permissions import SYSTEM
from care.records import InboxState, Letter, LetterState, Mark, Update
from care.records.delivery import Class
from care.school import School


def later(school: School, **lapse: float) -> None:
    clock = school.clock
    assert isinstance(clock, MovableClock)
    clock.jump(clock.now() + timedelta(**lapse))


async def noted(school: School) -> list[ChannelTrouble]:
    async with school.look() as uow:
        return await channel_troubles(uow)


async def test_it_begins_once_changes_and_ends(school: School) -> None:
    began = school.clock.now()
    await note_trouble(school, "telegram", Trouble.UNREACHABLE)
    later(school, minutes=5)
    await note_trouble(school, "telegram", Trouble.UNREACHABLE)
    assert await noted(school) == [ChannelTrouble("telegram", Trouble.UNREACHABLE, began)]
    await note_trouble(school, "telegram", Trouble.TOKEN_REFUSED, began + timedelta(minutes=4))
    await note_trouble(school, "web", Trouble.SILENCED)
    assert await noted(school) == [
        ChannelTrouble("telegram", Trouble.TOKEN_REFUSED, began + timedelta(minutes=4)),
        ChannelTrouble("web", Trouble.SILENCED, school.clock.now()),
    ]
    await note_trouble(school, "telegram", None)
    await note_trouble(school, "telegram", None)
    assert [one.channel for one in await noted(school)] == ["web"]


async def test_other_marks_and_what_a_newer_program_has_noted_are_left_alone(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        uow.session.add(Mark(name="troubles", value="token_refused 2026-11-23T00:00:00+00:00"))
        uow.session.add(Mark(name=PREFIX + "telegram", value="plagued 2026-11-23T00:00:00+00:00"))
        uow.session.add(Mark(name=PREFIX + "web", value="silenced"))
        before = await uow.session.scalar(select(func.count()).select_from(Mark))
    assert await noted(school) == []
    await note_trouble(school, "telegram", Trouble.SILENCED)
    assert [one.code for one in await noted(school)] == [Trouble.SILENCED]
    async with school.look() as uow:
        assert await uow.session.scalar(select(func.count()).select_from(Mark)) == before


@pytest.mark.parametrize(("error", "age"), [("", 60), ("TimedOut: no answer in time", 3600)])
async def test_a_letter_tried_in_vain_is_as_old_as_it_was_posted(school: School, error: str, age: int) -> None:
    now = school.clock.now()
    async with school.work(SYSTEM) as uow:
        uow.session.add(
            Letter(
                kind="reply",
                klass=Class.REPLY,
                channel="web",
                chat_id=1,
                params={},
                posted_at=now - timedelta(hours=1),
                due_at=now - timedelta(minutes=1),
                state=LetterState.WAITING,
                error=error,
            )
        )
    async with school.look() as uow:
        assert (await backlog(uow)).outbox_oldest == age


async def test_a_message_that_is_tried_again_wakes_who_handles_it(school: School) -> None:
    async with school.work(SYSTEM) as uow:
        update = Update(
            channel="web",
            update_id=1,
            chat_id=1,
            payload="{}",
            received_at=uow.now,
            state=InboxState.DEAD,
            attempts=3,
            error="KeyError: 'x'",
        )
        uow.session.add(update)
    woken: list[None] = []
    school.listeners.append(lambda: woken.append(None))
    async with school.work(SYSTEM) as uow:
        await retry_update(uow, update.id)
    assert woken
