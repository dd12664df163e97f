"""The pick-up slip for one day (S14): who may collect which child, and the code to be told at the gate."""

from __future__ import annotations

from locales import Words
from papers.contents import PickupPaper
from papers.frame import finish, head
from papers.marks import ACCENT, BODY, STRONG, TINT, Area, Page, Style, Text
from papers.sheet import LEFT, RIGHT, WIDTH, Column, Sheet
from papers.slips import square
from papers.typeface import Typeface

_QR = 46.0
_NAME = Style(20, strong=True, leading=1.4)
_CODE = Style(34, ACCENT, strong=True, leading=1.5)
_SPREAD = 2.0
"""Extra room between the signs of the code, in millimetres, so that they can be read out one by one."""


def pickup_title(_: Words) -> str:
    return _("Pick-up slip for one day")


def lay_out_pickup(paper: PickupPaper, typeface: Typeface, _: Words) -> list[Page]:
    """One page, unless a name or a gate is very long."""
    title = pickup_title(_)
    sheet = Sheet(typeface, " · ".join((paper.school, title, paper.adult, paper.day)))
    head(sheet, paper.school, title, _("Valid on {day} only", day=paper.day))
    sheet.gap(4)
    sheet.paragraph(paper.adult, _NAME)
    sheet.paragraph(_("As {relation}, may collect:", relation=paper.relation), BODY)
    sheet.gap(2)
    sheet.table(
        [Column(_("Child"), 34), Column(_("Class"), 18), Column(_("Time"), 18), Column(_("Gate"), 30)],
        [(child.name, child.school_class, child.time, child.gate) for child in paper.children],
    )
    sheet.gap(6)
    _code_and_square(sheet, paper, _)
    sheet.paragraph(_("1. Tell the teacher at the gate your name and this code, or show the QR code."), BODY)
    sheet.paragraph(_("2. The code works once for each child. Give it to nobody else."), BODY)
    return finish(sheet, paper.number, paper.printed_at, _)


def _code_and_square(sheet: Sheet, paper: PickupPaper, _: Words) -> None:
    """The code in a tinted field, the square beside it; they stay on one page."""
    sheet.need(_QR + 6)
    top, width = sheet.y, WIDTH - _QR - 6
    sheet.draw(Area(LEFT, top, width, _QR, TINT))
    sheet.put(_("Pick-up code"), LEFT + 4, top + 3, STRONG)
    wide = sheet.typeface.width(paper.code, _CODE.size) + _SPREAD * (len(paper.code) - 1)
    x, y = LEFT + (width - wide) / 2, top + (_QR - _CODE.line) / 2
    sheet.draw(Text(x, y + _CODE.baseline, paper.code, _CODE, _SPREAD))
    for mark in square(paper.link, RIGHT - _QR, top, _QR):
        sheet.draw(mark)
    sheet.gap(_QR + 6)
