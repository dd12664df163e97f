"""The layout kit of the full-page papers: lines, tables and headings that flow from page to page and are never cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from papers.marks import (
    BODY,
    HAIR,
    HEADING,
    LABEL,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    SMALL,
    SUBHEADING,
    TINT,
    Area,
    Mark,
    Rule,
    Style,
    Text,
)
from papers.typeface import Typeface
from papers.wrap import clean, wrap

LEFT, RIGHT = 20.0, PAGE_WIDTH - 20.0
WIDTH = RIGHT - LEFT
TOP, BOTTOM = 18.0, PAGE_HEIGHT - 24.0
DASH = "—"
_PADDING_X, _PADDING_Y = 2.2, 1.3
_WHOLE_LINES = 10
"""A row of up to so many lines moves to the next page as a whole; a longer one flows over the edge."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and its share of the width."""

    heading: str
    share: float


@dataclass(frozen=True, slots=True)
class Cell:
    """Part of a row, already broken into lines."""

    x: float
    width: float
    lines: tuple[str, ...]
    style: Style
    tinted: bool = False


class Sheet:
    """A growing paper: everything is put below what is there, and a new page begins where the room ends."""

    def __init__(self, typeface: Typeface, running_head: str) -> None:
        self.typeface = typeface
        self.pages: list[list[Mark]] = [[]]
        self.y = TOP
        self._running_head = running_head

    def put(self, text: str, x: float, y: float, style: Style) -> None:
        """One line whose top is at ``y``."""
        text = clean(text).replace("\n", " ")
        if text:
            self.pages[-1].append(Text(x, y + style.baseline, text, style))

    def draw(self, mark: Mark) -> None:
        self.pages[-1].append(mark)

    def lines(self, text: str, width: float, style: Style) -> tuple[str, ...]:
        """The text broken to this width; a dash where there is none."""
        broken = wrap(text.strip(), width, lambda piece: self.typeface.width(piece, style.size))
        return tuple(broken) if any(broken) else (DASH,)

    def room(self) -> float:
        return BOTTOM - self.y

    def need(self, height: float) -> None:
        """Goes to a new page unless this much fits on the present one."""
        if self.room() < height and self.y > TOP + HEADING.line:
            self.new_page()

    def new_page(self) -> None:
        self.pages.append([])
        self.y = TOP
        (first, *_) = wrap(self._running_head, WIDTH, lambda piece: self.typeface.width(piece, SMALL.size))
        self.put(first, LEFT, self.y - 6, SMALL)
        self.draw(Rule(LEFT, self.y - 1, RIGHT, self.y - 1))
        self.y += 2

    def gap(self, height: float) -> None:
        self.y += height

    def paragraph(self, text: str, style: Style, *, x: float = LEFT, first_x: float | None = None) -> None:
        """Text over the width right of ``x``, its first line beginning at ``first_x``."""
        first_x = x if first_x is None else first_x
        shift = max(0.0, first_x - x)
        lines = self._indented(text, RIGHT - x, shift, style)
        for number, line in enumerate(lines):
            self.need(style.line * (2 if number == 0 and len(lines) > 1 else 1))
            self.put(line, first_x if number == 0 else x, self.y, style)
            self.y += style.line

    def centred(self, text: str, style: Style) -> None:
        for line in self.lines(text, WIDTH, style):
            self.need(style.line)
            self.put(line, LEFT + (WIDTH - self.typeface.width(line, style.size)) / 2, self.y, style)
            self.y += style.line

    def heading(self, text: str, style: Style = HEADING, *, followed_by: float = 4 * BODY.line) -> None:
        """A heading stays with what follows it: so many millimetres at least."""
        lines = self.lines(text, WIDTH, style)
        self.gap(2.5 if style is SUBHEADING else 5)
        self.need(style.line * len(lines) + followed_by)
        for line in lines:
            self.put(line, LEFT, self.y, style)
            self.y += style.line
        self.gap(1)

    def facts(self, facts: Sequence[tuple[str, str]], *, label_share: float = 0.14, paired: bool = True) -> None:
        """Labels with their values, and if ``paired`` two to a row where neither needs more than two lines."""
        half, label = WIDTH / 2, WIDTH * label_share
        waiting = list(facts)
        while waiting:
            first = waiting.pop(0)
            if paired and waiting and all(self._is_short(fact, label, half - label) for fact in (first, waiting[0])):
                second = waiting.pop(0)
                self._row([*self._fact(first, LEFT, label, half), *self._fact(second, LEFT + half, label, half)])
            else:
                self._row(self._fact(first, LEFT, label, WIDTH))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """A table whose headings stand again on each page it reaches."""
        whole = sum(column.share for column in columns)
        widths = [WIDTH * column.share / whole for column in columns]
        edges = [LEFT + sum(widths[:number]) for number in range(len(widths))]

        def cells(texts: Sequence[str], style: Style, tinted: bool) -> list[Cell]:
            placed = zip(texts, edges, widths, strict=True)
            return [Cell(x, width, self._inside(text, width, style), style, tinted) for text, x, width in placed]

        head = cells([column.heading for column in columns], LABEL, True)
        self.need(_height(head) + 3 * BODY.line)
        self._draw_row(head)
        for row in rows:
            self._row(cells(row, BODY, False), lambda: self._draw_row(head))

    def _fact(self, fact: tuple[str, str], x: float, label: float, width: float) -> list[Cell]:
        name, value = fact
        return [
            Cell(x, label, self._inside(name, label, LABEL), LABEL, tinted=True),
            Cell(x + label, width - label, self._inside(value, width - label, BODY), BODY),
        ]

    def _is_short(self, fact: tuple[str, str], label: float, value: float) -> bool:
        return len(self._inside(fact[0], label, LABEL)) <= 2 and len(self._inside(fact[1], value, BODY)) <= 2

    def _inside(self, text: str, width: float, style: Style) -> tuple[str, ...]:
        return self.lines(text, width - 2 * _PADDING_X, style)

    def _indented(self, text: str, width: float, shift: float, style: Style) -> tuple[str, ...]:
        """The shift of the first line is kept free by wrapping around a blank of that width."""
        if not shift:
            return self.lines(text, width, style)
        first, *_ = self.lines(text, width - shift, style)
        rest = clean(text.strip())[len(first) :].lstrip()
        return (first, *self.lines(rest, width, style)) if rest else (first,)

    def _row(self, cells: list[Cell], again: Callable[[], None] | None = None) -> None:
        """Draws a row where it fits; a very high one goes on, line by line, on the next page."""
        while True:
            tallest = max(len(cell.lines) for cell in cells)
            fitting = int((self.room() - 2 * _PADDING_Y) / BODY.line)
            if tallest <= fitting:
                self._draw_row(cells)
                return
            if tallest > _WHOLE_LINES and fitting >= 3:
                self._draw_row([replace(cell, lines=cell.lines[:fitting]) for cell in cells])
                cells = [replace(cell, lines=cell.lines[fitting:]) for cell in cells]
            self.new_page()
            if again is not None:
                again()

    def _draw_row(self, cells: Sequence[Cell]) -> None:
        height = _height(cells)
        for cell in cells:
            if cell.tinted:
                self.draw(Area(cell.x, self.y, cell.width, height, TINT))
        for cell in cells:
            for number, line in enumerate(cell.lines):
                top = self.y + _PADDING_Y + number * BODY.line + (BODY.baseline - cell.style.baseline)
                self.put(line, cell.x + _PADDING_X, top, cell.style)
        self._frame(cells, height)
        self.y += height

    def _frame(self, cells: Sequence[Cell], height: float) -> None:
        left, right, bottom = cells[0].x, cells[-1].x + cells[-1].width, self.y + height
        for y in (self.y, bottom):
            self.draw(Rule(left, y, right, y, HAIR))
        for x in (*(cell.x for cell in cells), right):
            self.draw(Rule(x, self.y, x, bottom, HAIR))


def _height(cells: Sequence[Cell]) -> float:
    return max(len(cell.lines) for cell in cells) * BODY.line + 2 * _PADDING_Y
