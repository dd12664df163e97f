"""Invitation slips: six to a page, to be cut apart and taken home by the guardians of new children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import segno

from locales import Words
from papers.contents import Slip
from papers.frame import moment, unprintable
from papers.marks import (
    ACCENT,
    BLACK,
    BODY,
    GREY,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    SCHOOL,
    SMALL,
    TINT,
    Area,
    Mark,
    Page,
    Rule,
    Style,
    Text,
)
from papers.sheet import DASH
from papers.typeface import Typeface
from papers.wrap import clean, wrap

_ACROSS, _DOWN = 2, 3
_WIDTH, _HEIGHT = PAGE_WIDTH / _ACROSS, PAGE_HEIGHT / _DOWN
_MARGIN = 9.0
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
_QR = 33.0
_QUIET = 4
"""Modules of white that a reader needs around the square."""
_NAME = Style(17, strong=True, leading=1.35)
_STEP = Style(10.5, leading=1.45)
_CODE = Style(22, ACCENT, strong=True, leading=1.5)
_CODE_SPREAD = 0.12
"""Extra room between the letters of the code, as a share of their width in all."""
_SMALLEST = 0.25


def slips_title(_: Words) -> str:
    return _("Invitation slips")


def lay_out_slips(slips: Sequence[Slip], typeface: Typeface, _: Words) -> list[Page]:
    """The pages of slips, in the order given, row by row."""
    pages: list[Page] = []
    for start in range(0, len(slips), _ACROSS * _DOWN):
        here = slips[start : start + _ACROSS * _DOWN]
        marks: list[Mark] = list(_cut_lines((len(here) + 1) // _ACROSS, typeface))
        for place, slip in enumerate(here):
            x, y = place % _ACROSS * _WIDTH + _MARGIN, place // _ACROSS * _HEIGHT + _MARGIN
            marks += _fitted(slip, x, y, typeface, _)
        pages.append(tuple(marks))
    return pages


def _cut_lines(rows: int, typeface: Typeface) -> Iterator[Mark]:
    scissors = Style(9, GREY)
    for column in range(1, _ACROSS):
        yield Rule(column * _WIDTH, 0, column * _WIDTH, rows * _HEIGHT, GREY, 0.15, dashed=True)
    for row in range(1, min(rows, _DOWN - 1) + 1):
        yield Rule(10, row * _HEIGHT, PAGE_WIDTH, row * _HEIGHT, GREY, 0.15, dashed=True)
        yield Text(5, row * _HEIGHT + 0.38 * typeface.width("✂", scissors.size), "✂", scissors)


def _fitted(slip: Slip, x: float, y: float, typeface: Typeface, _: Words) -> list[Mark]:
    """The slip at the largest size of letters at which all of it stays inside its cut lines."""
    factor = 1.0
    while True:
        laid = _Layout(x, y, factor, typeface)
        _lay_out(laid, slip, _)
        if laid.y - y <= _INNER_HEIGHT or factor <= _SMALLEST:
            return [*square(slip.link, x + _INNER_WIDTH - _QR, y), *laid.marks]
        factor -= 0.05


class _Layout:
    """One slip being filled from top to bottom."""

    def __init__(self, x: float, y: float, factor: float, typeface: Typeface) -> None:
        self.x, self.y, self.factor, self.typeface = x, y, factor, typeface
        self.marks: list[Mark] = []

    def write(self, text: str, style: Style, *, inset: float = 0.0, width: float = _INNER_WIDTH) -> None:
        style = style.scaled(self.factor)
        for line in wrap(
            " ".join(text.split()) or DASH, width - inset, lambda piece: self.typeface.width(piece, style.size)
        ):
            self.marks.append(Text(self.x + inset, self.y + style.baseline, line, style))
            self.y += style.line


def _lay_out(laid: _Layout, slip: Slip, _: Words) -> None:
    top, beside = laid.y, _INNER_WIDTH - _QR - 3
    laid.write(slip.school, SCHOOL.scaled(0.9), width=beside)
    laid.y += 1.5
    laid.write(slip.student, _NAME, width=beside)
    laid.write(slip.school_class, BODY, width=beside)
    laid.y += 1
    laid.write(_for_whom(slip, _), BODY, width=beside)
    laid.y = max(laid.y, top + _QR) + 3
    steps = (
        _("Scan the QR code with your phone, or open {address}", address=slip.address or slip.link),
        _("Tap Start. If you are asked for a code, type this one:"),
    )
    for number, step in enumerate(steps, 1):
        before = laid.y
        laid.write(step, _STEP, inset=5)
        style = _STEP.scaled(laid.factor)
        laid.marks.append(Text(laid.x, before + style.baseline, f"{number}.", style))
    laid.y += 2.5
    _code(laid, slip.code)
    laid.y += 2.5
    laid.write(_("Valid until {moment}", moment=slip.valid_until or DASH), BODY)
    laid.write(_("Only for you: whoever holds this slip can act for your child."), SMALL)
    laid.write(_("Printed {moment}", moment=moment(slip.printed_at, _)), SMALL)
    shown = "".join(mark.text for mark in laid.marks if isinstance(mark, Text))
    note = unprintable(shown, laid.typeface, _)
    if note:
        laid.write(note, SMALL)


def _for_whom(slip: Slip, _: Words) -> str:
    guardian = slip.guardian.strip() or DASH
    if not slip.relation.strip():
        return _("For {guardian}", guardian=guardian)
    return _("For {guardian} ({relation})", guardian=guardian, relation=slip.relation)


def _code(laid: _Layout, code: str) -> None:
    """The code in a tinted bar, its letters apart so that they can be read out one by one."""
    code = "".join(clean(code).split()) or DASH
    style = _CODE.scaled(laid.factor)
    natural = laid.typeface.width(code, style.size)
    style = style.scaled(min(1.0, (_INNER_WIDTH - 6) / (natural * (1 + 2 * _CODE_SPREAD))))
    natural = laid.typeface.width(code, style.size)
    spread = natural * 2 * _CODE_SPREAD / len(code)
    taken = natural + spread * (len(code) - 1)
    laid.marks.append(Area(laid.x, laid.y, _INNER_WIDTH, style.line, TINT))
    laid.marks.append(Text(laid.x + (_INNER_WIDTH - taken) / 2, laid.y + style.baseline, code, style, spread))
    laid.y += style.line


def square(link: str, x: float, y: float, size: float = _QR) -> Iterator[Mark]:
    """The QR code of a link as black runs, row by row; its quiet margin is part of the size."""
    matrix = segno.make(link, error="m", micro=False).matrix
    module = size / (len(matrix) + 2 * _QUIET)
    for row, modules in enumerate(matrix):
        start = 0
        while start < len(modules):
            end = start
            while end < len(modules) and modules[end] == modules[start]:
                end += 1
            if modules[start]:
                left, top = x + (_QUIET + start) * module, y + (_QUIET + row) * module
                yield Area(left, top, (end - start) * module, module, BLACK)
            start = end
