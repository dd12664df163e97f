"""What stands on a page once it is laid out: text, lines and areas at fixed places, and the styles they come in.

Places are millimetres from the top left corner of an A4 page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from papers.typeface import MM_PER_POINT

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0

Ink = tuple[int, int, int]
BLACK: Ink = (24, 28, 32)
GREY: Ink = (96, 102, 108)
HAIR: Ink = (186, 192, 198)
TINT: Ink = (243, 246, 247)
ACCENT: Ink = (18, 86, 102)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: size in points, and whether its outline is thickened (there is no second, bold font)."""

    size: float
    ink: Ink = BLACK
    strong: bool = False
    leading: float = 1.5

    @property
    def line(self) -> float:
        """The height of one line, in millimetres."""
        return self.size * MM_PER_POINT * self.leading

    @property
    def baseline(self) -> float:
        """How far below a line's top its letters stand, in millimetres."""
        return (self.line + 0.76 * self.size * MM_PER_POINT) / 2

    def scaled(self, factor: float) -> Style:
        return replace(self, size=self.size * factor)


SCHOOL = Style(11, ACCENT, strong=True)
TITLE = Style(19, strong=True, leading=1.35)
HEADING = Style(12, ACCENT, strong=True)
SUBHEADING = Style(10.5, strong=True)
BODY = Style(10)
STRONG = Style(10, strong=True)
LABEL = Style(9, GREY)
SMALL = Style(8, GREY)


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; ``y`` is where its letters stand, ``spread`` is extra room between them in millimetres."""

    x: float
    y: float
    text: str
    style: Style
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line."""

    x: float
    y: float
    to_x: float
    to_y: float
    ink: Ink = HAIR
    width: float = 0.2
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    ink: Ink


Mark = Text | Rule | Area
Page = tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What the file says of itself; the creation time comes from the paper, so that the same paper is the same file."""

    title: str
    author: str
    subject: str
    language: str
    created: datetime
