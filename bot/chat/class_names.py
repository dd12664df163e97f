"""Classes as people type them: 2(3), 二（3）班, 二年级3班, 2.3, G2C3."""

from __future__ import annotations

import re
import unicodedata

DIGITS = {sign: number for number, sign in enumerate("一二三四五六七八九", start=1)}
_NUMBER = r"(\d{1,2}|[一二三四五六七八九十]{1,3})"
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_NUMBER}\({_NUMBER}\)班?",
        rf"{_NUMBER}年级?\(?{_NUMBER}\)?班?",
        rf"{_NUMBER}[.\-/]{_NUMBER}班?",
        rf"g(?:rade)?\.?{_NUMBER},?c(?:lass)?\.?{_NUMBER}",
    )
)


def read_class(words: str) -> tuple[int, int] | None:
    """Grade and class number; None for what is no class."""
    bare = re.sub(r"\s", "", unicodedata.normalize("NFKC", words)).casefold()
    for form in FORMS:
        found = form.fullmatch(bare)
        if found:
            grade, number = _number(found[1]), _number(found[2])
            return (grade, number) if grade and number else None
    return None


def _number(written: str) -> int:
    """Up to 99; 0 for what is no number."""
    if written.isdecimal():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    if any(part and part not in DIGITS for part in (tens, ones)):
        return 0
    return (DIGITS.get(tens, 1) * 10 if ten else 0) + DIGITS.get(ones, 0)
