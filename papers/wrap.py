"""Breaks text into lines: Chinese between any two characters, English between words, punctuation where it belongs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

_OPENING = "（《〈「『【〔［｛“‘"
_CLOSING = "，。、；：！？）》〉」』】〕］｝”…—·％℃"
_HAN = (
    "\u2e80-\u3000\u3003-\u3007\u3012\u3013\u301c-\ua4cf\uac00-\ud7a3\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
_UNIT = rf"(?:(?![{_CLOSING}])[{_HAN}]|[^\s{_HAN}{_OPENING}{_CLOSING}]+)"
_PIECE = re.compile(rf"\s+|[{_OPENING}]*{_UNIT}[{_CLOSING}]*|[{_CLOSING}]+|.", re.DOTALL)
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_ACCENTED = re.compile(r"[A-Za-z][\u0300-\u036f]+")
_INNER_QUOTE = re.compile(r"(?<=[A-Za-z])’(?=[A-Za-z])")
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})


def clean(text: str) -> str:
    """The text as it can be printed: nothing invisible, line breaks as ``\\n``, Latin quotes as narrow as Latin."""
    text = _BREAKS.sub("\n", text).replace("\t", " ")
    text = _ACCENTED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    text = _INNER_QUOTE.sub("'", text)
    if not re.search(f"[{_HAN}]", text):
        text = text.translate(_STRAIGHT)
    return "".join(character for character in text if character == "\n" or not _is_invisible(character))


def _is_invisible(character: str) -> bool:
    """Controls, joiners, direction marks, halves of pairs and variation selectors have no shape of their own."""
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return selector or unicodedata.category(character) in ("Cc", "Cf", "Cs")


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The lines this text needs to stay within ``width``; a line break in the text starts a new line."""
    return [line for paragraph in clean(text).split("\n") for line in _fill(paragraph, width, measure)]


def _fill(paragraph: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    line, taken = "", 0.0
    for piece in _pieces(paragraph, width, measure):
        needed = measure(piece)
        if line and taken + needed > width and not piece.isspace():
            yield line.rstrip()
            line, taken = "", 0.0
        if line or not piece.isspace():
            line, taken = line + piece, taken + needed
    yield line.rstrip()


def _pieces(paragraph: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """What must stay together; a piece that is wider than the line itself falls into characters."""
    for found in _PIECE.finditer(paragraph):
        piece = found[0]
        if not piece.isspace() and measure(piece) > width:
            yield from piece
        else:
            yield piece
