"""The day sheet: one session's children on paper, each with the adults who may collect them and those who must not
(S10, S14). What must not be overlooked is said by a sign and in words, for a copier knows no colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from locales import Words
from papers.contents import DaySheetPaper, SheetAdult, SheetChild
from papers.frame import moment, unprintable
from papers.marks import BLACK, BODY, GREY, LABEL, PAGE_HEIGHT, SMALL, TINT, Area, Page, Rule, Style, Text
from papers.sheet import DASH, LEFT, RIGHT, WIDTH, Sheet
from papers.typeface import Typeface
from papers.wrap import wrap

_NAME = Style(14, strong=True, leading=1.3)
_GROUP = Style(17, strong=True, leading=1.3)
_NUMBER = Style(12, GREY, leading=1.5)
_STATE = Style(9, BLACK, leading=1.4)
_ADULT = Style(9.5, leading=1.4)
_TODAY = Style(9.5, strong=True, leading=1.4)
_PADDING = 1.6
_SHARES = (6.5, 28.0, 40.5, 9.0, 16.0)
_EDGES = tuple(LEFT + WIDTH * sum(_SHARES[:column]) / sum(_SHARES) for column in range(len(_SHARES) + 1))
_FOOT = PAGE_HEIGHT - 18
_MOST_LINES = 3
"""Lines for the name of a session, however long somebody made it."""

COMES, NEVER = "▶", "⊘"
"""The signs of who comes today, and of who must not collect the child. Both are in the fonts."""

Line = tuple[str, Style]


@dataclass(frozen=True, slots=True)
class _Row:
    """The lines of a row's first three cells; the last two are left empty, to be written in."""

    cells: tuple[tuple[Line, ...], ...]
    tinted: bool = False

    @property
    def height(self) -> float:
        return max(sum(style.line for _, style in lines) for lines in self.cells) + 2 * _PADDING

    def cut(self, room: float) -> tuple[_Row, _Row]:
        """What fits into this much room, and the rest; a line at least."""
        fitting = tuple(max(1, _fitting(lines, room - 2 * _PADDING)) for lines in self.cells)
        first = tuple(lines[:count] for lines, count in zip(self.cells, fitting, strict=True))
        rest = tuple(lines[count:] for lines, count in zip(self.cells, fitting, strict=True))
        return _Row(first, self.tinted), _Row(rest, self.tinted)


def _fitting(lines: Sequence[Line], room: float) -> int:
    taken = 0.0
    for count, (_, style) in enumerate(lines):
        taken += style.line
        if taken > room:
            return count
    return len(lines)


def day_sheet_title(_: Words) -> str:
    return _("Day sheet")


def lay_out_day_sheet(paper: DaySheetPaper, typeface: Typeface, _: Words) -> list[Page]:
    """The pages of one session's sheet; who and when stands on each of them, for pages come apart."""
    sheet = Sheet(typeface, " · ".join((paper.school, day_sheet_title(_))))
    sheet.new_page()  # for its running head
    del sheet.pages[0]
    table = _Table(sheet, paper, _)
    table.head()
    if not paper.children:
        sheet.paragraph(_("No child is planned for this session."), BODY)
    for child in paper.children:
        table.put(_row(sheet, child, _))
    return _finish(sheet, paper, _)


class _Table:
    """The children's rows, under a head that is drawn again on each page."""

    def __init__(self, sheet: Sheet, paper: DaySheetPaper, _: Words) -> None:
        self.sheet, self.paper, self._ = sheet, paper, _
        self._top = 0.0

    def head(self) -> None:
        """Which session this is and who answers for it, then the table's headings."""
        sheet, paper, _ = self.sheet, self.paper, self._
        for line in sheet.lines(f"{paper.group}  {paper.date}  {paper.times}", WIDTH, _GROUP)[:_MOST_LINES]:
            sheet.put(line, LEFT, sheet.y, _GROUP)
            sheet.y += _GROUP.line
        sheet.gap(1)
        lead = " ".join(part for part in (paper.lead, paper.lead_phone) if part)
        facts = [(_("Venue"), paper.venue), (_("Gate"), paper.gate), (_("Care teacher"), paper.teacher)]
        sheet.facts([*facts, (_("Duty lead"), lead)])
        sheet.gap(1.5)
        titles = (_("No."), _("Child"), _("Who may collect"), _("When"), _("Signature"))
        cells = tuple(_inside(sheet, title, column, LABEL) for column, title in enumerate(titles))
        self._draw(_Row(cells, tinted=True))
        self._top = sheet.y

    def put(self, row: _Row) -> None:
        """Draws a row whole, on this page or the next; one that is higher than a page flows over its edge."""
        if row.height > self.sheet.room() and self.sheet.y > self._top:
            self._turn()
        while row.height > self.sheet.room():
            first, row = row.cut(self.sheet.room())
            self._draw(first)
            self._turn()
        self._draw(row)

    def _turn(self) -> None:
        self.sheet.new_page()
        self.head()

    def _draw(self, row: _Row) -> None:
        sheet, height = self.sheet, row.height
        if row.tinted:
            sheet.draw(Area(LEFT, sheet.y, WIDTH, height, TINT))
        for column, lines in enumerate(row.cells):
            y = sheet.y + _PADDING
            for text, style in lines:
                sheet.put(text, _EDGES[column] + _PADDING, y, style)
                y += style.line
        for y in (sheet.y, sheet.y + height):
            sheet.draw(Rule(LEFT, y, RIGHT, y, GREY))
        for x in _EDGES:
            sheet.draw(Rule(x, sheet.y, x, sheet.y + height, GREY))
        sheet.y += height


