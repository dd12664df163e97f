"""The printer: one object of the product that turns contents into the bytes of a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from locales import words
from papers.agreement import agreement_title, lay_out_agreement
from papers.application import application_title, lay_out_application
from papers.contents import AgreementPaper, ApplicationPaper, DaySheetPaper, PickupPaper, Slip
from papers.day_sheet import day_sheet_title, lay_out_day_sheet
from papers.marks import About, Page
from papers.pickup import lay_out_pickup, pickup_title
from papers.slips import lay_out_slips, slips_title
from papers.typeface import Typeface

DOMAIN = "papers"


class Printer:
    """Prints papers; fonts and PDF library are loaded at the first one. Safe to call from several threads at once.

    The same contents and language give the same bytes. A PDF takes some tens of milliseconds of CPU, so the doors call
    it through ``asyncio.to_thread``. A character without a shape in the fonts is printed as a box, and the foot of its
    page names it by code; the text in the file keeps it.
    """

    @cached_property
    def _typeface(self) -> Typeface:
        return Typeface()

    def application(self, paper: ApplicationPaper, language: str) -> bytes:
        """The guardian's application with what was decided on it."""
        _ = words(language, DOMAIN)
        title = f"{application_title(_)} {paper.number}".strip()
        about = About(title, paper.school, paper.term, _.language, paper.printed_at)
        return self._press(lay_out_application(paper, self._typeface, _), about)

    def agreement(self, paper: AgreementPaper, language: str) -> bytes:
        """The agreement, signed or with room for a signature by hand."""
        _ = words(language, DOMAIN)
        title = f"{agreement_title(paper, _)} {paper.number}".strip()
        about = About(title, paper.school, paper.term, _.language, paper.printed_at)
        return self._press(lay_out_agreement(paper, self._typeface, _), about)

    def slips(self, slips: Sequence[Slip], language: str) -> bytes:
        """Invitation slips, six to a page. Raises ``ValueError`` where there are none to print."""
        if not slips:
            raise ValueError("no slips to print")
        _ = words(language, DOMAIN)
        first = slips[0]
        about = About(slips_title(_), first.school, first.school_class, _.language, first.printed_at)
        return self._press(lay_out_slips(slips, self._typeface, _), about)

    def pickup(self, paper: PickupPaper, language: str) -> bytes:
        """The slip with which an adult collects a child on one date."""
        _ = words(language, DOMAIN)
        about = About(f"{pickup_title(_)} {paper.day}", paper.school, paper.adult, _.language, paper.printed_at)
        return self._press(lay_out_pickup(paper, self._typeface, _), about)

    def day_sheets(self, sheets: Sequence[DaySheetPaper], language: str) -> bytes:
        """Day sheets, each beginning on a page of its own and counting its own. Raises ``ValueError`` for none."""
        if not sheets:
            raise ValueError("no day sheets to print")
        _ = words(language, DOMAIN)
        first = sheets[0]
        title = " ".join((day_sheet_title(_), first.group if len(sheets) == 1 else "", first.date)).replace("  ", " ")
        about = About(title, first.school, first.date, _.language, first.printed_at)
        pages = [page for sheet in sheets for page in lay_out_day_sheet(sheet, self._typeface, _)]
        return self._press(pages, about)

    def _press(self, pages: Sequence[Page], about: About) -> bytes:
        # The PDF library takes some 40 MB and a fifth of a second: a school that prints nothing does not pay for it.
        from papers.press import press

        return press(pages, self._typeface, about)
