"""What is wrong with a channel as a whole: one mark for each, there only while it lasts, so that the office sees it.

The process that polls and sends notes it; any console on the same database shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select

from care.marks import note
from care.permissions import SYSTEM
from care.records.office import Mark
from care.school import School
from care.work import UnitOfWork

PREFIX = "trouble:"


class Trouble(StrEnum):
    """The gravest first: of two at a time, this one is shown."""

    TOKEN_REFUSED = "token_refused"
    WEBHOOK_CHANGED = "webhook_changed"
    OTHER_POLLER = "other_poller"
    UNREACHABLE = "unreachable"
    SILENCED = "silenced"


@dataclass(frozen=True)
class ChannelTrouble:
    channel: str
    code: Trouble
    since: datetime


async def note_trouble(school: School, channel: str, code: Trouble | None, since: datetime | None = None) -> None:
    """Notes what is wrong with a channel, None: nothing any more. What is noted already keeps its beginning."""
    async with school.work(SYSTEM) as uow:
        mark = await uow.session.get(Mark, PREFIX + channel)
        noted = _read(mark) if mark is not None else None
        if code is None:
            await uow.session.execute(delete(Mark).where(Mark.name == PREFIX + channel))
        elif noted is None or noted.code is not code:
            await note(uow, PREFIX + channel, f"{code} {(since or uow.now).isoformat()}")


async def channel_troubles(uow: UnitOfWork) -> list[ChannelTrouble]:
    """What is wrong now, by channel; nothing personal."""
    query = select(Mark).where(Mark.name.startswith(PREFIX, autoescape=True)).order_by(Mark.name)
    return [found for mark in await uow.session.scalars(query) if (found := _read(mark)) is not None]


def _read(mark: Mark) -> ChannelTrouble | None:
    """None for a word that only another version of the program knows."""
    word, _, since = mark.value.partition(" ")
    try:
        return ChannelTrouble(mark.name.removeprefix(PREFIX), Trouble(word), datetime.fromisoformat(since))
    except ValueError:
        return None
