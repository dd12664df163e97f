"""Numbers of the term (S16): by class, grade and weekday; as a page, as CSV, as a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass

from starlette.responses import Response

from care.permissions import Permission
from care.reports import WEEKDAYS, ReportLine, enrolment_report, together
from care.term import the_term
from console.door import Page, Visit
from locales import Words, labels

Cell = str | int | None


@dataclass(frozen=True)
class GradeLines:
    grade: int
    lines: tuple[ReportLine, ...]
    total: ReportLine


@dataclass(frozen=True)
class ReportView:
    term: str
    grades: tuple[GradeLines, ...]
    total: ReportLine
    busiest: int
    weekdays: tuple[int, ...]
    waivers: bool


async def _report(visit: Visit) -> ReportView:
    async with visit.looking() as uow:
        term = await the_term(uow)
        lines = await enrolment_report(uow, term.id)
    grades = []
    for grade in sorted({line.grade for line in lines if line.grade is not None}):
        own = tuple(line for line in lines if line.grade == grade)
        grades.append(GradeLines(grade, own, together(own, grade=grade)))
    total = together(lines)
    busiest = max((*total.weekdays, *total.extended, 1))
    return ReportView(term.name, tuple(grades), total, busiest, WEEKDAYS, visit.actor.may(Permission.SEE_WAIVERS))


async def show(visit: Visit) -> Response:
    return visit.page("reports/page.html", await _report(visit))


def _heads(_: Words, waivers: bool) -> list[str]:
    heads = [
        _("Grade"),
        _("Class"),
        _("Children"),
        _("Places"),
        _("Enrolled"),
        _("To be signed"),
        _("On the waiting list"),
        *(labels.weekday(_, day) for day in WEEKDAYS),
        *(_("Extended, {weekday}", weekday=labels.weekday(_, day)) for day in WEEKDAYS),
    ]
    return [*heads, _("Fee waivers")] if waivers else heads


def _cells(line: ReportLine, waivers: bool) -> list[Cell]:
    cells: list[Cell] = [
        line.grade,
        line.name,
        line.students,
        line.places,
        line.enrolled,
        line.to_sign,
        line.waiting,
        *line.weekdays,
        *line.extended,
    ]
    return [*cells, line.waivers] if waivers else cells


def table(view: ReportView, _: Words) -> list[list[Cell]]:
    rows: list[list[Cell]] = [list(_heads(_, view.waivers))]
    for grade in view.grades:
        rows += [_cells(line, view.waivers) for line in grade.lines]
    total = _cells(view.total, view.waivers)
    total[1] = _("All")
    return [*rows, total]


def harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would read as a formula gets an apostrophe before it."""
    if isinstance(cell, str) and cell.lstrip()[:1] in {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}:
        return "'" + cell
    return cell


def download(content: bytes, name: str, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def as_csv(visit: Visit) -> Response:
    view = await _report(visit)
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in table(view, visit._))
    # The mark at the start tells spreadsheets that the text is UTF-8.
    return download(("\ufeff" + out.getvalue()).encode(), "enrolment.csv", "text/csv; charset=utf-8")


async def as_xlsx(visit: Visit) -> Response:
    view = await _report(visit)
    content = await asyncio.to_thread(_workbook, table(view, visit._), visit._("Enrolment"))
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return download(content, "enrolment.xlsx", media_type)


def _workbook(rows: list[list[Cell]], title: str) -> bytes:
    from openpyxl import Workbook  # loaded when the first one asks for it: it is slow to start and large
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    sheet.title = title
    for at, row in enumerate(rows, 1):
        sheet.append([harmless(cell) for cell in row])
        for cell in sheet[at]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
            if at == 1:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "C2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


PAGES = [
    Page("/reports", get=show, right=Permission.SEE_COUNTS),
    Page("/reports/enrolment.csv", get=as_csv, right=Permission.SEE_COUNTS),
    Page("/reports/enrolment.xlsx", get=as_xlsx, right=Permission.SEE_COUNTS),
]
