"""What every full-page paper has in common: the head with school and title, and the foot with number and page."""

from __future__ import annotations

from datetime import datetime

from locales import Words
from papers.marks import ACCENT, BODY, PAGE_HEIGHT, SCHOOL, SMALL, TITLE, Page, Rule, Text
from papers.sheet import LEFT, RIGHT, WIDTH, Sheet
from papers.typeface import Typeface
from papers.wrap import wrap

_MOST_NAMED = 8
"""So many characters without a shape are named in the foot; of more, only the number is."""


def head(sheet: Sheet, school: str, title: str, below: str) -> None:
    """School, title and one line under it, over a line across the page."""
    sheet.centred(school, SCHOOL)
    sheet.gap(1.5)
    sheet.centred(title, TITLE)
    sheet.gap(0.5)
    sheet.centred(below, BODY)
    sheet.gap(2)
    sheet.draw(Rule(LEFT, sheet.y, RIGHT, sheet.y, ACCENT, 0.6))
    sheet.gap(1)


def moment(at: datetime, _: Words) -> str:
    """A date and time as this language writes it."""
    return _(
        "{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}",
        year=at.year,
        month=at.month,
        day=at.day,
        hour=at.hour,
        minute=at.minute,
    )


def finish(sheet: Sheet, number: str, printed_at: datetime, _: Words) -> list[Page]:
    """The pages with their feet: what cannot be shown, number and printing time, page of pages."""
    left = _("No. {number}, printed {moment}", number=number or "—", moment=moment(printed_at, _))
    (left, *_rest) = wrap(left, WIDTH * 0.75, lambda piece: sheet.typeface.width(piece, SMALL.size))
    pages = sheet.pages
    for count, page in enumerate(pages, 1):
        y = PAGE_HEIGHT - 14
        right = _("Page {page} of {pages}", page=count, pages=len(pages))
        page.append(Rule(LEFT, y - 1.5, RIGHT, y - 1.5))
        page.append(Text(LEFT, y + SMALL.baseline, left, SMALL))
        page.append(Text(RIGHT - sheet.typeface.width(right, SMALL.size), y + SMALL.baseline, right, SMALL))
        shown = "".join(mark.text for mark in page if isinstance(mark, Text))
        note = unprintable(shown, sheet.typeface, _)
        if note:
            page.append(Text(LEFT, y - 2.5 - SMALL.line + SMALL.baseline, note, SMALL))
    return [tuple(page) for page in pages]


def unprintable(shown: str, typeface: Typeface, _: Words) -> str:
    """Names the characters of a page that appear as a box, by their codes; empty where there are none."""
    missing = typeface.missing(shown)
    if not missing:
        return ""
    codes = ", ".join(f"U+{ord(character):04X}" for character in missing[:_MOST_NAMED])
    if len(missing) > _MOST_NAMED:
        more = len(missing) - _MOST_NAMED
        return _("Cannot be printed fully (shown as a box): {codes} and {more} more", codes=codes, more=more)
    return _("Cannot be printed fully (shown as a box): {codes}", codes=codes)
