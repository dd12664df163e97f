"""Puts laid out pages into a PDF: the same pages give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from fpdf import FPDF
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont

from papers.marks import About, Area, Mark, Page, Rule, Text
from papers.typeface import MM_PER_POINT, Typeface

_FAMILY = "paper"
_THICKENING = 0.028
"""Width of the line around strong letters, as a share of their size."""


def press(pages: Sequence[Page], typeface: Typeface, about: About) -> bytes:
    """The PDF of these pages, with a font cut to the characters they show."""
    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    _describe(pdf, about)
    shown = "".join(mark.text for page in pages for mark in page if isinstance(mark, Text))
    # add_font() takes only a path; the cut font exists in memory.
    pdf.fonts[_FAMILY] = TTFFont(pdf, BytesIO(typeface.cut(shown)), _FAMILY, "")  # type: ignore[arg-type]
    for page in pages:
        pdf.add_page()
        for mark in page:
            _put(pdf, mark)
    return bytes(pdf.output())


def _describe(pdf: FPDF, about: About) -> None:
    pdf.set_title(about.title)
    pdf.set_author(about.author)
    pdf.set_subject(about.subject)
    pdf.set_creator("AfterBell")
    pdf.set_lang(about.language.replace("_", "-"))
    pdf.set_creation_date(about.created)


def _put(pdf: FPDF, mark: Mark) -> None:
    match mark:
        case Text():
            _write(pdf, mark)
        case Rule():
            pdf.set_draw_color(*mark.ink)
            pdf.set_line_width(mark.width)
            if mark.dashed:
                pdf.set_dash_pattern(dash=1.2, gap=1.2)
            pdf.line(mark.x, mark.y, mark.to_x, mark.to_y)
            pdf.set_dash_pattern()
        case Area():
            pdf.set_fill_color(*mark.ink)
            pdf.rect(mark.x, mark.y, mark.width, mark.height, style="F")


def _write(pdf: FPDF, mark: Text) -> None:
    pdf.set_font(_FAMILY, size=mark.style.size)
    pdf.set_text_color(*mark.style.ink)
    pdf.set_char_spacing(mark.spread / MM_PER_POINT)
    if not mark.style.strong:
        pdf.text(mark.x, mark.y, mark.text)
        return
    with pdf.local_context():
        pdf.text_mode = TextMode.FILL_STROKE
        pdf.set_draw_color(*mark.style.ink)
        pdf.set_line_width(mark.style.size * MM_PER_POINT * _THICKENING)
        pdf.text(mark.x, mark.y, mark.text)
