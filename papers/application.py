"""The guardian's written application and what the school decided on it, as one paper for the file (S1, S5)."""

from __future__ import annotations

from locales import Words
from papers.contents import ApplicationPaper
from papers.frame import finish, head
from papers.marks import BODY, LABEL, SUBHEADING, Page, Rule
from papers.sheet import DASH, LEFT, WIDTH, Column, Sheet
from papers.typeface import Typeface

_HAND = 13.0
"""Room for a signature by hand, in millimetres."""


def application_title(_: Words) -> str:
    return _("Application for after-school care")


def lay_out_application(paper: ApplicationPaper, typeface: Typeface, _: Words) -> list[Page]:
    """The pages of the application."""
    title = application_title(_)
    sheet = Sheet(typeface, " · ".join((paper.school, title, paper.student, paper.number)))
    head(sheet, paper.school, title, _("{term}, No. {number}", term=paper.term or DASH, number=paper.number or DASH))
    _people(sheet, paper, _)
    if paper.answers:
        sheet.heading(_("What the guardian states"))
        sheet.facts(paper.answers, label_share=0.3, paired=False)
    _pickup(sheet, paper, _)
    _timeline(sheet, paper, _)
    _signatures(sheet, _)
    return finish(sheet, paper.number, paper.printed_at, _)


def _people(sheet: Sheet, paper: ApplicationPaper, _: Words) -> None:
    sheet.heading(_("Child and guardian"))
    sheet.facts(
        [
            (_("Child"), paper.student),
            (_("Student number"), paper.student_no),
            (_("Class"), paper.school_class),
            (_("State"), paper.state),
            (_("Guardian"), paper.guardian),
            (_("Relation"), paper.relation),
            (_("Phone"), paper.phone),
            (_("Submitted"), paper.submitted_on),
            (_("Criteria"), paper.criteria_version),
        ]
    )


def _pickup(sheet: Sheet, paper: ApplicationPaper, _: Words) -> None:
    sheet.heading(_("Authorised pick-up persons"))
    if not paper.pickup:
        sheet.paragraph(_("Nobody is named besides the guardian."), BODY)
        return
    sheet.table(
        [Column(_("Item"), 8), Column(_("Name"), 42), Column(_("Relation to the child"), 24), Column(_("Phone"), 26)],
        [(str(at), person.name, person.relation, person.phone) for at, person in enumerate(paper.pickup, 1)],
    )


def _timeline(sheet: Sheet, paper: ApplicationPaper, _: Words) -> None:
    sheet.heading(_("What was done, and by whom"))
    if not paper.timeline:
        sheet.paragraph(_("Nothing has been done yet."), BODY)
        return
    sheet.table(
        [Column(_("When"), 22), Column(_("Who"), 22), Column(_("Step"), 22), Column(_("Remark"), 34)],
        [(entry.at, entry.who, entry.what, entry.remark) for entry in paper.timeline],
    )


def _signatures(sheet: Sheet, _: Words) -> None:
    """Three places to sign by hand, for files that want ink; they stay on one page."""
    who = (_("Guardian (signature, date)"), _("Homeroom teacher (signature, date)"), _("School (seal, date)"))
    third = WIDTH / len(who)
    labels = [sheet.lines(label, third - 8, LABEL) for label in who]
    height = max(len(lines) for lines in labels) * LABEL.line
    sheet.heading(_("Signed on paper, where the file asks for it"), SUBHEADING, followed_by=1 + _HAND + height)
    sheet.gap(_HAND)
    for at, lines in enumerate(labels):
        x = LEFT + at * third
        sheet.draw(Rule(x, sheet.y, x + third - 8, sheet.y))
        for number, line in enumerate(lines):
            sheet.put(line, x, sheet.y + 0.5 + number * LABEL.line, LABEL)
    sheet.gap(height)
