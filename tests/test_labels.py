"""What the words of the records are called: every word of every kind has a name of its own, in both languages."""

from __future__ import annotations

from enum import StrEnum

import pytest

from care.records import AlarmKind, LeaveMode, LeaveReason, Need, Proof, Relation, Role, State, Step, TextKind
from locales import LANGUAGES, words
from locales.labels import label


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
