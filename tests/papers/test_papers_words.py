"""The catalogues of the papers hold every sentence the code prints, in both languages, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import papers
from locales import LANGUAGES, catalogue_path

PLACEHOLDER = re.compile(r"\{(\w+)")


def catalogue(language: str) -> Catalog:
    with catalogue_path(language, "papers").open("rb") as file:
        return read_po(file, locale=language)


def printed_sentences() -> set[str]:
    found = extract_from_dir(Path(papers.__file__).parent, method_map=[("**.py", "python")], keywords={"_": None})
    return {str(message) for _file, _line, message, _comments, _context in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete(language: str) -> None:
    held = {message.id: message.string for message in catalogue(language) if message.id}
    assert set(held) == printed_sentences()
    assert [sentence for sentence, said in held.items() if not said] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_keeps_the_placeholders(language: str) -> None:
    for message in catalogue(language):
        assert (
            set(PLACEHOLDER.findall(str(message.string))) == set(PLACEHOLDER.findall(str(message.id))) or not message.id
        )


def test_chinese_is_chinese() -> None:
    plain = [m.id for m in catalogue("zh_CN") if m.id and not re.search("[\u4e00-\u9fff]", str(m.string))]
    assert plain == []
