"""Reasons that somebody must give in words, so that whoever reads them later knows why."""

from __future__ import annotations

import unicodedata

from care.errors import Invalid

REASON_LIMIT = 200


def says_something(words: str) -> bool:
    """Whether words can be a reason: two characters of Chinese (or another script of whole syllables), or three
    letters. Digits and signs alone say nothing, nor does one letter over and over."""
    letters = [char for char in words.casefold() if unicodedata.category(char).startswith("L")]
    whole = [char for char in letters if unicodedata.east_asian_width(char) == "W"]
    return len(whole) >= 2 or (len(letters) >= 3 and len(set(letters)) > 1)


def fit_reason(words: str, limit: int = REASON_LIMIT) -> str:
    """A reason on one line. Raises Invalid("reason_needed") for none, Invalid("words_too_long")."""
    reason = " ".join(words.split())
    if not says_something(reason):
        raise Invalid("reason_needed")
    if len(reason) > limit:
        raise Invalid("words_too_long", limit=limit)
    return reason
