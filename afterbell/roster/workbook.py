"""Opens the workbook with care: only an .xlsx of a sane size, formulas by their value, headings by name."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from afterbell.roster.headings import NOTES_SHEET, SHEETS, SheetPlan
from afterbell.roster.problems import Problems, RosterError

FILE_MOST = 20 * 1024 * 1024
UNPACKED_MOST = 150 * 1024 * 1024
PARTS_MOST = 2_000
ROWS_MOST = 20_000
COLUMNS_MOST = 64


@dataclass(frozen=True)
class Broken:
    """A cell without a usable value, and why."""

    why: str


@dataclass(frozen=True)
class Row:
    """One row by field. ``places`` says where each field is, as people find it in the workbook."""

    sheet: str
    number: int
    values: dict[str, object]
    places: dict[str, str]

    def where(self, field: str = "") -> str:
        place = self.places.get(field)
        return f"{self.sheet}, row {self.number}" + (f", column {place}" if place else "")


@dataclass
class Book:
    """The rows of each known sheet that the file has."""

    rows: dict[str, list[Row]]
    not_read: list[str]


def open_book(file: Path, problems: Problems) -> Book:
    """Reads the whole file. Raises RosterError with one sentence when it is no workbook that can be read."""
    _must_be_sane(file)
    try:
        with (
            closing(load_workbook(file, read_only=True, data_only=True)) as values,
            closing(load_workbook(file, read_only=True, data_only=False)) as formulas,
        ):
            return _read(values, formulas, problems)
    except RosterError:
        raise
    except Exception as error:
        raise RosterError(
            f"{file.name} cannot be read as a workbook ({type(error).__name__}): open it in Excel or WPS and save it "
            "again as .xlsx."
        ) from error


def _must_be_sane(file: Path) -> None:
    if not file.is_file():
        raise RosterError(f"There is no file {file}.")
    if file.stat().st_size > FILE_MOST:
        raise RosterError(f"{file.name} is larger than 20 MB: split it, or delete pictures and unused sheets.")
    try:
        with zipfile.ZipFile(file) as parts:
            infos = parts.infolist()
            if "xl/workbook.xml" not in parts.namelist():
                raise zipfile.BadZipFile
            if len(infos) > PARTS_MOST or sum(info.file_size for info in infos) > UNPACKED_MOST:
                raise RosterError(
                    f"{file.name} unpacks to more than a roster can be: save the lists in a new workbook."
                )
            for info in infos:
                if info.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in parts.read(info):
                    raise RosterError(f"{file.name} holds what no roster needs (a DTD): save it again as .xlsx.")
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise RosterError(f"{file.name} is not an .xlsx workbook: save it as .xlsx in Excel or WPS.") from error


def _read(values: Any, formulas: Any, problems: Problems) -> Book:
    book = Book({}, [])
    total = 0
    for title in values.sheetnames:
        plan = next((plan for plan in SHEETS if plan.is_called(title)), None)
        if plan is None:
            if not NOTES_SHEET.is_called(title):
                book.not_read.append(title)
            continue
        if plan.kind in book.rows:
            problems.add(f"{title}: there are two sheets of this kind: join them into one")
            continue
        rows = []
        for row in _rows(title, plan, _lines(values[title], formulas[title]), problems):
            rows.append(row)
            total += 1
            if total > ROWS_MOST:
                raise RosterError(f"The workbook has more than {ROWS_MOST:,} rows: a school's roster is smaller.")
        book.rows[plan.kind] = rows
    if not book.rows:
        names = ", ".join(plan.title for plan in SHEETS)
        raise RosterError(f"The workbook has none of the sheets that are read: {names} (see docs/roster.md).")
    return book


def _lines(values: Any, formulas: Any) -> Iterator[tuple[int, list[object]]]:
    """(row number, cells) of the rows that hold anything. The two readings of a file have the same shape."""
    if not hasattr(values, "reset_dimensions"):
        return  # a sheet that is only a chart
    values.reset_dimensions()
    formulas.reset_dimensions()
    both = zip(values.iter_rows(max_col=COLUMNS_MOST), formulas.iter_rows(max_col=COLUMNS_MOST), strict=False)
    for number, (line, written) in enumerate(both, start=1):
        cells = [_value(cell, source) for cell, source in zip(line, written, strict=False)]
        if any(cell not in (None, "") for cell in cells):
            yield number, cells


def _value(cell: Any, source: Any) -> object:
    if cell.value is None and source.data_type == "f":
        return Broken("the formula has no value yet: open the file in Excel or WPS, save it, or paste as values")
    if cell.data_type == "e":
        return Broken(f"the cell shows {cell.value}: mend the formula or type the value")
    value = cell.value
    return (value.strip() or None) if isinstance(value, str) else value


def _rows(title: str, plan: SheetPlan, lines: Iterator[tuple[int, list[object]]], problems: Problems) -> Iterator[Row]:
    _, headings = next(lines, (0, []))
    fields, places = _columns(title, plan, headings, problems)
    for number, cells in lines:
        values = {field: cells[at] for at, field in fields.items() if at < len(cells)}
        for at, cell in enumerate(cells):
            if at not in fields and cell is not None and (at >= len(headings) or headings[at] is None):
                where = f"{title}, row {number}, column {get_column_letter(at + 1)}"
                problems.add(f"{where}: there is something under no heading: give the column a heading or clear it")
        if any(value is not None for value in values.values()):
            yield Row(title, number, values, places)


def _columns(
    title: str, plan: SheetPlan, headings: Sequence[object], problems: Problems
) -> tuple[dict[int, str], dict[str, str]]:
    """Which field stands at which column. An unknown heading is a problem: what it holds would be lost unseen."""
    fields: dict[int, str] = {}
    places: dict[str, str] = {}
    for at, heading in enumerate(headings):
        if heading is None:
            continue
        letter = get_column_letter(at + 1)
        column = next((column for column in plan.columns if column.is_called(str(heading))), None)
        if column is None:
            problems.add(
                f"{title}, row 1, column {letter}: the heading {str(heading)[:40]!r} is not known: "
                "rename it as in docs/roster.md, or delete the column"
            )
        elif column.field in places:
            problems.add(f"{title}, row 1, column {letter}: {heading} is there twice: delete one of both columns")
        else:
            fields[at] = column.field
            places[column.field] = f"{letter} ({heading})"
    for column in plan.columns:
        if column.needed and column.field not in places and headings:
            problems.add(f"{title}, row 1: there is no column {column.heading}: add it")
    return fields, places
