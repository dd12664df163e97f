"""What the words of the records are called: every word of every kind has a name of its own, in both languages."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import pytest

from care.errors import Conflict, Invalid
from care.records import AlarmKind, LeaveMode, LeaveReason, Need, Proof, Relation, Role, State, Step, TextKind
from locales import LANGUAGES, words
from locales.labels import error_sentence, label


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "kind", [AlarmKind, LeaveMode, LeaveReason, Need, Proof, Relation, Role, State, Step, TextKind]
)
def test_every_word_has_a_name(kind: type[StrEnum], language: str) -> None:
    names = [label(words(language, "common"), word) for word in kind]
    assert len(set(names)) == len(names)


def test_words_that_are_spelt_alike_keep_their_own_names() -> None:
    _ = words("en", "common")
    assert label(_, Relation.SIBLING) != label(_, Need.SIBLING)
    assert label(_, Relation.OTHER) != label(_, Need.OTHER)


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("en", "Mon 30 Nov", "from Mon 14 Dec 2026 to Fri 8 Jan 2027"),
        ("zh_CN", "11月30日 周一", "2026年12月14日 周一至2027年1月8日 周五"),
    ],
)
def test_a_date_is_written_in_one_way_with_its_year_only_beside_another(language: str, one: str, several: str) -> None:
    _ = words(language, "common")
    assert f"{one}" in error_sentence(_, Conflict("no_care_then", next=date(2026, 11, 30)))
    window = Invalid("applications_closed", since=date(2026, 12, 14), until=date(2027, 1, 8))
    assert several in error_sentence(_, window).replace(" 至 ", "至")
