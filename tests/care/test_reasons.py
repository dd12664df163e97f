"""What counts as a reason."""

from __future__ import annotations

import pytest

from care.errors import Invalid
from care.reasons import fit_reason, says_something


@pytest.mark.parametrize("words", ["发烧", "ill", "ill at home", "sick", "болен", "点错了", "妈妈138", "あめ", "アメ"])
def test_words_that_say_why(words: str) -> None:
    assert says_something(words)


@pytest.mark.parametrize("words", ["", " ", "ok", "OK.", "1", "。", "123456", "……", "👍👍", "嗯", "aaaa", "a1b2"])
def test_words_that_say_nothing(words: str) -> None:
    assert not says_something(words)
    with pytest.raises(Invalid, match="reason_needed"):
        fit_reason(words)


def test_on_one_line_and_not_too_long() -> None:
    assert fit_reason("  外婆\n接走  ") == "外婆 接走"
    with pytest.raises(Invalid, match="words_too_long"):
        fit_reason("原因" * 101)
