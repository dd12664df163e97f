"""Papers of what the records say of a day: the day sheets."""

from __future__ import annotations

from collections.abc import Iterable

from care.custody.steps import ENDS
from care.day.sheets import DaySheet, SheetSession, day_sheets
from care.day.sheets import SheetChild as Row
from care.pickup.adults import Authorised
from care.records.day import SessionKind
from care.records.pickup import Adult
from care.work import UnitOfWork
from locales import Words
from locales.labels import day, label, span, step_label
from papers.contents import DaySheetPaper, SheetAdult, SheetChild


async def day_sheet_papers(uow: UnitOfWork, session_ids: Iterable[int], words: Words) -> list[DaySheetPaper]:
    """The sheets of these sessions, as things stand. Raises NotFound where one is not the actor's to hold."""
    _ = words.within("papers")
    return [_paper(uow, sheet, _) for sheet in await day_sheets(uow, session_ids)]


def group_name(session: SheetSession, words: Words) -> str:
    """What a session is called: its class, or extended care."""
    _ = words.within("papers")
    if session.kind is SessionKind.EXTENDED:
        return _("Extended care")
    return _("Class {school_class}", school_class=session.school_class)


def _paper(uow: UnitOfWork, sheet: DaySheet, _: Words) -> DaySheetPaper:
    zone, session = uow.school.zone, sheet.session
    starts_at, ends_at = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    return DaySheetPaper(
        school=uow.school.called(_.language),
        group=group_name(session, _),
        date=day(_, session.date),
        times=span(_, starts_at.time(), ends_at.time()),
        venue=session.venue,
        gate=session.gate,
        teacher=session.teacher,
        lead=sheet.lead,
        lead_phone=sheet.lead_phone,
        seal=sheet.seal,
        children=tuple(_child(uow, row, session, _) for row in sheet.children),
        printed_by=uow.actor.name,
        printed_at=uow.now.astimezone(zone),
    )


def _child(uow: UnitOfWork, row: Row, session: SheetSession, _: Words) -> SheetChild:
    state = step_label(_, row.step, row.there)
    if row.step in ENDS and row.holder_name:
        state = f"{state} {row.since.astimezone(uow.school.zone):%H:%M} {row.holder_name}"
    adults = [_adult(one, row, _) for one in row.adults]
    for bar in row.barred:
        relation = label(_, bar.relation) if bar.relation else ""
        adults.append(SheetAdult(bar.name, relation, bar.phone, stopped=True))
    return SheetChild(
        number=str(row.number),
        name=row.name,
        school_class=row.school_class if row.school_class != session.school_class else "",
        state=state,
        gone=row.step in ENDS,
        alone=row.alone,
        extended=row.extended,
        plan="" if row.planned in {(one.adult, one.id) for one in row.adults} else row.planned_name,
        adults=tuple(adults),
    )


def _adult(one: Authorised, row: Row, _: Words) -> SheetAdult:
    today = row.planned == (one.adult, one.id) and not one.stopped
    return SheetAdult(
        one.name,
        label(_, one.relation),
        one.phone,
        today=today,
        delegate=one.adult is Adult.DELEGATE,
        stopped=one.stopped,
    )
