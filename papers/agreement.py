"""The agreement between school and guardian: the text as it was signed, and the signature with its proof (S7)."""

from __future__ import annotations

import re
from itertools import pairwise

from locales import Words
from papers.contents import AgreementPaper, Signature
from papers.frame import finish, head
from papers.marks import BODY, GREY, HAIR, HEADING, LABEL, SMALL, SUBHEADING, Page, Rule, Style
from papers.sheet import BOTTOM, DASH, LEFT, RIGHT, TOP, WIDTH, Sheet
from papers.typeface import MM_PER_POINT, Typeface

_NUMBERED = re.compile(r"(\d{1,3}[.、)．]|[（(][一二三四五六七八九十\d]{1,4}[）)]|[一二三四五六七八九十]{1,3}、)\s*")
_PROSE = Style(10.5, leading=1.65)
_SIGNED_NAME = Style(17, leading=1.4)
_SHORT_HASH = 12
_LABELS = 24.0
"""Width of the labels beside a signature, in millimetres."""


def agreement_title(paper: AgreementPaper, _: Words) -> str:
    return paper.title.strip() or _("Agreement on after-school care")


def lay_out_agreement(paper: AgreementPaper, typeface: Typeface, _: Words) -> list[Page]:
    """The pages of the agreement."""
    title = agreement_title(paper, _)
    sheet = Sheet(typeface, " · ".join((paper.school, title, paper.student, paper.number)))
    head(sheet, paper.school, title, _("{term}, No. {number}", term=paper.term or DASH, number=paper.number or DASH))
    sheet.gap(4)
    sheet.facts(
        [
            (_("Child"), paper.student),
            (_("Class"), paper.school_class),
            (_("Guardian"), paper.guardian),
            (_("Relation"), paper.relation),
            (_("Days"), paper.weekdays),
            (_("Times"), paper.times),
            (_("Venue"), paper.venue),
            (_("Text version"), paper.version),
        ]
    )
    sheet.gap(4)
    _body(sheet, paper.body, indent=_.language.startswith("zh"))
    _signature(sheet, paper, _)
    return finish(sheet, paper.number, paper.printed_at, _)


def _body(sheet: Sheet, body: str, *, indent: bool) -> None:
    for line in body.splitlines():
        text = line.strip()
        if not text:
            sheet.gap(_PROSE.line / 3)
        elif text.startswith("# "):
            sheet.heading(text[2:], HEADING)
        elif text.startswith("## "):
            sheet.heading(text[3:], SUBHEADING)
        elif text.startswith("- "):
            _hanging(sheet, "•", text[2:])
        elif numbered := _NUMBERED.match(text):
            _hanging(sheet, numbered[0].strip(), text[numbered.end() :])
        else:
            two_characters = 2 * _PROSE.size * MM_PER_POINT
            sheet.paragraph(text, _PROSE, first_x=LEFT + two_characters if indent else None)
            sheet.gap(0.6 if indent else 1.6)


def _hanging(sheet: Sheet, mark: str, text: str) -> None:
    """The mark stands in the margin of its own text."""
    inset = max(7.0, sheet.typeface.width(mark, _PROSE.size) + 2)
    sheet.need(_PROSE.line * 2)
    sheet.put(mark, LEFT + 1, sheet.y, _PROSE)
    sheet.paragraph(text or DASH, _PROSE, x=LEFT + 1 + inset)
    sheet.gap(0.8)


def _signature(sheet: Sheet, paper: AgreementPaper, _: Words) -> None:
    """Guardian on the left, school on the right, and below them which text was signed.

    All of it is kept on one page, except where that cannot be: then the values flow as a table.
    """
    half = WIDTH / 2 - 5
    left = _signed_lines(paper.signed, _) if paper.signed else ((_("Signature"), ""), (_("Date"), ""))
    right = ((_("Seal"), ""), (_("Date"), ""))
    proof = _proof(sheet, paper, _)
    sides = ((LEFT, _("Guardian"), left), (LEFT + half + 10, _("School"), right))
    height = max(_side_height(sheet, lines, half) for _x, _who, lines in sides)
    together = height + 4 + sum(style.line for _line, style in proof)
    sheet.gap(7)
    if together > BOTTOM - TOP - 10:
        sheet.facts(left, paired=False)
        sheet.gap(4)
    else:
        sheet.need(together)
        top = sheet.y
        for x, who, lines in sides:
            _side(sheet, x, half, who, lines)
            sheet.y = top
        sheet.gap(height + 4)
    sheet.draw(Rule(LEFT, sheet.y - 2, RIGHT, sheet.y - 2))
    for line, style in proof:
        sheet.need(style.line)
        sheet.put(line, LEFT, sheet.y, style)
        sheet.gap(style.line)


def _signed_lines(signed: Signature, _: Words) -> tuple[tuple[str, str], ...]:
    return (
        (_("Signed by"), signed.typed_name.strip() or DASH),
        (_("Signed at"), signed.signed_at.strip() or DASH),
        (_("How"), signed.how.strip() or DASH),
        (_("Channel"), signed.channel.strip() or DASH),
    )


def _value_lines(sheet: Sheet, number: int, value: str, width: float) -> tuple[tuple[str, ...], Style]:
    """The first value is the name: as large as a signature, unless that takes more than two lines."""
    style = _SIGNED_NAME if number == 0 else BODY
    if not value.strip():
        return ("",), style
    if len(sheet.lines(value, width - _LABELS, style)) > 2:
        style = BODY
    return sheet.lines(value, width - _LABELS, style), style


def _side_height(sheet: Sheet, lines: tuple[tuple[str, str], ...], width: float) -> float:
    height = HEADING.line + 2
    for number, (_label, value) in enumerate(lines):
        broken, style = _value_lines(sheet, number, value, width)
        height += len(broken) * style.line + (3 if value.strip() else 4) + 1
    return height


def _side(sheet: Sheet, x: float, width: float, who: str, lines: tuple[tuple[str, str], ...]) -> None:
    """One party: a label and a value to each line; a line without value is ruled, to be filled in by hand."""
    sheet.put(who, x, sheet.y, HEADING)
    sheet.gap(HEADING.line + 2)
    for number, (label, value) in enumerate(lines):
        broken, style = _value_lines(sheet, number, value, width)
        bottom = sheet.y + len(broken) * style.line
        sheet.put(label, x, sheet.y + style.baseline - LABEL.baseline, LABEL)
        for at, line in enumerate(broken):
            sheet.put(line, x + _LABELS, sheet.y + at * style.line, style)
        sheet.draw(Rule(x + _LABELS, bottom + 1, x + width, bottom + 1, HAIR if value.strip() else GREY))
        sheet.y = bottom + (3 if value.strip() else 4) + 1


def _proof(sheet: Sheet, paper: AgreementPaper, _: Words) -> list[tuple[str, Style]]:
    """Which text was signed: its version, the start of its hash to compare by eye, and the hash in small print."""
    digits = paper.text_sha256[:_SHORT_HASH]
    grouped = " ".join(digits[start:end] for start, end in pairwise(range(0, _SHORT_HASH + 1, 4))).strip()
    version, short = paper.version or DASH, grouped or DASH
    if paper.signed:
        said = _("Signed text: version {version}, check value {short}", version=version, short=short)
    else:
        said = _("Not yet signed. Version {version}, check value {short}", version=version, short=short)
    whole = _("SHA-256 of the agreement text: {hash}", hash=paper.text_sha256 or DASH)
    return [(line, style) for text, style in ((said, BODY), (whole, SMALL)) for line in sheet.lines(text, WIDTH, style)]
