"""The day sheets, to be printed: one class's, or all of a wave (S10). They hold phone numbers: only who is on duty with
the class, or answers for the day, gets one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from care.day.sheets import SheetSession, sessions_of, taken
from care.errors import NotFound
from care.permissions import Permission
from console.door import Page, Visit
from console.pages.papers import pdf
from papers.from_day import day_sheet_papers, group_name


@dataclass(frozen=True)
class SheetRow:
    session: SheetSession
    group: str


@dataclass(frozen=True)
class WaveSheets:
    wave: int
    starts_at: datetime
    ends_at: datetime
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True)
class SheetsView:
    today: date
    waves: tuple[WaveSheets, ...]
    may_enter: bool


async def show(visit: Visit) -> Response:
    async with visit.looking() as uow:
        sessions, today = await sessions_of(uow, uow.day), uow.day
    view = SheetsView(today, tuple(_waves(visit, sessions)), visit.actor.may(Permission.TAKE_ROLL))
    return visit.page("day_sheets/page.html", view)


def _waves(visit: Visit, sessions: list[SheetSession]) -> list[WaveSheets]:
    found = []
    for wave in dict.fromkeys(session.wave for session in sessions):
        rows = tuple(SheetRow(one, group_name(one, visit._)) for one in sessions if one.wave == wave)
        first = min(row.session.starts_at for row in rows)
        found.append(WaveSheets(wave, first, max(row.session.ends_at for row in rows), rows))
    return found


async def one_sheet(visit: Visit) -> Response:
    return await _print(visit, lambda session: session.session_id == visit.id, f"day-sheet-{visit.id}")


async def sheets_of_wave(visit: Visit) -> Response:
    return await _print(visit, lambda session: session.wave == visit.id, f"day-sheets-wave-{visit.id}")


async def _print(visit: Visit, wanted: Callable[[SheetSession], bool], name: str) -> Response:
    """POST only: it is written down who took phone numbers out."""
    async with visit.working() as uow:
        sessions = [session for session in await sessions_of(uow, uow.day) if wanted(session)]
        if not sessions:
            raise NotFound()
        sheets = await day_sheet_papers(uow, [session.session_id for session in sessions], visit._)
        taken(uow, sessions)
    content = await asyncio.to_thread(visit.desk.printer.day_sheets, sheets, visit.language)
    return pdf(content, name)


PAGES = [
    Page("/day-sheets", get=show, right=Permission.SEE_BOARD),
    Page("/day-sheets/{id:int}.pdf", post=one_sheet, right=Permission.SEE_BOARD),
    Page("/day-sheets/waves/{id:int}.pdf", post=sheets_of_wave, right=Permission.SEE_BOARD),
]