def _inside(sheet: Sheet, text: str, column: int, style: Style) -> tuple[Line, ...]:
    """The text as lines of a cell."""
    width = _EDGES[column + 1] - _EDGES[column] - 2 * _PADDING
    return tuple((line, style) for line in sheet.lines(text, width, style))


def _row(sheet: Sheet, child: SheetChild, _: Words) -> _Row:
    name = [*_inside(sheet, child.name, 1, _NAME)]
    for text, style in _about(child, _):
        name += _inside(sheet, text, 1, style)
    adults = [line for text, style in _adults(child, _) for line in _inside(sheet, text, 2, style)]
    number = _inside(sheet, child.number, 0, _NUMBER)
    return _Row((number, tuple(name), tuple(adults) or ((DASH, _ADULT),)), tinted=child.gone)


def _about(child: SheetChild, _: Words) -> Iterator[Line]:
    if child.school_class:
        yield child.school_class, _STATE
    alone = _("may leave alone") if child.alone else _("to an adult only")
    yield f"{child.state} · {alone}", _STATE
    if child.extended:
        yield _("Extended care today"), _STATE


def _adults(child: SheetChild, _: Words) -> Iterator[Line]:
    """Who must not collect stands first, then who comes today, then all the others."""
    stopped = [adult for adult in child.adults if adult.stopped]
    for adult in stopped:
        yield f"{NEVER} " + _("MUST NOT COLLECT: {adult}", adult=_person(adult)), _TODAY
    for adult in sorted((one for one in child.adults if not one.stopped), key=lambda one: not one.today):
        text = _("{adult} (today only)", adult=_person(adult)) if adult.delegate else _person(adult)
        yield (f"{COMES} " + _("Today: {adult}", adult=text), _TODAY) if adult.today else (text, _ADULT)
    if child.plan:
        yield _("Named for today, but not on the list (any more): {name}", name=child.plan), _ADULT
    if len(stopped) == len(child.adults):
        yield _("Nobody is on the list: ask the duty lead."), _TODAY


def _person(adult: SheetAdult) -> str:
    return " ".join(part for part in (adult.relation, adult.name, adult.phone) if part.strip())


def _finish(sheet: Sheet, paper: DaySheetPaper, _: Words) -> list[Page]:
    """The pages with their feet: who printed it and when, page of pages, the ledger's seal, and what becomes of it."""
    by = _("Printed {moment} by {name}", moment=moment(paper.printed_at, _), name=paper.printed_by or DASH)
    seal = _("Last seal of the ledger: {seal}", seal=paper.seal or _("none yet"))
    keep = _("This paper holds phone numbers. Keep it with you, hand it in after dismissal, and have it shredded.")
    for count, page in enumerate(sheet.pages, 1):
        page.append(Rule(LEFT, _FOOT - 1, RIGHT, _FOOT - 1))
        right = _("Page {page} of {pages}", page=count, pages=len(sheet.pages))
        page.append(_small(RIGHT - sheet.typeface.width(right, SMALL.size), 0, right))
        for number, (text, share) in enumerate(((by, 0.8), (seal, 1.0), (keep, 1.0))):
            (line, *_rest) = wrap(text, WIDTH * share, lambda piece: sheet.typeface.width(piece, SMALL.size))
            page.append(_small(LEFT, number, line))
        shown = "".join(mark.text for mark in page if isinstance(mark, Text))
        note = unprintable(shown, sheet.typeface, _)
        if note:
            page.append(_small(LEFT, -1.25, note))
    return [tuple(page) for page in sheet.pages]


def _small(x: float, line: float, text: str) -> Text:
    return Text(x, _FOOT + line * SMALL.line + SMALL.baseline, text, SMALL)
